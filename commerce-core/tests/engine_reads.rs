//! What a read of an order asks the store for, and that it shows what was written before.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::id::{HoldId, MerchantId, Sku};
use commerce_core::order::Headline;
use commerce_core::ports::{
    ChangeSet, Cursor, FeedItem, Journal, Page, PortError, Proof, Receipt, Stock, StockSummary, Store, Stored, StreamId, StreamName,
    Verdict, Version,
};
use commerce_core::stock::{Account, AccountKey, Hold, Owner};
use commerce_core::testkit::shop::{Shop, ShopBuilder};
use commerce_core::time::Timestamp;
use futures::executor::block_on;

/// A journal and a stock that note what is read of them.
#[derive(Clone)]
struct Noted<P: ?Sized> {
    inner: Arc<P>,
    notes: Notes,
}

/// The streams that were loaded, and the owners whose holds were; the other reads of stock by name.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn over(&self, store: &Store) -> Store {
        Store {
            journal: Arc::new(Noted { inner: store.journal.clone(), notes: self.clone() }),
            stock: Arc::new(Noted { inner: store.stock.clone(), notes: self.clone() }),
            ..store.clone()
        }
    }

    fn note(&self, what: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(what);
    }

    /// What was read since this was asked last.
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Journal for Noted<dyn Journal> {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        self.inner.commit(batch).await
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.inner.outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.notes.note(format!("{:?}", stream.name));
        self.inner.load(stream, after, limit).await
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl Stock for Noted<dyn Stock> {
    async fn accounts(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<(AccountKey, Account)>, PortError> {
        self.notes.note("accounts".to_owned());
        self.inner.accounts(merchant, skus).await
    }

    async fn list(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError> {
        self.notes.note("list".to_owned());
        self.inner.list(merchant, after, limit).await
    }

    async fn low(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError> {
        self.notes.note("low".to_owned());
        self.inner.low(merchant, after, limit).await
    }

    async fn summary(&self, merchant: &MerchantId) -> Result<StockSummary, PortError> {
        self.notes.note("summary".to_owned());
        self.inner.summary(merchant).await
    }

    async fn hold(&self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, PortError> {
        self.notes.note("hold".to_owned());
        self.inner.hold(merchant, id).await
    }

    async fn holds(&self, merchant: &MerchantId, owner: Owner) -> Result<Vec<Hold>, PortError> {
        self.notes.note(format!("{owner:?}"));
        self.inner.holds(merchant, owner).await
    }

    async fn expired(&self, now: Timestamp, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError> {
        self.notes.note("expired".to_owned());
        self.inner.expired(now, after, limit).await
    }

    async fn movements(&self, merchant: &MerchantId, sku: &Sku, after: Option<&Cursor>, limit: u32) -> Result<Page<FeedItem>, PortError> {
        self.notes.note("movements".to_owned());
        self.inner.movements(merchant, sku, after, limit).await
    }
}

fn stream(id: commerce_core::id::OrderId) -> String {
    format!("{:?}", StreamName::Order(id))
}

/// A shop, and one beside it that remembers nothing yet and whose reads are noted.
async fn two(shop: ShopBuilder) -> (Shop, Shop, Notes) {
    let (shop, notes) = (shop.open().await, Notes::default());
    let other = shop.beside(notes.over(&shop.store));
    (shop, other, notes)
}

#[test]
fn a_read_of_an_order_asks_the_store_for_its_stream_alone_and_only_once() {
    block_on(async {
        let (shop, other, notes) = two(Shop::in_memory()).await;
        let placed = shop.place(&[("LAMP", 2)]).await;
        assert_eq!(other.get(placed.id).await, placed);
        assert_eq!(notes.take(), [stream(placed.id)]);
        assert_eq!(other.get(placed.id).await, placed);
        assert_eq!(notes.take(), Vec::<String>::new());
    });
}

#[test]
fn a_read_shows_what_another_process_wrote_since_the_last_one() {
    block_on(async {
        let (shop, other, notes) = two(Shop::in_memory()).await;
        let placed = shop.place(&[("LAMP", 1)]).await;
        assert_eq!(other.get(placed.id).await.order.headline(), Headline::Confirmed);
        let cancelled = shop.cancel(placed.id).await;
        notes.take();
        assert_eq!(other.get(placed.id).await, cancelled);
        assert_eq!((cancelled.order.headline(), notes.take()), (Headline::Cancelled, vec![stream(placed.id)]));
    });
}

#[test]
fn a_read_shows_what_the_process_itself_wrote_without_asking_for_it() {
    block_on(async {
        let (_, other, notes) = two(Shop::in_memory()).await;
        let placed = other.place(&[("LAMP", 1)]).await;
        let cancelled = other.cancel(placed.id).await;
        assert_eq!(cancelled.order.headline(), Headline::Cancelled);
        notes.take();
        assert_eq!(other.get(placed.id).await, cancelled);
        assert_eq!(notes.take(), Vec::<String>::new());
    });
}

#[test]
fn an_order_that_was_only_read_is_changed_with_its_payments_and_its_holds() {
    block_on(async {
        let (shop, other, _) = two(Shop::in_memory()).await;
        let placed = shop.place(&[("LAMP", 2)]).await;
        other.get(placed.id).await;
        let cancelled = other.cancel(placed.id).await;
        assert_eq!((cancelled.order.headline(), cancelled.order.room()), (Headline::Cancelled, 0));
        shop.settle().await;
        shop.check().await;
    });
}

#[test]
fn no_more_lines_of_orders_are_kept_to_be_read_than_the_host_allows() {
    block_on(async {
        let (shop, other, notes) = two(Shop::in_memory().configure(|config| config.read_cache_max_lines = 1)).await;
        let (first, second) = (shop.place(&[("LAMP", 1)]).await.id, shop.place(&[("LAMP", 1)]).await.id);
        for id in [first, second, second, first] {
            other.get(id).await;
        }
        assert_eq!(notes.take(), [stream(first), stream(second), stream(first)]);
    });
}
