use serde_json::json;

use crate::client::request;
use crate::process::Place;

#[test]
fn a_shop_is_run_by_http_alone() {
    let place = Place::new();
    let server = place.serve();
    server.stock("85123A", 10);
    let order = json!({"user_id": "user-1", "product_id": "85123A", "quantity": 3, "payment_method_id": "sandbox_visa"});
    let placed = server.post("/api/v1/orders", order).with(201);
    let id = placed.text("/id");
    assert_eq!((placed.text("/status"), placed.text("/amounts/total/amount")), ("confirmed".to_owned(), "7.65".to_owned()));
    assert_eq!(placed.header("location"), Some(format!("/api/v1/orders/{id}").as_str()));
    assert_eq!(placed.header("etag"), Some(format!("\"{}\"", placed.json()["version"]).as_str()));

    let first = json!({"lines": [{"line_id": 1, "quantity": 2}]});
    let parcel = server.post(&format!("/api/v1/orders/{id}/shipments"), first).with(201).text("/id");
    let sent = server.post(&format!("/api/v1/shipments/{parcel}/dispatch"), json!({"carrier": "DHL", "tracking": "1Z999"})).with(200);
    assert_eq!(sent.text("/status"), "dispatched");
    assert_eq!(server.act(&format!("/api/v1/shipments/{parcel}/deliver")).with(200).text("/status"), "delivered");
    let order = server.get(&format!("/api/v1/orders/{id}")).with(200);
    assert_eq!((order.text("/status"), order.text("/amounts/captured/amount")), ("partially_delivered".to_owned(), "5.10".to_owned()));

    let rest = json!({"lines": [{"line_id": 1, "quantity": 1}], "reason": "changed my mind"});
    server.post(&format!("/api/v1/orders/{id}/cancel-lines"), rest).with(200);
    let back = json!({"lines": [{"line_id": 1, "quantity": 1}], "reason": "too small"});
    let back = server.post(&format!("/api/v1/orders/{id}/returns"), back).with(201).text("/id");
    assert_eq!(server.act(&format!("/api/v1/returns/{back}/receive")).with(200).text("/status"), "received");
    let order = server.order_until(&id, |order| order["amounts"]["refunded"]["amount"] == "2.55");
    assert_eq!(order["return_status"], "partially_returned");
    assert_eq!(server.act(&format!("/api/v1/orders/{id}/complete")).with(200).text("/status"), "completed");
    let stock = server.get("/api/v1/inventory/items/85123A").with(200).json();
    assert_eq!((&stock["totals"]["on_hand"], &stock["totals"]["held"]), (&json!(9), &json!(0)));

    let other = json!({"user_id": "user-2", "product_id": "85123A", "quantity": 1, "payment_method_id": "sandbox_insufficient_funds"});
    let declined = server.post("/api/v1/orders", other).with(201);
    let other = declined.text("/id");
    assert_eq!(
        (declined.text("/status"), declined.text("/attempts/0/failure_code")),
        ("payment_failed".to_owned(), "insufficient_funds".to_owned())
    );
    server.post(&format!("/api/v1/orders/{other}/pay"), json!({"payment_method_id": "sandbox_visa"})).with(200);
    assert_eq!(server.ask("DELETE", &format!("/api/v1/orders/{other}"), &[], None).with(200).text("/status"), "cancelled");
    let status = server.ask("PUT", &format!("/api/v1/orders/{other}/status"), &[], Some(r#"{"status": "shipped"}"#));
    assert_eq!(status.problem(409, "illegal_transition").text("/order_status"), "cancelled");

    let listed = server.get("/api/v1/orders?user_id=user-1&limit=1").with(200).json();
    assert_eq!(listed["items"][0]["id"], json!(id));
    let events = server.get(&format!("/api/v1/orders/{id}/events?limit=200")).with(200).json();
    assert_eq!(events["items"][0]["type"], "OrderPlaced");
    server.end();
    let (output, out, err) = crate::process::run(&["verify"], Some(&place.store()));
    assert!(output.status.success() && out.trim_end().ends_with("clean"), "{out}{err}");
}

#[test]
fn a_repeated_request_is_done_once_and_says_so() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 10);
    let order = r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#;
    let key = [("idempotency-key", "k-1")];
    let first = server.ask("POST", "/api/v1/orders", &key, Some(order)).with(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    let again = server.ask("POST", "/api/v1/orders", &key, Some(order)).with(201);
    assert_eq!((again.header("idempotency-replayed"), again.text("/id")), (Some("true"), first.text("/id")));
    let other = server.ask("POST", "/api/v1/orders", &key, Some(&order.replace('1', "2")));
    assert_eq!(other.problem(422, "idempotency_key_reused").text("/resource/id"), first.text("/id"));
}

#[test]
fn twins_that_arrive_together_make_one_order() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 10);
    // the answer of the provider is late: the twins meet while the first is waiting
    let order = r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#;
    let ids: Vec<String> = std::thread::scope(|scope| {
        let twins: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| server.ask("POST", "/api/v1/orders", &[("idempotency-key", "k")], Some(order)).with(201)))
            .collect();
        twins.into_iter().map(|twin| twin.join().unwrap().text("/id")).collect()
    });
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_eq!(server.get("/api/v1/orders").json()["items"].as_array().unwrap().len(), 1);
}

