use commerce_server::api::{Asked, FAULTS_MAX};
use serde_json::json;

use crate::door::{Door, Reply, body, query};

/// A refusal: its status, its code, and the place that it names.
type Refusal = (u16, &'static str, &'static str);

fn place(reply: &Reply) -> &str {
    let fault = reply.json.pointer("/errors/0");
    fault.and_then(|fault| fault.get("pointer").or_else(|| fault.get("parameter"))).map_or("-", |place| place.as_str().unwrap())
}

/// Asks, and sees the refusal with its place, and that nothing was written.
#[track_caller]
fn refused(door: &Door, what: &str, reply: impl FnOnce() -> Reply, expected: Refusal) {
    let before = door.feed().len();
    let reply = reply();
    assert_eq!((reply.status, reply.code(), place(&reply)), expected, "{what}: {:#}", reply.json);
    assert!(!reply.text("/detail").is_empty() && !reply.text("/title").is_empty(), "{what}");
    assert_eq!(door.feed().len(), before, "{what} wrote something");
}

fn place_order(json: &str, expected: Refusal) {
    let door = Door::open();
    refused(&door, json, || door.tell("place_order", &[], json), expected);
}

#[test]
fn what_is_no_json_is_malformed() {
    let door = Door::open();
    for text in [
        "{",
        "{\"lines\": [}",
        "nonsense",
        "{\"lines\" 1}",
        "{} {}",
        "{}x",
        "\u{feff}{}",
        "{'a': 1}",
        "{\"quantity\": 01}",
        "{\"quantity\": NaN}",
    ] {
        refused(&door, text, || door.tell("place_order", &[], text), (400, "malformed_json", ""));
    }
    let bytes = |bytes: &[u8]| Asked { body: bytes.to_vec(), ..body("") };
    refused(&door, "no utf-8", || door.ask("place_order", &[], bytes(b"{\"channel\": \"\xff\"}")), (400, "malformed_json", ""));
    refused(&door, "half a surrogate", || door.tell("place_order", &[], r#"{"channel": "\ud800"}"#), (400, "malformed_json", ""));
    refused(&door, "a raw U+0000", || door.ask("place_order", &[], bytes(b"{\"channel\": \"\0\"}")), (400, "malformed_json", ""));
    let deep = "[".repeat(100_000);
    refused(&door, "deep nesting", || door.tell("place_order", &[], &deep), (400, "wrong_shape", ""));
    let deep = format!("{{\"lines\": {}", "[".repeat(100_000));
    refused(&door, "deep nesting inside", || door.tell("place_order", &[], &deep), (400, "wrong_shape", "/lines/0"));
}

#[test]
fn another_type_than_json_is_not_read() {
    let door = Door::open();
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("application/jsonp"), Some("")] {
        let asked = Asked { content_type: content_type.map(str::to_owned), ..body(r#"{"product_id": "LAMP", "quantity": 1}"#) };
        refused(&door, &format!("{content_type:?}"), || door.ask("place_order", &[], asked), (415, "unsupported_media_type", "-"));
    }
    for content_type in ["application/json", "Application/JSON; charset=utf-8", " application/json ;x=y"] {
        let asked = Asked { content_type: Some(content_type.to_owned()), ..body(r#"{"product_id": "LAMP", "quantity": 1}"#) };
        door.ask("place_order", &[], asked).with(201);
    }
}

#[test]
fn wrong_shapes_are_refused_at_their_place() {
    let shape = |place| (400, "wrong_shape", place);
    place_order("[]", shape(""));
    place_order("null", shape(""));
    place_order("\"text\"", shape(""));
    place_order("{}", shape("/lines"));
    place_order(r#"{"lines": {}}"#, shape("/lines"));
    place_order(r#"{"lines": [1]}"#, shape("/lines/0"));
    place_order(r#"{"lines": [{"sku": "LAMP"}]}"#, shape("/lines/0"));
    place_order(r#"{"lines": [{"sku": 7, "quantity": 1}]}"#, shape("/lines/0/sku"));
    place_order(r#"{"lines": [{"sku": "LAMP", "quantity": "1"}]}"#, shape("/lines/0/quantity"));
    place_order(r#"{"lines": [{"sku": "LAMP", "quantity": true}]}"#, shape("/lines/0/quantity"));
    place_order(r#"{"lines": [{"sku": "LAMP", "quantity": null}]}"#, shape("/lines/0/quantity"));
    place_order(r#"{"lines": [{"sku": "LAMP", "quantity": [1]}]}"#, shape("/lines/0/quantity"));
    place_order(r#"{"lines": [{"sku": "LAMP", "quantity": 1, "colour": "red"}]}"#, shape("/lines/0/colour"));
    place_order(r#"{"lines": [{"sku": "LAMP", "quantity": 1, "unit_price": 5}]}"#, shape("/lines/0/unit_price"));
    place_order(
        r#"{"lines": [{"sku": "LAMP", "quantity": 1, "unit_price": {"amount": true, "currency": "GBP"}}]}"#,
        shape("/lines/0/unit_price/amount"),
    );
    place_order(
        r#"{"lines": [{"sku": "LAMP", "quantity": 1, "unit_price": {"amount": null, "currency": "GBP"}}]}"#,
        shape("/lines/0/unit_price/amount"),
    );
    place_order(r#"{"product_id": "LAMP", "quantity": 1, "card_data": {"card_number": "4111111111111111"}}"#, shape("/card_data"));
    place_order(r#"{"product_id": "LAMP", "quantity": 1, "quantity": 2}"#, shape(""));
    place_order(r#"["jane", null, "GBP"]"#, shape(""));
    place_order(r#"{"lines": [["LAMP", 1]]}"#, shape("/lines/0"));
    place_order(r#"{"product_id": "LAMP"}"#, shape("/quantity"));
    place_order(r#"{"quantity": 1}"#, shape("/lines"));
    place_order(r#"{"product_id": "LAMP", "quantity": 1, "lines": []}"#, shape("/lines"));
    place_order(r#"{"product_id": "LAMP", "quantity": 1, "user_id": "a", "customer_id": "a"}"#, shape("/user_id"));
    place_order(
        r#"{"product_id": "LAMP", "quantity": 1, "personal": {"address": {"line1": "x", "city": "y"}}}"#,
        shape("/personal/address"),
    );
    place_order(r#"{"product_id": "LAMP", "quantity": 1, "a/b~c": 1}"#, shape("/a~1b~0c"));
}

#[test]
fn values_out_of_bounds_are_refused_at_their_place() {
    let value = |place| (422, "invalid_value", place);
    for quantity in ["0", "-1", "1.5", "1e3", "1000000001", "99999999999999999999999999999999999999999999999999", "-0"] {
        place_order(&format!(r#"{{"product_id": "LAMP", "quantity": {quantity}}}"#), value("/quantity"));
    }
    for sku in ["", " LAMP", "LAMP ", "LA\\u0000MP", "LA\\nMP", "LA\\u200bMP", &"x".repeat(65)] {
        place_order(&format!(r#"{{"lines": [{{"sku": "{sku}", "quantity": 1}}], "currency": "GBP"}}"#), value("/lines/0/sku"));
    }
    let with = |members: &str| format!(r#"{{"product_id": "LAMP", "quantity": 1, {members}}}"#);
    for currency in ["", "gbp", "GB", "XXX", "XAU", "ABC", "GBP "] {
        place_order(&with(&format!(r#""currency": "{currency}""#)), value("/currency"));
    }
    place_order(&with(r#""terms": "later""#), value("/terms"));
    place_order(&with(r#""capture_policy": "never""#), value("/capture_policy"));
    place_order(&with(r#""cart_id": "17""#), value("/cart_id"));
    place_order(&with(r#""customer_id": "a\u0000b""#), value("/customer_id"));
    place_order(&with(r#""user_id": """#), value("/user_id"));
    place_order(&with(&format!(r#""customer_id": "{}""#, "x".repeat(129))), value("/customer_id"));
    place_order(&with(r#""payment_method_id": """#), value("/payment_method_id"));
    place_order(&with(r#""provider": "no such/name""#), value("/provider"));
    place_order(&with(r#""number": """#), value("/number"));
    place_order(&with(&format!(r#""number": "{}""#, "1".repeat(65))), value("/number"));
    for at in ["", "today", "2026-01-01", "2026-01-01 00:00", "2026-13-01T00:00:00Z", "1700000000", "10000-01-01T00:00:00Z"] {
        place_order(&with(&format!(r#""at": "{at}""#)), value("/at"));
    }
    place_order(&with(&format!(r#""personal": {{"name": "{}"}}"#, "x".repeat(201))), value("/personal/name"));
    place_order(&with(r#""personal": {"email": "nobody"}"#), value("/personal/email"));
    place_order(&with(r#""personal": {"note": "a\u0000"}"#), value("/personal/note"));
    place_order(&with(r#""personal": {"address": {"line1": "", "city": "York", "country": "GB"}}"#), value("/personal/address/line1"));
    place_order(&with(r#""personal": {"address": {"line1": "x", "city": "York", "country": "gb"}}"#), value("/personal/address/country"));
    place_order(&with(r#""personal": {"metadata": {"": "x"}}"#), value("/personal/metadata"));
}

#[test]
fn words_and_sums_that_the_order_refuses_are_named() {
    let with = |members: &str| format!(r#"{{"currency": "GBP", {members}}}"#);
    place_order(&with(r#""lines": []"#), (422, "line_count", "/lines"));
    place_order(&with(r#""product_id": "NOTHING", "quantity": 1"#), (422, "unknown_sku", "/product_id"));
    place_order(
        &with(r#""lines": [{"sku": "LAMP", "quantity": 1}, {"sku": "NOTHING", "quantity": 1}]"#),
        (422, "unknown_sku", "/lines/1/sku"),
    );
    place_order(r#"{"product_id": "LAMP", "quantity": 1, "currency": "USD"}"#, (422, "no_price", "/product_id"));
    place_order(&with(r#""product_id": "LAMP", "quantity": 2000000"#), (422, "quantity_not_allowed", "/quantity"));
    place_order(
        &with(&format!(r#""product_id": "LAMP", "quantity": 1, "channel": "{}""#, "x".repeat(257))),
        (422, "text_not_allowed", "/channel"),
    );
    place_order(&with(r#""product_id": "LAMP", "quantity": 1, "channel": "a\u0000b""#), (422, "text_not_allowed", "/channel"));
    place_order(
        &with(r#""product_id": "LAMP", "quantity": 1, "provider": "nobody", "payment_method_id": "sandbox_visa""#),
        (422, "unknown_provider", "/provider"),
    );
    let line = |price: &str| format!(r#""lines": [{{"sku": "LAMP", "quantity": 1, "unit_price": {price}}}]"#);
    place_order(&with(&line(r#"{"amount": 1, "currency": "USD"}"#)), (422, "mixed_currencies", "/lines/0/unit_price/currency"));
    place_order(&with(&line(r#"{"amount": "1.005", "currency": "GBP"}"#)), (422, "invalid_value", "/lines/0/unit_price/amount"));
    place_order(&with(&line(r#"{"amount": "0.5", "currency": "JPY"}"#)), (422, "invalid_value", "/lines/0/unit_price/amount"));
    place_order(&with(&line(r#"{"amount": 1e30, "currency": "GBP"}"#)), (422, "invalid_value", "/lines/0/unit_price/amount"));
    place_order(&with(&line(r#"{"amount": "92233720368547758.07", "currency": "GBP"}"#)), (422, "amount_too_large", "-"));
    place_order(&with(&line(r#"{"amount": -1, "currency": "GBP"}"#)), (422, "negative_total", "/lines/0"));
    let discount =
        r#""product_id": "LAMP", "quantity": 1, "adjustments": [{"kind": "discount", "amount": {"amount": "-10.01", "currency": "GBP"}}]"#;
    place_order(&with(discount), (422, "negative_total", "-"));
    let mixed = r#""product_id": "LAMP", "quantity": 1, "adjustments": [{"kind": "tax", "amount": {"amount": 1, "currency": "EUR"}}]"#;
    place_order(&with(mixed), (422, "mixed_currencies", "/adjustments/0/amount/currency"));
    place_order(
        &with(r#""product_id": "LAMP", "quantity": 1, "adjustments": [{"kind": "bribe", "amount": {"amount": 1, "currency": "GBP"}}]"#),
        (422, "invalid_value", "/adjustments/0/kind"),
    );
    let lines = vec![json!({"sku": "GIFT", "quantity": 1}); 10_001];
    place_order(&json!({"currency": "GBP", "lines": lines}).to_string(), (422, "invalid_value", "/lines"));
}

#[test]
fn all_faults_are_told_at_once_and_not_more_than_can_be_read() {
    let door = Door::open();
    let reply = door
        .tell("place_order", &[], r#"{"customer_id": "", "currency": "pounds", "lines": [{"sku": "", "quantity": 0}], "at": "now"}"#)
        .with(422);
    let places: Vec<&str> = reply.at("/errors").as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(places, ["/at", "/customer_id", "/currency", "/lines/0/sku", "/lines/0/quantity"]);
    assert!(reply.text("/detail").ends_with(", and 4 more"), "{}", reply.text("/detail"));
    let lines = vec![json!({"sku": "", "quantity": 0}); 1_000];
    let reply = door.tell("place_order", &[], json!({"lines": lines})).with(422);
    assert_eq!(reply.at("/errors").as_array().unwrap().len(), FAULTS_MAX);
}

#[test]
fn ids_that_are_none_and_ids_of_nothing_are_told_apart() {
    let door = Door::open();
    let nothing = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (operation, json) in [
        ("get_order", ""),
        ("edit_order", "{}"),
        ("delete_order", ""),
        ("set_order_status", r#"{"status": "shipped"}"#),
        ("pay_order", r#"{"payment_method_id": "sandbox_visa"}"#),
        ("cancel_order", ""),
        ("cancel_order_lines", r#"{"lines": [{"line_id": 1, "quantity": 1}]}"#),
        ("hold_order", ""),
        ("resume_order", ""),
        ("screen_order", r#"{"verdict": "accept"}"#),
        ("refund_order", r#"{"amount": {"amount": 1, "currency": "GBP"}}"#),
        ("complete_order", ""),
        ("list_order_events", ""),
        ("create_shipment", ""),
        ("get_shipment", ""),
        ("dispatch_shipment", ""),
        ("deliver_shipment", ""),
        ("cancel_shipment", ""),
        ("lose_shipment", ""),
        ("create_return", r#"{"lines": [{"line_id": 1, "quantity": 1}]}"#),
        ("get_return", ""),
        ("receive_return", ""),
        ("reject_return", ""),
        ("get_reservation", ""),
        ("confirm_reservation", ""),
        ("extend_reservation", r#"{"expires_at": "2030-01-01T00:00:00Z"}"#),
        ("fulfill_reservation", ""),
        ("release_reservation", ""),
    ] {
        for id in ["17", "", "order", "01890a5dac96774bbcceb302099a8057", "'; DROP TABLE orders; --", "\u{0}", &"x".repeat(10_000)] {
            refused(&door, operation, || door.tell(operation, &[id], json), (422, "invalid_value", "id"));
        }
        refused(&door, operation, || door.tell(operation, &[nothing], json), (404, "not_found", "-"));
    }
    for operation in ["get_item", "get_catalogue_item"] {
        refused(&door, operation, || door.get(operation, &[" "]), (422, "invalid_value", "sku"));
        refused(&door, operation, || door.get(operation, &["NOTHING"]), (404, "not_found", "-"));
    }
    refused(&door, "adjust_stock", || door.tell("adjust_stock", &["NOTHING"], r#"{"delta": 1, "reason": "x"}"#), (404, "not_found", "-"));
}

#[test]
fn parameters_of_lists_are_read_or_refused_by_name() {
    let door = Door::open();
    let list = |name: &str, value: &str, expected: Refusal| {
        refused(&door, &format!("{name}={value}"), || door.ask("list_orders", &[], query(&[(name, value)])), expected);
    };
    for limit in ["0", "-1", "201", "ten", "", "1.0", "99999999999999999999"] {
        list("limit", limit, (422, "invalid_value", "limit"));
    }
    for cursor in ["", "x", "zz", "00", &"ab".repeat(5_000)] {
        list("cursor", cursor, (422, "invalid_cursor", "cursor"));
    }
    list("status", "somewhere", (422, "invalid_value", "status"));
    list("from", "yesterday", (422, "invalid_value", "from"));
    list("to", "", (422, "invalid_value", "to"));
    list("customer_id", "", (422, "invalid_value", "customer_id"));
    list("customer", "jane", (400, "wrong_parameter", "customer"));
    let twice = query(&[("limit", "1"), ("limit", "2")]);
    refused(&door, "twice", || door.ask("list_orders", &[], twice), (400, "wrong_parameter", "limit"));
    let both = query(&[("user_id", "a"), ("customer_id", "a")]);
    refused(&door, "both", || door.ask("list_orders", &[], both), (400, "wrong_parameter", "user_id"));
    let catalogue = door.ask("list_catalogue", &[], query(&[("limit", "1")])).with(200);
    let foreign = catalogue.text("/next_cursor").to_owned();
    list("cursor", &foreign, (422, "invalid_cursor", "cursor"));
}

#[test]
fn stock_refuses_what_cannot_be_counted() {
    let door = Door::open();
    let value = |place| (422, "invalid_value", place);
    let tell = |operation: &str, path: &[&str], json: &str, expected: Refusal| {
        refused(&door, &format!("{operation} {json}"), || door.tell(operation, path, json), expected);
    };
    tell("receive_stock", &["LAMP"], r#"{"quantity": 0}"#, value("/quantity"));
    tell("receive_stock", &["LAMP"], r#"{"quantity": 1, "location": "a b"}"#, value("/location"));
    tell("receive_stock", &["LAMP"], "{}", (400, "wrong_shape", ""));
    tell("receive_stock", &["EBOOK"], r#"{"quantity": 1}"#, value("sku"));
    tell("adjust_stock", &["LAMP"], r#"{"delta": 0, "reason": "x"}"#, value("/delta"));
    tell("adjust_stock", &["LAMP"], r#"{"delta": -1000000001, "reason": "x"}"#, value("/delta"));
    tell("adjust_stock", &["LAMP"], r#"{"delta": -1, "reason": " "}"#, value("/reason"));
    tell("adjust_stock", &["LAMP"], r#"{"delta": -1, "reason": "a\u0000"}"#, value("/reason"));
    tell("adjust_stock", &["LAMP"], &json!({"delta": -1, "reason": "x".repeat(257)}).to_string(), value("/reason"));
    tell("adjust_stock", &["LAMP"], r#"{"delta": -101, "reason": "x"}"#, (422, "insufficient_stock", "/delta"));
    tell("move_stock", &["LAMP"], r#"{"from": "default", "to": "default", "quantity": 1}"#, value("/to"));
    tell("move_stock", &["LAMP"], r#"{"from": "default", "to": "annex", "quantity": 101}"#, (422, "insufficient_stock", "/quantity"));
    tell(
        "configure_item",
        &["LAMP"],
        r#"{"limits": {"backorder": 1, "safety": 1, "reorder_quantity": 1}}"#,
        (400, "wrong_shape", "/limits"),
    );
    let limits = r#"{"limits": {"backorder": -1, "safety": 1000000001, "reorder_point": 1.5, "reorder_quantity": 0}}"#;
    tell("configure_item", &["LAMP"], limits, value("/limits/backorder"));
    tell("create_item", &[], r#"{"sku": "EBOOK"}"#, value("/sku"));
    tell("create_reservation", &[], r#"{"sku": "LAMP", "quantity": 1, "split": "randomly"}"#, (400, "wrong_shape", "/split"));
    tell("create_reservation", &[], r#"{"sku": "LAMP", "quantity": 1, "expires_at": "2020-01-01T00:00:00Z"}"#, value("/expires_at"));
    let places: Vec<String> = (0..65).map(|n| format!("place-{n}")).collect();
    tell("create_reservation", &[], &json!({"sku": "LAMP", "quantity": 1, "locations": places}).to_string(), value("/locations"));
    tell("put_catalogue_item", &["A"], r#"{"title": " "}"#, value("/title"));
    tell("put_catalogue_item", &["A"], r#"{"title": "a\u0007"}"#, value("/title"));
    tell("put_catalogue_item", &["A"], r#"{"title": "a", "prices": [{"amount": -1, "currency": "GBP"}]}"#, value("/prices/0/amount"));
    let twice = r#"{"title": "a", "prices": [{"amount": 1, "currency": "GBP"}, {"amount": 2, "currency": "GBP"}]}"#;
    tell("put_catalogue_item", &["A"], twice, value("/prices/1/currency"));
    let prices = vec![json!({"amount": 1, "currency": "GBP"}); 65];
    tell("put_catalogue_item", &["A"], &json!({"title": "a", "prices": prices}).to_string(), value("/prices"));
}

#[test]
fn commands_on_an_order_name_the_line_the_amount_or_the_place_that_they_refuse() {
    let door = Door::open();
    let order = json!({"lines": [{"sku": "BENCH", "quantity": 5}, {"sku": "LAMP", "quantity": 1}], "payment_method_id": "sandbox_visa"});
    let id = door.tell("place_order", &[], order).with(201).text("/id").to_owned();
    let tell = |operation: &str, json: &str, expected: Refusal| {
        refused(&door, &format!("{operation} {json}"), || door.tell(operation, &[&id], json), expected);
    };
    tell("pay_order", r#"{"payment_method_id": "sandbox_visa"}"#, (409, "nothing_due", "-"));
    tell("cancel_order_lines", r#"{"lines": []}"#, (422, "line_count", "/lines"));
    tell(
        "cancel_order_lines",
        r#"{"lines": [{"line_id": 2, "quantity": 1}, {"line_id": 3, "quantity": 1}]}"#,
        (422, "unknown_line", "/lines/1"),
    );
    tell("cancel_order_lines", r#"{"lines": [{"line_id": 2, "quantity": 2}]}"#, (422, "quantity_not_allowed", "/lines/0/quantity"));
    tell("cancel_order_lines", r#"{"lines": [{"line_id": 0, "quantity": 1}]}"#, (422, "invalid_value", "/lines/0/line_id"));
    tell("cancel_order_lines", r#"{"lines": [{"line_id": 4294967296, "quantity": 1}]}"#, (422, "invalid_value", "/lines/0/line_id"));
    tell("create_shipment", "{}", (422, "location_needed", "/location"));
    tell("create_shipment", r#"{"location": "moon"}"#, (422, "not_at_location", "/location"));
    tell("create_shipment", r#"{"location": "annex", "lines": [{"line_id": 1, "quantity": 5}]}"#, (422, "not_at_location", "/location"));
    tell("create_return", r#"{"lines": [{"line_id": 1, "quantity": 1}]}"#, (422, "quantity_not_allowed", "/lines/0/quantity"));
    tell("refund_order", r#"{"amount": {"amount": 0, "currency": "GBP"}}"#, (422, "amount_not_positive", "/amount"));
    tell("refund_order", r#"{"amount": {"amount": 1, "currency": "GBP"}}"#, (422, "amount_above_limit", "/amount"));
    tell("screen_order", r#"{"verdict": "perhaps"}"#, (422, "invalid_value", "/verdict"));
    tell("screen_order", r#"{"verdict": "accept", "score": 1001}"#, (422, "invalid_value", "/score"));
    tell("complete_order", "", (409, "not_complete", "-"));
    tell("resume_order", "", (409, "illegal_transition", "-"));
    tell("edit_order", r#"{"remove": [1, 2]}"#, (409, "nothing_left", "-"));
    tell("set_order_status", r#"{"status": "delivered"}"#, (409, "illegal_transition", "-"));
    let key = Asked { idempotency_key: Some("x".repeat(256)), ..Asked::default() };
    refused(&door, "a long key", || door.ask("hold_order", &[&id], key), (422, "invalid_value", "Idempotency-Key"));
    let key = Asked { idempotency_key: Some(String::new()), ..Asked::default() };
    refused(&door, "no key", || door.ask("hold_order", &[&id], key), (422, "invalid_value", "Idempotency-Key"));
}
