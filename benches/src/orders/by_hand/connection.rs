//! The connection of a careful engineer: set as the engine's store sets its own.

use std::path::Path;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

const CACHE_MAX_KIB: i64 = 64 * 1_024;
const LOG_KEPT_MAX_BYTES: i64 = 64 * 1_024 * 1_024;

/// Opens a file that the store has made; what is committed is on disk.
pub(super) fn open(path: &Path) -> rusqlite::Result<Connection> {
    let conn = Connection::open(path)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0))?;
    conn.pragma_update(None, "synchronous", "FULL")?;
    conn.pragma_update_and_check(None, "journal_size_limit", LOG_KEPT_MAX_BYTES, |row| row.get::<_, i64>(0))?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "trusted_schema", false)?;
    conn.pragma_update(None, "cache_size", -CACHE_MAX_KIB)?;
    Ok(conn)
}
