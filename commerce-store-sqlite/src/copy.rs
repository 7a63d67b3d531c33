//! Copies of a file: taken beside whoever has it open, checked, and put in place as a whole or not at all.

mod error;
mod partial;

use std::ffi::c_int;
use std::fmt;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use commerce_core::ports::{Position, Shard};
use commerce_core::time::Timestamp;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};

pub use error::CopyError;

use crate::connection;
use crate::error::Result as SqlResult;
use crate::lock::{FileLock, beside};
use crate::open::snapshot::Snapshot;
use crate::open::{SqliteStore, StoreHandle, resolve};
use crate::table::{events, movements, orders};
use partial::Partial;

/// Pages that are copied at once, unless the caller wants others.
const STEP_PAGES: NonZeroU16 = NonZeroU16::new(1_024).unwrap();
/// Pages after which what was copied is synced: a disk that has more to write lets those wait who sync beside it.
const UNSYNCED_MAX_PAGES: u64 = 8_192;
/// Damages that are told of.
const DAMAGES_MAX: u32 = 5;
/// What SQLite may have beside a file. Any of it would be read into a file that is put there.
const COMPANIONS: [&str; 3] = ["-wal", "-shm", "-journal"];

/// How a file is copied.
pub struct CopyOptions<'a> {
    /// Pages that are copied at once, between two reports of progress; 1,024 by default.
    pub step_pages: NonZeroU16,
    /// Told how many pages are copied, of how many.
    pub progress: Box<dyn FnMut(u64, u64) + 'a>,
    /// Looks at the copy, which is checked and on disk, before it gets its name; if it answers `false`, the copy is deleted.
    pub accept: Box<dyn FnMut(&Path) -> bool + 'a>,
}

impl Default for CopyOptions<'_> {
    fn default() -> Self {
        Self { step_pages: STEP_PAGES, progress: Box::new(|_, _| ()), accept: Box::new(|_| true) }
    }
}

impl fmt::Debug for CopyOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CopyOptions").finish_non_exhaustive()
    }
}

/// What a copy holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// The file, its links followed.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// The version of its schema.
    pub schema_version: u32,
    /// How many orders it has.
    pub orders: u64,
    /// The last position of the feed of each shard.
    pub heads: Vec<Position>,
    /// The latest time that stands at any of them; none if nothing ever happened.
    pub until: Option<Timestamp>,
}

impl SqliteStore {
    /// Copies a store as it is at this moment to a file that is not there yet. A process that serves the store goes on meanwhile, and
    /// need not be the one that copies; what it commits stays in the log beside the store until the copy is made.
    ///
    /// The copy is one file, needs no log, and opens as a store. Every page of it was read and checked.
    ///
    /// It blocks.
    ///
    /// # Errors
    /// [`CopyError`]; nothing is at `target`.
    ///
    /// # Crash
    /// Nothing is at `target`, or all of the copy. What was copied stays under the name `<target>-partial`, which the next copy to the same
    /// target takes over.
    pub fn backup(path: impl AsRef<Path>, target: impl AsRef<Path>, options: CopyOptions<'_>) -> Result<Copied, CopyError> {
        let target = resolve(target.as_ref()).map_err(CopyError::Target)?;
        copy(path.as_ref(), &target, options)
    }

    /// Puts a backup where a store is to be, which must not be there, nor be open in any process. What the backup holds is then the
    /// store; the backup stays as it is.
    ///
    /// It blocks.
    ///
    /// # Errors
    /// [`CopyError`]; nothing is at `path`.
    ///
    /// # Crash
    /// As of [`SqliteStore::backup`].
    pub fn restore(backup: impl AsRef<Path>, path: impl AsRef<Path>, options: CopyOptions<'_>) -> Result<Copied, CopyError> {
        let target = resolve(path.as_ref()).map_err(CopyError::Target)?;
        // held to the end: a process that starts meanwhile must not make a new store there
        let _lock = FileLock::take(&target).map_err(CopyError::Target)?;
        copy(backup.as_ref(), &target, options)
    }
}

