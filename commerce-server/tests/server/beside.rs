//! Commands beside a server that serves.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use crate::client::{request, try_raw};
use crate::files::edit;
use crate::process::{Place, Server, run};

/// Threads that order over HTTP.
const BUYERS: usize = 3;

/// Runs `work` while orders are placed; what it came to, and the ids of all orders that were acknowledged. Every order must be.
pub(crate) fn under_load<T>(server: &Server, work: impl FnOnce(&AtomicUsize) -> T) -> (T, Vec<String>) {
    /// Sends the buyers home, should the work panic too.
    struct Ended<'a>(&'a AtomicBool);
    impl Drop for Ended<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Release);
        }
    }
    let (placed, ended, address) = (AtomicUsize::new(0), AtomicBool::new(false), server.address);
    thread::scope(|scope| {
        let buyers: Vec<_> = (0..BUYERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut ids = Vec::new();
                    while !ended.load(Ordering::Acquire) {
                        let body = r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#;
                        let reply = try_raw(address, &request("POST", "/api/v1/orders", &[], Some(body))).unwrap().with(201);
                        assert_eq!(reply.text("/status"), "confirmed");
                        ids.push(reply.text("/id"));
                        placed.fetch_add(1, Ordering::AcqRel);
                    }
                    ids
                })
            })
            .collect();
        let ended = Ended(&ended);
        let came_to = work(&placed);
        drop(ended);
        (came_to, buyers.into_iter().flat_map(|buyer| buyer.join().unwrap()).collect())
    })
}

/// Waits until so many orders more were acknowledged; how many were before.
pub(crate) fn more_orders(placed: &AtomicUsize, more: usize) -> usize {
    let before = placed.load(Ordering::Acquire);
    while placed.load(Ordering::Acquire) < before + more {
        thread::yield_now();
    }
    before
}

fn order_streams(report: &str) -> usize {
    let line = report.lines().find(|line| line.starts_with("order_stream")).unwrap();
    line.split_whitespace().find_map(|word| word.parse().ok()).unwrap()
}

#[test]
fn verify_beside_a_server_under_load_finds_no_difference_that_is_none_and_each_that_is_one() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 100_000);
    server.stock("B", 1);
    let verify = || run(&["verify"], Some(&place.store()));
    let (_, orders) = under_load(&server, |placed| {
        for _ in 0..3 {
            more_orders(placed, 5);
            let before = placed.load(Ordering::Acquire);
            let (output, out, err) = verify();
            assert_eq!(output.status.code(), Some(0), "{out}{err}");
            assert!(out.ends_with("clean\n") && !out.contains("not judged"), "{out}");
            assert!(order_streams(&out) >= before, "{before} were acknowledged: {out}");
        }
        // a unit appears out of nothing, where the server does not write
        let conn = edit(&place);
        assert_eq!(conn.execute("UPDATE accounts SET on_hand = on_hand + 1 WHERE sku = 'B'", []).unwrap(), 1);
        drop(conn);
        more_orders(placed, 5);
        let (output, out, err) = verify();
        assert_eq!(output.status.code(), Some(3), "{out}{err}");
        assert!(out.lines().any(|line| line.contains("account_counters") && line.contains("stock/B@default")), "{out}");
    });
    for id in &orders {
        server.get(&format!("/api/v1/orders/{id}")).with(200);
    }
    server.end();
    assert!(!place.folder.path().join("shop.db-wal").exists(), "who closed last wrote the log back");
}
