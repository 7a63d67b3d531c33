//! Copies of a file that is written, and copies that do not come to be.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use commerce_core::id::OrderId;
use commerce_core::ports::{Clock, LIMIT_MAX_ROWS, Position, Shard};
use commerce_store_sqlite::{CopyError, CopyOptions, OpenError, SqliteStore};
use futures::executor::block_on;

use crate::support::{Place, whole_order};

/// Threads that order.
const BUYERS: usize = 3;
/// Copies that are made while they do.
const ROUNDS: usize = 5;
/// Orders that are acknowledged before a copy, and in each step of it, at least.
const ORDERS: usize = 5;
/// Pages that are copied at once: a copy takes several steps.
const STEP_PAGES: NonZeroU16 = NonZeroU16::new(32).unwrap();

/// The orders that a copy holds; `verify` has nothing to say of it.
#[track_caller]
fn orders(place: &Place, copy: &Path) -> Vec<OrderId> {
    let report = place.verify(copy);
    assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
    let (store, handle) = SqliteStore::open_snapshot(copy, place.clock.clone()).unwrap();
    let (mut ids, mut after) = (Vec::new(), None);
    loop {
        let page = std::thread::scope(|scope| {
            scope.spawn(|| block_on(store.audit.all_orders(after.as_ref(), LIMIT_MAX_ROWS)).unwrap()).join().unwrap()
        });
        ids.extend(page.items.into_iter().map(|(_, row)| row.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    handle.close();
    ids
}

#[test]
fn copies_made_under_load_hold_each_order_that_was_acknowledged_before_and_let_the_others_go_on() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    let (acknowledged, ended) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    let more = || {
        let before = acknowledged.lock().unwrap().len();
        while acknowledged.lock().unwrap().len() < before + ORDERS {
            std::thread::yield_now();
        }
    };
    shop.crowd(BUYERS + 1, async |thread| {
        if thread < BUYERS {
            while !ended.load(Ordering::Acquire) {
                let id = whole_order(&shop).await;
                acknowledged.lock().unwrap().push(id);
            }
            return;
        }
        /// Sends the buyers home, should a round panic too.
        struct Ended<'a>(&'a AtomicBool);
        impl Drop for Ended<'_> {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Release);
            }
        }
        let _ended = Ended(&ended);
        for round in 0..ROUNDS {
            more();
            let before = acknowledged.lock().unwrap().clone();
            let mut steps = 0;
            let progress = |pages: u64, pages_total: u64| {
                // the copy is under way: whoever sells goes on, and it does not begin anew
                more();
                steps += 1;
                assert_eq!(pages, (steps * u64::from(STEP_PAGES.get())).min(pages_total));
            };
            let target = place.file(&format!("copy-{round}.db"));
            let options = CopyOptions { step_pages: STEP_PAGES, progress: Box::new(progress), ..CopyOptions::default() };
            let copied = handle.backup(&target, options).unwrap();
            assert!(steps > 1);
            let held = orders(&place, &target);
            assert!(before.iter().all(|id| held.contains(id)), "{} of {}", held.len(), before.len());
            assert_eq!((copied.orders, copied.bytes), (held.len() as u64, fs::metadata(&target).unwrap().len()));
            assert_eq!(copied.until, Some(place.clock.now()));
        }
    });
    drop(shop);
    handle.close();
}

#[test]
fn a_copy_says_what_it_holds_and_is_one_file_that_serves_as_a_store() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    block_on(shop.run(whole_order(&shop)));
    drop(shop);
    handle.close();
    // nobody has it open
    let copied = SqliteStore::backup(place.store(), place.file("copy.db"), CopyOptions::default()).unwrap();
    let names: Vec<_> = place.content().into_iter().map(|(path, _)| path.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["copy.db", "shop.db", "shop.db-lock"]);
    let (store, handle) = SqliteStore::open(place.file("copy.db"), place.options()).unwrap();
    let feed = block_on(store.feed.read(Shard(0), Position(0), LIMIT_MAX_ROWS, true)).unwrap();
    assert_eq!(copied.heads, [feed.last().unwrap().position]);
    assert_eq!((copied.orders, copied.schema_version), (1, store.facts.schema_version));
    let shop = place.over(store);
    block_on(shop.run(whole_order(&shop)));
    drop(shop);
    handle.close();
    assert_eq!(orders(&place, &place.file("copy.db")).len(), 2);
    assert_eq!(orders(&place, &place.store()).len(), 1);
}

#[test]
fn what_is_there_is_never_written_over() {
    let place = Place::new();
    place.shop().1.close();
    for name in ["copy.db", "copy.db-wal", "copy.db-shm", "copy.db-journal"] {
        fs::write(place.file(name), "mine").unwrap();
        let before = place.content();
        for copy in [SqliteStore::backup, SqliteStore::restore] {
            let refused = copy(place.store(), place.file("copy.db"), CopyOptions::default()).unwrap_err();
            assert!(matches!(&refused, CopyError::Exists { path } if path.ends_with(name)), "{refused:?}");
        }
        // a lock was taken, and nothing else
        fs::remove_file(place.file("copy.db-lock")).unwrap();
        assert!(place.content() == before);
        fs::remove_file(place.file(name)).unwrap();
    }
    let itself = SqliteStore::backup(place.store(), place.store(), CopyOptions::default()).unwrap_err();
    assert!(matches!(itself, CopyError::Exists { .. }), "{itself:?}");
}

