//! What only the inside of the file can show.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::commit::CommitLimits;
use commerce_core::id::{
    ConsumerName, CustomerId, EventId, HoldId, MerchantId, MoveId, OrderId, PersonalRef, ReservationId, ShipmentId, Sku, WorkerId,
};
use commerce_core::ports::*;
use commerce_core::quantity::Quantity;
use commerce_core::stock::{AccountKey, Move, Owner, Split};
use commerce_core::testkit::{ManualClock, SeededIds};
use commerce_core::time::Timestamp;
use futures::executor::block_on;
use futures::future::join_all;
use rusqlite::{Connection, StatementStatus};
use tempfile::TempDir;

use crate::checkpoint::Checkpoints;
use crate::connection;
use crate::migrate::{APPLICATION_ID, look, migrate};
use crate::open::CHECKPOINT_PAGES;
use crate::write::{Failing, Writer};
use crate::{OpenError, SqliteOptions, SqliteStore, StoreHandle};

struct Place {
    _directory: TempDir,
    path: PathBuf,
    clock: Arc<ManualClock>,
    ids: SeededIds,
}

impl Place {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("commerce.db");
        let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_700_000_000)));
        Self { _directory: directory, path, clock, ids: SeededIds::new(7) }
    }

    fn open(&self) -> (Store, StoreHandle) {
        SqliteStore::open(&self.path, SqliteOptions::new(self.clock.clone())).unwrap()
    }

    /// The writer's connection, without its thread.
    fn writer(&self) -> (Connection, Writer) {
        let conn = connection::open(&self.path).unwrap();
        connection::set_writer(&conn).unwrap();
        migrate(&conn, look(&conn).unwrap(), std::num::NonZeroU16::MIN, |_| ()).unwrap();
        let beside = connection::open(&self.path).unwrap();
        let counts = commerce_sqlite_vfs::checked::Counts::of(&self.path);
        let checkpointing = connection::open(&self.path).unwrap();
        connection::set_writer(&checkpointing).unwrap();
        let checkpoints = Checkpoints::start(checkpointing, counts, CHECKPOINT_PAGES).unwrap();
        (beside, Writer::new(conn, checkpoints, 1, self.clock.clone(), Failing::default()).unwrap())
    }

    fn id<T>(&self, new: impl FnOnce(uuid::Uuid) -> T) -> T {
        new(self.ids.uuid7())
    }

    fn set(&self) -> ChangeSet {
        let now = self.clock.now();
        let actor = Actor { kind: ActorKind::System, id: "test".into() };
        let meta = EventMeta { at: now, actor, correlation: None, causation: None };
        let partition = Partition { merchant: MerchantId::default(), root: Root::Order(self.id(OrderId::new)) };
        ChangeSet::new(partition, now, meta)
    }

    /// A set that begins an order's stream with a body of so many bytes.
    fn event_set(&self, bytes: usize) -> ChangeSet {
        let mut set = self.set();
        let Root::Order(order) = set.partition.root else { unreachable!("the root of a set is an order") };
        let event = NewEvent { id: self.id(EventId::new), kind: "Test".into(), kind_version: 1, mirror: false, bytes: vec![b'x'; bytes] };
        let stream = StreamId { merchant: MerchantId::default(), name: StreamName::Order(order) };
        set.appends.push(Append { stream, expected: Expected::New, events: vec![event] });
        set
    }

    fn receive(&self, qty: u32) -> Move {
        let account = AccountKey { merchant: MerchantId::default(), sku: sku(), location: Default::default() };
        Move::Receive { id: self.id(MoveId::new), account, qty: Quantity::some(qty).unwrap() }
    }

    fn hold(&self, qty: u32) -> Move {
        Move::Hold {
            id: self.id(HoldId::new),
            merchant: MerchantId::default(),
            owner: Owner::Reservation(self.id(ReservationId::new)),
            sku: sku(),
            qty: Quantity::some(qty).unwrap(),
            candidates: Vec::new(),
            split: Split::Never,
            expires_at: self.clock.now().plus_secs(60),
        }
    }

    fn moving(&self, moves: Vec<Move>) -> ChangeSet {
        ChangeSet { moves, ..self.set() }
    }
}

fn sku() -> Sku {
    Sku::new("A-1").unwrap()
}

fn committed(answer: &Result<Verdict, PortError>) -> bool {
    matches!(answer, Ok(Verdict::Committed(_)))
}

