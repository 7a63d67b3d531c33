//! The schema and its versions.

use std::num::NonZeroU16;

use commerce_core::ports::StoreFacts;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::connection::{WRITE, transaction};
use crate::error::{Result, SqlError};

/// Marks the file as a store of commerce: "cmrc" in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x636d_7263;

/// Every version's step, the first one first; a step that was released never changes.
const STEPS: &[&str] = &[
    include_str!("../migrations/0001_first.sql"),
    #[cfg(feature = "next_schema")]
    include_str!("../migrations/next/0002_next.sql"),
];

/// The schema version that this crate reads and writes.
pub(crate) const SCHEMA_VERSION: u32 = if cfg!(feature = "next_schema") { 2 } else { 1 };
const _: () = assert!(STEPS.len() == SCHEMA_VERSION as usize);

/// What a file is, before it is touched.
pub(crate) enum Found {
    Empty,
    Store(StoreFacts),
    Newer(u32),
    Foreign,
}

pub(crate) fn look(conn: &Connection) -> Result<Found> {
    let tables: i64 = conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let id: i32 = conn.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    match (id, tables) {
        (0, 0) => Ok(Found::Empty),
        (APPLICATION_ID, 1..) => {
            let version: u32 = conn.query_row("SELECT schema_version FROM facts", [], |row| row.get(0))?;
            if version > SCHEMA_VERSION { Ok(Found::Newer(version)) } else { facts(conn).map(Found::Store) }
        }
        _ => Ok(Found::Foreign),
    }
}

/// Takes the file to the present version; on one that is there already it writes nothing.
///
/// `stepped` is called after each step, before it counts.
pub(crate) fn migrate(conn: &Connection, found: Found, shards: NonZeroU16, mut stepped: impl FnMut(u32)) -> Result<StoreFacts> {
    let from = match &found {
        Found::Store(facts) if facts.schema_version == SCHEMA_VERSION => return facts_of(found),
        Found::Store(facts) => facts.schema_version,
        Found::Empty => 0,
        Found::Newer(_) | Found::Foreign => return Err(SqlError::Misuse("the file is not a store that can be migrated")),
    };
    transaction(conn, WRITE, || {
        for (step, version) in STEPS.iter().zip(1_u32..).filter(|(_, version)| *version > from) {
            conn.execute_batch(step)?;
            if version == 1 {
                found_store(conn, shards)?;
            }
            conn.execute("UPDATE facts SET schema_version = ?1", [version])?;
            stepped(version);
        }
        Ok(())
    })?;
    facts(conn)
}

fn found_store(conn: &Connection, shards: NonZeroU16) -> Result<()> {
    let mut hmac_key = [0; 32];
    aws_lc_rs::rand::fill(&mut hmac_key).map_err(|_| SqlError::Misuse("the system gives no randomness"))?;
    conn.execute("INSERT INTO facts (one, schema_version, shards, hmac_key) VALUES (1, 1, ?1, ?2)", params![shards.get(), hmac_key])?;
    conn.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}

fn facts_of(found: Found) -> Result<StoreFacts> {
    match found {
        Found::Store(facts) => Ok(facts),
        _ => Err(SqlError::Misuse("the file has no facts")),
    }
}

fn facts(conn: &Connection) -> Result<StoreFacts> {
    let read = |row: &Row<'_>| Ok(StoreFacts { schema_version: row.get(0)?, shards: row.get(1)?, hmac_key: row.get(2)? });
    let facts = conn.query_row("SELECT schema_version, shards, hmac_key FROM facts", [], read).optional()?;
    facts.ok_or(SqlError::Statement(std::sync::Arc::new(rusqlite::Error::QueryReturnedNoRows)))
}
