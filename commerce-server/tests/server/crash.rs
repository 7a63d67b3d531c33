use std::sync::mpsc;
use std::thread;

use serde_json::{Value, json};

use crate::client::{request, try_raw};
use crate::process::{Place, run};

const BUYERS: usize = 8;
const KILL_AFTER_ORDERS: usize = 60;

#[test]
fn killed_under_load_it_comes_back_with_every_order_that_it_acknowledged() {
    let place = Place::new();
    let mut server = place.serve();
    server.stock("A", 100_000);
    let address = server.address;
    let (acknowledge, acknowledged) = mpsc::channel::<(String, String)>();
    let buyers: Vec<_> = (0..BUYERS)
        .map(|buyer| {
            let acknowledge = acknowledge.clone();
            thread::spawn(move || {
                for n in 0.. {
                    let key = format!("{buyer}-{n}");
                    let body = r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#;
                    let reply = try_raw(address, &request("POST", "/api/v1/orders", &[("idempotency-key", &key)], Some(body)));
                    match reply {
                        Ok(reply) if reply.status == 201 => acknowledge.send((key, reply.text("/id"))).unwrap(),
                        _ => return,
                    }
                }
            })
        })
        .collect();
    drop(acknowledge);
    let mut orders = Vec::new();
    while let Ok(order) = acknowledged.recv() {
        orders.push(order);
        if orders.len() == KILL_AFTER_ORDERS {
            server.kill();
        }
    }
    for buyer in buyers {
        buyer.join().unwrap();
    }
    assert!(orders.len() >= KILL_AFTER_ORDERS);

    let server = place.serve();
    for (key, id) in &orders {
        let order = server.get(&format!("/api/v1/orders/{id}")).with(200);
        assert_eq!(order.text("/status"), "confirmed", "{id}");
        let body = r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#;
        let again = server.ask("POST", "/api/v1/orders", &[("idempotency-key", key)], Some(body)).with(201);
        assert_eq!((again.text("/id"), again.header("idempotency-replayed")), (id.clone(), Some("true")));
    }
    // what was authorized before can be captured after: the sandbox's ledger came back too
    let id = &orders[0].1;
    let shipped = server.ask("PUT", &format!("/api/v1/orders/{id}/status"), &[], Some(r#"{"status": "shipped"}"#)).with(200);
    assert_eq!(shipped.text("/amounts/captured/amount"), "2.55");
    // those whose answer nobody heard are done or not, and come to rest
    let mut cursor = String::new();
    let mut all: Vec<Value> = Vec::new();
    loop {
        let page = server.get(&format!("/api/v1/orders?limit=200{cursor}")).with(200).json();
        all.extend(page["items"].as_array().unwrap().clone());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert!(all.len() >= orders.len() && all.len() <= orders.len() + BUYERS, "{} of {}", all.len(), orders.len());
    for order in &all {
        server.order_until(order["id"].as_str().unwrap(), |order| order["status"] == "confirmed" || order["status"] == "shipped");
    }
    let held = server.get("/api/v1/inventory/items/A").json();
    assert_eq!(held["totals"]["held"], json!(all.len() - 1));
    server.end();
    let (output, out, err) = run(&["verify"], Some(&place.store()));
    assert!(output.status.success(), "{out}{err}");
}

#[test]
fn a_payment_whose_answer_a_crash_swallowed_is_found_by_the_next_process() {
    let place = Place::new();
    let mut server = place.serve_with(&["--place-wait-ms", "100"]);
    server.stock("A", 5);
    // the charge is made, its answer is lost, and the order is answered while that is not known
    let body = json!({"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_pending"});
    let placed = server.post("/api/v1/orders", body).with(201);
    assert_eq!((placed.text("/status"), placed.text("/attempts/0/status")), ("pending".to_owned(), "pending".to_owned()));
    server.kill();
    let server = place.serve();
    let id = placed.text("/id");
    assert_eq!(server.get(&format!("/api/v1/orders/{id}")).text("/attempts/0/status"), "pending");
    let busy = server.post(&format!("/api/v1/orders/{id}/pay"), json!({"payment_method_id": "sandbox_visa"}));
    busy.problem(409, "payment_in_progress");
}
