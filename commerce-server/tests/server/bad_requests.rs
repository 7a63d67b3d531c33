use std::io::{Read, Write};
use std::net::TcpStream;

use crate::client::request;
use crate::process::{Place, Server};

const BODY_MAX_BYTES: usize = 8 * 1_048_576;

fn order(server: &Server, headers: &[(&str, &str)], body: &str) -> crate::client::Reply {
    server.ask("POST", "/api/v1/orders", headers, Some(body))
}

#[test]
fn bad_requests_are_refused_and_leave_nothing_behind() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 5);
    order(&server, &[], "{\"lines\": ").problem(400, "malformed_json");
    order(&server, &[], r#"{"product_id": "A", "quantity": "two"}"#).problem(400, "wrong_shape");
    order(&server, &[], r#"{"product_id": "A", "quantity": 1, "colour": "red"}"#).problem(400, "wrong_shape");
    order(&server, &[("content-type", "text/plain")], "{}").problem(415, "unsupported_media_type");
    order(&server, &[], r#"{"product_id": "A", "quantity": 0}"#).problem(422, "invalid_value");
    order(&server, &[], r#"{"product_id": "A", "quantity": 99999999999999999999}"#).problem(422, "invalid_value");
    order(&server, &[], r#"{"product_id": "A\u0000", "quantity": 1}"#).problem(422, "invalid_value");
    order(&server, &[], r#"{"product_id": "B", "quantity": 1}"#).problem(422, "unknown_sku");
    let short = order(&server, &[], r#"{"product_id": "A", "quantity": 6}"#).problem(422, "insufficient_stock").json();
    assert_eq!((&short["sku"], &short["requested"], &short["available"]), (&"A".into(), &6.into(), &5.into()));
    order(&server, &[("idempotency-key", "a"), ("idempotency-key", "b")], "{}").problem(400, "wrong_parameter");
    order(&server, &[("idempotency-key", "caf\u{e9}")], "{}").problem(422, "invalid_value");
    order(&server, &[("if-match", "\"1\"")], r#"{"product_id": "A", "quantity": 1}"#).problem(412, "stale_version");
    server.get("/api/v1/orders/17").problem(422, "invalid_value");
    server.get("/api/v1/orders/01890a5d-ac96-774b-bcce-b302099a8057").problem(404, "not_found");
    server.get("/api/v1/orders?limit=0").problem(422, "invalid_value");
    server.get("/api/v1/orders?unknown=1").problem(400, "wrong_parameter");
    server.get("/api/v1/orders?cursor=%00%ff").problem(422, "invalid_cursor");
    server.get("/api/v1/catalogue/%00").problem(422, "invalid_value");
    server.get("/api/v1/catalogue/%ff%fe").problem(404, "not_found");
    server.get(&format!("/api/v1/catalogue/{}", "x".repeat(65))).problem(422, "invalid_value");
    let listed = server.get("/api/v1/orders").with(200).json();
    assert_eq!(listed["items"].as_array().unwrap().len(), 0);
    let stock = server.get("/api/v1/inventory/items/A").json();
    assert_eq!((&stock["totals"]["on_hand"], &stock["totals"]["held"]), (&5.into(), &0.into()));
}

#[test]
fn a_path_that_is_none_and_a_method_that_is_not_there_are_problems_too() {
    let place = Place::new();
    let server = place.serve();
    for path in ["/", "/orders", "/api/v1", "/api/v1/", "/api/v1/orders/", "/api/v2/orders", "/api/v1/orders/x/y/z", "/%2e%2e/etc/passwd"] {
        server.get(path).problem(404, "not_found");
    }
    for (method, path, allowed) in [
        ("DELETE", "/api/v1/orders", &["GET", "POST"][..]),
        ("POST", "/health", &["GET"]),
        ("PUT", "/openapi.json", &["GET"]),
        ("GET", "/api/v1/shipments/x/deliver", &["POST"]),
        ("OPTIONS", "/api/v1/orders", &["GET", "POST"]),
        ("BREW", "/api/v1/orders", &["GET", "POST"]),
    ] {
        let reply = server.ask(method, path, &[], None).problem(405, "method_not_allowed");
        let allow = reply.header("allow").unwrap().to_owned();
        assert!(allowed.iter().all(|method| allow.contains(method)), "{method} {path}: {allow}");
    }
}

#[test]
fn a_body_that_is_too_large_is_refused_announced_or_not() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 5);
    let fill = |len: usize| {
        let (head, tail) = (r#"{"product_id": "A", "quantity": 1, "channel": "#, r#""web"}"#);
        format!("{head}{}{tail}", " ".repeat(len - head.len() - tail.len()))
    };
    order(&server, &[], &fill(BODY_MAX_BYTES)).with(201);
    order(&server, &[], &fill(BODY_MAX_BYTES + 1)).problem(413, "too_large");
    let head = "POST /api/v1/orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let announced = format!("{head}content-length: 99999999999\r\n\r\n{{");
    server.raw(announced.as_bytes()).problem(413, "too_large");
    let chunk = format!("{:x}\r\n{}\r\n", 1_048_576, " ".repeat(1_048_576));
    let chunked = format!("{head}transfer-encoding: chunked\r\n\r\n{}0\r\n\r\n", chunk.repeat(9));
    server.raw(chunked.as_bytes()).problem(413, "too_large");
    // a body that a read does not look at is no trouble
    server.ask("GET", "/api/v1/orders", &[], Some("nonsense")).with(200);
}

#[test]
fn what_is_no_http_never_harms_those_who_speak_it() {
    let place = Place::new();
    let server = place.serve();
    let garbage: [&[u8]; 6] = [
        b"\0\0\0\0\r\n\r\n",
        b"GET\r\n\r\n",
        b"POST /api/v1/orders HTTP/1.1\r\nhost: localhost\r\ncontent-length: -1\r\n\r\n",
        b"POST /api/v1/orders HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
    ];
    for bytes in garbage {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(bytes).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // it may be cut off without a word
        let _ = stream.read_to_end(&mut answer);
        assert!(!String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 5"), "{}", String::from_utf8_lossy(&answer));
        server.get("/health").with(200);
    }
    let long = format!("/api/v1/orders?customer_id={}", "x".repeat(100_000));
    let reply = server.raw(&request("GET", &long, &[], None));
    assert!(matches!(reply.status, 414 | 422 | 431), "{reply:?}");
    let many: Vec<(String, String)> = (0..500).map(|n| (format!("x-{n}"), "y".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(server.ask("GET", "/health", &many, None).status, 431);
}

#[test]
fn a_client_that_goes_away_half_way_leaves_the_server_whole() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 50);
    for cut in [1, 20, 60, 120] {
        let whole =
            request("POST", "/api/v1/orders", &[], Some(r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#));
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(&whole[..cut.min(whole.len() - 1)]).unwrap();
        drop(stream);
    }
    for _ in 0..5 {
        let whole =
            request("POST", "/api/v1/orders", &[], Some(r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#));
        TcpStream::connect(server.address).unwrap().write_all(&whole).unwrap();
    }
    let placed = order(&server, &[], r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#).with(201);
    assert_eq!(placed.text("/status"), "confirmed");
    server.end();
    let (output, out, err) = crate::process::run(&["verify"], Some(&place.store()));
    assert!(output.status.success(), "{out}{err}");
}

#[test]
fn a_request_that_was_meant_for_another_host_is_refused() {
    let place = Place::new();
    let server = place.serve();
    let ask = |host: &str| server.raw(format!("GET /api/v1/orders HTTP/1.1\r\n{host}connection: close\r\n\r\n").as_bytes());
    for host in ["host: localhost:8080\r\n", "host: 127.0.0.1\r\n", "host: [::1]:80\r\n", ""] {
        ask(host).with(200);
    }
    for host in ["host: evil.example:8080\r\n", "host: 192.0.2.1\r\n", "host: \r\n", "host: a b\r\n"] {
        ask(host).problem(421, "misdirected");
    }
    let absolute = b"GET http://evil.example/api/v1/orders HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    server.raw(absolute).problem(421, "misdirected");
}
