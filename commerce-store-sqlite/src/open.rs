//! Opening and closing the file.

mod error;
mod header;
pub(crate) mod snapshot;

use std::fmt;
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use commerce_core::commit::{CommitCounts, CommitLimits, GroupCommit, group_commit};
use commerce_core::ports::{Clock, Journal, Shard, Store, StoreFacts};
use commerce_sqlite_vfs::checked::Counts;
use futures::executor::block_on;
use rusqlite::Connection;

pub use error::OpenError;
pub use snapshot::SnapshotHandle;

use crate::checkpoint::Checkpoints;
use crate::connection::{self, WRITE, transaction};
use crate::lock::FileLock;
use crate::migrate::{Found, look, migrate};
use crate::notify::Notifier;
use crate::port::{Ports, known_items, known_versions};
use crate::read::Readers;
use crate::table::{consumers, events, movements, sagas};
use crate::write::{Failing, Jobs, RawJournal, WriteProbe, Writer, run};

/// Some milliseconds of writing back.
pub(crate) const CHECKPOINT_PAGES: NonZeroU32 = NonZeroU32::new(4_000).unwrap();

/// How a store is opened.
#[derive(Clone)]
pub struct SqliteOptions {
    /// Tells when leases of sagas end.
    pub clock: Arc<dyn Clock>,
    /// Shards of the feed of a file that is new; one that exists keeps its own.
    pub shards: NonZeroU16,
    /// How change sets are grouped.
    pub commit: CommitLimits,
    /// Pages in the write-ahead log after which they are written back into the file, beside the commits.
    pub checkpoint_pages: NonZeroU32,
    /// Threads that read; at least 1.
    pub readers: usize,
    /// The most reads that wait for a reader; one more is refused as unavailable.
    pub queue_max_reads: usize,
    /// The most writes beside the journal (carts, items, leases) that wait; one more is refused as unavailable.
    pub queue_max_writes: usize,
}

impl SqliteOptions {
    /// The defaults: one shard, two readers.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            shards: NonZeroU16::MIN,
            commit: CommitLimits::default(),
            checkpoint_pages: CHECKPOINT_PAGES,
            readers: 2,
            queue_max_reads: 4_096,
            queue_max_writes: 4_096,
        }
    }
}

impl fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteOptions").field("shards", &self.shards).field("readers", &self.readers).finish_non_exhaustive()
    }
}

/// Opens stores on SQLite files.
#[derive(Clone, Copy, Debug)]
pub struct SqliteStore;

impl SqliteStore {
    /// Opens a store and starts its threads. A file that is not there is made; one of an earlier version is migrated.
    ///
    /// All leases of sagas and consumers end: the lock proves that no earlier process lives.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed, except that a lock file stands beside the path.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<(Store, StoreHandle), OpenError> {
        let opened = Opened::at(path.as_ref(), options.shards, |_| ())?;
        let wrap = |error| OpenError::from_sql(&opened.path, error);
        let begin = || {
            // what the writer begins with: if it cannot be read, nothing is written
            for shard in (0..opened.facts.shards).map(Shard) {
                events::head(&opened.conn, shard)?;
                movements::head(&opened.conn, shard)?;
            }
            sagas::end_leases(&opened.conn)?;
            consumers::end_leases(&opened.conn)
        };
        transaction(&opened.conn, WRITE, begin).map_err(wrap)?;
        start(opened, options)
    }

    /// Takes a file to the present schema version and closes it; on one that is there already it changes nothing. A file that is not
    /// there is made.
    ///
    /// # Errors
    /// [`OpenError`].
    ///
    /// # Crash
    /// The file is of the earlier version or of the present one.
    pub fn migrate(path: impl AsRef<Path>, shards: NonZeroU16) -> Result<StoreFacts, OpenError> {
        Ok(Opened::at(path.as_ref(), shards, |_| ())?.facts)
    }

    /// As [`SqliteStore::migrate`]; `stepped` is called with each version whose step is done and does not count yet.
    ///
    /// # Errors
    /// [`OpenError`].
    #[cfg(feature = "next_schema")]
    pub fn migrate_watched(path: impl AsRef<Path>, stepped: impl FnMut(u32)) -> Result<StoreFacts, OpenError> {
        Ok(Opened::at(path.as_ref(), NonZeroU16::MIN, stepped)?.facts)
    }
}

/// Waits for the threads of a store. Dropping it leaves them to end by themselves, once the last port is dropped.
#[must_use = "only `close` waits until everything is on disk and the file is free"]
pub struct StoreHandle {
    path: PathBuf,
    group: GroupCommit,
    jobs: Jobs,
    readers: Readers,
    changed: Arc<Notifier>,
    counts: Counts,
    reading: Vec<JoinHandle<()>>,
    writing: JoinHandle<()>,
    failing: Failing,
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the store panicked");
    }
}

impl StoreHandle {
    /// Refuses every later call, answers those that wait, and blocks until the file is closed and another process may open it: all is
    /// in the one file then, no log beside it, unless another process was reading the file: what it then leaves in the log, the next
    /// opening takes up.
    pub fn close(self) {
        // the writer ends last: only the last connection writes the log back, and of two that close at once neither is
        self.readers.close();
        self.reading.into_iter().for_each(join);
        self.group.close();
        self.jobs.close();
        join(self.writing);
        self.changed.notify();
    }

