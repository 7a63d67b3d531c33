//! A database with something on each kind of page, and what is read from it.

use std::fs;
use std::path::{Path, PathBuf};

use commerce_sqlite_vfs::checked::open;
use commerce_sqlite_vfs::layer::Code;
use commerce_sqlite_vfs::{Place, take_damage};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

pub(crate) const PAGE: usize = 4_096;

/// A folder with a database in it.
pub(crate) struct Folder {
    folder: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().unwrap().join("some.db")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path().with_extension("db-wal")
    }

    pub(crate) fn connect(&self) -> Connection {
        connect(&self.path())
    }

    /// A folder in which these are the database and its log.
    pub(crate) fn of(database: &[u8], log: &[u8]) -> Self {
        let folder = Self::new();
        fs::write(folder.path(), database).unwrap();
        fs::write(folder.log(), log).unwrap();
        folder
    }

    /// The database and its log, as they are now.
    pub(crate) fn content(&self) -> (Vec<u8>, Vec<u8>) {
        (fs::read(self.path()).unwrap(), fs::read(self.log()).unwrap_or_default())
    }
}

pub(crate) fn connect(path: &Path) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = open(path, flags).unwrap();
    conn.execute_batch("PRAGMA journal_size_limit = 1000000; PRAGMA wal_autocheckpoint = 0").unwrap();
    conn
}

/// Makes a database with a table and an index of several levels and with pages that overflow.
pub(crate) fn fill(conn: &Connection) {
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
    conn.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT UNIQUE, body BLOB)").unwrap();
    add(conn, 0, 400);
    conn.execute("UPDATE t SET body = zeroblob(20000) WHERE id % 100 = 7", []).unwrap();
}

/// Adds rows in one transaction.
pub(crate) fn add(conn: &Connection, from: i64, count: i64) {
    let rows = "WITH RECURSIVE n(i) AS (SELECT ?1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1 + ?2 - 1)";
    let sql = format!(
        "INSERT INTO t {rows} SELECT i, 'word ' || (i * 7919 % 100003), CAST('body of ' || i || hex(zeroblob(100)) AS BLOB) FROM n"
    );
    conn.execute(&sql, [from, count]).unwrap();
}

/// Each row, read by the table and by the index, and a walk over every page that is in use.
pub(crate) fn read(conn: &Connection) -> rusqlite::Result<Vec<(i64, String, Vec<u8>)>> {
    let walk: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if walk != "ok" {
        return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(Code::DAMAGED.0), Some(walk)));
    }
    let words: i64 = conn.query_row("SELECT count(DISTINCT word) FROM t", [], |row| row.get(0))?;
    let mut rows = conn.prepare("SELECT id, word, body FROM t ORDER BY id")?;
    let rows: Vec<_> = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?.collect::<rusqlite::Result<_>>()?;
    assert_eq!(rows.len(), usize::try_from(words).unwrap());
    Ok(rows)
}

/// The place that reading finds to be damaged, or the rows.
pub(crate) fn found(path: &Path) -> Result<Vec<(i64, String, Vec<u8>)>, Place> {
    found_by(&connect(path))
}

pub(crate) fn found_by(conn: &Connection) -> Result<Vec<(i64, String, Vec<u8>)>, Place> {
    assert_eq!(take_damage(), None);
    read(conn).map_err(|error| match error {
        rusqlite::Error::SqliteFailure(code, _) if code.extended_code == Code::DAMAGED.0 => take_damage().unwrap().place,
        error => panic!("{error:?}"),
    })
}

/// Numbers that look like dice, the same for each seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        eprintln!("seed {seed}");
        Self(seed)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}
