//! A customer who wants to be forgotten.

use std::collections::BTreeMap;

use commerce_core::engine::{EditOrder, OrderView};
use commerce_core::id::CustomerId;
use commerce_core::order::Condition;
use commerce_core::personal::{Address, PersonalData};
use commerce_core::ports::{FeedEntry, Position, Shard, StreamName};
use commerce_core::sandbox::Token;

use crate::scene::{Scene, units, usual};

fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).expect("a valid id")
}

fn jane() -> PersonalData {
    PersonalData {
        name: Some("Jane Austen".to_owned()),
        email: Some("jane@chawton.example".to_owned()),
        phone: Some("+44 1420 83262".to_owned()),
        address: Some(Address {
            line1: "Winchester Road".to_owned(),
            line2: None,
            city: "Chawton".to_owned(),
            region: None,
            postal_code: Some("GU34 1SD".to_owned()),
            country: "GB".to_owned(),
        }),
        note: Some("leave it with Cassandra".to_owned()),
        metadata: BTreeMap::from([("gift".to_owned(), "for Fanny".to_owned())]),
    }
}

fn buys(scene: &Scene, who: &str) -> OrderView {
    let mut order = usual().paid_with(Token::Visa.method());
    order.customer_id = Some(customer(who));
    order.personal = Some(jane());
    scene.places(order)
}

#[test]
fn an_erased_customers_data_is_gone_and_their_orders_and_folds_stay() {
    let scene = Scene::new();
    let (mine, other) = (buys(&scene, "jane"), buys(&scene, "cassandra"));
    let moved = PersonalData { name: Some("Jane A.".to_owned()), ..jane() };
    scene.edits(mine.id, EditOrder { personal: Some(moved), ..EditOrder::default() });
    scene.ships(mine.id, vec![units(1, 4), units(2, 1)]);
    let before = scene.order(mine.id);
    assert_eq!(before.personal.as_ref().and_then(|data| data.name.as_deref()), Some("Jane A."));

    assert_eq!(scene.run(scene.shop.erase_customer(&scene.call, &customer("jane"))).unwrap(), 2, "both versions are gone");
    let after = scene.order(mine.id);
    assert_eq!(after, OrderView { personal: None, ..before });
    let first = scene.run(scene.shop.get_order_as_of(&scene.call, mine.id, scene.now())).unwrap();
    assert_eq!(first.personal, None);
    assert_eq!(scene.order(other.id).personal, Some(jane()), "another customer's data stays");
    assert_eq!(scene.run(scene.shop.erase_customer(&scene.call, &customer("jane"))).unwrap(), 0, "there is nothing left");

    // and the order lives on
    let back = scene.asks_to_return(mine.id, vec![units(1, 1)]);
    scene.receives_return(back, Condition::Sellable);
    scene.stage.rest();
    scene.completes(mine.id);
    scene.rests();
}

#[test]
fn neither_events_nor_sagas_nor_movements_know_who_bought() {
    let scene = Scene::new();
    let mine = buys(&scene, "jane");
    scene.ships(mine.id, vec![units(1, 4), units(2, 1)]);
    scene.refunds(mine.id, 10).unwrap();
    let words = ["Austen", "chawton", "Chawton", "83262", "Winchester", "GU34", "Cassandra", "Fanny"];
    let mut seen = 0;
    for item in scene.run(scene.store.feed.read(Shard(0), Position(0), 1_000, true)).unwrap() {
        let text = match item.entry {
            FeedEntry::Event(stored) => {
                assert!(matches!(stored.stream.name, StreamName::Order(_) | StreamName::Payment(_) | StreamName::Saga(_)));
                format!("{} {:?}", String::from_utf8_lossy(&stored.event.bytes), stored.meta)
            }
            FeedEntry::Movement { movement, actor } => format!("{movement:?} {actor:?}"),
        };
        assert!(words.iter().all(|word| !text.contains(word)), "{text}");
        seen += 1;
    }
    for saga in scene.sagas(None, None) {
        let text = format!("{saga:?} {}", String::from_utf8_lossy(&saga.state));
        assert!(words.iter().all(|word| !text.contains(word)), "{text}");
        seen += 1;
    }
    assert!(seen > 20, "{seen} entries");
    scene.rests();
}
