//! A file in which much has happened, and ways to spoil a copy of it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use commerce_core::engine::{Builder, Check, VerifyReport};
use commerce_core::id::ProviderName;
use commerce_core::sandbox::{Options, Sandbox};
use commerce_core::testkit::ManualClock;
use commerce_core::testkit::shop::Shop;
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{SqliteOptions, SqliteStore};
use futures::executor::block_on;
use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, Params};
use tempfile::TempDir;
use uuid::Uuid;

/// One thing that goes wrong in a file. It answers what the difference is about.
pub(crate) type Spoil = fn(&Db) -> String;

/// The check that must find it, what goes wrong, and how.
pub(crate) type Corruption = (Check, &'static str, Spoil);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_767_225_600)))
}

/// A file that a bustling shop left behind.
pub(crate) struct Bustle {
    directory: TempDir,
}

impl Bustle {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let clock = clock();
        let (store, handle) =
            SqliteStore::open(directory.path().join("bustle.db"), SqliteOptions::new(clock.clone())).expect("a new file opens");
        drop(block_on(Shop::over(store, clock).open_and_bustle()));
        handle.close();
        Self { directory }
    }

    /// What `verify` says of a copy in which this went wrong, and what it is about.
    pub(crate) fn spoiled(&self, spoil: Spoil) -> (String, VerifyReport) {
        let path = self.directory.path().join("copy.db");
        fs::copy(self.directory.path().join("bustle.db"), &path).expect("the file is copied");
        let subject = spoil(&Db::open(&path));
        (subject, verify(&path))
    }
}

/// What `verify` says of a file.
pub(crate) fn verify(path: &Path) -> VerifyReport {
    let clock = clock();
    let (store, handle) = SqliteStore::open(path, SqliteOptions::new(clock.clone())).expect("the file opens");
    let bank = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
    let (commerce, _workers) = Builder::new(store, clock, ProviderName::new("sandbox").expect("a valid name"), bank).build();
    let report = block_on(commerce.verify()).expect("the store answers");
    drop((commerce, _workers));
    handle.close();
    report
}

/// A closed file, open to anything.
pub(crate) struct Db {
    conn: Connection,
}

/// An event of a stream.
pub(crate) struct Row {
    pub(crate) seq: i64,
    pub(crate) stream: Uuid,
}

impl Db {
    fn open(path: &Path) -> Self {
        let conn = commerce_sqlite_vfs::checked::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("the file opens");
        conn.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").expect("the guards are off");
        Self { conn }
    }

    /// Runs a statement that must change exactly one row.
    #[track_caller]
    pub(crate) fn one(&self, sql: &str, params: impl Params) {
        let changed = self.conn.execute(sql, params).expect("the statement runs");
        assert_eq!(changed, 1, "{sql}");
    }

    /// Runs a statement that must change something.
    #[track_caller]
    pub(crate) fn some(&self, sql: &str, params: impl Params) {
        assert!(self.conn.execute(sql, params).expect("the statement runs") > 0, "{sql}");
    }

    /// The first value that a query finds.
    #[track_caller]
    pub(crate) fn get<T: FromSql>(&self, sql: &str, params: impl Params) -> T {
        self.conn.query_row(sql, params, |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The first id that a query finds.
    #[track_caller]
    pub(crate) fn id(&self, sql: &str, params: impl Params) -> Uuid {
        Uuid::from_bytes(self.get(sql, params))
    }

    /// The first event of this type in streams of this kind.
    #[track_caller]
    pub(crate) fn event(&self, stream: &str, kind: &str) -> Row {
        let sql = "SELECT seq FROM events WHERE stream = ?1 AND kind = ?2 ORDER BY seq LIMIT 1";
        let seq = self.get(sql, [stream, kind]);
        Row { seq, stream: self.id("SELECT stream_id FROM events WHERE seq = ?1", [seq]) }
    }

    /// Changes the body of one event.
    #[track_caller]
    pub(crate) fn rewrite(&self, seq: i64, change: impl FnOnce(String) -> String) {
        let body: Vec<u8> = self.get("SELECT body FROM events WHERE seq = ?1", [seq]);
        let before = String::from_utf8(body).expect("a body is text");
        let after = change(before.clone());
        assert_ne!(before, after, "the body changes");
        self.one("UPDATE events SET body = ?2 WHERE seq = ?1", (seq, after.into_bytes()));
    }

    /// The number after `"field":` in the body of an event.
    #[track_caller]
    pub(crate) fn amount(&self, seq: i64, field: &str) -> i64 {
        let sql = format!("SELECT json_extract(CAST(body AS TEXT), '$.{field}') FROM events WHERE seq = ?1");
        self.get(&sql, [seq])
    }

    /// Raises the amount in the body of one event by a minor unit.
    #[track_caller]
    pub(crate) fn raise(&self, seq: i64) {
        let minor = self.amount(seq, "amount");
        self.rewrite(seq, |body| body.replace(&format!("\"amount\":{minor}"), &format!("\"amount\":{}", minor + 1)));
    }

    /// An event's twin: the mirror of a payment's fact in its order's stream.
    #[track_caller]
    pub(crate) fn mirror_of(&self, seq: i64) -> i64 {
        let sql = "SELECT m.seq FROM events e JOIN events m ON m.kind = e.kind AND m.body = e.body AND m.stream = 'order' WHERE e.seq = ?1";
        self.get(sql, [seq])
    }
}

#[test]
fn a_file_in_which_much_has_happened_is_clean() {
    let bustle = Bustle::new();
    let (_, report) = bustle.spoiled(|_| String::new());
    assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
    for check in Check::ALL {
        assert!(report.looked_at[check] > 0, "{check} looked at nothing:\n{report}");
    }
}
