use std::time::{Duration, Instant};

use commerce_core::testkit::Dice;

use crate::chaos::audit::audit;
use crate::chaos::kills::{SEED, given};
use crate::chaos::load::Load;
use crate::chaos::town::Town;
use crate::process::Server;

/// How often the disk fills, unless `CHAOS_FILLS` says otherwise.
const FILLS: u64 = 2;
/// Answers between two full disks.
const ANSWERS: u64 = 60;
/// Callers who are told to come back later before the disk is freed.
const LATER: u64 = 40;
/// For the shop to find out, either way.
const FOUND_OUT_TIMEOUT_S: u64 = 20;
const POLL_MS: u64 = 10;

#[test]
fn a_full_disk_under_load_refuses_what_does_not_fit_and_the_shop_goes_on_by_itself_when_there_is_room() {
    let (fills, seed) = (given("CHAOS_FILLS", FILLS), given("CHAOS_SEED", SEED));
    eprintln!("CHAOS_FILLS={fills} CHAOS_SEED={seed}");
    let mut dice = Dice::new(seed);
    let mut town = Town::new();
    let load = Load::start(&town.shop, &town.door, seed);
    let mut told = load.hear(ANSWERS);
    for _ in 0..fills {
        town.fill_disk(&mut dice);
        let enough = load.later() + LATER;
        until("callers are told to come back later", || load.later() >= enough);
        tells_that_it_is_full_and_serves_reads(&town.shop);
        town.free_disk();
        until("the shop is ready again", || town.shop.get("/health/ready").status == 200);
        told.extend(load.hear(ANSWERS));
    }
    let later = load.later();
    told.extend(load.stop());
    assert_eq!(town.door.now().0, 1, "one process lived through all of it");
    eprintln!("{} answers, {later} times later", told.len());
    eprintln!("{}", audit(&mut town, &told));
}

fn tells_that_it_is_full_and_serves_reads(shop: &Server) {
    for path in ["/health", "/health/ready"] {
        // as long as a page fits, it takes one, and says so
        let mut said = shop.get(path);
        until("the shop tells that it takes no writes", || {
            said = shop.get(path);
            said.status == 503
        });
        let said = said.problem(503, "not_ready");
        assert_eq!((said.text("/detail").as_str(), said.header("retry-after")), ("the store answers, and takes no writes", Some("1")));
    }
    shop.get("/health/live").with(200);
    let orders = shop.get("/api/v1/orders?limit=5").with(200).json();
    let id = orders["items"][0]["id"].as_str().unwrap();
    for path in [&format!("orders/{id}"), &format!("orders/{id}/events"), "inventory/items/RARE-1", "inventory/summary", "catalogue"] {
        shop.get(&format!("/api/v1/{path}")).with(200);
    }
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(FOUND_OUT_TIMEOUT_S);
    while !holds() {
        assert!(Instant::now() < deadline, "not within {FOUND_OUT_TIMEOUT_S} s: {what}");
        std::thread::sleep(Duration::from_millis(POLL_MS));
    }
}