#[test]
fn every_caller_is_the_default_actor_and_staff_whatever_it_says_it_is() {
    let place = Place::new();
    let server = place.serve_with(&["--default-actor", "back-office"]);
    server.stock("A", 10);
    // to set a price and to tell of the past is for staff
    let order = json!({
        "lines": [{"sku": "A", "quantity": 1, "unit_price": {"amount": 1, "currency": "GBP"}}], "at": "2020-02-29T12:00:00Z",
    });
    let headers = [("authorization", "Bearer someone-else"), ("x-actor", "someone-else")];
    let id = server.ask("POST", "/api/v1/orders", &headers, Some(&order.to_string())).with(201).text("/id");
    let events = server.get(&format!("/api/v1/orders/{id}/events")).with(200).json();
    for event in events["items"].as_array().unwrap() {
        assert_eq!(event["actor"], json!({"kind": "staff", "id": "back-office"}));
    }
    assert_eq!(events["items"][0]["at"], "2020-02-29T12:00:00Z");
    let plain = Place::new();
    let server = plain.serve();
    server.stock("A", 1);
    let movements = server.get("/api/v1/inventory/items/A/movements").json();
    assert_eq!(movements["items"][0]["actor"], json!({"kind": "staff", "id": "staff"}));
}

#[test]
fn the_id_of_a_request_goes_in_and_out_and_stays_with_its_events() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 10);
    let place_order = |headers: &[(&str, &str)]| {
        let reply = server.ask("POST", "/api/v1/orders", headers, Some(r#"{"product_id": "A", "quantity": 1}"#)).with(201);
        let events = server.get(&format!("/api/v1/orders/{}/events", reply.text("/id"))).json();
        (reply, events["items"][0]["correlation"].as_str().unwrap().to_owned())
    };
    let (reply, kept) = place_order(&[("x-request-id", "req-42")]);
    assert_eq!((reply.header("x-request-id"), kept.as_str()), (Some("req-42"), "req-42"));
    let trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let (reply, kept) = place_order(&[("traceparent", trace)]);
    assert_eq!((reply.header("traceparent"), kept.as_str()), (Some(trace), "4bf92f3577b34da6a3ce929d0e0e4736"));
    assert_eq!(reply.header("x-request-id"), Some(kept.as_str()));
    let (reply, kept) = place_order(&[("traceparent", "nonsense")]);
    assert_eq!((reply.header("traceparent"), reply.header("x-request-id")), (None, Some(kept.as_str())));
    let long = "x".repeat(129);
    for bad in [long.as_str(), "", "a b", "caf\u{e9}"] {
        let reply = server.ask("GET", "/api/v1/orders", &[("x-request-id", bad)], None).problem(422, "invalid_value");
        assert_eq!(reply.text("/errors/0/parameter"), "X-Request-Id");
        assert_ne!(reply.header("x-request-id"), Some(bad));
    }
}

#[test]
fn the_log_holds_no_personal_data() {
    let place = Place::new();
    let server = place.serve_with(&["--log", "debug", "--log-format", "json"]);
    server.stock("A", 10);
    let order = json!({
        "customer_id": "customer-77", "product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa",
        "personal": {"name": "Jane Quimby", "email": "quimby@example.com", "note": "ring twice"},
    });
    let id = server.post("/api/v1/orders", order).with(201).text("/id");
    server.get("/api/v1/orders?customer_id=customer-77").with(200);
    let broken = r#"{"product_id": "A", "quantity": 1, "personal": {"email": "Jane Quimby"}}"#;
    server.post("/api/v1/orders", broken).with(422);
    assert_eq!(server.get(&format!("/api/v1/orders/{id}")).text("/personal/name"), "Jane Quimby");
    server.end();
    let log = place.log();
    assert!(log.contains(r#""route":"/api/v1/orders/{id}""#), "{log}");
    for word in ["Quimby", "quimby", "ring twice", "customer-77"] {
        assert!(!log.contains(word), "{word} in {log}");
    }
}

#[test]
fn requests_follow_one_another_on_one_connection() {
    let place = Place::new();
    let server = place.serve();
    let keep = |path: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n").into_bytes();
    let bytes = [keep("/health"), keep("/api/v1/orders"), request("GET", "/nothing", &[], None)].concat();
    let mut stream = std::net::TcpStream::connect(server.address).unwrap();
    std::io::Write::write_all(&mut stream, &bytes).unwrap();
    let mut answers = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answers).unwrap();
    let statuses: Vec<&str> = answers.matches("HTTP/1.1 200").chain(answers.matches("HTTP/1.1 404")).collect();
    assert_eq!(statuses, ["HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 404"]);
}
