use commerce_core::testkit::shop::Shop;
use commerce_server::api::Asked;
use futures::executor::block_on;
use serde_json::{Value, json};

use crate::door::{Door, body, query};

#[test]
fn an_order_goes_from_placement_to_its_return_through_the_api() {
    let door = Door::open();
    let order = json!({"customer_id": "jane", "lines": [{"sku": "LAMP", "quantity": 3}], "payment_method_id": "sandbox_visa"});
    let placed = door.tell("place_order", &[], order).with(201);
    let id = placed.text("/id").to_owned();
    let location = placed.answered.as_ref().unwrap().location.clone();
    assert_eq!(location, Some(format!("/api/v1/orders/{id}")));
    assert_eq!((placed.text("/status"), placed.text("/currency")), ("confirmed", "GBP"));
    assert_eq!(placed.at("/amounts/total"), &json!({"amount": "30.00", "currency": "GBP"}));

    let packed = door.get("create_shipment", &[&id]).with(201);
    let shipment = packed.text("/id").to_owned();
    assert_eq!((packed.text("/status"), packed.text("/order_id")), ("packed", id.as_str()));
    let sent = door.tell("dispatch_shipment", &[&shipment], json!({"carrier": "DHL", "tracking": "1Z"})).with(200);
    assert_eq!((sent.text("/status"), sent.text("/carrier")), ("dispatched", "DHL"));
    assert_eq!(door.get("deliver_shipment", &[&shipment]).with(200).text("/status"), "delivered");
    assert_eq!(door.get("get_shipment", &[&shipment]).with(200).text("/delivered_at"), "2026-01-01T00:00:00Z");

    let asked = json!({"lines": [{"line_id": 1, "quantity": 2}], "reason": "too bright"});
    let back = door.tell("create_return", &[&id], asked).with(201);
    let back_id = back.text("/id").to_owned();
    assert_eq!(back.text("/status"), "requested");
    let some = json!({"lines": [{"line_id": 1, "quantity": 1}], "condition": "damaged"});
    assert_eq!(door.tell("receive_return", &[&back_id], some).with(200).text("/status"), "partially_received");
    assert_eq!(door.tell("reject_return", &[&back_id], json!({"reason": "worn"})).with(200).text("/rejected"), "worn");
    block_on(door.shop.settle());

    let order = door.get("get_order", &[&id]).with(200);
    assert_eq!(order.at("/amounts/refunded/amount"), "10.00");
    assert_eq!(order.at("/lines/0/returned"), 1);
    assert_eq!(door.get("get_return", &[&back_id]).with(200).text("/condition"), "damaged");
    assert_eq!(door.get("complete_order", &[&id]).with(200).text("/status"), "completed");
    block_on(door.shop.check());
}

#[test]
fn the_short_form_and_the_long_one_make_the_same_order() {
    let door = Door::open();
    let short = json!({"user_id": "user-1", "product_id": "LAMP", "quantity": 2, "payment_method_id": "sandbox_visa"});
    let long = json!({
        "customer_id": "user-1", "currency": "GBP", "lines": [{"sku": "LAMP", "quantity": 2}], "payment_method_id": "sandbox_visa",
    });
    let same = |reply: crate::door::Reply| {
        let mut json = reply.with(201).json;
        for pointer in ["/id", "/attempts/0/id", "/attempts/0/payment_id"] {
            *json.pointer_mut(pointer).unwrap() = Value::Null;
        }
        json
    };
    assert_eq!(same(door.tell("place_order", &[], short)), same(door.tell("place_order", &[], long)));
}

