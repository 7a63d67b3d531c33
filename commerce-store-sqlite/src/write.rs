//! The writer: one thread that owns the one connection that writes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use commerce_core::commit::{BatchJournal, Committer};
use commerce_core::id::{MerchantId, OrderId};
use commerce_core::ports::{
    ChangeSet, Clock, PortError, PortErrorKind, Position, Proof, Receipt, Retry, Shard, Stored, StreamId, Verdict, Version, ViewRow,
};
use futures::StreamExt;
use futures::channel::{mpsc, oneshot};
use futures::future::{join, poll_fn};
use rusqlite::Connection;

use crate::batch::Batch;
use crate::checkpoint::Checkpoints;
use crate::connection::{self, WRITE, transaction};
use crate::error::{Result, SqlError};
use crate::notify::Notifier;
use crate::port::KnownVersions;
use crate::port::journal::outcome;
use crate::read::Readers;
use crate::recent::Recent;
use crate::statements::Statements;
use crate::table::{events, movements};

/// The most writes beside the journal that share one transaction.
const JOBS_MAX: usize = 64;

/// The connection that writes, and the last positions of its shards.
pub(crate) struct Writer {
    // dropped before the connection: the last to close the file writes its log back
    checkpoints: Checkpoints,
    conn: Connection,
    heads: Vec<Position>,
    recent: RefCell<Recent>,
    clock: Arc<dyn Clock>,
    failing: Failing,
}

/// Whether the last write found that the file takes none.
#[derive(Clone, Default)]
pub(crate) struct Failing(Arc<AtomicBool>);

impl Failing {
    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, failing: bool) {
        self.0.store(failing, Ordering::Release);
    }

    fn note(&self, failure: &SqlError) {
        if PortError::from(failure.clone()).kind == PortErrorKind::Unavailable {
            self.set(true);
        }
    }
}

impl Writer {
    pub(crate) fn new(conn: Connection, checkpoints: Checkpoints, shards: u16, clock: Arc<dyn Clock>, failing: Failing) -> Result<Self> {
        connection::without_checkpoints(&conn)?;
        let heads = vec![Position(0); usize::from(shards)];
        let mut writer = Self { checkpoints, conn, heads, recent: RefCell::default(), clock, failing };
        writer.find_heads()?;
        Ok(writer)
    }

    fn find_heads(&mut self) -> Result<()> {
        for (head, shard) in self.heads.iter_mut().zip(0..) {
            *head = events::head(&self.conn, Shard(shard))?.max(movements::head(&self.conn, Shard(shard))?);
        }
        Ok(())
    }

    /// Commits a batch in one transaction; one answer for each set.
    pub(crate) fn commit(&mut self, sets: &[ChangeSet]) -> Vec<Result<Verdict, PortError>> {
        self.checkpoints.before_transaction(&self.conn);
        let mut heads = self.heads.clone();
        let done = transaction(&self.conn, WRITE, || {
            let statements = Statements::of(&self.conn);
            let mut batch = Batch::new(&statements, &self.recent, &mut heads, self.clock.now());
            let answers = sets.iter().map(|set| batch.take(set)).collect::<Result<Vec<_>>>()?;
            batch.finish()?;
            Ok(answers)
        });
        match done {
            Ok(answers) => {
                self.heads = heads;
                // one that wrote nothing tells nothing
                if answers.iter().any(|answer| matches!(answer, Ok(Verdict::Committed(_)))) {
                    self.failing.set(false);
                }
                answers
            }
            Err(failure) => {
                tracing::warn!(sets = sets.len(), error = %failure, "a batch was not committed");
                self.recent.get_mut().forget_all();
                self.failing.note(&failure);
                if let Err(error) = self.find_heads() {
                    tracing::error!(%error, "the heads of the feed cannot be read");
                }
                sets.iter().map(|_| Err(PortError::from(failure.clone()))).collect()
            }
        }
    }

    /// Makes the disk full past so many pages.
    #[cfg(test)]
    pub(crate) fn limit_pages(&self, pages: i64) {
        self.conn.pragma_update_and_check(None, "max_page_count", pages, |row| row.get::<_, i64>(0)).unwrap();
    }

