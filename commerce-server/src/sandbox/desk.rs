//! The book and its log: an answer is given after what it rests on was synced.

use std::path::Path;
use std::sync::Arc;
use std::thread;

use commerce_core::ports::{CallKey, Clock, Outcome};
use commerce_core::sandbox::{Book, Call, Decision, NotWaiting, Options, Reply};
use commerce_core::time::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::ledger_file::{LedgerFile, LedgerFileError};
use super::wire::{self, LogEntry, WireError};

/// Jobs that one sync covers.
const BATCH_MAX_JOBS: usize = 256;
/// Jobs that wait for the writer; more wait outside.
const QUEUE_MAX_JOBS: usize = 1_024;
const LOG_VERSION: u32 = 1;

/// Why a log does not give a book.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file itself.
    #[error(transparent)]
    File(#[from] LedgerFileError),
    /// An entry is whole but says nothing that can be read.
    #[error("entry {index} of the log cannot be read")]
    Entry {
        /// Zero-based.
        index: usize,
        /// Why.
        #[source]
        source: WireError,
    },
    /// The log is of another version.
    #[error("the log is of version {found}, this program reads version {LOG_VERSION}")]
    Version {
        /// The log's version.
        found: u32,
    },
    /// The log was begun with other options.
    #[error("the log was begun with other options: {found:?}")]
    OtherOptions {
        /// The log's options.
        found: Options,
    },
    /// The writer cannot be started.
    #[error("the writer cannot be started")]
    Writer(#[source] std::io::Error),
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// It was not taken, and nothing was done.
    #[error("not taken: the log failed or the desk is closed")]
    NotTaken,
    /// The log failed under it: whether it was done shows when the log is opened anew.
    #[error("in doubt: the log failed while it was written")]
    InDoubt,
}

/// A durable [`Book`]. Its writer ends when the last clone is dropped.
#[derive(Clone)]
pub struct Desk {
    jobs: mpsc::Sender<Job>,
    clock: Arc<dyn Clock>,
    options: Options,
}

type Reader = Box<dyn FnOnce(&mut Book, Timestamp) + Send>;
type Answer<T> = oneshot::Sender<Result<T, DeskError>>;

enum Job {
    Call(CallKey, Box<Call>, Answer<Reply>),
    Settle(CallKey, Decision, Answer<Result<(), NotWaiting>>),
    Read(Reader),
}

impl Desk {
    /// Opens the log or begins one, restores the book, and starts the writer on a thread of its own.
    ///
    /// # Errors
    /// [`OpenError`].
    ///
    /// # Crash
    /// As [`LedgerFile::open`].
    pub fn open(path: &Path, options: Options, clock: Arc<dyn Clock>) -> Result<Self, OpenError> {
        let (mut file, entries) = LedgerFile::open(path)?;
        let mut book = Book::new(options);
        if entries.is_empty() {
            file.append(&[encode(&LogEntry::Opened { version: LOG_VERSION, options: options.into() })])?;
        }
        for (index, entry) in entries.iter().enumerate() {
            restore(&mut book, index, entry)?;
        }
        let (jobs, queue) = mpsc::channel(QUEUE_MAX_JOBS);
        let writer = Writer { file, book, clock: clock.clone(), queue };
        thread::Builder::new().name("sandbox-ledger".to_owned()).spawn(move || writer.run()).map_err(OpenError::Writer)?;
        Ok(Self { jobs, clock, options })
    }

    /// What kind of provider it plays.
    pub const fn options(&self) -> Options {
        self.options
    }

    /// Makes a call; a late answer is waited for.
    ///
    /// # Errors
    /// [`DeskError`].
    ///
    /// # Cancel safety
    /// Dropping it may leave the call made.
    ///
    /// # Crash
    /// A call that was answered is there when the log is opened anew; one that was not may be.
    pub async fn call(&self, key: CallKey, call: Call) -> Result<Outcome, DeskError> {
        loop {
            let reply = self.ask(|answer| Job::Call(key, Box::new(call.clone()), answer)).await?;
            match reply.answer_at {
                Some(at) => self.clock.sleep_until(at).await,
                None => return Ok(reply.outcome),
            }
        }
    }

    /// Decides a call that waits.
    ///
    /// # Errors
    /// [`DeskError`]; inside, [`NotWaiting`].
    ///
    /// # Cancel safety
    /// Dropping it may leave the call decided.
    ///
    /// # Crash
    /// As [`Desk::call`].
    pub async fn settle(&self, key: CallKey, decision: Decision) -> Result<Result<(), NotWaiting>, DeskError> {
        self.ask(|answer| Job::Settle(key, decision, answer)).await
    }

    /// Asks the book as it is now, after everything that was answered.
    ///
    /// # Errors
    /// [`DeskError::NotTaken`].
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub async fn read<T: Send + 'static>(&self, ask: impl FnOnce(&mut Book, Timestamp) -> T + Send + 'static) -> Result<T, DeskError> {
        self.ask(|answer| {
            Job::Read(Box::new(move |book, now| {
                // a reader that is gone needs no answer
                let _ = answer.send(Ok(ask(book, now)));
            }))
        })
        .await
    }

    async fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Result<T, DeskError> {
        let (answer, answered) = oneshot::channel();
        self.jobs.send(job(answer)).await.map_err(|_| DeskError::NotTaken)?;
        answered.await.map_err(|_| DeskError::InDoubt)?
    }
}