#[test]
fn a_price_is_read_exactly_as_number_and_as_text() {
    let door = Door::open();
    let place = |price: &str| {
        let order = format!(
            r#"{{"lines": [{{"sku": "LAMP", "quantity": 1, "unit_price": {{"amount": {price}, "currency": "GBP"}}}}], "channel": "pos"}}"#
        );
        let reply = door.tell("place_order", &[], order);
        if reply.status == 201 { Ok(reply.text("/lines/0/unit_price/amount").to_owned()) } else { Err(reply.code().to_owned()) }
    };
    for (price, read) in [
        ("99.99", "99.99"),
        ("\"99.99\"", "99.99"),
        ("0.1", "0.10"),
        ("7", "7.00"),
        ("1e2", "100.00"),
        ("1.5E+1", "15.00"),
        ("250e-2", "2.50"),
        ("5e-1", "0.50"),
        ("0", "0.00"),
        ("1.100000000000000000000", "1.10"),
    ] {
        assert_eq!(place(price), Ok(read.to_owned()), "{price}");
    }
    // the long one is what a float makes of 0.1
    for price in ["0.001", "99.999", "1e-3", "0.1000000000000000055511151231257827", "\"1e2\"", "\" 1\"", "\"\"", "1e400", "1e99999999999"]
    {
        assert_eq!(place(price), Err("invalid_value".to_owned()), "{price}");
    }
}

#[test]
fn a_currency_is_told_by_the_order_its_first_price_or_its_first_item() {
    let door = Door::open();
    let two = json!({"title": "two", "prices": [{"amount": "1.00", "currency": "GBP"}, {"amount": 100, "currency": "JPY"}]});
    door.tell("put_catalogue_item", &["TWO"], two).with(201);
    door.tell("receive_stock", &["TWO"], json!({"quantity": 9})).with(200);
    let one = |extra: Value| {
        let mut order = json!({"lines": [{"sku": "TWO", "quantity": 1}]});
        order.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        door.tell("place_order", &[], order)
    };
    assert_eq!(one(json!({"currency": "JPY"})).with(201).at("/amounts/total"), &json!({"amount": "100", "currency": "JPY"}));
    let unsaid = one(json!({})).with(422);
    assert_eq!((unsaid.code(), unsaid.text("/errors/0/pointer")), ("invalid_value", "/currency"));
    let priced = json!({"lines": [{"sku": "TWO", "quantity": 1, "unit_price": {"amount": 3, "currency": "EUR"}}]});
    assert_eq!(door.tell("place_order", &[], priced).with(201).text("/currency"), "EUR");
    let unpriced = one(json!({"currency": "EUR"})).with(422);
    assert_eq!((unpriced.code(), unpriced.text("/errors/0/pointer")), ("no_price", "/lines/0/unit_price"));
}

#[test]
fn personal_data_goes_in_and_out_and_is_gone_after_an_erasure() {
    let door = Door::open();
    let personal = json!({
        "name": "Jane Doe", "email": "jane@example.com", "note": "ring twice", "metadata": {"gift": "yes"},
        "address": {"line1": "1 High Street", "city": "York", "postal_code": "YO1 7HH", "country": "GB"},
    });
    let order = json!({"customer_id": "jane", "lines": [{"sku": "LAMP", "quantity": 1}], "personal": personal});
    let id = door.tell("place_order", &[], order).with(201).text("/id").to_owned();
    assert_eq!(door.get("get_order", &[&id]).at("/personal"), &personal);
    let customer = commerce_core::id::CustomerId::new("jane").unwrap();
    assert_eq!(block_on(door.shop.commerce.erase_customer(&door.shop.call, &customer)).unwrap(), 1);
    assert_eq!(door.get("get_order", &[&id]).with(200).json.get("personal"), None);
}

