use commerce_core::engine::{CreateItem, How};
use commerce_core::goods::ItemKind;
use commerce_core::ports::Cursor;
use commerce_core::quantity::Quantity;
use commerce_core::stock::{COUNTER_MAX_UNITS, LIMIT_MAX_UNITS, Limits, REASON_MAX_CHARS};
use futures::executor::block_on;

use crate::support::{START, Shop, at, came, check_refused, check_short, in_catalogue, qty, sku};

fn new_item(name: &str) -> CreateItem {
    CreateItem { sku: sku(name), location: at("default"), limits: Limits::default(), opening: Some(qty(5)) }
}

#[test]
fn limits_out_of_range_are_refused_each_by_its_place() {
    block_on(async {
        let shop = Shop::new().await;
        shop.receive(&sku("A"), "default", 5).await;
        for bad in [-1, LIMIT_MAX_UNITS + 1, i64::MIN, i64::MAX] {
            for (limits, field) in [
                (Limits { backorder: bad, ..Limits::default() }, "/limits/backorder"),
                (Limits { safety: bad, ..Limits::default() }, "/limits/safety"),
                (Limits { reorder_point: Some(bad), ..Limits::default() }, "/limits/reorder_point"),
                (Limits { reorder_qty: bad, ..Limits::default() }, "/limits/reorder_quantity"),
            ] {
                let made = shop.engine.create_item(&shop.call, CreateItem { limits, ..new_item("B") }).await;
                check_refused(made, "invalid_value", Some(field));
                let set = shop.engine.configure_item(&shop.call, &sku("A"), &at("default"), limits).await;
                check_refused(set, "invalid_value", Some(field));
            }
        }
        check_refused(shop.engine.get_item(&shop.call, &sku("B")).await, "not_found", None);
        shop.check().await;
    });
}

#[test]
fn what_the_catalogue_knows_without_stock_gets_none() {
    block_on(async {
        let shop = Shop::new().await;
        for kind in [ItemKind::Digital, ItemKind::Unstocked] {
            let item = sku("A");
            shop.engine.put_catalogue_item(&shop.call, in_catalogue(&item, kind)).await.unwrap();
            check_refused(shop.engine.create_item(&shop.call, new_item("A")).await, "invalid_value", Some("/sku"));
            check_refused(shop.engine.receive_stock(&shop.call, &item, &at("default"), qty(1)).await, "invalid_value", Some("/sku"));
        }
        // what was there before can be written off, and no more
        shop.receive(&sku("B"), "default", 5).await;
        shop.engine.put_catalogue_item(&shop.call, in_catalogue(&sku("B"), ItemKind::Digital)).await.unwrap();
        let adjust = async |delta| shop.engine.adjust_stock(&shop.call, &sku("B"), &at("default"), delta, "why".to_owned()).await;
        check_refused(adjust(1).await, "invalid_value", Some("/sku"));
        came(adjust(-5).await, How::Done);
        shop.check().await;
    });
}

#[test]
fn an_account_is_made_once() {
    block_on(async {
        let shop = Shop::new().await;
        came(shop.engine.create_item(&shop.call, new_item("A")).await, How::Done);
        check_refused(shop.engine.create_item(&shop.call, new_item("A")).await, "already_taken", None);
        let more = CreateItem { opening: Some(qty(6)), ..new_item("A") };
        check_refused(shop.engine.create_item(&shop.call, more).await, "already_taken", None);
        assert_eq!(shop.counters(&sku("A"), "default").await, (5, 0, 0));
        // what arrived first made the account
        shop.receive(&sku("B"), "default", 1).await;
        check_refused(shop.engine.create_item(&shop.call, new_item("B")).await, "already_taken", None);
        shop.check().await;
    });
}

#[test]
fn what_is_not_there_is_not_changed() {
    block_on(async {
        let shop = Shop::new().await;
        shop.receive(&sku("A"), "default", 5).await;
        let (engine, call) = (&shop.engine, &shop.call);
        for (item, location) in [("A", "north"), ("NONE", "default"), ("a", "default")] {
            let (item, location) = (sku(item), at(location));
            check_refused(engine.configure_item(call, &item, &location, Limits::default()).await, "not_found", None);
            check_refused(engine.adjust_stock(call, &item, &location, 1, "why".to_owned()).await, "not_found", None);
            check_refused(engine.adjust_stock(call, &item, &location, -1, "why".to_owned()).await, "not_found", None);
            check_refused(engine.move_stock(call, &item, &location, &at("south"), qty(1)).await, "not_found", None);
        }
        check_refused(engine.get_item(call, &sku("NONE")).await, "not_found", None);
        assert!(engine.list_movements(call, &sku("NONE"), None, 9).await.unwrap().items.is_empty());
    });
}