impl StoreHandle {
    /// Copies the store as it is at this moment: see [`SqliteStore::backup`].
    ///
    /// # Errors
    /// [`CopyError`]; nothing is at `target`.
    pub fn backup(&self, target: impl AsRef<Path>, options: CopyOptions<'_>) -> Result<Copied, CopyError> {
        SqliteStore::backup(self.path(), target, options)
    }
}

fn copy(from: &Path, target: &Path, mut options: CopyOptions<'_>) -> Result<Copied, CopyError> {
    let partial = Partial::create(target)?;
    // a copy that stands is never written over, nor is what belongs to another file read into it
    for name in [""].iter().chain(&COMPANIONS).map(|suffix| beside(target, suffix)) {
        if name.symlink_metadata().is_ok() {
            return Err(CopyError::Exists { path: name });
        }
    }
    let source = Snapshot::of(from).map_err(CopyError::Source)?;
    partial.take_permissions_of(&source.path)?;
    let failed = |source_error| CopyError::failed(&source.path, target, source_error);
    copy_pages(&source.conn, &partial, &mut options).map_err(failed)?;
    // the log of the store may be cut down again
    drop(source.conn);
    let copied = check(&partial, target)?;
    partial.sync()?;
    if !(options.accept)(partial.path()) {
        return Err(CopyError::Refused { path: target.to_owned() });
    }
    partial.put_in_place(target)?;
    Ok(copied)
}

/// Copies all pages of one state. The source is in a transaction, so that no write of another makes the copy begin anew.
fn copy_pages(source: &Connection, partial: &Partial, options: &mut CopyOptions<'_>) -> rusqlite::Result<()> {
    let mut conn = connection::open(partial.path())?;
    // a copy that is not whole is worth nothing: neither undone nor synced page by page
    conn.pragma_update_and_check(None, "journal_mode", "OFF", |row| row.get::<_, String>(0))?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    let backup = Backup::new(source, &mut conn)?;
    let mut unsynced_pages = 0;
    loop {
        let done = match backup.step(c_int::from(options.step_pages.get()))? {
            StepResult::Done => true,
            StepResult::More => false,
            _ => return Err(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY), None)),
        };
        let progress = backup.progress();
        let count = |pages: c_int| u64::try_from(pages).unwrap_or(0);
        (options.progress)(count(progress.pagecount - progress.remaining), count(progress.pagecount));
        if done {
            break;
        }
        unsynced_pages += u64::from(options.step_pages.get());
        if unsynced_pages >= UNSYNCED_MAX_PAGES {
            // the sync at the end is the one that counts
            let _later = partial.sync();
            unsynced_pages = 0;
        }
    }
    drop(backup);
    // one file, which opens where nothing can be made beside it
    conn.pragma_update_and_check(None, "journal_mode", "DELETE", |row| row.get::<_, String>(0))?;
    conn.close().map_err(|(_, error)| error)
}

/// Reads all of a copy.
fn check(partial: &Partial, target: &Path) -> Result<Copied, CopyError> {
    let Snapshot { conn, facts, .. } = Snapshot::of(partial.path()).map_err(CopyError::Source)?;
    let failed = |error| CopyError::failed(partial.path(), target, error);
    let damages = damages(&conn).map_err(failed)?;
    if !damages.is_empty() {
        return Err(CopyError::Damaged { path: target.to_owned(), what: damages.join("; ") });
    }
    let (orders, heads, until) = contents(&conn, facts.shards).map_err(|error| CopyError::content(target, error))?;
    let bytes = partial.bytes()?;
    Ok(Copied { path: target.to_owned(), bytes, schema_version: facts.schema_version, orders, heads, until })
}

fn damages(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = conn.prepare(&format!("PRAGMA integrity_check({DAMAGES_MAX})"))?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?;
    Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().filter(|line| line != "ok").collect())
}

fn contents(conn: &Connection, shards: u16) -> SqlResult<(u64, Vec<Position>, Option<Timestamp>)> {
    let (mut heads, mut until) = (Vec::new(), None);
    for shard in (0..shards).map(Shard) {
        let (event, movement) = (events::head(conn, shard)?, movements::head(conn, shard)?);
        heads.push(event.max(movement));
        until = until.max(events::at(conn, shard, event)?).max(movements::at(conn, shard, movement)?);
    }
    Ok((orders::count(conn)?, heads, until))
}
