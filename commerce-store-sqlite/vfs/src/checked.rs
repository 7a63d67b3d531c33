//! Databases whose pages and logs are checked each time they come back from the disk.
//!
//! The last eight bytes of every page in the file hold a checksum of the others and of the page's number: it is set when a page is
//! written to the file, and judged whenever one is read from it. SQLite looks at the checksums of its write-ahead log after a crash
//! alone, and takes a broken one for the end of the log: so a log that was left behind is judged before that, and for each frame that
//! its [`Owner`] has judged or written, eight bytes in memory tell what must come back. What does not fit fails with [`Code::DAMAGED`]
//! and leaves a [`Damage`](crate::Damage) that names the place.

mod log;
mod page;

use std::collections::HashMap;
use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use rusqlite::{Connection, Error, OpenFlags, ffi};

use crate::connect::reserve;
use crate::layer::{Below, Code, FileKind, FileLayer, Layer, Opened, Unseen};
use crate::shim::{RegisterError, register};
use log::{LogFile, LogState};
use page::PageFile;

pub use page::TAIL_BYTES;

/// The name of the file system that checks.
pub const VFS: &str = "commerce";

/// Opens a database that checks what it reads. One that is new gets checksums; of one that has none, the first page is refused as
/// damaged.
///
/// # Errors
/// What SQLite says.
pub fn open(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
    static REGISTERED: OnceLock<Result<(), RegisterError>> = OnceLock::new();
    if let Err(error) = REGISTERED.get_or_init(|| register(VFS, Checked, false)) {
        return Err(Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_MISUSE), Some(error.to_string())));
    }
    let conn = Connection::open_with_flags_and_vfs(path, flags, VFS)?;
    reserve(&conn, TAIL_BYTES)?;
    Ok(conn)
}

/// The right to write a database: as long as it is held, no other process writes it, and what comes back from its log is checked.
/// Whoever holds it keeps a lock of his own that proves it.
#[derive(Debug)]
pub struct Owner(Arc<Shared>);

impl Owner {
    /// The owner of the database at this path, which is full and without links.
    pub fn of(path: &Path) -> Self {
        let shared = Shared::at(path);
        shared.log().own(true);
        Self(shared)
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        self.0.log().own(false);
    }
}

/// What this process has done to a database and its log since it first opened it.
#[derive(Clone, Debug)]
pub struct Counts(Arc<Shared>);

impl Counts {
    /// The counts of the database at this path, which is full and without links.
    pub fn of(path: &Path) -> Self {
        Self(Shared::at(path))
    }

    /// How often someone waited until the file or its log was on disk.
    pub fn syncs(&self) -> u64 {
        self.0.syncs.load(Ordering::Relaxed)
    }

    /// How many pages the log has, those before it last began anew not counted. Known to the process that holds an [`Owner`] alone.
    pub fn log_pages(&self) -> u64 {
        self.0.log().pages()
    }
}

/// What the connections of one database share, for as long as one of them lives.
#[derive(Debug, Default)]
struct Shared {
    syncs: AtomicU64,
    log: Mutex<LogState>,
}

impl Shared {
    fn at(path: &Path) -> Arc<Self> {
        static ALL: OnceLock<Mutex<HashMap<PathBuf, Weak<Shared>>>> = OnceLock::new();
        let mut all = ALL.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = all.get(path).and_then(Weak::upgrade) {
            return shared;
        }
        all.retain(|_, shared| shared.strong_count() > 0);
        let shared = Arc::default();
        all.insert(path.to_owned(), Arc::downgrade(&shared));
        shared
    }

    fn log(&self) -> MutexGuard<'_, LogState> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sync(&self, below: &mut Below<'_>, flags: c_int) -> Result<(), Code> {
        self.syncs.fetch_add(1, Ordering::Relaxed);
        below.sync(flags)
    }
}

/// The database whose log this is.
fn database_of(log: &Path) -> Option<PathBuf> {
    let name = log.file_name()?.to_str()?.strip_suffix("-wal")?;
    Some(log.with_file_name(name))
}

struct Checked;

impl Layer for Checked {
    fn open(&self, file: &Opened<'_>, below: &mut Below<'_>) -> Result<Box<dyn FileLayer>, Code> {
        match (file.kind, file.path) {
            (FileKind::Database, Some(path)) => Ok(Box::new(PageFile::new(path, Shared::at(path)))),
            (FileKind::Log, Some(path)) => {
                let database = database_of(path).ok_or(Code::FAILED)?;
                Ok(Box::new(LogFile::open(path, Shared::at(&database), below)?))
            }
            _ => Ok(Box::new(Unseen)),
        }
    }
}