#[test]
fn an_edit_changes_what_it_names_and_tells_what_the_life_of_the_order_forbids() {
    let door = Door::open();
    let order = json!({"lines": [{"sku": "LAMP", "quantity": 2}, {"sku": "VASE", "quantity": 1}], "payment_method_id": "sandbox_visa"});
    let id = door.tell("place_order", &[], order).with(201).text("/id").to_owned();
    let edit = json!({
        "add": [{"sku": "GIFT", "quantity": 1}], "change": [{"line_id": 1, "quantity": 1}], "remove": [2],
        "adjustments": [{"kind": "shipping", "amount": {"amount": "4.95", "currency": "GBP"}}],
    });
    let edited = door.tell("edit_order", &[&id], edit).with(200);
    assert_eq!(edited.at("/amounts/total/amount"), "14.95");
    let counts: Vec<&Value> = edited.at("/lines").as_array().unwrap().iter().map(|line| &line["quantity"]).collect();
    assert_eq!(counts, [1, 0, 1]);
    let less = json!({"change": [{"line_id": 1, "quantity": 1}, {"line_id": 9, "quantity": 1}]});
    let refused = door.tell("edit_order", &[&id], less).with(422);
    assert_eq!((refused.code(), refused.text("/errors/0/pointer")), ("unknown_line", "/change/1"));
    assert_eq!(door.get("cancel_order", &[&id]).with(200).text("/placement/reason"), "operator");
    let late = door.tell("edit_order", &[&id], json!({"remove": [1]})).with(409);
    assert_eq!((late.code(), late.text("/order_status")), ("illegal_transition", "cancelled"));
}

#[test]
fn holds_screens_payments_and_refunds_go_through_the_api() {
    let door = Door::open();
    let order = json!({"lines": [{"sku": "LAMP", "quantity": 2}], "payment_method_id": "sandbox_insufficient_funds"});
    let placed = door.tell("place_order", &[], order).with(201);
    let id = placed.text("/id").to_owned();
    assert_eq!((placed.text("/status"), placed.text("/attempts/0/failure_code")), ("payment_failed", "insufficient_funds"));
    assert_eq!(door.get("hold_order", &[&id]).with(200).text("/placement/reason"), "operator");
    assert_eq!(door.get("resume_order", &[&id]).with(200).text("/placement/state"), "pending");
    let judged = json!({"verdict": "accept", "score": 12, "reasons": ["known"]});
    assert_eq!(door.tell("screen_order", &[&id], judged).with(200).at("/risk/score"), 12);
    let paid = door.tell("pay_order", &[&id], json!({"payment_method_id": "sandbox_visa"})).with(200);
    assert_eq!((paid.text("/status"), paid.at("/amounts/due/amount")), ("confirmed", &json!("0.00")));
    let some = json!({"lines": [{"line_id": 1, "quantity": 1}], "reason": "changed my mind"});
    assert_eq!(door.tell("cancel_order_lines", &[&id], some).with(200).at("/lines/0/cancelled"), 1);
    assert_eq!(door.tell("set_order_status", &[&id], json!({"status": "shipped"})).with(200).text("/fulfillment_status"), "shipped");
    let refunded = door.tell("refund_order", &[&id], json!({"amount": {"amount": 2.5, "currency": "GBP"}})).with(200);
    assert_eq!((refunded.at("/amounts/refunded/amount"), refunded.text("/refunds/0/parts/0/status")), (&json!("2.50"), "done"));
    let more = door.tell("refund_order", &[&id], json!({"amount": {"amount": "7.51", "currency": "GBP"}})).with(422);
    assert_eq!((more.code(), more.text("/errors/0/pointer")), ("amount_above_limit", "/amount"));
    let other = door.tell("refund_order", &[&id], json!({"amount": {"amount": 1, "currency": "USD"}})).with(422);
    assert_eq!((other.code(), other.text("/errors/0/pointer")), ("mixed_currencies", "/amount/currency"));
    let never = door.tell("set_order_status", &[&id], json!({"status": "confirmed"})).with(409);
    assert_eq!((never.code(), never.text("/errors/0/pointer")), ("illegal_transition", "/status"));
    block_on(door.shop.settle());
    block_on(door.shop.check());
}