    /// Does writes beside the journal in one transaction, each undone by itself if it fails. They lease sagas, and write neither
    /// streams nor stock.
    fn run(&mut self, mut jobs: VecDeque<Job>) {
        self.checkpoints.before_transaction(&self.conn);
        self.recent.get_mut().sagas.clear();
        let mut answers = Vec::with_capacity(jobs.len());
        let done = transaction(&self.conn, WRITE, || {
            while let Some(job) = jobs.pop_front() {
                answers.push(job(Ok(&self.conn)));
                if self.conn.is_autocommit() {
                    return Err(SqlError::RolledBack);
                }
            }
            Ok(())
        });
        for answer in answers {
            answer(done.clone());
        }
        if let Err(failure) = done {
            self.failing.note(&failure);
            jobs.into_iter().for_each(|job| job(Err(failure.clone()))(Ok(())));
        }
    }
}

/// Told how the transaction ended.
pub(crate) type Answer = Box<dyn FnOnce(Result<()>) + Send>;
/// Told why, if there is no transaction for it.
pub(crate) type Job = Box<dyn FnOnce(Result<&Connection>) -> Answer + Send>;

/// Hands writes beside the journal to the writer.
#[derive(Clone)]
pub(crate) struct Jobs {
    queue: mpsc::UnboundedSender<Job>,
    waiting: Arc<AtomicUsize>,
    queue_max_jobs: usize,
}

impl Jobs {
    pub(crate) fn new(queue_max_jobs: usize) -> (Self, mpsc::UnboundedReceiver<Job>) {
        let (queue, arrivals) = mpsc::unbounded();
        (Self { queue, waiting: Arc::default(), queue_max_jobs }, arrivals)
    }

    /// Refuses every later write. The writer does what waits.
    pub(crate) fn close(&self) {
        self.queue.close_channel();
    }

    /// Does a write in a transaction; its value is answered once it is on disk.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        self.write_then(work, || ()).await
    }

    /// Does a write in a transaction; `then` is called when that has ended, before anyone hears of it, even if the call was dropped.
    pub(crate) async fn write_then<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
        then: impl FnOnce() + Send + 'static,
    ) -> Result<T, PortError> {
        let Some(place) = Place::take(&self.waiting, self.queue_max_jobs) else {
            return Err(PortError::with(PortErrorKind::Unavailable, Retry::Later, "too many writes wait"));
        };
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |conn| {
            drop(place);
            let value = conn.and_then(|conn| savepoint(conn, work));
            Box::new(move |committed| {
                then();
                // a caller that has gone needs no answer
                let _gone = sender.send(committed.and(value));
            })
        });
        if self.queue.unbounded_send(job).is_err() {
            return Err(PortError::with(PortErrorKind::Unavailable, Retry::Later, "the store is shut down, or open to be read alone"));
        }
        match receiver.await {
            Ok(answer) => answer.map_err(PortError::from),
            Err(_) => Err(PortError::with(PortErrorKind::Unavailable, Retry::Unknown, "the writer is gone")),
        }
    }
}

/// Tells whether a file takes writes.
#[derive(Clone)]
pub struct WriteProbe {
    jobs: Jobs,
    failing: Failing,
}

impl fmt::Debug for WriteProbe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteProbe").field("failing", &self.failing.is_set()).finish_non_exhaustive()
    }
}

impl WriteProbe {
    pub(crate) const fn new(jobs: Jobs, failing: Failing) -> Self {
        Self { jobs, failing }
    }

    /// Whether the file takes writes. While the last one succeeded nothing is written; after one that failed for want of room, or of a
    /// disk that answers, a page is written that nobody reads.
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub async fn takes_writes(&self) -> bool {
        if !self.failing.is_set() {
            return true;
        }
        // the version of the file's owner: never read, and written even if it is the same
        let written = self.jobs.write(|conn| Ok(conn.pragma_update(None, "user_version", 0)?)).await;
        let takes = written.is_ok();
        if takes {
            self.failing.set(false);
        }
        takes
    }
}

/// A place in a bounded queue, free again when it is dropped.
struct Place(Arc<AtomicUsize>);