/// How many rows each table has.
fn rows(conn: &Connection) -> Vec<(String, i64)> {
    let mut tables = conn.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").unwrap();
    let names: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let count = |name: &String| conn.query_row(&format!("SELECT count(*) FROM {name}"), [], |row| row.get(0)).unwrap();
    names.iter().map(|name| (name.clone(), count(name))).collect()
}

#[test]
fn the_writer_syncs_every_commit_and_a_reader_cannot_write() {
    let place = Place::new();
    let (reader, _writer) = place.writer();
    let conn = connection::open(&place.path).unwrap();
    connection::set_writer(&conn).unwrap();
    let pragma = |conn: &Connection, name: &str| -> String {
        let value = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        format!("{:?}", conn.query_row(&format!("PRAGMA {name}"), [], value).unwrap())
    };
    for (name, value) in [
        ("journal_mode", "Text(\"wal\")"),
        ("synchronous", "Integer(2)"),
        ("foreign_keys", "Integer(1)"),
        ("busy_timeout", "Integer(5000)"),
        ("temp_store", "Integer(2)"),
        ("trusted_schema", "Integer(0)"),
        ("cache_size", "Integer(-16384)"),
    ] {
        assert_eq!(pragma(&conn, name), value, "{name}");
    }
    assert_eq!(pragma(&conn, "application_id"), format!("Integer({APPLICATION_ID})"));
    connection::set_reader(&reader).unwrap();
    let refused = reader.execute("DELETE FROM events", []).unwrap_err();
    assert_eq!(refused.sqlite_error_code(), Some(rusqlite::ErrorCode::ReadOnly));
}

#[test]
fn a_statement_is_prepared_once_whatever_values_it_is_given() {
    let place = Place::new();
    let (conn, _writer) = place.writer();
    let sql = "SELECT max(version) FROM events WHERE merchant = ?1 AND stream_id = ?2 AND stream = ?3";
    for value in ["order", "payment", "saga"] {
        let none: Option<i64> = conn.prepare_cached(sql).unwrap().query_row([value; 3], |row| row.get(0)).unwrap();
        assert_eq!(none, None);
    }
    assert_eq!(conn.prepare_cached(sql).unwrap().get_status(StatementStatus::RePrepare), 0);
}

#[test]
fn what_was_committed_is_there_after_the_file_was_closed_and_positions_go_on() {
    let place = Place::new();
    let (store, handle) = place.open();
    let first = place.event_set(10);
    let stream = first.appends[0].stream.clone();
    assert!(block_on(store.journal.commit(vec![first])).iter().all(committed));
    drop(store);
    handle.close();
    let (store, handle) = place.open();
    assert_eq!(block_on(store.journal.load(&stream, Version(0), 10)).unwrap().len(), 1);
    let answers = block_on(store.journal.commit(vec![place.moving(vec![place.receive(3), place.receive(2)])]));
    assert!(matches!(&answers[0], Ok(Verdict::Committed(receipt)) if receipt.position == Position(3)), "{answers:?}");
    let feed = block_on(store.feed.read(Shard(0), Position(0), 10, true)).unwrap();
    assert_eq!(feed.iter().map(|item| item.position.0).collect::<Vec<_>>(), [1, 2, 3]);
    handle.close();
}

#[test]
fn a_rejected_set_leaves_no_row() {
    let place = Place::new();
    let (conn, mut writer) = place.writer();
    assert!(writer.commit(&[place.moving(vec![place.receive(1)])]).iter().all(committed));
    let before = rows(&conn);
    let mut short = place.event_set(10);
    short.moves = vec![place.receive(1), place.hold(9)];
    short.personal.push(PersonalWrite { reference: place.id(PersonalRef::new), customer: None, order: None, bytes: vec![1] });
    let act = ConsumerAct::Advance { revision: 0, to: Position(1), parked: Vec::new(), settled: Vec::new() };
    short.consumers.push(ConsumerWrite { consumer: ConsumerName::new("relay").unwrap(), shard: Shard(0), epoch: 0, act });
    let answers = writer.commit(&[short]);
    assert!(matches!(&answers[0], Ok(Verdict::Rejected(Rejection::Short(_)))), "{answers:?}");
    assert_eq!(rows(&conn), before);
}

