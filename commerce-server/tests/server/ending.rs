use std::io::Read;
use std::net::TcpStream;
use std::thread;

use serde_json::json;

use crate::client::{request, try_raw};
use crate::process::{Place, Server, commerce, run};

#[test]
fn either_signal_ends_it_with_success_and_a_closed_store() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mut server = place.serve();
        server.stock("A", 5);
        server.post("/api/v1/orders", json!({"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"})).with(201);
        server.signal(signal);
        let (status, rest) = server.ended();
        assert!(status.success() && rest.is_empty(), "{signal}: {status} {rest}");
        assert!(place.log().contains("the store is closed"), "{}", place.log());
        // whoever closes a store last leaves no log of writes beside it
        assert!(!place.store().with_extension("db-wal").exists());
        let (output, out, err) = run(&["verify"], Some(&place.store()));
        assert!(output.status.success(), "{out}{err}");
    }
}

#[test]
fn a_request_that_is_open_when_the_signal_comes_gets_its_answer() {
    let place = Place::new();
    let mut late = commerce(&["sandbox", "--listen", "127.0.0.1:0", "--late-s", "3", "--ledger"]);
    late.arg(place.folder.path().join("ledger.log"));
    let sandbox = Server::start(late);
    let mut server = place.serve_with(&["--sandbox-url", &format!("http://{}", sandbox.address)]);
    server.stock("A", 5);
    let body = r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_late"}"#;
    let address = server.address;
    let open = thread::spawn(move || try_raw(address, &request("POST", "/api/v1/orders", &[], Some(body))).unwrap());
    // the order is there, and its request is not answered yet
    while server.get("/api/v1/orders").json()["items"].as_array().unwrap().is_empty() {}
    let mut idle = TcpStream::connect(address).unwrap();
    server.signal("TERM");
    // the workers run for as long as a request waits for them
    let placed = open.join().unwrap().with(201);
    assert_eq!(placed.text("/status"), "confirmed");
    assert!(place.log().contains("ending"), "the signal came first: {}", place.log());
    // an idle connection is closed, not waited for
    let mut nothing = Vec::new();
    idle.read_to_end(&mut nothing).unwrap();
    assert!(nothing.is_empty());
    assert!(server.ended().0.success());
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
    let server = place.serve();
    assert_eq!(server.get(&format!("/api/v1/orders/{}", placed.text("/id"))).with(200).text("/status"), "confirmed");
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let place = Place::new();
    let mut server = place.serve_with(&["--place-wait-ms", "60000"]);
    server.stock("A", 5);
    let address = server.address;
    let body = r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_late"}"#;
    let open = thread::spawn(move || try_raw(address, &request("POST", "/api/v1/orders", &[], Some(body))));
    while server.get("/api/v1/orders").json()["items"].as_array().unwrap().is_empty() {}
    server.signal("TERM");
    while !place.log().contains("ending") {}
    server.signal("TERM");
    assert_eq!(server.ended().0.code(), Some(1));
    assert!(open.join().unwrap().is_err(), "the open request is cut off");
    assert_eq!(place.serve().get("/api/v1/orders").json()["items"].as_array().unwrap().len(), 1);
}
