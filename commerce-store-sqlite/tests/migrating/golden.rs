//! The committed file of the present version, and what is in a file.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::engine::{Builder, VerifyReport};
use commerce_core::id::ProviderName;
use commerce_core::sandbox::{Options, Sandbox};
use commerce_core::testkit::ManualClock;
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{SqliteOptions, SqliteStore};
use flate2::read::GzDecoder;
use futures::executor::block_on;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

/// A table's rows, each as its columns' values.
pub(crate) type Rows = Vec<Vec<(String, Value)>>;

/// What is in a file: the statements that made its schema, and the rows of each table.
#[derive(Debug, PartialEq)]
pub(crate) struct Content {
    pub(crate) schema: BTreeMap<String, String>,
    pub(crate) tables: BTreeMap<String, Rows>,
}

pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/migrating/v1.db.gz")
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_767_225_600)))
}

/// A copy of the committed file.
pub(crate) struct Copy {
    pub(crate) folder: TempDir,
}

impl Copy {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let mut bytes = Vec::new();
        let packed =
            File::open(golden()).unwrap_or_else(|error| panic!("{}: {error}; CONTRIBUTING.md says how it is made", golden().display()));
        GzDecoder::new(packed).read_to_end(&mut bytes).unwrap();
        fs::write(folder.path().join("shop.db"), bytes).unwrap();
        Self { folder }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("shop.db")
    }
}

/// A file, open to anything.
pub(crate) fn edit(path: &Path) -> Connection {
    commerce_sqlite_vfs::checked::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap()
}

/// All that is in a file.
pub(crate) fn content(path: &Path) -> Content {
    let conn = edit(path);
    let mut schema = conn.prepare("SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL").unwrap();
    let schema: BTreeMap<String, String> =
        schema.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
    let names = schema.keys().filter_map(|name| name.strip_prefix("table ").map(str::to_owned));
    let tables = names.map(|name| (name.clone(), rows(&conn, &name))).collect();
    Content { schema, tables }
}

fn rows(conn: &Connection, table: &str) -> Rows {
    let mut statement = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let read = |row: &rusqlite::Row<'_>| columns.iter().enumerate().map(|(at, name)| Ok((name.clone(), row.get(at)?))).collect();
    statement.query_map([], read).unwrap().map(Result::unwrap).collect()
}

/// What `verify` says of a file; opening it migrates it.
pub(crate) fn verify(path: &Path) -> VerifyReport {
    let clock = clock();
    let (store, handle) = SqliteStore::open(path, SqliteOptions::new(clock.clone())).unwrap();
    let bank = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
    let (commerce, workers) = Builder::new(store, clock, ProviderName::new("sandbox").unwrap(), bank).build();
    let report = block_on(commerce.verify()).unwrap();
    drop((commerce, workers));
    handle.close();
    report
}