#[test]
fn one_poisonous_set_of_a_batch_fails_alone() {
    let place = Place::new();
    let options =
        SqliteOptions { commit: CommitLimits { batch_max_sets: 64, queue_max_sets: 64 }, ..SqliteOptions::new(place.clock.clone()) };
    let (store, handle) = SqliteStore::open(&place.path, options).unwrap();
    let mut sets: Vec<ChangeSet> = (0..16).map(|_| place.event_set(10)).collect();
    // a status that its column refuses, and no check before it
    let row = ShipmentRow { id: place.id(ShipmentId::new), order: place.id(OrderId::new), status: "x".repeat(65) };
    sets[9].views.push(ViewRow::Shipment(row));
    let answers = block_on(join_all(sets.into_iter().map(|set| store.journal.commit(vec![set]))));
    for (i, answer) in answers.iter().flatten().enumerate() {
        match answer {
            Err(error) => assert_eq!((i, error.kind, error.retry), (9, PortErrorKind::Misuse, Retry::Never)),
            answer => assert!(i != 9 && committed(answer), "{i}: {answer:?}"),
        }
    }
    assert_eq!(block_on(store.feed.read(Shard(0), Position(0), 100, true)).unwrap().len(), 15);
    handle.close();
}

#[test]
fn a_full_disk_refuses_a_batch_writes_nothing_and_goes_on_when_there_is_space() {
    let place = Place::new();
    let (conn, mut writer) = place.writer();
    let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    writer.limit_pages(pages + 4);
    let before = rows(&conn);
    let sets = [place.event_set(10), place.event_set(100_000)];
    for answer in writer.commit(&sets) {
        let error = answer.unwrap_err();
        assert_eq!((error.kind, error.retry), (PortErrorKind::Unavailable, Retry::Later), "{error}");
    }
    assert_eq!(rows(&conn), before);
    assert!(writer.commit(&sets[..1]).iter().all(committed), "what fits is taken");
    writer.limit_pages(pages + 1_000);
    let answers = writer.commit(&sets[1..]);
    assert!(matches!(&answers[0], Ok(Verdict::Committed(receipt)) if receipt.position == Position(2)), "{answers:?}");
}

#[test]
fn the_tables_themselves_refuse_stock_that_cannot_be() {
    let place = Place::new();
    let (conn, mut writer) = place.writer();
    assert!(writer.commit(&[place.moving(vec![place.receive(5)])]).iter().all(committed));
    assert!(writer.commit(&[place.moving(vec![place.hold(5)])]).iter().all(committed));
    for bad in [
        "UPDATE accounts SET on_hand = -1, held = 0",
        "UPDATE accounts SET held = -1",
        "UPDATE accounts SET held = 6",
        "UPDATE accounts SET on_hand = 4",
        "UPDATE accounts SET safety = 1",
        "UPDATE accounts SET shortfall = -1",
        "UPDATE accounts SET on_hand = 'many'",
        "UPDATE holds SET remaining = -1",
        "UPDATE movements SET account = 99",
        "INSERT INTO accounts SELECT 9, merchant, sku, location, 1, 0, 0, 0, 0, NULL, 0, NULL FROM accounts",
        "INSERT INTO facts SELECT 2, schema_version, shards, hmac_key FROM facts",
    ] {
        let refused = conn.execute(bad, []).unwrap_err();
        assert_eq!(refused.sqlite_error_code(), Some(rusqlite::ErrorCode::ConstraintViolation), "{bad}");
    }
    assert_eq!(conn.execute("UPDATE accounts SET on_hand = 4, shortfall = 1", []).unwrap(), 1, "a shortfall that is recorded may be");
}

#[test]
fn a_place_in_the_movements_of_one_sku_is_no_place_in_those_of_another() {
    let place = Place::new();
    let (store, handle) = place.open();
    assert!(block_on(store.journal.commit(vec![place.moving(vec![place.receive(3), place.receive(2)])])).iter().all(committed));
    let merchant = MerchantId::default();
    let next = block_on(store.stock.movements(&merchant, &sku(), None, 1)).unwrap().next.unwrap();
    assert_eq!(block_on(store.stock.movements(&merchant, &sku(), Some(&next), 1)).unwrap().items.len(), 1);
    let other = Sku::new("B-2").unwrap();
    let refused = block_on(store.stock.movements(&merchant, &other, Some(&next), 1)).unwrap_err();
    assert_eq!((refused.kind, refused.retry), (PortErrorKind::Misuse, Retry::Never));
    handle.close();
}

