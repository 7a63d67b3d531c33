//! Connections and how they are set.

use std::path::Path;
use std::time::Duration;

use commerce_sqlite_vfs::checked;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::{Result, SqlError};
use crate::lock::beside;

/// Statements kept prepared per connection: more than this crate has.
const STATEMENTS_MAX: usize = 128;
/// How long a connection waits for another that keeps it out.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const CACHE_MAX_KIB: i64 = 64 * 1_024;
/// Less for the writer: in a file below 1 GiB, a commit that split a page somewhere but at the end walks over its whole cache.
const WRITER_CACHE_MAX_KIB: i64 = 16 * 1_024;
/// What the write-ahead log is cut down to after a checkpoint.
const LOG_KEPT_MAX_BYTES: i64 = 64 * 1_024 * 1_024;

/// Opens the file, which may not be there yet, without changing it.
pub(crate) fn open(path: &Path) -> rusqlite::Result<Connection> {
    open_as(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)
}

/// Opens a file that is there to read it, whoever else has it open. A log that lies beside it stays as it is: writing it back is for
/// those who write.
pub(crate) fn open_beside(path: &Path) -> rusqlite::Result<Connection> {
    let log = std::fs::metadata(beside(path, "-wal")).is_ok_and(|log| log.len() > 0);
    // it may be written so that its shared memory can be made; where it cannot, SQLite reads alone
    let conn = open_as(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, log)?;
    set_reader(&conn)?;
    Ok(conn)
}

fn open_as(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = checked::open(path, flags)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // plans do not depend on bound values: else a statement is prepared anew each time it is taken from the cache, its values cleared
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    Ok(conn)
}

/// Makes a connection fit for writing: what it commits is on disk.
pub(crate) fn set_writer(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update_and_check(None, "journal_size_limit", LOG_KEPT_MAX_BYTES, |row| row.get::<_, i64>(0))?;
    set_common(conn)?;
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_MAX_KIB)
}

/// Leaves it to others to write the log back.
pub(crate) fn without_checkpoints(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update_and_check(None, "wal_autocheckpoint", 0, |row| row.get::<_, i64>(0)).map(|_| ())
}

/// Makes a connection that can only read.
pub(crate) fn set_reader(conn: &Connection) -> rusqlite::Result<()> {
    set_common(conn)?;
    conn.pragma_update(None, "query_only", true)
}

fn set_common(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cache_size", -CACHE_MAX_KIB)
}

/// Runs `work` in a transaction; if it fails, or the commit does, nothing is written and the connection is ready for the next.
pub(crate) fn transaction<T>(conn: &Connection, begin: &'static str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    conn.prepare_cached(begin)?.execute([])?;
    let done = work().and_then(|value| match conn.prepare_cached("COMMIT").and_then(|mut commit| commit.execute([])) {
        Ok(_) => Ok(value),
        Err(error) => Err(SqlError::Commit(std::sync::Arc::new(error))),
    });
    // a full disk ends some transactions by itself
    if done.is_err()
        && !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "a transaction cannot be rolled back");
    }
    done
}

/// Begins a transaction that writes.
pub(crate) const WRITE: &str = "BEGIN IMMEDIATE";
/// Begins a transaction that reads one state of the store.
pub(crate) const READ: &str = "BEGIN DEFERRED";
