//! Checkpoints: a thread of its own writes the log back into the file, so that commits do not wait for it.
//!
//! Only a log that is written back whole begins anew, and one that is written all the time never is. So the writer writes back what
//! came while the thread was at work, which is little, and the next transaction begins the log anew.

use std::io;
use std::num::NonZeroU32;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use commerce_sqlite_vfs::checked::Counts;
use rusqlite::Connection;

use crate::connection::BUSY_TIMEOUT;

/// The longest that the writer waits for those who read from the log, so that it can begin anew.
const READERS_WAIT: Duration = Duration::from_millis(5);
/// Pages in the log from which on it waits longer: 64 MiB, as much as is kept of the log's file.
const LONG_LOG_PAGES: u64 = 16_384;
const READERS_WAIT_LONG: Duration = Duration::from_millis(100);

/// The writer's part: says when, and does the rest.
pub(crate) struct Checkpoints {
    counts: Counts,
    due: Due,
    running: bool,
    begin: Option<SyncSender<()>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Checkpoints {
    /// Starts the thread on a connection of its own. `counts` are those of the file.
    pub(crate) fn start(conn: Connection, counts: Counts, every_pages: NonZeroU32) -> io::Result<Self> {
        let (begin, begins) = sync_channel::<()>(1);
        let (end, ended) = sync_channel(1);
        let work = move || {
            while begins.recv().is_ok() {
                run(&conn, Mode::Passive);
                if end.send(()).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("commerce-checkpoint".into()).spawn(work)?;
        Ok(Self { counts, due: Due::every(u64::from(every_pages.get())), running: false, begin: Some(begin), ended, thread: Some(thread) })
    }

    /// Begins a checkpoint, or ends one, if the log is long enough for it; on the writer's connection, when what was committed last has
    /// been answered.
    pub(crate) fn before_transaction(&mut self, conn: &Connection) {
        let pages = self.counts.log_pages();
        let due = self.due.has_come(pages);
        if self.running {
            let ended =
                if !self.due.is_late(pages) { self.ended.try_recv() } else { self.ended.recv().map_err(|_| TryRecvError::Disconnected) };
            if !matches!(ended, Err(TryRecvError::Empty)) {
                self.finish(conn, pages);
            }
        } else if due {
            self.running = self.begin.as_ref().is_some_and(|begin| begin.send(()).is_ok());
            if !self.running {
                self.finish(conn, pages);
            }
        }
    }

    fn finish(&mut self, conn: &Connection, pages: u64) {
        self.running = false;
        let wait = if pages < LONG_LOG_PAGES { READERS_WAIT } else { READERS_WAIT_LONG };
        let anew = run(conn, Mode::Restart { wait });
        self.due.done(pages, anew);
    }
}

/// When the next checkpoint begins, in pages of the log.
struct Due {
    every_pages: u64,
    at_pages: u64,
}

impl Due {
    const fn every(every_pages: u64) -> Self {
        Self { every_pages, at_pages: every_pages }
    }

    fn has_come(&mut self, pages: u64) -> bool {
        // a log that readers held up may begin anew without a checkpoint more: what was due far on is due soon then
        self.at_pages = self.at_pages.min(pages + self.every_pages);
        pages >= self.at_pages
    }

    /// A thread that lags by as much again is waited for, so that the log stays bounded.
    const fn is_late(&self, pages: u64) -> bool {
        pages >= self.at_pages + self.every_pages
    }

    const fn done(&mut self, pages: u64, anew: bool) {
        // readers that began before keep what they read
        self.at_pages = if anew { self.every_pages } else { pages + self.every_pages };
    }
}

impl Drop for Checkpoints {
    fn drop(&mut self) {
        self.begin = None;
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that writes the log back panicked");
        }
    }
}

enum Mode {
    /// Writes back what nobody who reads still needs in the log, and waits for nobody.
    Passive,
    /// Writes everything back and lets the log begin anew, if those who read from it end in time.
    Restart { wait: Duration },
}

/// Runs a checkpoint; whether the log is written back whole and begins anew.
fn run(conn: &Connection, mode: Mode) -> bool {
    let checkpoint = |sql| conn.prepare_cached(sql)?.query_row([], |row| row.get(0)).map(|busy: i64| busy == 0);
    let done = match mode {
        Mode::Passive => checkpoint("PRAGMA wal_checkpoint(PASSIVE)"),
        Mode::Restart { wait } => conn.busy_timeout(wait).and_then(|()| {
            let done = checkpoint("PRAGMA wal_checkpoint(RESTART)");
            conn.busy_timeout(BUSY_TIMEOUT).and(done)
        }),
    };
    done.unwrap_or_else(|error| {
        tracing::warn!(%error, "the log cannot be written back into the file; it grows");
        false
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_is_due_after_as_many_pages_also_where_readers_held_the_log_up_before() {
        let mut due = Due::every(100);
        assert!(!due.has_come(99) && due.has_come(100));
        assert!(!due.is_late(199) && due.is_late(200));
        due.done(950, false);
        assert!(!due.has_come(1_049) && due.has_come(1_050));
        due.done(1_050, false);
        assert!(!due.has_come(3), "the log began anew by itself");
        assert!(!due.has_come(102) && due.has_come(103));
        due.done(130, true);
        assert!(due.has_come(100));
    }
}
