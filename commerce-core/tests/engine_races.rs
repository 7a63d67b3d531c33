//! What others do between two reads of the engine, or between its read and its write, at the worst moment.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::engine::Error;
use commerce_core::money::{Currency, Money};
use commerce_core::order::Refusal;
use commerce_core::ports::{ChangeSet, Journal, PortError, Proof, Receipt, Store, Stored, StreamId, StreamName, Verdict, Version};
use commerce_core::testkit::shop::Shop;
use futures::executor::block_on;
use futures::future::BoxFuture;

/// A journal under which something happens just before a payment is read for the first time.
struct Meanwhile {
    inner: Arc<dyn Journal>,
    happens: Mutex<Option<BoxFuture<'static, ()>>>,
}

#[async_trait]
impl Journal for Meanwhile {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        self.inner.commit(batch).await
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.inner.outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        if matches!(stream.name, StreamName::Payment(_)) {
            let happens = self.happens.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(happens) = happens {
                happens.await;
            }
        }
        self.inner.load(stream, after, limit).await
    }
}

#[test]
fn an_order_that_changes_while_it_is_read_is_judged_as_it_was_at_one_moment() {
    block_on(async {
        let shop = Shop::in_memory().impatient().open().await;
        let placed = shop.place(&[("LAMP", 1)]).await.id;
        shop.settle().await;
        shop.pack(placed).await;
        shop.settle().await;
        let (other, call) = (shop.commerce.clone(), shop.call.clone());
        let refund = async move {
            other.refund_order(&call, placed, pence(300), Vec::new(), None).await.expect("there is enough");
        };
        let journal = Meanwhile { inner: shop.store.journal.clone(), happens: Mutex::new(Some(Box::pin(refund))) };
        let late = shop.beside(Store { journal: Arc::new(journal), ..shop.store.clone() });
        let refused = late.commerce.refund_order(&late.call, placed, pence(800), Vec::new(), None).await;
        assert!(matches!(refused, Err(Error::Order(Refusal::AmountAbove { asked: 800, max: 700 }))), "{refused:?}");
        shop.settle().await;
        shop.check().await;
    });
}

fn pence(minor: i64) -> Money {
    Money::from_minor(minor, Currency::GBP)
}
