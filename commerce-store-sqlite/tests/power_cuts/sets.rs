//! Change sets from many committers at once.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use commerce_core::id::{EventId, MerchantId, MoveId, OrderId, Sku};
use commerce_core::ports::{
    Actor, ActorKind, ChangeSet, ClaimSpace, Clock, EventMeta, Expected, Ids, NewEvent, Partition, ResourceKind, ResourceRef, Root, Store,
    StreamId, StreamName, Verdict, Version,
};
use commerce_core::quantity::Quantity;
use commerce_core::stock::{AccountKey, Move};
use commerce_core::testkit::{ChangeSetExt, ManualClock, SeededIds, on_threads};
use commerce_sqlite_vfs::checked;
use futures::executor::block_on;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;
use uuid::Uuid;

use crate::disk::{Disk, Event};
use crate::support::{clock, cut, cuts, dice, file, moments, open};

const COMMITTERS: u64 = 8;
const SETS_EACH: u64 = 8;
const EVENTS: usize = 3;
const CUTS: usize = 60;

fn sku(number: u64) -> Sku {
    Sku::new(&format!("SKU-{}", number % 3)).unwrap()
}

/// The order of a set.
fn order(number: u64) -> OrderId {
    OrderId::new(Uuid::from_u64_pair(0x0199_0000_0000_7000, 0x8000_0000_0000_0000 | number))
}

/// A set of several parts and pages: events, a claim, a unit that arrives.
fn set(number: u64, ids: &SeededIds, clock: &ManualClock) -> ChangeSet {
    let actor = Actor { kind: ActorKind::System, id: "test".into() };
    let meta = EventMeta { at: clock.now(), actor, correlation: None, causation: None };
    let event = || NewEvent {
        id: EventId::new(ids.uuid7()),
        kind: Cow::Borrowed("OrderHeld"),
        kind_version: 1,
        mirror: false,
        bytes: vec![b'a' + (number % 26) as u8; 1_500],
    };
    let account = AccountKey { merchant: MerchantId::default(), sku: sku(number), location: Default::default() };
    let owner = ResourceRef { kind: ResourceKind::Order, id: order(number).to_string() };
    ChangeSet::new(Partition { merchant: MerchantId::default(), root: Root::Order(order(number)) }, clock.now(), meta)
        .append(StreamName::Order(order(number)), Expected::New, (0..EVENTS).map(|_| event()).collect())
        .claiming(ClaimSpace::Idempotency, &format!("key-{number}"), &owner)
        .moving(Move::Receive { id: MoveId::new(ids.uuid7()), account, qty: Quantity::new(1).unwrap() })
}

async fn commit(store: &Store, set: ChangeSet) {
    let answers = store.journal.commit(vec![set]).await;
    assert!(matches!(answers[..], [Ok(Verdict::Committed(_))]), "{answers:?}");
}

/// Commits from many threads, and tells the disk what was acknowledged.
fn committed(disk: &Disk, path: &Path) -> Vec<Event> {
    let (clock, ids) = (clock(), SeededIds::new(3));
    let (store, handle) = open(path, &clock);
    on_threads(usize::try_from(COMMITTERS).unwrap(), async |thread| {
        for round in 0..SETS_EACH {
            let number = round * COMMITTERS + thread as u64;
            commit(&store, set(number, &ids, &clock)).await;
            disk.told(number);
        }
    });
    drop(store);
    handle.close();
    disk.events()
}

/// What stands in a store: the numbers of its sets, each whole.
fn standing(store: &Store) -> Vec<u64> {
    let merchant = MerchantId::default();
    let mut present = Vec::new();
    let mut units = BTreeMap::from([(sku(0), 0), (sku(1), 0), (sku(2), 0)]);
    for number in 0..COMMITTERS * SETS_EACH {
        let stream = StreamId { merchant: merchant.clone(), name: StreamName::Order(order(number)) };
        let events = block_on(store.journal.load(&stream, Version(0), 10)).unwrap();
        let claim = block_on(store.views.claim(&merchant, ClaimSpace::Idempotency, &format!("key-{number}"), clock().now())).unwrap();
        assert!(events.len() == if claim.is_some() { EVENTS } else { 0 }, "set {number} has {} events and {claim:?}", events.len());
        if claim.is_some() {
            *units.get_mut(&sku(number)).unwrap() += 1;
            present.push(number);
        }
    }
    for (sku, expected) in units {
        let accounts = block_on(store.stock.accounts(&merchant, std::slice::from_ref(&sku))).unwrap();
        assert_eq!(accounts.iter().map(|(_, account)| account.on_hand).sum::<i64>(), expected, "{sku}");
    }
    present
}

#[test]
fn what_was_acknowledged_survives_a_power_cut_at_any_moment_and_each_set_is_whole_or_absent() {
    let disk = Disk::new();
    let folder = TempDir::new().unwrap();
    disk.watch(folder.path());
    let events = committed(&disk, &file(&folder));
    let mut dice = dice();
    let moments = moments(&events, cuts(CUTS), &mut dice);
    let (mut during_commits, mut during_checkpoints, mut told) = (0, 0, 0);
    cut(&events, &moments, &mut dice, |path, image| {
        let (store, handle) = open(path, &clock());
        let present = standing(&store);
        let lost: Vec<_> = image.told.iter().filter(|number| !present.contains(number)).collect();
        assert!(lost.is_empty(), "{lost:?} of {:?} were acknowledged and are lost", image.told);
        drop(store);
        handle.close();
        during_commits += usize::from(image.unsynced("-wal") > 0);
        during_checkpoints += usize::from(image.unsynced(".db") > 0);
        told += image.told.len();
    });
    // it was a disk with something to lose
    let tried = moments.len();
    assert!(during_commits > tried / 10 && during_checkpoints > tried / 20, "{during_commits} and {during_checkpoints} of {tried}");
    assert!(told > tried * 10, "{told} acknowledgements in {tried} cuts");
}

/// Whether commits, one after another, leave nothing of the log unsynced when they answer.
fn waits(disk: &Disk, mut commit: impl FnMut(u64)) -> bool {
    (0..20).all(|number| {
        commit(number);
        disk.unsynced_log_writes() == 0
    })
}

#[test]
fn a_commit_answers_when_all_that_was_written_to_the_log_is_on_disk() {
    let disk = Disk::new();
    let folder = TempDir::new().unwrap();
    disk.watch(folder.path());
    let (clock, ids) = (clock(), SeededIds::new(3));
    let (store, handle) = open(&file(&folder), &clock);
    let before = handle.sync_count();
    assert!(waits(&disk, |number| block_on(commit(&store, set(number, &ids, &clock)))));
    assert!(handle.sync_count() >= before + 20);
    drop(store);
    handle.close();
    // what the test would say of a writer that does not wait
    for synchronous in ["NORMAL", "OFF"] {
        let folder = TempDir::new().unwrap();
        disk.watch(folder.path());
        let conn: Connection = checked::open(&file(&folder), OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE).unwrap();
        conn.execute_batch(&format!("PRAGMA synchronous = {synchronous}; CREATE TABLE t (x)")).unwrap();
        conn.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(())).unwrap();
        assert!(
            !waits(&disk, |number| assert_eq!(conn.execute("INSERT INTO t VALUES (?1)", [i64::try_from(number).unwrap()]).unwrap(), 1)),
            "{synchronous}"
        );
    }
}
