//! The log beside the file, while the file is written and read at once.

use std::fs;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};

use commerce_core::id::{EventId, MerchantId, OrderId, PersonalRef};
use commerce_core::ports::{
    Actor, ActorKind, Append, ChangeSet, Clock, EventMeta, Expected, Ids, NewEvent, Partition, PersonalWrite, Position, Root, Shard, Store,
    StreamId, StreamName, Verdict,
};
use commerce_core::testkit::{SeededIds, on_threads};
use commerce_store_sqlite::{SqliteOptions, SqliteStore};

use crate::support::Place;

const MIB: u64 = 1_024 * 1_024;
/// What the log may take while nobody reads for long: twice the 4,000 pages that begin a checkpoint, and one write more.
const LOG_MAX_BYTES: u64 = 34 * MIB;
/// What a log that had to grow is cut down to, and what one write more may add before it is.
const LOG_KEPT_MAX_BYTES: u64 = 64 * MIB + 2 * MIB;
/// Threads that read without a pause, each time another state.
const READERS: usize = 2;
/// What a write holds: personal data of this many people, of this many bytes each.
const PEOPLE: usize = 16;
const PERSON_BYTES: usize = 60_000;
/// Writes, of about a MiB each, after which a log is taken for one that never ends.
const WRITES_MAX: u64 = 200;

/// Whoever writes and reads without a pause.
struct Load<'a> {
    place: &'a Place,
    store: &'a Store,
    ids: SeededIds,
}

impl Load<'_> {
    fn log_bytes(&self) -> u64 {
        fs::metadata(self.place.file("shop.db-wal")).unwrap().len()
    }

    async fn write(&self) {
        let (at, merchant, order) = (self.place.clock.now(), MerchantId::default(), OrderId::new(self.ids.uuid7()));
        let meta = EventMeta { at, actor: Actor { kind: ActorKind::Staff, id: "till-1".into() }, correlation: None, causation: None };
        let mut set = ChangeSet::new(Partition { merchant: merchant.clone(), root: Root::Order(order) }, at, meta);
        let id = EventId::new(self.ids.uuid7());
        let event = NewEvent { id, kind: "OrderConfirmed".into(), kind_version: 1, mirror: false, bytes: b"{}".to_vec() };
        let stream = StreamId { merchant, name: StreamName::Order(order) };
        set.appends.push(Append { stream, expected: Expected::New, events: vec![event] });
        let person = |_| {
            let reference = PersonalRef::new(self.ids.uuid7());
            PersonalWrite { reference, customer: None, order: Some(order), bytes: vec![7; PERSON_BYTES] }
        };
        set.personal = (0..PEOPLE).map(person).collect();
        let answer = self.store.journal.commit(vec![set]).await.remove(0);
        assert!(matches!(answer, Ok(Verdict::Committed(_))), "{answer:?}");
    }

    /// Writes beside the readers until it is done with so many writes and a log of this size; the log at its largest.
    fn run(&self, done: impl Fn(u64, u64) -> bool + Sync) -> u64 {
        let ended = AtomicBool::new(false);
        let sizes = on_threads(READERS + 1, async |thread| {
            let mut largest = 0;
            if thread < READERS {
                while !ended.load(Ordering::Acquire) {
                    self.store.feed.read(Shard(0), Position(0), 1, true).await.unwrap();
                }
                return largest;
            }
            let _ended = Ended(&ended);
            for writes in 1..=WRITES_MAX {
                self.write().await;
                let log = self.log_bytes();
                largest = log.max(largest);
                if done(writes, log) {
                    return largest;
                }
            }
            panic!("after {WRITES_MAX} writes the log has {} bytes", self.log_bytes());
        });
        sizes.into_iter().max().unwrap()
    }
}

/// Sends the readers home, should the writer panic too.
struct Ended<'a>(&'a AtomicBool);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[test]
fn a_log_that_is_written_without_a_pause_is_written_back_meanwhile_and_begins_anew() {
    let place = Place::new();
    let options = SqliteOptions { checkpoint_pages: NonZeroU32::new(256).unwrap(), ..place.options() };
    let (store, handle) = SqliteStore::open(place.store(), options).unwrap();
    let load = Load { place: &place, store: &store, ids: SeededIds::new(8) };
    on_threads(1, async |_| {
        for write in 1..=32 {
            load.write().await;
            assert!(load.log_bytes() <= 4 * MIB, "{} bytes after {write} writes of a MiB", load.log_bytes());
        }
    });
    handle.close();
}

#[test]
fn readers_that_come_and_go_let_the_log_begin_anew_and_a_long_one_delays_that_for_its_time() {
    let place = Place::new();
    let (store, handle) = SqliteStore::open(place.store(), place.options()).unwrap();
    let load = Load { place: &place, store: &store, ids: SeededIds::new(7) };
    let largest = load.run(|writes, _| writes == 48);
    assert!(largest <= LOG_MAX_BYTES, "{largest} bytes, though nobody reads for long");
    let (_seen, long) = SqliteStore::open_snapshot(place.store(), place.clock.clone()).unwrap();
    load.run(|_, log| log > LOG_KEPT_MAX_BYTES);
    long.close();
    load.run(|_, log| log <= LOG_KEPT_MAX_BYTES);
    let largest = load.run(|writes, _| writes == 16);
    assert!(largest <= LOG_KEPT_MAX_BYTES, "{largest} bytes, though the one that read for long is gone");
    handle.close();
}