struct Writer {
    file: LedgerFile,
    book: Book,
    clock: Arc<dyn Clock>,
    queue: mpsc::Receiver<Job>,
}

impl Writer {
    fn run(mut self) {
        let mut batch = Vec::new();
        while self.queue.blocking_recv_many(&mut batch, BATCH_MAX_JOBS) > 0 {
            self.write(std::mem::take(&mut batch));
        }
    }

    /// Logs a batch with one sync, then does it and answers. All of it happens at one time, which is the time in the log.
    fn write(&mut self, batch: Vec<Job>) {
        let now = self.clock.now().max(self.book.now());
        let entries: Vec<_> = batch.iter().filter_map(|job| logged(job, now)).map(|entry| encode(&entry)).collect();
        let written = if entries.is_empty() { Ok(()) } else { self.file.append(&entries) };
        let refusal = written.err().map(|error| {
            tracing::error!(%error, "the sandbox's log failed");
            match error {
                LedgerFileError::Broken { .. } | LedgerFileError::TooLong { .. } => DeskError::NotTaken,
                _ => DeskError::InDoubt,
            }
        });
        for job in batch {
            // a caller that is gone needs no answer
            match (job, refusal.clone()) {
                (Job::Read(ask), _) => ask(&mut self.book, now),
                (Job::Call(.., answer), Some(refusal)) => drop(answer.send(Err(refusal))),
                (Job::Settle(.., answer), Some(refusal)) => drop(answer.send(Err(refusal))),
                (Job::Call(key, call, answer), None) => drop(answer.send(Ok(self.book.call(now, key, &call)))),
                (Job::Settle(key, decision, answer), None) => drop(answer.send(Ok(self.book.settle(now, key, decision)))),
            }
        }
    }
}

fn logged(job: &Job, now: Timestamp) -> Option<LogEntry> {
    let at = now.micros();
    match job {
        Job::Call(key, call, _) => Some(LogEntry::Called { at, body: wire::CallBody { key: key.to_string(), call: call.as_ref().into() } }),
        Job::Settle(key, decision, _) => {
            Some(LogEntry::Settled { at, body: wire::SettleBody { key: key.to_string(), decision: decision.to_string() } })
        }
        Job::Read(_) => None,
    }
}

fn encode(entry: &LogEntry) -> Vec<u8> {
    serde_json::to_vec(entry).expect("an entry is strings, numbers and flags under string keys")
}

fn restore(book: &mut Book, index: usize, entry: &[u8]) -> Result<(), OpenError> {
    let unread = |source| OpenError::Entry { index, source };
    let entry = serde_json::from_slice(entry).map_err(|error| unread(WireError::new("entry", error)))?;
    match entry {
        LogEntry::Opened { version, .. } if version != LOG_VERSION => Err(OpenError::Version { found: version }),
        LogEntry::Opened { options, .. } => {
            let found = Options::from(options);
            if found == *book.options() { Ok(()) } else { Err(OpenError::OtherOptions { found }) }
        }
        LogEntry::Called { at, body } => {
            let key = wire::key(&body.key).map_err(unread)?;
            let call = Call::try_from(&body.call).map_err(unread)?;
            book.call(Timestamp::from_micros(at), key, &call);
            Ok(())
        }
        LogEntry::Settled { at, body } => {
            let key = wire::key(&body.key).map_err(unread)?;
            let decision = wire::decision(&body.decision).map_err(unread)?;
            // it was refused when it was made, too
            let _ = book.settle(Timestamp::from_micros(at), key, decision);
            Ok(())
        }
    }
}
