//! Reading one state of a file beside whoever has it open.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use async_trait::async_trait;
use commerce_core::commit::BatchJournal;
use commerce_core::ports::{ChangeSet, Clock, Journal, PortError, Proof, Receipt, Store, StoreFacts, Stored, StreamId, Verdict, Version};
use commerce_sqlite_vfs::take_damage;
use rusqlite::Connection;

use crate::connection::{self, READ};
use crate::error::{Result as SqlResult, SqlError};
use crate::migrate::{Found, SCHEMA_VERSION, look};
use crate::notify::Notifier;
use crate::open::{OpenError, SqliteStore, bundle, header, join, resolve};
use crate::port::Ports;
use crate::port::{known_items, known_versions};
use crate::read::Readers;
use crate::write::{Jobs, RawJournal};

/// The most reads of a snapshot that wait; one more is refused as unavailable.
const QUEUE_MAX_READS: usize = 4_096;

impl SqliteStore {
    /// Opens a store as it is at this moment, to be read alone. It takes no lock that a process which serves the store would meet, and
    /// nothing is changed: not the file, nor a log that a crash left beside it. Every write is refused.
    ///
    /// What is committed afterwards is not seen, and stays in the log beside the file until the snapshot is closed.
    ///
    /// # Errors
    /// [`OpenError`]; a file of an earlier version is refused as [`OpenError::Older`], for reading does not migrate it.
    pub fn open_snapshot(path: impl AsRef<Path>, clock: Arc<dyn Clock>) -> Result<(Store, SnapshotHandle), OpenError> {
        let Snapshot { path, conn, facts } = Snapshot::of(path.as_ref())?;
        if facts.schema_version < SCHEMA_VERSION {
            return Err(OpenError::Older { path, found: facts.schema_version, known: SCHEMA_VERSION });
        }
        let (readers, reading) = Readers::start(vec![conn], QUEUE_MAX_READS, None).map_err(|error| OpenError::from_io(&path, error))?;
        let changed = Arc::new(Notifier::default());
        // nobody takes what is sent
        let (jobs, _) = Jobs::new(1);
        let versions = known_versions();
        let raw = RawJournal {
            writer: Arc::default(),
            readers: readers.clone(),
            shards: facts.shards,
            changed: Arc::clone(&changed),
            versions: Arc::clone(&versions),
        };
        let ports = Ports { readers: readers.clone(), jobs, shards: facts.shards, clock, changed, items: known_items(), versions };
        let store = bundle(facts, Arc::new(ReadJournal(raw)), ports);
        Ok((store, SnapshotHandle { readers, reading }))
    }
}

/// A connection that sees one state of a file.
pub(crate) struct Snapshot {
    /// The file, its links followed.
    pub(crate) path: PathBuf,
    /// In a transaction, which ends with it.
    pub(crate) conn: Connection,
    pub(crate) facts: StoreFacts,
}

impl Snapshot {
    pub(crate) fn of(path: &Path) -> Result<Self, OpenError> {
        let path = resolve(path)?;
        if !path.exists() {
            return Err(OpenError::Missing { path });
        }
        header::check(&path)?;
        let (conn, found) = begin(&path).map_err(|error| OpenError::from_sql(&path, error))?;
        match found {
            Found::Empty => Err(OpenError::Missing { path }),
            Found::Foreign => Err(OpenError::Foreign { path }),
            Found::Newer(found) => Err(OpenError::Newer { path, found, known: SCHEMA_VERSION }),
            Found::Store(facts) => Ok(Self { path, conn, facts }),
        }
    }
}

/// The first read of a transaction is what fixes the state that it sees.
fn begin(path: &Path) -> SqlResult<(Connection, Found)> {
    let conn = connection::open_beside(path)?;
    conn.execute_batch(READ)?;
    let found = look(&conn)?;
    Ok((conn, found))
}

/// Ends a snapshot. Dropping it leaves its thread to end by itself, once the last port is dropped.
#[must_use = "until it is closed, the log of the file grows with what is committed"]
pub struct SnapshotHandle {
    readers: Readers,
    reading: Vec<JoinHandle<()>>,
}

impl SnapshotHandle {
    /// Reads every page in use, of tables and of indexes by which nobody has asked, and compares the two.
    ///
    /// # Errors
    /// A corrupt store, with the first place that is damaged.
    pub async fn check_pages(&self) -> Result<(), PortError> {
        let check = |conn: &Connection| {
            // what an earlier read met, it was told
            let _earlier = take_damage();
            let found: String = conn.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
            match take_damage() {
                Some(damage) => Err(SqlError::Page(Arc::new(damage))),
                None => Ok(found),
            }
        };
        match self.readers.read(check).await? {
            found if found == "ok" => Ok(()),
            found => Err(PortError::corrupt(found)),
        }
    }

    /// Refuses every later call, answers those that wait, and blocks until the file is closed.
    pub fn close(self) {
        self.readers.close();
        self.reading.into_iter().for_each(join);
    }
}

impl fmt::Debug for SnapshotHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SnapshotHandle").finish_non_exhaustive()
    }
}

/// Reads streams, and refuses to write.
struct ReadJournal(RawJournal);

#[async_trait]
impl Journal for ReadJournal {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        batch.iter().map(|_| Err(PortError::misuse("the store is open to be read alone"))).collect()
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.0.outcome(proof).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.0.load(stream, after, limit).await
    }
}
