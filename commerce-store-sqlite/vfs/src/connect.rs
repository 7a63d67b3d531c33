//! What must be asked of a connection, and for which there is no statement.

use std::ffi::c_int;
use std::ptr;

use rusqlite::{Connection, Error, ffi};

/// Lets a database that is new leave so many bytes at the end of each page to layers; one that is there keeps what it has.
///
/// # Errors
/// What SQLite says.
#[expect(unsafe_code, reason = "there is no statement that sets it")]
pub(crate) fn reserve(conn: &Connection, bytes: u8) -> rusqlite::Result<()> {
    let mut bytes = c_int::from(bytes);
    // SAFETY: the handle is used for one call, on the thread that has the connection
    let db = unsafe { conn.handle() };
    // SAFETY: the connection is open; no name means the main database; the operation reads and writes one number
    let code = unsafe { ffi::sqlite3_file_control(db, ptr::null(), ffi::SQLITE_FCNTL_RESERVE_BYTES, ptr::from_mut(&mut bytes).cast()) };
    if code == ffi::SQLITE_OK { Ok(()) } else { Err(Error::SqliteFailure(ffi::Error::new(code), None)) }
}
