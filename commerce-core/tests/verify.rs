//! A store that changes while it is verified.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use commerce_core::catalogue::Item;
use commerce_core::engine::{Builder, Check, Commerce, Error, ProcessPayment, Unsettled, VerifyReport};
use commerce_core::id::{HoldId, MerchantId, OrderId, PaymentId, RefundId, ReturnId, ShipmentId};
use commerce_core::money::{Currency, Money};
use commerce_core::ports::{
    Audit, ClaimEntry, ClaimRow, ClaimSpace, Cursor, OrderQuery, OrderRow, Page, PaymentQuery, PaymentRow, PersonalRow, PortError,
    PortErrorKind, RefundRow, Retry, ReturnRow, SagaRow, ShipmentRow, Store, StreamId, Version, Views,
};
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_core::stock::{Account, AccountKey, Hold, Movement};
use commerce_core::testkit::shop::{Bank, Shop};
use commerce_core::time::Timestamp;
use futures::executor::block_on;

async fn bustling() -> Shop {
    Shop::in_memory().open_and_bustle().await
}

/// An engine over a store that a test made, beside the shop's own.
fn beside(shop: &Shop, store: Store) -> Commerce {
    let bank = Arc::new(Sandbox::new(shop.clock.clone(), Options::CARDS));
    Builder::new(store, shop.clock.clone(), Bank::Cards.provider(), bank).build().0
}

/// Views that show an order's row wrongly, the first so many times it is read: each time otherwise.
struct Flickering {
    inner: Arc<dyn Views>,
    order: OrderId,
    wrong_times: usize,
    reads: AtomicUsize,
    error: Option<PortErrorKind>,
}

