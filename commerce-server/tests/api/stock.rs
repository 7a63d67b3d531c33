use commerce_server::api::Asked;
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::door::{Door, query};

#[test]
fn stock_is_made_received_adjusted_moved_and_configured() {
    let door = Door::open();
    let made = json!({"sku": "NEW ONE/2", "opening": 5, "limits": {"reorder_point": 3, "reorder_quantity": 20}});
    let made = door.tell("create_item", &[], made).with(201);
    assert_eq!(made.answered.as_ref().unwrap().location.as_deref(), Some("/api/v1/inventory/items/NEW%20ONE%2F2"));
    assert_eq!(door.tell("create_item", &[], json!({"sku": "NEW ONE/2"})).with(409).code(), "already_taken");
    let sku = ["NEW ONE/2"];
    assert_eq!(door.tell("receive_stock", &sku, json!({"quantity": 2})).with(200).at("/totals/on_hand"), 7);
    assert_eq!(door.tell("adjust_stock", &sku, json!({"delta": -4, "reason": "broken"})).with(200).at("/totals/on_hand"), 3);
    let moved = door.tell("move_stock", &sku, json!({"from": "default", "to": "shop", "quantity": 1})).with(200);
    assert_eq!((moved.at("/levels/0/on_hand"), moved.text("/levels/1/location")), (&json!(2), "shop"));
    assert_eq!(door.get("list_low_stock", &[]).with(200).text("/items/0/sku"), "NEW ONE/2");
    assert_eq!(door.get("list_reorder", &[]).with(200).at("/items/0/reorder_quantity"), 20);
    let limits = json!({"limits": {"backorder": 10, "safety": 1, "reorder_point": null, "reorder_quantity": 0}});
    let configured = door.tell("configure_item", &sku, limits).with(200);
    assert_eq!((configured.at("/levels/0/available"), configured.at("/levels/0/limits/reorder_point")), (&json!(11), &Value::Null));
    assert_eq!(door.get("list_low_stock", &[]).with(200).at("/items"), &json!([]));
    let kinds = door.get("list_movements", &sku).with(200);
    let kinds: Vec<&Value> = kinds.at("/items").as_array().unwrap().iter().map(|movement| &movement["kind"]).collect();
    let expected = ["configured", "moved_in", "moved_out", "adjusted", "received", "received", "configured"];
    assert_eq!(kinds.len(), expected.len());
    for kind in expected {
        assert!(kinds.iter().any(|found| *found == kind), "{kind} in {kinds:?}");
    }
    assert!(door.get("stock_summary", &[]).with(200).at("/on_hand").as_i64().unwrap() > 100);
    let page = door.ask("list_items", &[], query(&[("limit", "1")])).with(200);
    let next = page.text("/next_cursor").to_owned();
    let second = door.ask("list_items", &[], query(&[("limit", "1"), ("cursor", &next)])).with(200);
    assert_ne!(page.at("/items/0"), second.at("/items/0"));
    let short = door.tell("adjust_stock", &sku, json!({"delta": -3, "reason": "stolen"})).with(422);
    assert_eq!((short.code(), short.text("/errors/0/pointer"), short.at("/available")), ("insufficient_stock", "/delta", &json!(2)));
}

#[test]
fn what_is_short_is_told_with_its_numbers_at_its_line() {
    let door = Door::open();
    let order = json!({"currency": "GBP", "lines": [{"sku": "LAMP", "quantity": 1}, {"sku": "LAST", "quantity": 1}, {"sku": "LAST", "quantity": 2}]});
    let short = door.tell("place_order", &[], order).with(422);
    assert_eq!(short.code(), "insufficient_stock");
    assert_eq!((short.text("/sku"), short.at("/requested"), short.at("/available")), ("LAST", &json!(3), &json!(1)));
    assert_eq!((short.text("/errors/0/pointer"), short.text("/errors/0/sku")), ("/lines/1/quantity", "LAST"));
    let short = door.tell("place_order", &[], json!({"product_id": "GONE", "quantity": 4})).with(422);
    assert_eq!((short.text("/errors/0/pointer"), short.at("/requested")), ("/quantity", &json!(4)));
}

#[test]
fn a_reservation_is_made_extended_confirmed_fulfilled_and_released() {
    let door = Door::open();
    let made = door.tell("create_reservation", &[], json!({"sku": "BENCH", "quantity": 5, "split": "in_order"})).with(201);
    let id = made.text("/id").to_owned();
    assert_eq!((made.text("/status"), made.at("/remaining")), ("held", &json!(5)));
    let late = door.tell("extend_reservation", &[&id], json!({"expires_at": "2025-01-01T00:00:00Z"})).with(422);
    assert_eq!(late.text("/errors/0/pointer"), "/expires_at");
    let until = "2026-02-01T00:00:00Z";
    assert_eq!(door.tell("extend_reservation", &[&id], json!({"expires_at": until})).with(200).text("/expires_at"), until);
    let early = door.tell("fulfill_reservation", &[&id], json!({"quantity": 1})).with(409);
    assert_eq!(early.code(), "reservation_not_confirmed");
    assert_eq!(door.get("confirm_reservation", &[&id]).with(200).text("/status"), "confirmed");
    assert_eq!(door.tell("fulfill_reservation", &[&id], json!({"quantity": 2})).with(200).at("/remaining"), 3);
    assert_eq!(door.get("release_reservation", &[&id]).with(200).text("/status"), "ended");
    assert_eq!(door.get("get_reservation", &[&id]).with(200).at("/remaining"), 0);
    assert_eq!(door.get("release_reservation", &[&id]).with(409).code(), "hold_gone");
    let short = door.tell("create_reservation", &[], json!({"sku": "BENCH", "quantity": 50})).with(422);
    assert_eq!((short.text("/sku"), short.text("/errors/0/pointer")), ("BENCH", "/quantity"));
    block_on(door.shop.check());
}

#[test]
fn the_catalogue_is_written_as_a_whole() {
    let door = Door::open();
    let book = json!({"title": "A book", "kind": "unstocked", "prices": [{"amount": 9.99, "currency": "GBP"}, {"amount": "1500", "currency": "JPY"}]});
    let put = door.tell("put_catalogue_item", &["BOOK"], &book).with(201);
    assert_eq!(put.at("/prices"), &json!([{"amount": "9.99", "currency": "GBP"}, {"amount": "1500", "currency": "JPY"}]));
    let off = json!({"title": "A book", "active": false});
    assert_eq!(door.tell("put_catalogue_item", &["BOOK"], off).with(200).at("/prices"), &json!([]));
    assert_eq!(door.get("get_catalogue_item", &["BOOK"]).with(200).at("/active"), false);
    assert_eq!(door.get("get_catalogue_item", &["NO BOOK"]).with(404).code(), "not_found");
    let sold = door.tell("place_order", &[], json!({"product_id": "BOOK", "quantity": 1, "currency": "GBP"})).with(422);
    assert_eq!((sold.code(), sold.text("/errors/0/pointer")), ("unknown_sku", "/product_id"));
    let mut skus = Vec::new();
    let mut asked = Asked::default();
    loop {
        let page = door
            .ask("list_catalogue", &[], Asked { query: [asked.query, query(&[("limit", "3")]).query].concat(), ..Asked::default() })
            .with(200);
        skus.extend(page.at("/items").as_array().unwrap().iter().map(|item| item["sku"].as_str().unwrap().to_owned()));
        match page.json.get("next_cursor") {
            Some(next) => asked = query(&[("cursor", next.as_str().unwrap())]),
            None => break,
        }
    }
    assert!(skus.is_sorted() && skus.len() == 9, "{skus:?}");
}
