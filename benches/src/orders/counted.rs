//! A store whose ports count the calls that the engine makes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use commerce_core::catalogue::Item;
use commerce_core::id::{CustomerId, HoldId, MerchantId, OrderId, PaymentId, PersonalRef, RefundId, ReturnId, ShipmentId, Sku, WorkerId};
use commerce_core::ports::{
    Catalogue, ChangeSet, ClaimRow, ClaimSpace, Cursor, FeedItem, Journal, KindVersion, OrderQuery, OrderRow, Page, PaymentQuery,
    PaymentRow, Personal, PersonalRow, PortError, Proof, Receipt, RefundRow, ReturnRow, SagaId, SagaQuery, SagaRow, Sagas, ShipmentRow,
    Stock, StockSummary, Store, Stored, StreamId, Verdict, Version, Views,
};
use commerce_core::stock::{Account, AccountKey, Hold, Owner};
use commerce_core::time::Timestamp;

/// Calls of a store's ports, each a round trip where the store is a server.
#[derive(Debug, Default)]
pub(crate) struct Calls(AtomicU64);

impl Calls {
    pub(crate) fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The same store; journal, stock, views, sagas, personal data and catalogue count their calls.
pub(crate) fn counted(store: Store) -> (Store, Arc<Calls>) {
    let calls = Arc::new(Calls::default());
    let counted = Store {
        journal: Arc::new(Counted { inner: store.journal.clone(), calls: Arc::clone(&calls) }),
        stock: Arc::new(Counted { inner: store.stock.clone(), calls: Arc::clone(&calls) }),
        views: Arc::new(Counted { inner: store.views.clone(), calls: Arc::clone(&calls) }),
        sagas: Arc::new(Counted { inner: store.sagas.clone(), calls: Arc::clone(&calls) }),
        personal: Arc::new(Counted { inner: store.personal.clone(), calls: Arc::clone(&calls) }),
        catalogue: Arc::new(Counted { inner: store.catalogue.clone(), calls: Arc::clone(&calls) }),
        ..store
    };
    (counted, calls)
}

struct Counted<P: ?Sized> {
    inner: Arc<P>,
    calls: Arc<Calls>,
}

macro_rules! count {
    ($port:ident { $(fn $call:ident($($name:ident: $kind:ty),*) -> $answer:ty;)* }) => {
        #[deny(clippy::missing_trait_methods)]
        #[async_trait]
        impl $port for Counted<dyn $port> {
            $(async fn $call(&self, $($name: $kind),*) -> $answer {
                self.calls.0.fetch_add(1, Ordering::Relaxed);
                self.inner.$call($($name),*).await
            })*
        }
    };
}

count! { Journal {
    fn commit(batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>>;
    fn outcome(proof: &Proof) -> Result<Option<Receipt>, PortError>;
    fn load(stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError>;
}}

count! { Stock {
    fn accounts(merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<(AccountKey, Account)>, PortError>;
    fn list(merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError>;
    fn low(merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError>;
    fn summary(merchant: &MerchantId) -> Result<StockSummary, PortError>;
    fn hold(merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, PortError>;
    fn holds(merchant: &MerchantId, owner: Owner) -> Result<Vec<Hold>, PortError>;
    fn expired(now: Timestamp, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError>;
    fn movements(merchant: &MerchantId, sku: &Sku, after: Option<&Cursor>, limit: u32) -> Result<Page<FeedItem>, PortError>;
}}

count! { Views {
    fn order(merchant: &MerchantId, id: OrderId) -> Result<Option<OrderRow>, PortError>;
    fn order_version(merchant: &MerchantId, id: OrderId) -> Result<Option<Version>, PortError>;
    fn orders(query: &OrderQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<OrderRow>, PortError>;
    fn due_orders(now: Timestamp, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderId)>, PortError>;
    fn payment(merchant: &MerchantId, id: PaymentId) -> Result<Option<PaymentRow>, PortError>;
    fn payments(query: &PaymentQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<PaymentRow>, PortError>;
    fn shipment(merchant: &MerchantId, id: ShipmentId) -> Result<Option<ShipmentRow>, PortError>;
    fn return_of_goods(merchant: &MerchantId, id: ReturnId) -> Result<Option<ReturnRow>, PortError>;
    fn refund(merchant: &MerchantId, id: RefundId) -> Result<Vec<RefundRow>, PortError>;
    fn claim(merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Result<Option<ClaimRow>, PortError>;
    fn sweep_claims(now: Timestamp, limit: u32) -> Result<u64, PortError>;
}}

count! { Sagas {
    fn claim(worker: WorkerId, kinds: &[KindVersion], lease_ms: u64, limit: u32) -> Result<Vec<SagaRow>, PortError>;
    fn renew(id: SagaId, epoch: u64, lease_ms: u64) -> Result<bool, PortError>;
    fn get(merchant: &MerchantId, id: SagaId) -> Result<Option<SagaRow>, PortError>;
    fn list(query: &SagaQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError>;
}}

count! { Personal {
    fn get(merchant: &MerchantId, reference: PersonalRef) -> Result<Option<PersonalRow>, PortError>;
    fn erase(merchant: &MerchantId, customer: &CustomerId) -> Result<u64, PortError>;
}}

count! { Catalogue {
    fn get(merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<Item>, PortError>;
    fn put(merchant: &MerchantId, item: &Item) -> Result<bool, PortError>;
    fn list(merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<Item>, PortError>;
}}