#[async_trait]
impl Views for Flickering {
    async fn order(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<OrderRow>, PortError> {
        let row = self.inner.order(merchant, id).await?;
        if id != self.order {
            return Ok(row);
        }
        let read = self.reads.fetch_add(1, Ordering::Relaxed);
        match self.error {
            Some(kind) => Err(PortError::new(kind, Retry::Later)),
            None if read < self.wrong_times => Ok(row.map(|row| OrderRow { status: format!("read {read}"), ..row })),
            None => Ok(row),
        }
    }

    async fn order_version(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<Version>, PortError> {
        self.inner.order_version(merchant, id).await
    }

    async fn orders(&self, query: &OrderQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<OrderRow>, PortError> {
        self.inner.orders(query, after, limit).await
    }

    async fn due_orders(&self, now: Timestamp, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderId)>, PortError> {
        self.inner.due_orders(now, after, limit).await
    }

    async fn payment(&self, merchant: &MerchantId, id: PaymentId) -> Result<Option<PaymentRow>, PortError> {
        self.inner.payment(merchant, id).await
    }

    async fn payments(&self, query: &PaymentQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<PaymentRow>, PortError> {
        self.inner.payments(query, after, limit).await
    }

    async fn shipment(&self, merchant: &MerchantId, id: ShipmentId) -> Result<Option<ShipmentRow>, PortError> {
        self.inner.shipment(merchant, id).await
    }

    async fn return_of_goods(&self, merchant: &MerchantId, id: ReturnId) -> Result<Option<ReturnRow>, PortError> {
        self.inner.return_of_goods(merchant, id).await
    }

    async fn refund(&self, merchant: &MerchantId, id: RefundId) -> Result<Vec<RefundRow>, PortError> {
        self.inner.refund(merchant, id).await
    }

    async fn claim(&self, merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Result<Option<ClaimRow>, PortError> {
        self.inner.claim(merchant, space, key, now).await
    }

    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, PortError> {
        self.inner.sweep_claims(now, limit).await
    }
}

/// What `verify` says of a bustling shop whose first order flickers, and that order.
fn flickering(wrong_times: usize, error: Option<PortErrorKind>) -> (Result<VerifyReport, Error>, OrderId) {
    block_on(async {
        let shop = bustling().await;
        let order = shop.store.audit.all_orders(None, 1).await.expect("orders are read").items[0].1.id;
        let inner = shop.store.views.clone();
        let views = Flickering { inner, order, wrong_times, reads: AtomicUsize::new(0), error };
        (beside(&shop, Store { views: Arc::new(views), ..shop.store.clone() }).verify().await, order)
    })
}

#[test]
fn a_difference_that_the_next_read_does_not_find_is_not_reported() {
    for wrong_times in [1, 4] {
        let (report, _) = flickering(wrong_times, None);
        let report = report.unwrap();
        assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
    }
}

#[test]
fn what_differs_otherwise_at_every_read_is_not_judged_and_stands_in_the_report() {
    let (report, order) = flickering(usize::MAX, None);
    let report = report.unwrap();
    assert!(report.is_clean(), "{report}");
    let [sums, one] = report.unsettled.as_slice() else { panic!("{report}") };
    assert_eq!((one.subject.as_str(), &one.merchant), (format!("order/{order}").as_str(), &Some(MerchantId::default())));
    assert_eq!((sums.subject.as_str(), &sums.merchant), ("sums of money", &None), "what the order's stream says is missing in them");
    assert!(report.to_string().contains(&format!("not judged, for it kept changing: default order/{order}\n")), "{report}");
}

#[test]
fn a_store_that_does_not_answer_is_an_error_and_one_that_cannot_read_is_a_difference() {
    let (answer, _) = flickering(0, Some(PortErrorKind::Unavailable));
    assert!(matches!(&answer, Err(Error::Port(error)) if error.kind == PortErrorKind::Unavailable), "{answer:?}");
    for kind in [PortErrorKind::Corrupt, PortErrorKind::UnknownSchema] {
        let (report, order) = flickering(0, Some(kind));
        let report = report.unwrap();
        let [one] = report.differences.as_slice() else { panic!("{report}") };
        assert_eq!((one.check, one.subject.as_str()), (Check::OrderRow, format!("order/{order}").as_str()));
    }
}

/// An audit that lets something happen before it tells the streams.
struct Meanwhile {
    inner: Arc<dyn Audit>,
    shop: Arc<Shop>,
}

#[async_trait]
impl Audit for Meanwhile {
    async fn all_streams(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(StreamId, Version)>, PortError> {
        take_money(&self.shop).await;
        self.inner.all_streams(after, limit).await
    }

    async fn all_sagas(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError> {
        self.inner.all_sagas(after, limit).await
    }

    async fn all_claims(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<ClaimEntry>, PortError> {
        self.inner.all_claims(after, limit).await
    }

    async fn all_personal(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PersonalRow)>, PortError> {
        self.inner.all_personal(after, limit).await
    }

    async fn all_items(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, Item)>, PortError> {
        self.inner.all_items(after, limit).await
    }

    async fn movements_of_holds(&self, merchant: &MerchantId, holds: &[HoldId]) -> Result<Vec<Movement>, PortError> {
        self.inner.movements_of_holds(merchant, holds).await
    }

    async fn all_accounts(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError> {
        self.inner.all_accounts(after, limit).await
    }

    async fn all_holds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError> {
        self.inner.all_holds(after, limit).await
    }

    async fn all_orders(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderRow)>, PortError> {
        self.inner.all_orders(after, limit).await
    }

    async fn all_payments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PaymentRow)>, PortError> {
        self.inner.all_payments(after, limit).await
    }

    async fn all_shipments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ShipmentRow)>, PortError> {
        self.inner.all_shipments(after, limit).await
    }

    async fn all_returns(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ReturnRow)>, PortError> {
        self.inner.all_returns(after, limit).await
    }

    async fn all_refunds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, RefundRow)>, PortError> {
        self.inner.all_refunds(after, limit).await
    }
}

async fn take_money(shop: &Shop) {
    let amount = Money::from_minor(100, Currency::GBP);
    let take = ProcessPayment { method: Token::Visa.method(), provider: None, amount, capture: false };
    shop.run(shop.commerce.process_payment(&shop.call, take)).await.expect("the payment is taken");
    shop.settle().await;
}

#[test]
fn sums_over_a_store_that_took_money_meanwhile_are_not_judged() {
    block_on(async {
        let shop = Arc::new(bustling().await);
        let meanwhile = Meanwhile { inner: shop.store.audit.clone(), shop: shop.clone() };
        let report = beside(&shop, Store { audit: Arc::new(meanwhile), ..shop.store.clone() }).verify().await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!(report.unsettled, [Unsettled { merchant: None, subject: "sums of money".to_owned() }], "{report}");
        let report = shop.commerce.verify().await.unwrap();
        assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
    });
}

#[test]
fn verify_may_run_on_any_thread() {
    fn sendable(_: impl Future<Output = Result<VerifyReport, Error>> + Send) {}
    let ask = |commerce: &Commerce| {
        let commerce = commerce.clone();
        sendable(async move { commerce.verify().await });
    };
    ask(&block_on(Shop::in_memory().open()).commerce);
}
