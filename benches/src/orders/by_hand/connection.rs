//! Connections set as the engine's store sets its own.

use std::path::Path;

use commerce_sqlite_vfs::checked::{self, Owner};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::orders::BenchError;

const CACHE_MAX_KIB: i64 = 16 * 1_024;
/// What begins a checkpoint; here it is made within a commit, as SQLite does by itself.
const CHECKPOINT_PAGES: i64 = 4_000;
const LOG_KEPT_MAX_BYTES: i64 = 64 * 1_024 * 1_024;

/// Opens a file that the store has made, as a careful engineer does who takes SQLite as it is; what is committed is on disk.
pub(super) fn open_plain(path: &Path) -> rusqlite::Result<Connection> {
    set(Connection::open(path)?)
}

/// Opens a file that the store has made, on the store's own layer over the disk, which puts checksums into its pages.
///
/// The owner is dropped after the connection.
pub(super) fn open_checked(path: &Path) -> Result<(Connection, Owner), BenchError> {
    let path = path.canonicalize()?;
    let owner = Owner::of(&path);
    let conn = set(checked::open(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?)?;
    Ok((conn, owner))
}

fn set(conn: Connection) -> rusqlite::Result<Connection> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update_and_check(None, "journal_size_limit", LOG_KEPT_MAX_BYTES, |row| row.get::<_, i64>(0))?;
    conn.pragma_update_and_check(None, "wal_autocheckpoint", CHECKPOINT_PAGES, |row| row.get::<_, i64>(0))?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cache_size", -CACHE_MAX_KIB)?;
    Ok(conn)
}
