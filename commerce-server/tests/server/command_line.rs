use std::net::TcpListener;

use crate::process::{Place, Server, commerce, run};

#[test]
fn only_this_machine_may_connect() {
    let place = Place::new();
    for address in ["0.0.0.0:0", "192.0.2.1:8080", "[::]:0"] {
        let (output, out, err) = run(&["serve", "--listen", address], Some(&place.store()));
        assert_eq!((output.status.code(), out.as_str()), (Some(1), ""), "{address}");
        assert!(err.contains("is not a loopback address: there is no authentication"), "{err}");
        assert!(!place.store().exists(), "a store is made only by who can serve it");
    }
    let (output, _, err) = run(&["sandbox", "--listen", "0.0.0.0:0", "--ledger", &place.store().display().to_string()], None);
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("is not a loopback address"), "{err}");
}

#[test]
fn an_address_that_is_taken_is_named_with_its_cause() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (output, _, err) = run(&["serve", "--listen", &address], Some(&place.store()));
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains(&format!("error: cannot serve: cannot listen on {address}: ")), "{err}");
}

#[test]
fn wrong_arguments_have_an_exit_code_of_their_own() {
    for args in [
        &["fly"][..],
        &["serve", "--nonsense"],
        &["serve", "--listen", "localhost"],
        &["serve", "--sandbox-url", "https://example.com"],
        &["serve", "--default-actor", ""],
        &["serve", "--place-wait-ms", "-1"],
        &["serve", "--log", "a=b=c"],
        &["migrate", "--shards", "0"],
        &["backup"],
        &["restore"],
    ] {
        let (output, out, err) = run(args, None);
        assert_eq!((output.status.code(), out.as_str()), (Some(2), ""), "{args:?}");
        assert!(err.starts_with("error: "), "{args:?}: {err}");
    }
    let (output, out, _) = run(&["--help"], None);
    assert!(output.status.success());
    for word in ["serve", "migrate", "verify", "backup", "restore", "openapi", "sandbox", "Exit codes"] {
        assert!(out.contains(word), "{word} in {out}");
    }
}

#[test]
fn without_a_command_it_serves_and_the_environment_configures_it() {
    let place = Place::new();
    let mut command = commerce(&[]);
    command.env("COMMERCE_STORE", place.store()).env("COMMERCE_LISTEN", "127.0.0.1:0").env("COMMERCE_DEFAULT_ACTOR", "night-shift");
    command.env("COMMERCE_LOG", "off");
    let server = Server::start(command);
    server.stock("A", 1);
    let movements = server.get("/api/v1/inventory/items/A/movements").json();
    assert_eq!(movements["items"][0]["actor"]["id"], "night-shift");
    assert!(place.store().exists());
}

#[test]
fn a_sandbox_of_its_own_serves_several_lives_of_a_server() {
    let place = Place::new();
    let ledger = place.folder.path().join("ledger.log");
    let mut command = commerce(&["sandbox", "--listen", "127.0.0.1:0", "--single-capture", "--ledger"]);
    command.arg(&ledger);
    let mut sandbox = Server::start(command);
    let url = format!("http://{}/", sandbox.address);
    let mut server = place.serve_with(&["--sandbox-url", &url]);
    server.stock("A", 5);
    let placed = server.post("/api/v1/orders", r#"{"product_id": "A", "quantity": 2, "payment_method_id": "sandbox_visa"}"#).with(201);
    assert_eq!(placed.text("/status"), "confirmed");
    server.kill();
    let server = place.serve_with(&["--sandbox-url", &url]);
    let some = r#"{"lines": [{"line_id": 1, "quantity": 1}]}"#;
    server.post(&format!("/api/v1/orders/{}/shipments", placed.text("/id")), some).with(201);
    let order = server.get(&format!("/api/v1/orders/{}", placed.text("/id")));
    assert_eq!(order.text("/amounts/captured/amount"), "5.10", "who captures once captures all");
    assert!(!place.folder.path().join("shop.db-sandbox").exists());
    server.end();
    sandbox.kill();
    let (output, _, err) = run(&["serve", "--listen", "127.0.0.1:0", "--sandbox-url", &url], Some(&place.store()));
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("error: cannot reach the sandbox: cannot connect to the sandbox at"), "{err}");
}