    /// The file, its links followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether the file takes writes, for as long as the store is open.
    pub fn write_probe(&self) -> WriteProbe {
        WriteProbe::new(self.jobs.clone(), self.failing.clone())
    }

    /// What the group committer has done so far.
    pub fn commit_counts(&self) -> CommitCounts {
        self.group.counts()
    }

    /// How often the store has waited until its file or its log was on disk, since it was opened.
    pub fn sync_count(&self) -> u64 {
        self.counts.syncs()
    }
}

impl fmt::Debug for StoreHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreHandle").field("group", &self.group).finish_non_exhaustive()
    }
}

/// A file that is locked, migrated and ready to be written.
struct Opened {
    path: PathBuf,
    conn: Connection,
    facts: StoreFacts,
    counts: Counts,
    // dropped after the connection
    lock: FileLock,
}

impl Opened {
    fn at(path: &Path, shards: NonZeroU16, stepped: impl FnMut(u32)) -> Result<Self, OpenError> {
        let path = resolve(path)?;
        let lock = FileLock::take(&path)?;
        header::check(&path)?;
        let counts = Counts::of(&path);
        let wrap = |error| OpenError::from_sql(&path, error);
        let conn = connection::open(&path).map_err(|error| wrap(error.into()))?;
        if conn.is_readonly(rusqlite::MAIN_DB).map_err(|error| wrap(error.into()))? {
            return Err(OpenError::ReadOnly { path, source: None });
        }
        let found = look(&conn).map_err(wrap)?;
        match found {
            Found::Newer(found) => return Err(OpenError::Newer { path, found, known: crate::migrate::SCHEMA_VERSION }),
            Found::Foreign => return Err(OpenError::Foreign { path }),
            Found::Empty | Found::Store(_) => {}
        }
        connection::set_writer(&conn).map_err(|error| wrap(error.into()))?;
        let facts = migrate(&conn, found, shards, stepped).map_err(wrap)?;
        Ok(Self { path, conn, facts, counts, lock })
    }
}

/// The path with its links followed, so that one file has one lock.
pub(crate) fn resolve(path: &Path) -> Result<PathBuf, OpenError> {
    if path.is_dir() {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    if let Ok(path) = path.canonicalize() {
        return Ok(path);
    }
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (directory.canonicalize(), path.file_name()) {
        (Ok(directory), Some(name)) if directory.is_dir() => Ok(directory.join(name)),
        _ => Err(OpenError::NoDirectory { path: path.to_owned() }),
    }
}

fn start(opened: Opened, options: SqliteOptions) -> Result<(Store, StoreHandle), OpenError> {
    let Opened { path, conn, facts, counts, lock } = opened;
    let lock = Arc::new(lock);
    let wrap = |error| OpenError::from_sql(&path, error);
    let mut connections = Vec::new();
    for _ in 0..options.readers.max(1) {
        let reader = connection::open(&path).and_then(|conn| connection::set_reader(&conn).map(|()| conn));
        connections.push(reader.map_err(|error| wrap(error.into()))?);
    }
    let thread_error = |error| OpenError::from_io(&path, error);
    let (readers, reading) = Readers::start(connections, options.queue_max_reads, Some(&lock)).map_err(thread_error)?;
    let changed = Arc::new(Notifier::default());
    let failing = Failing::default();
    let checkpoints = checkpoints(&path, &counts, &options)?;
    let writer = Writer::new(conn, checkpoints, facts.shards, Arc::clone(&options.clock), failing.clone()).map_err(wrap)?;
    let writer = Arc::new(Mutex::new(Some(writer)));
    let versions = known_versions();
    let raw = RawJournal {
        writer: Arc::clone(&writer),
        readers: readers.clone(),
        shards: facts.shards,
        changed: Arc::clone(&changed),
        versions: Arc::clone(&versions),
    };
    let (group, committer) = group_commit(Arc::new(raw), options.commit);
    let (jobs, arrivals) = Jobs::new(options.queue_max_writes);
    let writing = std::thread::Builder::new().name("commerce-write".into()).spawn(move || {
        block_on(run(writer, committer, arrivals));
        drop(lock);
    });
    let writing = writing.map_err(thread_error)?;
    let ports = Ports {
        readers: readers.clone(),
        jobs: jobs.clone(),
        shards: facts.shards,
        clock: options.clock,
        changed: Arc::clone(&changed),
        items: known_items(),
        versions,
    };
    let store = bundle(facts, Arc::new(group.clone()), ports);
    Ok((store, StoreHandle { path, group, jobs, readers, changed, counts, reading, writing, failing }))
}

fn checkpoints(path: &Path, counts: &Counts, options: &SqliteOptions) -> Result<Checkpoints, OpenError> {
    let conn = connection::open(path).and_then(|conn| connection::set_writer(&conn).map(|()| conn));
    let conn = conn.map_err(|error| OpenError::from_sql(path, error.into()))?;
    Checkpoints::start(conn, counts.clone(), options.checkpoint_pages).map_err(|error| OpenError::from_io(path, error))
}

fn bundle(facts: StoreFacts, journal: Arc<dyn Journal>, ports: Ports) -> Store {
    let ports = Arc::new(ports);
    Store {
        facts,
        journal,
        feed: ports.clone(),
        consumers: ports.clone(),
        stock: ports.clone(),
        views: ports.clone(),
        sagas: ports.clone(),
        personal: ports.clone(),
        carts: ports.clone(),
        catalogue: ports.clone(),
        audit: ports,
    }
}
