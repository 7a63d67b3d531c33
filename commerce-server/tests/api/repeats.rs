use commerce_server::api::Asked;
use serde_json::json;

use crate::door::{Door, Reply, body};

fn keyed(key: &str, json: impl ToString) -> Asked {
    Asked { idempotency_key: Some(key.to_owned()), ..body(json) }
}

fn replayed(reply: &Reply) -> bool {
    reply.answered.as_ref().unwrap().replayed
}

#[test]
fn the_same_key_and_body_give_the_first_status_and_the_order_as_it_is_now() {
    let door = Door::open();
    let order = r#"{"product_id": "LAMP", "quantity": 1}"#;
    let first = door.ask("place_order", &[], keyed("k", order)).with(201);
    assert!(!replayed(&first));
    let id = first.text("/id").to_owned();
    door.get("cancel_order", &[&id]).with(200);
    // the same request in another spelling
    let again = door.ask("place_order", &[], keyed("k", "{ \"quantity\":1,\n \"product\\u005fid\" : \"LAM\\u0050\" }")).with(201);
    assert!(replayed(&again));
    assert_eq!((again.text("/id"), again.text("/status")), (id.as_str(), "cancelled"));
    let other = door.ask("place_order", &[], keyed("k", r#"{"product_id": "LAMP", "quantity": 2}"#)).with(422);
    assert_eq!((other.code(), other.text("/resource/id")), ("idempotency_key_reused", id.as_str()));
    assert_eq!(other.text("/errors/0/parameter"), "Idempotency-Key");
    assert_eq!(door.get("list_orders", &[]).at("/items").as_array().unwrap().len(), 1);
}

#[test]
fn a_key_belongs_to_one_operation_on_one_resource() {
    let door = Door::open();
    let order = json!({"lines": [{"sku": "LAMP", "quantity": 4}], "payment_method_id": "sandbox_visa"});
    let id = door.ask("place_order", &[], keyed("k", &order)).with(201).text("/id").to_owned();
    let half = json!({"lines": [{"line_id": 1, "quantity": 2}]});
    let first = door.ask("create_shipment", &[&id], keyed("k", &half)).with(201).text("/id").to_owned();
    let again = door.ask("create_shipment", &[&id], keyed("k", &half)).with(201);
    assert!(replayed(&again) && again.text("/id") == first);
    let second = door.ask("create_shipment", &[&id], keyed("l", &half)).with(201).text("/id").to_owned();
    assert!(!replayed(&door.ask("dispatch_shipment", &[&first], keyed("k", "{}")).with(200)));
    assert!(replayed(&door.ask("dispatch_shipment", &[&first], keyed("k", "{}")).with(200)));
    // no body is an empty one
    let bare = Asked { idempotency_key: Some("k".to_owned()), ..Asked::default() };
    assert!(replayed(&door.ask("dispatch_shipment", &[&first], bare).with(200)));
    // the other shipment was not dispatched under that key yet
    let other = door.ask("dispatch_shipment", &[&second], keyed("k", "{}")).with(200);
    assert!(!replayed(&other));
    assert_eq!(other.text("/status"), "dispatched");
}

#[test]
fn a_refusal_leaves_the_key_free() {
    let door = Door::open();
    door.ask("place_order", &[], keyed("k", r#"{"product_id": "GONE", "quantity": 1}"#)).with(422);
    assert!(!replayed(&door.ask("place_order", &[], keyed("k", r#"{"product_id": "LAMP", "quantity": 1}"#)).with(201)));
}

#[test]
fn one_cart_becomes_one_order_whatever_the_key() {
    let door = Door::open();
    let order = json!({"product_id": "LAMP", "quantity": 1, "cart_id": "01890a5d-ac96-774b-bcce-b302099a8057"});
    let first = door.ask("place_order", &[], keyed("a", &order)).with(201);
    let second = door.ask("place_order", &[], keyed("b", &order)).with(200);
    assert_eq!(first.text("/id"), second.text("/id"));
    let numbered = json!({"product_id": "LAMP", "quantity": 1, "number": "2026-0001"});
    let id = door.tell("place_order", &[], &numbered).with(201).text("/id").to_owned();
    let taken = door.tell("place_order", &[], &numbered).with(409);
    assert_eq!((taken.code(), taken.at("/resource")), ("already_taken", &json!({"kind": "order", "id": id})));
}

#[test]
fn an_edit_of_another_version_than_the_caller_saw_is_refused() {
    let door = Door::open();
    let placed = door.tell("place_order", &[], json!({"product_id": "LAMP", "quantity": 1})).with(201);
    let id = placed.text("/id").to_owned();
    let version = placed.answered.as_ref().unwrap().version.unwrap();
    assert_eq!(placed.at("/version"), version);
    let held = |tag: &str| door.ask("hold_order", &[&id], Asked { if_match: Some(tag.to_owned()), ..Asked::default() });
    for tag in [format!("\"{}\"", version + 1), format!("W/\"{version}\""), version.to_string(), "\"x\"".to_owned(), String::new()] {
        let refused = held(&tag).with(412);
        assert_eq!((refused.code(), refused.text("/errors/0/parameter")), ("stale_version", "If-Match"), "{tag}");
    }
    assert_eq!(held(&format!("\"{}\"", version - 1)).with(412).at("/version"), version);
    held(&format!(" \"{version}\"")).with(200);
    let any = Asked { if_match: Some("*".to_owned()), ..Asked::default() };
    door.ask("resume_order", &[&id], any).with(200);
    // what has no tag matches none
    let receive = Asked { if_match: Some("\"1\"".to_owned()), ..body(r#"{"quantity": 1}"#) };
    door.ask("receive_stock", &["LAMP"], receive).with(412);
}