#[test]
fn an_adjustment_has_a_size_and_a_reason() {
    block_on(async {
        let shop = Shop::new().await;
        shop.receive(&sku("A"), "default", 5).await;
        let adjust = async |delta, why: &str| shop.engine.adjust_stock(&shop.call, &sku("A"), &at("default"), delta, why.to_owned()).await;
        let max = i64::from(Quantity::MAX.get());
        for delta in [0, max + 1, -max - 1, i64::MAX, i64::MIN] {
            check_refused(adjust(delta, "why").await, "invalid_value", Some("/delta"));
        }
        for why in ["", "   ", "a\u{0}b", "a\nb", &"x".repeat(REASON_MAX_CHARS + 1)] {
            check_refused(adjust(1, why).await, "invalid_value", Some("/reason"));
        }
        check_short(adjust(-6, "why").await, &sku("A"), 6, 5);
        assert_eq!(shop.counters(&sku("A"), "default").await, (5, 0, 0));
        came(adjust(max, &"é".repeat(REASON_MAX_CHARS)).await, How::Done);
        shop.check().await;
    });
}

#[test]
fn units_stay_within_what_can_be_counted() {
    block_on(async {
        let (shop, item) = (Shop::new().await, sku("A"));
        // a million times the most that one call can bring is the most that can be counted
        let max = i64::from(Quantity::MAX.get());
        assert_eq!(COUNTER_MAX_UNITS / max, 1_000_000);
        shop.receive(&item, "default", 1).await;
        shop.brim(&item, COUNTER_MAX_UNITS).await;
        check_refused(shop.engine.receive_stock(&shop.call, &item, &at("default"), qty(1)).await, "invalid_value", Some("/quantity"));
        let up = shop.engine.adjust_stock(&shop.call, &item, &at("default"), 1, "why".to_owned()).await;
        check_refused(up, "invalid_value", Some("/delta"));
        shop.receive(&item, "north", 1).await;
        let over = shop.engine.move_stock(&shop.call, &item, &at("north"), &at("default"), qty(1)).await;
        check_refused(over, "invalid_value", Some("/quantity"));
        assert_eq!(shop.counters(&item, "north").await, (1, 0, 0));
    });
}

#[test]
fn units_move_to_another_location_and_only_as_many_as_are_free() {
    block_on(async {
        let (shop, item) = (Shop::new().await, sku("A"));
        shop.receive(&item, "default", 5).await;
        let here = shop.engine.move_stock(&shop.call, &item, &at("default"), &at("default"), qty(1)).await;
        check_refused(here, "invalid_value", Some("/to"));
        check_short(shop.engine.move_stock(&shop.call, &item, &at("default"), &at("north"), qty(6)).await, &item, 6, 5);
        assert_eq!(shop.engine.get_item(&shop.call, &item).await.unwrap().levels.len(), 1);
    });
}

#[test]
fn a_cursor_of_another_list_is_refused() {
    block_on(async {
        let (shop, item) = (Shop::new().await, sku("A"));
        let (engine, call, stranger) = (&shop.engine, &shop.call, Cursor::new("orders", &["x", "y"]));
        check_refused(engine.list_items(call, Some(&stranger), 9).await, "invalid_cursor", None);
        check_refused(engine.list_low_stock(call, Some(&stranger), 9).await, "invalid_cursor", None);
        check_refused(engine.list_reorder(call, Some(&stranger), 9).await, "invalid_cursor", None);
        check_refused(engine.list_movements(call, &item, Some(&stranger), 9).await, "invalid_cursor", None);
    });
}

#[test]
fn who_asks_when_and_under_which_key_is_checked_before_anything_is_written() {
    block_on(async {
        use commerce_core::ports::{Actor, ActorKind};
        let (shop, item) = (Shop::new().await, sku("A"));
        let mut customer = shop.call.clone().at(START);
        customer.actor = Actor { kind: ActorKind::Customer, id: "ann".into() };
        let mut long_actor = shop.call.clone();
        long_actor.actor.id = "x".repeat(129).into();
        let mut zero_actor = shop.call.clone();
        zero_actor.actor.id = "a\u{0}".into();
        let mut long_correlation = shop.call.clone();
        long_correlation.correlation = Some("x".repeat(129).into());
        for (call, field) in [
            (shop.call.clone().at(START.plus_millis(1)), "/at"),
            (customer, "/at"),
            (long_actor, "actor"),
            (zero_actor, "actor"),
            (long_correlation, "correlation"),
            (shop.call.clone().with_key("", b""), "Idempotency-Key"),
            (shop.call.clone().with_key("a\u{0}", b""), "Idempotency-Key"),
            (shop.call.clone().with_key(&"x".repeat(256), b""), "Idempotency-Key"),
        ] {
            let received = shop.engine.receive_stock(&call, &item, &at("default"), qty(1)).await;
            check_refused(received, "invalid_value", Some(field));
            let made = shop.engine.create_item(&call, new_item("A")).await;
            check_refused(made, "invalid_value", Some(field));
        }
        check_refused(shop.engine.get_item(&shop.call, &item).await, "not_found", None);
    });
}
