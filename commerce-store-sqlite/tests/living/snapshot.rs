//! A file that is read beside whoever has it open.

use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};

use commerce_core::engine::Check;
use commerce_core::id::MerchantId;
use commerce_core::ports::{Actor, ActorKind, ChangeSet, EventMeta, LIMIT_MAX_ROWS, Partition, PortErrorKind, Position, Root, Shard};
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{OpenError, SqliteStore};
use futures::executor::block_on;

use crate::support::{Place, whole_order};

/// Threads that order.
const BUYERS: usize = 3;
/// Times that a file is verified while they do.
const ROUNDS: usize = 6;
/// Orders that are placed between two rounds, at least.
const ORDERS_A_ROUND: usize = 10;

/// Sends the buyers home, should a round panic too.
struct Ended<'a>(&'a AtomicUsize);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(ROUNDS, Ordering::Release);
    }
}

#[test]
fn what_is_verified_under_load_is_clean_and_judged_whole() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    let (placed, rounds) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let reports = shop.crowd(BUYERS + 1, async |thread| {
        if thread < BUYERS {
            while rounds.load(Ordering::Acquire) < ROUNDS {
                whole_order(&shop).await;
                placed.fetch_add(1, Ordering::AcqRel);
            }
            return Vec::new();
        }
        let _ended = Ended(&rounds);
        let mut reports = Vec::new();
        for round in 1..=ROUNDS {
            // the buyers go on whatever is read beside them
            while placed.load(Ordering::Acquire) < round * ORDERS_A_ROUND {
                std::thread::yield_now();
            }
            let before = placed.load(Ordering::Acquire);
            reports.push((before, place.verify(&place.store())));
            rounds.store(round, Ordering::Release);
        }
        reports
    });
    for (before, report) in &reports[BUYERS] {
        assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
        assert!(report.looked_at[&Check::OrderStream] >= *before as u64, "{before} orders were acknowledged:\n{report}");
    }
    drop(shop);
    handle.close();
}

#[test]
fn a_snapshot_sees_what_was_committed_before_it_and_nothing_after() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    block_on(shop.run(whole_order(&shop)));
    let (seen, snapshot) = SqliteStore::open_snapshot(place.store(), place.clock.clone()).unwrap();
    let orders = || block_on(seen.audit.all_orders(None, LIMIT_MAX_ROWS)).unwrap().items.len();
    let feed = || block_on(seen.feed.read(Shard(0), Position(0), LIMIT_MAX_ROWS, true)).unwrap().len();
    let before = (orders(), feed());
    block_on(shop.run(whole_order(&shop)));
    assert_eq!((orders(), feed()), before);
    assert_eq!(before.0, 1);
    snapshot.close();
    let (seen, snapshot) = SqliteStore::open_snapshot(place.store(), place.clock.clone()).unwrap();
    assert_eq!(block_on(seen.audit.all_orders(None, LIMIT_MAX_ROWS)).unwrap().items.len(), 2);
    snapshot.close();
    handle.close();
}

#[test]
fn a_snapshot_refuses_to_write() {
    let place = Place::new();
    place.shop().1.close();
    let (store, snapshot) = SqliteStore::open_snapshot(place.store(), place.clock.clone()).unwrap();
    let refused = block_on(store.carts.sweep(Timestamp::from_secs(1), 10)).unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Unavailable);
    let at = Timestamp::from_secs(1);
    let meta = EventMeta { at, actor: Actor { kind: ActorKind::Staff, id: "night-shift".into() }, correlation: None, causation: None };
    let set = ChangeSet::new(Partition { merchant: MerchantId::default(), root: Root::Sku("LAMP".parse().unwrap()) }, at, meta);
    let refused = block_on(store.journal.commit(vec![set])).remove(0).unwrap_err();
    assert_eq!(refused.kind, PortErrorKind::Misuse);
    snapshot.close();
}

#[test]
fn what_nobody_has_open_is_verified_and_left_as_it_was() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    block_on(shop.run(whole_order(&shop)));
    drop(shop);
    handle.close();
    let before = place.content();
    let report = place.verify(&place.store());
    assert!(report.is_clean() && report.looked_at[&Check::OrderStream] == 1, "{report}");
    assert!(place.content() == before, "the folder is as it was");
}

#[test]
fn a_log_that_a_crash_left_is_read_and_left_as_it_was() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    block_on(shop.run(whole_order(&shop)));
    // what a killed process leaves: the file and its log
    let crashed = Place::new();
    for suffix in ["", "-wal"] {
        let name = format!("shop.db{suffix}");
        fs::copy(place.file(&name), crashed.file(&name)).unwrap();
    }
    handle.close();
    let before = crashed.content();
    assert!(!before[1].1.is_empty(), "there is a log");
    let report = crashed.verify(&crashed.store());
    assert!(report.is_clean() && report.looked_at[&Check::OrderStream] == 1, "{report}");
    let after = crashed.content();
    assert!(before.iter().all(|file| after.contains(file)), "the file and its log are as they were");
}

#[test]
fn what_is_not_there_or_is_no_store_is_named_and_not_made() {
    let place = Place::new();
    let open = |path| SqliteStore::open_snapshot(path, place.clock.clone()).map(|_| ()).unwrap_err();
    assert!(matches!(open(place.store()), OpenError::Missing { .. }));
    assert!(!place.store().exists());
    fs::write(place.file("empty.db"), b"").unwrap();
    assert!(matches!(open(place.file("empty.db")), OpenError::Missing { .. }));
    fs::write(place.file("text.db"), "to be or not to be, that is the question ".repeat(100)).unwrap();
    assert!(matches!(open(place.file("text.db")), OpenError::NotADatabase { .. }));
    rusqlite::Connection::open(place.file("recipes.db")).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(matches!(open(place.file("recipes.db")), OpenError::Foreign { .. }));
    assert!(matches!(open(place.file("nowhere/shop.db")), OpenError::NoDirectory { .. }));
}
