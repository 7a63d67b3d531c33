//! One order through the engine: placed, paid, shipped, delivered, returned, completed.

use std::sync::Arc;

use commerce_core::catalogue::Item;
use commerce_core::engine::{Builder, Call, NewLine, PackUnits, PlaceOrder};
use commerce_core::goods::ItemKind;
use commerce_core::id::{LocationId, MerchantId, MoveId, ProviderName, Sku};
use commerce_core::memory::MemoryStore;
use commerce_core::money::{Currency, Money};
use commerce_core::order::{Condition, Headline};
use commerce_core::ports::{ChangeSet, Clock, EventMeta, Partition, Root, Store, Verdict};
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_core::stock::{AccountKey, Move};
use commerce_core::testkit::{ManualClock, SeededIds};
use commerce_core::time::Timestamp;
use futures::executor::block_on;
use futures::{FutureExt, select};
use uuid::Uuid;

async fn stock(store: &Store, sku: &Sku, qty: Quantity) {
    let item = Item {
        sku: sku.clone(),
        title: "Lantern".to_owned(),
        kind: ItemKind::Stocked,
        prices: [(Currency::GBP, Money::from_minor(1_000, Currency::GBP))].into(),
        active: true,
        updated_at: Timestamp::from_secs(0),
    };
    store.catalogue.put(&MerchantId::default(), &item).await.expect("an item");
    let account = AccountKey { merchant: MerchantId::default(), sku: sku.clone(), location: LocationId::default() };
    let partition = Partition { merchant: MerchantId::default(), root: Root::Sku(sku.clone()) };
    let meta = EventMeta { at: Timestamp::from_secs(0), actor: Call::staff("test").actor, correlation: None, causation: None };
    let mut set = ChangeSet::new(partition, Timestamp::from_secs(0), meta);
    set.moves.push(Move::Receive { id: MoveId::new(Uuid::from_u128(1)), account, qty });
    assert!(matches!(store.journal.commit(vec![set]).await.pop(), Some(Ok(Verdict::Committed(_)))));
}

#[test]
fn an_order_is_placed_paid_shipped_delivered_and_partly_returned() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
    let store = MemoryStore::open(1, clock.clone() as Arc<dyn Clock>);
    let sandbox = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
    let provider = ProviderName::new("sandbox").unwrap();
    let builder = Builder::new(store.clone(), clock, provider, sandbox.clone()).ids(Arc::new(SeededIds::new(7)));
    let (shop, workers) = builder.configure(|config| config.sweep_ms = None).build();
    let call = Call::staff("test");
    let sku = Sku::new("85123A").unwrap();
    block_on(async {
        stock(&store, &sku, Quantity::new(10).unwrap()).await;
        let mut workers = Box::pin(workers.run(futures::future::pending()).fuse());
        let story = async {
            let line = NewLine::new(sku.clone(), Quantity::new(3).unwrap());
            let placed = shop.place_order(&call, PlaceOrder::new(Currency::GBP, vec![line]).paid_with(Token::Visa.method())).await.unwrap();
            assert_eq!(placed.value.order.headline(), Headline::Confirmed);
            let id = placed.value.id;
            let shipment = shop.create_shipment(&call, id, PackUnits::default()).await.unwrap().value.shipment;
            shop.dispatch_shipment(&call, shipment.id, None, None).await.unwrap();
            shop.deliver_shipment(&call, shipment.id).await.unwrap();
            let units = vec![LineQty { line_id: commerce_core::id::LineId(1), qty: Quantity::ONE }];
            let back = shop.create_return(&call, id, units, "too many".to_owned()).await.unwrap().value.return_of_goods;
            shop.receive_return(&call, back.id, Vec::new(), Condition::Sellable, None).await.unwrap();
            let order = shop.get_order(&call, id).await.unwrap().order;
            assert_eq!((order.captured(), order.refunding() + order.refunded()), (3_000, 1_000));
            let (_, account) = store.stock.accounts(&MerchantId::default(), std::slice::from_ref(&sku)).await.unwrap().pop().unwrap();
            assert_eq!((account.on_hand, account.held), (8, 0));
        };
        let mut story = Box::pin(story.fuse());
        select! { () = story => {}, () = workers => panic!("the workers ended") }
    });
}