#[test]
fn leases_of_earlier_processes_end_when_the_file_is_opened() {
    let place = Place::new();
    let (store, handle) = place.open();
    let mut set = place.set();
    set.sagas.push(SagaWrite::Insert(NewSaga {
        id: place.id(SagaId),
        kind: KindVersion { kind: "collect".into(), version: 1 },
        order: None,
        payment: None,
        state: vec![1],
        due: Some(place.clock.now()),
        leased_to: Some((place.id(WorkerId::new), 3_600_000)),
    }));
    assert!(block_on(store.journal.commit(vec![set])).iter().all(committed));
    let claim = |store: &Store| {
        block_on(store.sagas.claim(place.id(WorkerId::new), &[KindVersion { kind: "collect".into(), version: 1 }], 1_000, 10)).unwrap()
    };
    assert!(claim(&store).is_empty());
    handle.close();
    let (store, handle) = place.open();
    assert_eq!(claim(&store).iter().map(|saga| saga.epoch).collect::<Vec<_>>(), [2]);
    handle.close();
}

#[test]
fn erased_data_is_nowhere_in_the_file() {
    let place = Place::new();
    let (store, handle) = place.open();
    let customer = CustomerId::new("c-1").unwrap();
    let mut set = place.event_set(10);
    let bytes = b"Ada Lovelace, 12 St James's Square".to_vec();
    set.personal.push(PersonalWrite {
        reference: place.id(PersonalRef::new),
        customer: Some(customer.clone()),
        order: None,
        bytes: bytes.clone(),
    });
    assert!(block_on(store.journal.commit(vec![set])).iter().all(committed));
    handle.close();
    let found = |path: &Path| std::fs::read(path).unwrap().windows(bytes.len()).any(|window| window == bytes);
    assert!(found(&place.path));
    let (store, handle) = place.open();
    assert_eq!(block_on(store.personal.erase(&MerchantId::default(), &customer)).unwrap(), 1);
    handle.close();
    assert!(!found(&place.path));
}

#[test]
fn a_value_that_its_column_should_not_hold_is_corrupt_and_not_served() {
    let place = Place::new();
    let (conn, mut writer) = place.writer();
    let hold = place.hold(2);
    let Move::Hold { id, .. } = hold.clone() else { unreachable!("a hold is a hold") };
    assert!(writer.commit(&[place.moving(vec![place.receive(5), hold])]).iter().all(committed));
    conn.execute("UPDATE holds SET placements = 'two at the back'", []).unwrap();
    drop(writer);
    let (_conn, mut writer) = place.writer();
    let answers = writer.commit(&[place.moving(vec![Move::Confirm { hold: id }])]);
    let error = answers.into_iter().next().unwrap().unwrap_err();
    assert_eq!((error.kind, error.retry), (PortErrorKind::Corrupt, Retry::Never));
    assert!(writer.commit(&[place.event_set(10)]).iter().all(committed), "the rest goes on");
}

#[test]
fn what_the_system_says_becomes_a_clear_reason() {
    use std::io::{Error, ErrorKind};
    let path = Path::new("commerce.db");
    let io = |kind: ErrorKind| OpenError::from_io(path, Error::from(kind)).to_string();
    assert_eq!(io(ErrorKind::PermissionDenied), "commerce.db cannot be written");
    assert_eq!(io(ErrorKind::ReadOnlyFilesystem), "commerce.db cannot be written");
    assert_eq!(io(ErrorKind::StorageFull), "the disk of commerce.db is full");
    let sql = |code: i32| {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        OpenError::from_sql(path, error.into()).to_string()
    };
    assert_eq!(sql(rusqlite::ffi::SQLITE_FULL), "the disk of commerce.db is full");
    assert_eq!(sql(rusqlite::ffi::SQLITE_READONLY), "commerce.db cannot be written");
    assert_eq!(sql(rusqlite::ffi::SQLITE_CORRUPT), "commerce.db is damaged");
    assert_eq!(sql(rusqlite::ffi::SQLITE_NOTADB), "commerce.db is not a database file");
}

#[test]
fn a_commit_that_failed_half_way_is_unknown_and_one_without_space_is_not() {
    let commit = |code: i32| {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        PortError::from(crate::error::SqlError::Commit(Arc::new(error)))
    };
    assert_eq!(commit(rusqlite::ffi::SQLITE_IOERR_FSYNC).retry, Retry::Unknown);
    assert_eq!(commit(rusqlite::ffi::SQLITE_IOERR_WRITE).retry, Retry::Unknown);
    assert_eq!(commit(rusqlite::ffi::SQLITE_FULL).retry, Retry::Later);
}