#[test]
fn an_order_is_shown_as_it_was_and_its_events_in_pages() {
    let door = Door::of(block_on(Shop::in_memory().open()));
    let order = json!({"lines": [{"sku": "LAMP", "quantity": 1}], "payment_method_id": "sandbox_visa"});
    let id = door.tell("place_order", &[], order).with(201).text("/id").to_owned();
    door.shop.clock.advance_s(60);
    door.get("create_shipment", &[&id]).with(201);
    let then = door.ask("get_order", &[&id], query(&[("as_of", "2026-01-01T01:00:30+01:00")])).with(200);
    assert_eq!((then.text("/status"), then.at("/shipments")), ("confirmed", &json!([])));
    assert_eq!(then.answered.as_ref().unwrap().version, None, "what was has no tag");
    let before = door.ask("get_order", &[&id], query(&[("as_of", "2025-12-31T23:59:59Z")])).with(404);
    assert_eq!(before.code(), "not_found");

    let whole = door.get("list_order_events", &[&id]).with(200);
    let whole: Vec<Value> = whole.at("/items").as_array().unwrap().clone();
    assert_eq!(whole[0]["type"], "OrderPlaced");
    assert_eq!(whole[0]["data"]["total"]["amount"], "10.00");
    assert_eq!(whole[0]["actor"], json!({"kind": "staff", "id": "till-1"}));
    let (mut paged, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let mut parameters = vec![("limit", "2")];
        parameters.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
        let page = door.ask("list_order_events", &[&id], query(&parameters)).with(200);
        paged.extend(page.at("/items").as_array().unwrap().clone());
        match page.json.get("next_cursor") {
            Some(next) => cursor = next.as_str().map(str::to_owned),
            None => break,
        }
    }
    assert_eq!(paged, whole);
    assert!(whole.len() > 6, "{} events", whole.len());
}

#[test]
fn orders_are_listed_by_customer_status_and_time_in_pages() {
    let door = Door::open();
    let mut ids = Vec::new();
    for index in 0..5 {
        let customer = if index % 2 == 0 { "even" } else { "odd" };
        let order = json!({"user_id": customer, "lines": [{"sku": "VASE", "quantity": 1}]});
        ids.insert(0, door.tell("place_order", &[], order).with(201).text("/id").to_owned());
        door.shop.clock.advance_s(60);
    }
    door.get("delete_order", &[&ids[0]]).with(200);
    let list = |parameters: &[(&str, &str)]| -> Vec<String> {
        let page = door.ask("list_orders", &[], query(parameters)).with(200);
        page.at("/items").as_array().unwrap().iter().map(|order| order["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(list(&[]), ids);
    assert_eq!(list(&[("user_id", "odd")]), [ids[1].clone(), ids[3].clone()]);
    assert_eq!(list(&[("customer_id", "even"), ("status", "cancelled")]), [ids[0].clone()]);
    assert_eq!(list(&[("from", "2026-01-01T00:01:00Z"), ("to", "2026-01-01T00:03:00Z")]), [ids[2].clone(), ids[3].clone()]);
    let first = door.ask("list_orders", &[], query(&[("limit", "3")])).with(200);
    let next = first.text("/next_cursor").to_owned();
    assert_eq!(list(&[("limit", "3"), ("cursor", &next)]), ids[3..]);
}

#[test]
fn staff_tells_of_the_past_and_nobody_of_the_future() {
    let door = Door::open();
    let order = |at: &str| json!({"lines": [{"sku": "LAMP", "quantity": 1}], "payment_method_id": "sandbox_visa", "at": at});
    let placed = door.tell("place_order", &[], order("2011-12-09T12:50:00Z")).with(201);
    assert_eq!(placed.text("/placed_at"), "2011-12-09T12:50:00Z");
    let later = door.tell("place_order", &[], order("2026-01-01T00:00:01Z")).with(422);
    assert_eq!((later.code(), later.text("/errors/0/pointer")), ("invalid_value", "/at"));
}

#[test]
fn what_is_written_belongs_to_the_request_that_asked_for_it() {
    let door = Door::open();
    let order = json!({"lines": [{"sku": "LAMP", "quantity": 1}]});
    let asked = Asked { correlation: Some("request-7".to_owned()), ..body(order) };
    let id = door.ask("place_order", &[], asked).with(201).text("/id").to_owned();
    assert_eq!(door.get("list_order_events", &[&id]).text("/items/0/correlation"), "request-7");
    let long = Asked { correlation: Some("x".repeat(129)), ..body("{}") };
    let refused = door.ask("hold_order", &[&id], long).with(422);
    assert_eq!((refused.code(), refused.text("/errors/0/parameter")), ("invalid_value", "X-Request-Id"));
}