impl Place {
    fn take(waiting: &Arc<AtomicUsize>, places_max: usize) -> Option<Self> {
        let room = |waiting: usize| (waiting < places_max).then_some(waiting + 1);
        waiting.fetch_update(Ordering::AcqRel, Ordering::Acquire, room).ok().map(|_| Self(Arc::clone(waiting)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn savepoint<T>(conn: &Connection, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
    conn.prepare_cached("SAVEPOINT job")?.execute([])?;
    let value = work(conn);
    // some failures end the whole transaction
    if conn.is_autocommit() {
        return value;
    }
    if value.is_err() {
        conn.prepare_cached("ROLLBACK TO job")?.execute([])?;
    }
    conn.prepare_cached("RELEASE job")?.execute([])?;
    value
}

/// The journal below the group committer. Its `commit` blocks: only the writer's thread calls it.
pub(crate) struct RawJournal {
    pub(crate) writer: Arc<Mutex<Option<Writer>>>,
    pub(crate) readers: Readers,
    pub(crate) shards: u16,
    pub(crate) changed: Arc<Notifier>,
    pub(crate) versions: Arc<KnownVersions>,
}

impl RawJournal {
    /// Keeps the versions that the orders of a batch have now.
    fn keep_versions(&self, batch: &[ChangeSet], answers: &[Result<Verdict, PortError>]) {
        if answers.iter().any(Result::is_err) {
            self.versions.forget_all();
        }
        let committed = batch.iter().zip(answers).filter(|(_, answer)| matches!(answer, Ok(Verdict::Committed(_))));
        self.versions.written(committed.flat_map(|(set, _)| versions(set)));
    }
}

/// The versions of the orders whose rows a set writes.
fn versions(set: &ChangeSet) -> impl Iterator<Item = ((MerchantId, OrderId), Version)> {
    set.views.iter().filter_map(|row| match row {
        ViewRow::Order(row) => Some(((set.partition.merchant.clone(), row.id), row.version)),
        _ => None,
    })
}

#[async_trait]
impl BatchJournal for RawJournal {
    async fn commit(&self, batch: &[ChangeSet]) -> Vec<Result<Verdict, PortError>> {
        self.versions.changing(batch.iter().flat_map(versions).map(|(key, _)| key));
        let answers = match self.writer.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            Some(writer) => writer.commit(batch),
            None => batch.iter().map(|_| Err(PortError::new(PortErrorKind::Unavailable, Retry::Later))).collect(),
        };
        self.keep_versions(batch, &answers);
        if answers.iter().any(|answer| matches!(answer, Ok(Verdict::Committed(_)))) {
            self.changed.notify();
        }
        answers
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        let (proof, shards) = (proof.clone(), self.shards);
        self.readers.read(move |conn| outcome(conn, &proof, shards)).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        let stream = stream.clone();
        self.readers.read(move |conn| events::load(conn, &stream, after, crate::page::rows_max(limit))).await
    }
}

/// What the writer's thread runs: batches of change sets and other writes by turns, until nobody can send more of either.
pub(crate) async fn run(writer: Arc<Mutex<Option<Writer>>>, committer: Committer, arrivals: mpsc::UnboundedReceiver<Job>) {
    join(committer.run(), run_jobs(&writer, arrivals)).await;
    // the last to close the file writes its log back
    drop(writer.lock().unwrap_or_else(PoisonError::into_inner).take());
}

fn run_jobs(writer: &Mutex<Option<Writer>>, mut arrivals: mpsc::UnboundedReceiver<Job>) -> impl Future<Output = ()> {
    let mut waiting = VecDeque::new();
    poll_fn(move |context| {
        while waiting.len() < JOBS_MAX {
            match arrivals.poll_next_unpin(context) {
                Poll::Ready(Some(job)) => waiting.push_back(job),
                Poll::Ready(None) if waiting.is_empty() => return Poll::Ready(()),
                Poll::Ready(None) => break,
                Poll::Pending if waiting.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        let jobs = std::mem::take(&mut waiting);
        if let Some(writer) = writer.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            writer.run(jobs);
        }
        // by turns with the committer
        context.waker().wake_by_ref();
        Poll::Pending
    })
}