#[test]
fn a_copy_that_is_refused_leaves_nothing_behind() {
    let place = Place::new();
    place.shop().1.close();
    let before = place.content();
    let mut seen = None;
    let accept = |copy: &Path| {
        seen = Some(place.verify(copy));
        false
    };
    let options = CopyOptions { accept: Box::new(accept), ..CopyOptions::default() };
    let refused = SqliteStore::backup(place.store(), place.file("copy.db"), options).unwrap_err();
    assert!(matches!(refused, CopyError::Refused { .. }), "{refused:?}");
    assert!(seen.unwrap().is_clean());
    assert!(place.content() == before);
}

#[test]
fn of_two_copies_to_one_place_the_second_is_refused() {
    let place = Place::new();
    place.shop().1.close();
    let mut second = None;
    let progress = |_, _| second = SqliteStore::backup(place.store(), place.file("copy.db"), CopyOptions::default()).err();
    let options = CopyOptions { progress: Box::new(progress), ..CopyOptions::default() };
    SqliteStore::backup(place.store(), place.file("copy.db"), options).unwrap();
    assert!(matches!(&second, Some(CopyError::Busy { path }) if path.ends_with("copy.db-partial")), "{second:?}");
    assert_eq!(orders(&place, &place.file("copy.db")), []);
}

const PAGE_BYTES: usize = 4_096;

#[test]
fn a_damaged_file_is_not_taken_for_a_backup() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    block_on(shop.run(whole_order(&shop)));
    drop(shop);
    handle.close();
    let whole = fs::read(place.store()).unwrap();
    for (page, from) in (0..whole.len()).step_by(PAGE_BYTES).enumerate().skip(1) {
        let mut spoiled = whole.clone();
        spoiled[from..from + PAGE_BYTES].fill(0xa5);
        fs::write(place.store(), spoiled).unwrap();
        let refused = SqliteStore::backup(place.store(), place.file("copy.db"), CopyOptions::default());
        assert!(matches!(refused, Err(CopyError::Damaged { .. } | CopyError::Source(OpenError::Corrupt { .. }))), "{page}: {refused:?}");
    }
    // one that is cut off, and one that is none
    fs::write(place.store(), &whole[..8_192]).unwrap();
    SqliteStore::backup(place.store(), place.file("copy.db"), CopyOptions::default()).unwrap_err();
    fs::write(place.store(), "to be or not to be, that is the question ".repeat(100)).unwrap();
    let refused = SqliteStore::restore(place.store(), place.file("copy.db"), CopyOptions::default()).unwrap_err();
    assert!(matches!(refused, CopyError::Source(OpenError::NotADatabase { .. })), "{refused:?}");
    assert!(!place.file("copy.db").exists() && !place.file("copy.db-partial").exists());
}

#[test]
fn a_store_that_is_open_is_not_restored_over() {
    let place = Place::new();
    let (shop, handle) = place.shop();
    SqliteStore::backup(place.store(), place.file("copy.db"), CopyOptions::default()).unwrap();
    let refused = SqliteStore::restore(place.file("copy.db"), place.store(), CopyOptions::default()).unwrap_err();
    assert!(matches!(refused, CopyError::Target(OpenError::Locked { .. })), "{refused:?}");
    drop(shop);
    handle.close();
}

/// The part of the process that is killed, if this is it: how far it goes before it stops, and the folder.
fn part() -> Option<(String, PathBuf)> {
    Some((std::env::var("COMMERCE_TEST_STOPS").ok()?, PathBuf::from(std::env::var_os("COMMERCE_TEST_FILE")?)))
}

#[test]
fn a_copy_that_is_killed_leaves_nothing_under_its_name_and_the_next_one_succeeds() {
    if let Some((stops, folder)) = part() {
        let stop = |here: &str| {
            if stops == here {
                writeln!(std::io::stdout(), "stopped {here}").unwrap();
                // until it is killed
                std::io::stdin().read_exact(&mut [0]).unwrap();
            }
        };
        let progress = |_, _| stop("copying");
        let accept = |_: &Path| {
            stop("copied");
            true
        };
        let options = CopyOptions { progress: Box::new(progress), accept: Box::new(accept), ..CopyOptions::default() };
        SqliteStore::backup(folder.join("shop.db"), folder.join("copy.db"), options).unwrap();
        return;
    }
    let place = Place::new();
    let (shop, handle) = place.shop();
    block_on(shop.run(whole_order(&shop)));
    for stops in ["copying", "copied"] {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["backup::a_copy_that_is_killed_leaves_nothing_under_its_name_and_the_next_one_succeeds", "--exact", "--nocapture"])
            .env("COMMERCE_TEST_STOPS", stops)
            .env("COMMERCE_TEST_FILE", place.folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains(&format!("stopped {stops}"))), "it gets there");
        // the store goes on while the copy stands still
        block_on(shop.run(whole_order(&shop)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!place.file("copy.db").exists());
        assert!(place.file("copy.db-partial").exists(), "what was copied lies there");
    }
    let copied = handle.backup(place.file("copy.db"), CopyOptions::default()).unwrap();
    assert_eq!((copied.orders, orders(&place, &place.file("copy.db")).len()), (3, 3));
    assert!(!place.file("copy.db-partial").exists());
    drop(shop);
    handle.close();
}
