//! Readers: threads with connections of their own that take closures from a bounded queue.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;

use commerce_core::ports::{PortError, PortErrorKind, Retry};
use futures::channel::oneshot;
use rusqlite::Connection;

use crate::connection::{READ, transaction};
use crate::error::{Result, SqlError};
use crate::lock::FileLock;

type Job = Box<dyn FnOnce(&Reader) + Send>;

/// Hands closures to the readers. The last one dropped lets them end.
#[derive(Clone)]
pub(crate) struct Readers {
    door: Arc<Door>,
}

struct Door {
    queue: Arc<Queue>,
}

struct Queue {
    state: Mutex<State>,
    arrived: Condvar,
    queue_max_reads: usize,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Readers {
    /// Starts one thread for each connection. One that is in a transaction stays in it: all its reads see one state.
    pub(crate) fn start(
        connections: Vec<Connection>,
        queue_max_reads: usize,
        lock: Option<&Arc<FileLock>>,
    ) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let queue = Arc::new(Queue { state: Mutex::default(), arrived: Condvar::new(), queue_max_reads });
        let readers = Self { door: Arc::new(Door { queue: Arc::clone(&queue) }) };
        let mut threads = Vec::with_capacity(connections.len());
        for conn in connections {
            let queue = Arc::clone(&queue);
            let lock = lock.cloned();
            threads.push(std::thread::Builder::new().name("commerce-read".into()).spawn(move || {
                let reader = Reader { pinned: !conn.is_autocommit(), conn, lost: RefCell::default() };
                while let Some(job) = queue.next() {
                    job(&reader);
                }
                drop(reader);
                drop(lock);
            })?);
        }
        Ok((readers, threads))
    }

    /// Reads one state of the store: what was committed before the call, at least.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T, PortError> {
        let (sender, receiver) = oneshot::channel();
        let job: Job = Box::new(move |reader| {
            if !sender.is_canceled() {
                // a caller that has gone needs no answer
                let _gone = sender.send(reader.read(work));
            }
        });
        if !self.door.queue.put(job) {
            return Err(PortError::with(PortErrorKind::Unavailable, Retry::Later, "too many reads wait, or the store is shut down"));
        }
        match receiver.await {
            Ok(answer) => answer.map_err(PortError::from),
            Err(_) => Err(PortError::with(PortErrorKind::Unavailable, Retry::Later, "the reader is gone")),
        }
    }

    /// Refuses every later read. The threads do what waits and end.
    pub(crate) fn close(&self) {
        self.door.queue.close();
    }
}

/// A connection that reads.
struct Reader {
    conn: Connection,
    /// Whether it was given in a transaction, and so sees one state as long as it lives.
    pinned: bool,
    /// What ended that transaction: a page that is damaged, say.
    lost: RefCell<Option<SqlError>>,
}

impl Reader {
    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        match (self.pinned, self.conn.is_autocommit()) {
            (false, _) => transaction(&self.conn, READ, || work(&self.conn)),
            (true, false) => {
                let done = work(&self.conn);
                if let Err(error) = &done
                    && self.conn.is_autocommit()
                {
                    self.lost.replace(Some(error.clone()));
                }
                done
            }
            // what it would see now is another state
            (true, true) => Err(self.lost.borrow().clone().unwrap_or(SqlError::RolledBack)),
        }
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.queue.close();
    }
}

impl Queue {
    fn put(&self, job: Job) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.closed || state.jobs.len() >= self.queue_max_reads {
            return false;
        }
        state.jobs.push_back(job);
        drop(state);
        self.arrived.notify_one();
        true
    }

    fn next(&self) -> Option<Job> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn close(&self) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).closed = true;
        self.arrived.notify_all();
    }
}
