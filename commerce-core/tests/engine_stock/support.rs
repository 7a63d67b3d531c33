//! A shop without workers, and short words for what tests ask of it.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use commerce_core::engine::{Answer, Builder, Call, Commerce, Config, Error, PutItem};
use commerce_core::goods::ItemKind;
use commerce_core::id::{LocationId, MerchantId, MoveId, Sku};
use commerce_core::memory::MemoryStore;
use commerce_core::money::{Currency, Money};
use commerce_core::ports::{ChangeSet, EventMeta, FeedItem, Partition, Position, Root, Shard, Store, Verdict};
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::{Options, Sandbox};
use commerce_core::stock::{AccountKey, Limits, Move};
use commerce_core::testkit::shop::{Bank, Shop as Rig};
use commerce_core::testkit::{ManualClock, SeededIds};
use commerce_core::time::Timestamp;
use futures::future::BoxFuture;

use crate::after_the_look::AfterTheLook;

pub(crate) const START: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A shop, and short words for its stock.
pub(crate) struct Shop {
    rig: Rig,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) store: Store,
    pub(crate) engine: Commerce,
    pub(crate) call: Call,
    engines: AtomicU64,
}

impl Shop {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(configure: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        let clock = Arc::new(ManualClock::at(START));
        let store = MemoryStore::open(3, clock.clone());
        let rig = Rig::over(store.clone(), clock.clone()).configure(configure).open().await;
        Self { clock, store, engine: rig.commerce.clone(), call: Call::staff("packer-7"), rig, engines: AtomicU64::new(100) }
    }

    /// Another engine over the same store: `first` is done after its first look at an idempotency key, before it goes on.
    pub(crate) fn slow_twin(&self, first: BoxFuture<'static, ()>) -> Commerce {
        self.engine_over(AfterTheLook::over(&self.store, first))
    }

    /// Another engine over the same data.
    pub(crate) fn engine_over(&self, store: Store) -> Commerce {
        let sandbox = Arc::new(Sandbox::new(self.clock.clone(), Options::CARDS));
        let ids = Arc::new(SeededIds::new(self.engines.fetch_add(1, Ordering::Relaxed)));
        Builder::new(store, self.clock.clone(), Bank::Cards.provider(), sandbox).ids(ids).build().0
    }

    /// Puts units on a shelf.
    pub(crate) async fn receive(&self, item: &Sku, location: &str, units: u32) {
        let received = self.engine.receive_stock(&self.call, item, &at(location), qty(units)).await;
        received.expect("units are received");
    }

    /// Fills the default location up to so many units, past what one call can bring.
    pub(crate) async fn brim(&self, item: &Sku, units: i64) {
        let merchant = MerchantId::default();
        let account = AccountKey { merchant: merchant.clone(), sku: item.clone(), location: LocationId::default() };
        let partition = Partition { merchant, root: Root::Sku(item.clone()) };
        let actor = self.call.actor.clone();
        let mut set = ChangeSet::new(partition, START, EventMeta { at: START, actor, correlation: None, causation: None });
        let (id, reason) = (self.rig.id(MoveId::new), "brim".to_owned());
        let delta = units - self.counters(item, "default").await.0;
        set.moves.push(Move::Adjust { id, account, delta, reason });
        assert!(matches!(self.store.journal.commit(vec![set]).await.pop(), Some(Ok(Verdict::Committed(_)))));
    }

    /// Sets the limits of an account that is there.
    pub(crate) async fn limit(&self, item: &Sku, location: &str, limits: Limits) {
        self.engine.configure_item(&self.call, item, &at(location), limits).await.expect("limits are set");
    }

    /// What is on hand, held and short at a location.
    pub(crate) async fn counters(&self, item: &Sku, location: &str) -> (i64, i64, i64) {
        let accounts = self.store.stock.accounts(&MerchantId::default(), std::slice::from_ref(item)).await.expect("accounts are read");
        let account = accounts.into_iter().find(|(key, _)| key.location.as_str() == location).map(|(_, account)| account);
        account.map_or((0, 0, 0), |account| (account.on_hand, account.held, account.shortfall))
    }

    /// Everything that the store recorded of its stock, in the order of each shard.
    pub(crate) async fn movements(&self) -> Vec<FeedItem> {
        let mut all = Vec::new();
        for shard in (0..self.store.facts.shards).map(Shard) {
            all.extend(self.store.feed.read(shard, Position(0), u32::MAX, true).await.expect("the feed is read"));
        }
        all
    }

    /// Asserts that every account and hold is the fold of its movements, and whatever else holds of a shop.
    pub(crate) async fn check(&self) {
        self.rig.check().await;
    }
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a sku")
}

pub(crate) fn at(location: &str) -> LocationId {
    LocationId::new(location).expect("a location")
}

pub(crate) fn qty(units: u32) -> Quantity {
    Quantity::new(units).expect("a quantity")
}

pub(crate) fn in_catalogue(item: &Sku, kind: ItemKind) -> PutItem {
    let prices = [(Currency::GBP, Money::from_minor(1_000, Currency::GBP))].into();
    PutItem { sku: item.clone(), title: "Lantern".to_owned(), kind, prices, active: true }
}

/// Asserts that an operation is refused with a code, and where.
#[track_caller]
pub(crate) fn check_refused<T: Debug>(outcome: Result<T, Error>, code: &str, field: Option<&str>) {
    let error = match outcome {
        Ok(done) => panic!("it was done: {done:?}"),
        Err(error) => error,
    };
    let place = match &error {
        Error::Invalid { field, .. } | Error::UnknownSku { field, .. } => Some(field.as_str()),
        _ => None,
    };
    assert_eq!((error.code(), place), (code, field), "{error}");
}

/// Asserts that an operation fell short of one SKU, with the numbers.
#[track_caller]
pub(crate) fn check_short<T: Debug>(outcome: Result<T, Error>, item: &Sku, requested: u64, available: u64) {
    match outcome {
        Err(Error::Short(short)) => {
            let short: Vec<_> = short.into_iter().map(|one| (one.sku, one.requested, one.available)).collect();
            assert_eq!(short, vec![(item.clone(), requested, available)]);
        }
        other => panic!("not short: {other:?}"),
    }
}

/// The value of an answer that is as it must be.
#[track_caller]
pub(crate) fn came<T: Debug>(outcome: Result<Answer<T>, Error>, how: commerce_core::engine::How) -> T {
    match outcome {
        Ok(answer) if answer.how == how => answer.value,
        other => panic!("expected {how:?}, it came to {other:?}"),
    }
}
