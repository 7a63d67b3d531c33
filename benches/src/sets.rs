//! Change sets as the engine makes them for placed orders, each with ids of its own.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::clock::TokioClock;
use commerce_core::engine::{Builder, Call, Commerce, NewLine, PlaceOrder, PutItem, SystemIds};
use commerce_core::goods::ItemKind;
use commerce_core::id::{EventId, HoldId, LocationId, OrderId, PaymentId, ProviderName, Sku};
use commerce_core::memory::MemoryStore;
use commerce_core::money::{Currency, Money};
use commerce_core::ports::{
    ChangeSet, Ids, Journal, PortError, Proof, Receipt, Root, SagaId, SagaWrite, Store, Stored, StreamId, StreamName, Verdict, Version,
    ViewRow,
};
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_core::stock::{Move, Owner};
use futures::executor::block_on;

/// SKUs that the sets hold stock of.
pub const SKUS: usize = 4_000;
const LINES: usize = 3;

fn sku(n: usize) -> Sku {
    Sku::new(&format!("SKU-{n:05}")).expect("printable")
}

/// An engine over a store, without workers: it places orders and waits for no payment.
pub fn engine(store: Store) -> Commerce {
    let clock = Arc::new(TokioClock);
    let sandbox = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
    let provider = ProviderName::new("sandbox").expect("a name");
    Builder::new(store, clock, provider, sandbox).configure(|config| config.place_wait_ms = 0).build().0
}

/// Puts the first `skus` items into the catalogue and on the shelf.
pub async fn stock_up(shop: &Commerce, skus: usize) {
    let call = Call::staff("bench");
    for n in 0..skus {
        let prices = [(Currency::EUR, Money::from_minor(12_999, Currency::EUR))].into();
        let item = PutItem { sku: sku(n), title: "Trail running shoe size 42".to_owned(), kind: ItemKind::Stocked, prices, active: true };
        shop.put_catalogue_item(&call, item).await.expect("a fresh item");
        shop.receive_stock(&call, &sku(n), &LocationId::default(), Quantity::MAX).await.expect("room on the shelf");
    }
}

/// An order of one unit of each of the first SKUs.
pub fn order() -> PlaceOrder {
    let lines = (0..LINES).map(|n| NewLine::new(sku(n), Quantity::ONE)).collect();
    PlaceOrder::new(Currency::EUR, lines).paid_with(Token::Visa.method())
}

/// Makes change sets of placed orders.
pub struct Placements {
    recorded: ChangeSet,
    ids: SystemIds,
    random: fastrand::Rng,
}

impl Default for Placements {
    /// Records what the engine commits for one order.
    fn default() -> Self {
        let store = MemoryStore::open(1, Arc::new(TokioClock));
        let recorder = Arc::new(Recorder { inner: store.journal.clone(), last: Mutex::default() });
        let shop = engine(Store { journal: recorder.clone(), ..store });
        block_on(async {
            stock_up(&shop, LINES).await;
            shop.place_order(&Call::staff("bench"), order()).await.expect("an ordinary order");
        });
        let recorded = recorder.last().take().expect("the order was committed");
        Self { recorded, ids: SystemIds::default(), random: fastrand::Rng::with_seed(1) }
    }
}

impl Placements {
    /// The set of another order: other ids, other SKUs of the first [`SKUS`].
    pub fn another(&mut self) -> ChangeSet {
        let mut set = self.recorded.clone();
        let (order, payment) = (OrderId::new(self.ids.uuid7()), PaymentId::new(self.ids.uuid7()));
        set.partition.root = Root::Order(order);
        for append in &mut set.appends {
            append.stream.name = match append.stream.name {
                StreamName::Order(_) => StreamName::Order(order),
                StreamName::Payment(_) => StreamName::Payment(payment),
                other => other,
            };
            append.events.iter_mut().for_each(|event| event.id = EventId::new(self.ids.uuid7()));
        }
        for saga in &mut set.sagas {
            if let SagaWrite::Insert(new) = saga {
                new.id = SagaId(self.ids.uuid7());
                new.order = Some(order);
            }
        }
        for one in &mut set.moves {
            if let Move::Hold { id, owner, sku: held, .. } = one {
                *id = HoldId::new(self.ids.uuid7());
                *owner = Owner::Order(order);
                *held = sku(self.random.usize(..SKUS));
            }
        }
        for row in &mut set.views {
            match row {
                ViewRow::Order(row) => row.id = order,
                ViewRow::Payment(row) => (row.id, row.order) = (payment, Some(order)),
                ViewRow::Shipment(_) | ViewRow::Return(_) | ViewRow::Refund(_) => {}
            }
        }
        set
    }

    /// So many sets.
    pub fn batch(&mut self, sets: usize) -> Vec<ChangeSet> {
        (0..sets).map(|_| self.another()).collect()
    }
}

impl std::fmt::Debug for Placements {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Placements").finish_non_exhaustive()
    }
}

/// Keeps the last set that was committed.
struct Recorder {
    inner: Arc<dyn Journal>,
    last: Mutex<Option<ChangeSet>>,
}

impl Recorder {
    fn last(&self) -> std::sync::MutexGuard<'_, Option<ChangeSet>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for Recorder {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        *self.last() = batch.last().cloned();
        self.inner.commit(batch).await
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.inner.outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.inner.load(stream, after, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_is_committed_and_is_another_order() {
        let store = MemoryStore::open(1, Arc::new(TokioClock));
        let mut placements = Placements::default();
        block_on(async {
            stock_up(&engine(store.clone()), SKUS).await;
            for verdict in store.journal.commit(placements.batch(20)).await {
                assert!(matches!(verdict, Ok(Verdict::Committed(_))), "{verdict:?}");
            }
            let orders = store.audit.all_orders(None, 100).await.unwrap();
            assert_eq!(orders.items.len(), 20);
            assert_eq!(store.stock.summary(&commerce_core::id::MerchantId::default()).await.unwrap().held, 60);
        });
    }
}
