//! Short words for carts in a shop.

use std::fmt::Debug;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::cart::{Cart, Revision};
use commerce_core::engine::{Answer, Builder, Call, Commerce, Error, How, NewCart};
use commerce_core::id::{CartId, CustomerId, MerchantId, Sku};
use commerce_core::money::Currency;
use commerce_core::ports::{Actor, ActorKind, Carts, PortError, PortErrorKind, Retry, Store, Version};
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::{Options, Sandbox};
use commerce_core::testkit::SeededIds;
use commerce_core::testkit::shop::{Bank, Shop};
use commerce_core::time::Timestamp;
use futures::future::BoxFuture;

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a sku")
}

pub(crate) fn qty(units: u32) -> Quantity {
    Quantity::new(units).expect("a quantity")
}

pub(crate) fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).expect("a customer")
}

/// The shop's call, by a customer.
pub(crate) fn by(shop: &Shop, name: &str) -> Call {
    Call { actor: Actor { kind: ActorKind::Customer, id: name.into() }, ..shop.call.clone() }
}

/// The shop's call, expecting a revision.
pub(crate) fn expecting(shop: &Shop, revision: u64) -> Call {
    Call { expected: Some(Version(revision)), ..shop.call.clone() }
}

pub(crate) fn new_cart(name: Option<&str>) -> NewCart {
    NewCart { customer_id: name.map(customer), currency: Currency::GBP }
}

/// A cart with some lines in it.
pub(crate) async fn cart(shop: &Shop, name: Option<&str>, lines: &[(&str, u32)]) -> CartId {
    let id = came(shop.commerce.create_cart(&shop.call, new_cart(name)).await, How::Done).id;
    for (item, units) in lines {
        came(shop.commerce.put_cart_line(&shop.call, id, &sku(item), qty(*units)).await, How::Done);
    }
    id
}

pub(crate) fn lines(cart: &Cart) -> Vec<(&str, u32)> {
    cart.lines.iter().map(|line| (line.sku.as_str(), line.qty.get())).collect()
}

/// The value of an answer that came about as it must.
#[track_caller]
pub(crate) fn came<T: Debug>(outcome: Result<Answer<T>, Error>, how: How) -> T {
    match outcome {
        Ok(answer) if answer.how == how => answer.value,
        other => panic!("expected {how:?}, it came to {other:?}"),
    }
}

/// Asserts that an operation is refused with a code, and where.
#[track_caller]
pub(crate) fn check_refused<T: Debug>(outcome: Result<T, Error>, code: &str, field: Option<&str>) {
    let error = match outcome {
        Ok(done) => panic!("it was done: {done:?}"),
        Err(error) => error,
    };
    let place = match &error {
        Error::Invalid { field, .. } | Error::UnknownSku { field, .. } | Error::Price { field, .. } => Some(field.as_str()),
        _ => None,
    };
    assert_eq!((error.code(), place), (code, field), "{error}");
}

/// Another engine over the shop's data, whose carts do as told: its operations run without workers.
pub(crate) fn engine_with(shop: &Shop, carts: OddCarts) -> Commerce {
    static SEEDS: AtomicU32 = AtomicU32::new(1_000);
    let store = Store { carts: Arc::new(carts), ..shop.store.clone() };
    let sandbox = Arc::new(Sandbox::new(shop.clock.clone(), Options::CARDS));
    let ids = Arc::new(SeededIds::new(u64::from(SEEDS.fetch_add(1, Ordering::Relaxed))));
    let builder = Builder::new(store, shop.clock.clone(), Bank::Cards.provider(), sandbox).ids(ids);
    builder.configure(|config| config.place_wait_ms = 0).build().0
}

/// What a write of a cart comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Oddity {
    /// It is written, and the answer is lost.
    LoseAnswer,
    /// It is not written, and the answer is lost.
    LoseRequest,
    /// It is refused.
    Fail,
}

/// Carts whose writes are odd, or whose first read is followed by something else.
pub(crate) struct OddCarts {
    carts: Arc<dyn Carts>,
    oddity: Option<Oddity>,
    after_read: Mutex<Option<BoxFuture<'static, ()>>>,
}

impl OddCarts {
    pub(crate) fn that(shop: &Shop, oddity: Oddity) -> Self {
        Self { carts: shop.store.carts.clone(), oddity: Some(oddity), after_read: Mutex::new(None) }
    }

    pub(crate) fn read_then(shop: &Shop, next: BoxFuture<'static, ()>) -> Self {
        Self { carts: shop.store.carts.clone(), oddity: None, after_read: Mutex::new(Some(next)) }
    }

    async fn write<T>(&self, write: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
        let lost = || PortError::new(PortErrorKind::Timeout, Retry::Unknown);
        match self.oddity {
            None => write.await,
            Some(Oddity::Fail) => Err(PortError::new(PortErrorKind::Unavailable, Retry::Later)),
            Some(Oddity::LoseRequest) => Err(lost()),
            Some(Oddity::LoseAnswer) => write.await.and(Err(lost())),
        }
    }
}

#[async_trait]
impl Carts for OddCarts {
    async fn get(&self, merchant: &MerchantId, id: CartId) -> Result<Option<Cart>, PortError> {
        let found = self.carts.get(merchant, id).await;
        let next = self.after_read.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(next) = next {
            next.await;
        }
        found
    }

    async fn put(&self, merchant: &MerchantId, cart: &Cart, expected: Option<Revision>) -> Result<bool, PortError> {
        self.write(self.carts.put(merchant, cart, expected)).await
    }

    async fn put_and_delete(
        &self,
        merchant: &MerchantId,
        cart: &Cart,
        expected: Revision,
        gone: (CartId, Revision),
    ) -> Result<bool, PortError> {
        self.write(self.carts.put_and_delete(merchant, cart, expected, gone)).await
    }

    async fn delete(&self, merchant: &MerchantId, id: CartId) -> Result<bool, PortError> {
        self.write(self.carts.delete(merchant, id)).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, PortError> {
        self.carts.sweep(now, limit).await
    }
}
