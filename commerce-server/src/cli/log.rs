//! The log, on standard error. What the server says of itself is written at once, errors and warnings with it; lines of answered requests
//! are gathered for a moment and written together by a thread of their own, so that no request waits for a write.
//!
//! Lines keep their order, and none is dropped while standard error takes them: when too many wait, whoever brings the next one writes them
//! all. A process that is killed, or ended at once by a second signal, may take with it the lines of requests that it answered in the last
//! [`GATHER_MS`] milliseconds.

use std::io::{self, IsTerminal, Stderr, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::http::ANSWERED_TARGET;

/// For how long lines of answered requests are gathered.
const GATHER_MS: u64 = 20;
/// Bytes of lines that wait at once.
const WAITING_MAX_BYTES: usize = 256 * 1_024;

#[derive(Args, Clone, Debug)]
pub(super) struct LogArgs {
    /// What to log, as `tracing` filters have it.
    #[arg(long, env = "COMMERCE_LOG", default_value = "info", global = true, value_parser = |text: &str| EnvFilter::try_new(text))]
    log: EnvFilter,
    /// How to write the log, to standard error.
    #[arg(long, env = "COMMERCE_LOG_FORMAT", default_value = "text", global = true)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    /// A line for people.
    Text,
    /// A line of JSON.
    Json,
}

/// Starts the log of the process. Dropping what is returned writes all that waits; later lines are written at once.
///
/// # Errors
/// If the system gives no thread.
pub(super) fn start(args: LogArgs) -> io::Result<Gathering<Stderr>> {
    let (lines, gathering) = Lines::start(io::stderr())?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(args.log)
        .with_writer(lines)
        .with_ansi(io::stderr().is_terminal())
        .log_internal_errors(false);
    match args.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    Ok(gathering)
}

/// Where lines go.
struct Lines<W>(Arc<Shared<W>>);

struct Shared<W> {
    // taken before `waiting` by whoever takes both
    out: Mutex<W>,
    waiting: Mutex<Waiting>,
    arrived: Condvar,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<u8>,
    ended: bool,
}

/// The thread that writes gathered lines.
pub(super) struct Gathering<W: Write> {
    shared: Arc<Shared<W>>,
    thread: Option<JoinHandle<()>>,
}

impl<W: Write + Send + 'static> Lines<W> {
    fn start(out: W) -> io::Result<(Self, Gathering<W>)> {
        let shared = Arc::new(Shared { out: Mutex::new(out), waiting: Mutex::default(), arrived: Condvar::new() });
        let gathered = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("commerce-log".into()).spawn(move || gathered.write_gathered())?;
        Ok((Self(Arc::clone(&shared)), Gathering { shared, thread: Some(thread) }))
    }
}

impl<W: Write> Shared<W> {
    /// Keeps a line to be written with others.
    fn gather(&self, line: &[u8]) {
        let mut waiting = lock(&self.waiting);
        if waiting.ended || waiting.lines.len() + line.len() > WAITING_MAX_BYTES {
            drop(waiting);
            return self.write(line);
        }
        let first = waiting.lines.is_empty();
        waiting.lines.extend_from_slice(line);
        drop(waiting);
        if first {
            self.arrived.notify_one();
        }
    }

    /// Writes the lines that wait, and then this one.
    fn write(&self, line: &[u8]) {
        let mut out = lock(&self.out);
        let mut lines = std::mem::take(&mut lock(&self.waiting).lines);
        lines.extend_from_slice(line);
        // nobody may be reading
        let _ = out.write_all(&lines).and_then(|()| out.flush());
    }

    /// Writes what is gathered, a while after the first line of it, until the log ends.
    fn write_gathered(&self) {
        loop {
            let waiting = self.arrived.wait_while(lock(&self.waiting), |waiting| waiting.lines.is_empty() && !waiting.ended);
            let waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            let gathered = self.arrived.wait_timeout_while(waiting, Duration::from_millis(GATHER_MS), |waiting| !waiting.ended);
            let ended = gathered.unwrap_or_else(PoisonError::into_inner).0.ended;
            self.write(&[]);
            if ended {
                return;
            }
        }
    }
}

impl<W: Write> Drop for Gathering<W> {
    fn drop(&mut self) {
        lock(&self.shared.waiting).ended = true;
        self.shared.arrived.notify_one();
        // it ends once all is written
        let _ended = self.thread.take().map(JoinHandle::join);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // whole at every unlock
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How one line is written.
struct Line<'a, W> {
    shared: &'a Shared<W>,
    gathered: bool,
}

impl<'a, W: Write + 'static> MakeWriter<'a> for Lines<W> {
    type Writer = Line<'a, W>;

    fn make_writer(&'a self) -> Self::Writer {
        Line { shared: &self.0, gathered: false }
    }

    fn make_writer_for(&'a self, of: &Metadata<'_>) -> Self::Writer {
        Line { shared: &self.0, gathered: *of.level() == Level::INFO && of.target() == ANSWERED_TARGET }
    }
}

impl<W: Write> Write for Line<'_, W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.gathered {
            self.shared.gather(line)
        } else {
            self.shared.write(line)
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tracing::subscriber::with_default;

    use super::*;

    /// What was written, write by write.
    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<String>>>);

    impl Paper {
        fn read(&self) -> Vec<String> {
            lock(&self.0).clone()
        }
    }

    impl Write for Paper {
        fn write(&mut self, lines: &[u8]) -> io::Result<usize> {
            if !lines.is_empty() {
                lock(&self.0).push(String::from_utf8(lines.to_vec()).unwrap());
            }
            Ok(lines.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Logs by a function, onto paper that nobody but the writer of a line writes to.
    fn logged(by: impl FnOnce()) -> (Paper, Arc<Shared<Paper>>) {
        let paper = Paper::default();
        let shared = Arc::new(Shared { out: Mutex::new(paper.clone()), waiting: Mutex::default(), arrived: Condvar::new() });
        let log = tracing_subscriber::fmt().without_time().with_target(false).with_ansi(false).with_writer(Lines(Arc::clone(&shared)));
        with_default(log.finish(), by);
        (paper, shared)
    }

    #[test]
    fn lines_of_answered_requests_wait_and_every_other_one_is_written_at_once_behind_those_that_wait() {
        let (paper, shared) = logged(|| {
            tracing::info!("serving");
            tracing::info!(target: ANSWERED_TARGET, "one");
            tracing::info!(target: ANSWERED_TARGET, "two");
            tracing::warn!("careful");
            tracing::error!(target: ANSWERED_TARGET, "broken");
            tracing::info!(target: ANSWERED_TARGET, "three");
        });
        assert_eq!(paper.read(), [" INFO serving\n", " INFO one\n INFO two\n WARN careful\n", "ERROR broken\n"]);
        assert_eq!(lock(&shared.waiting).lines, b" INFO three\n");
    }

    #[test]
    fn no_more_than_a_bounded_number_of_bytes_waits_and_none_is_lost() {
        let line = "x".repeat(1_000);
        let (paper, shared) = logged(|| (0..1_000).for_each(|_| tracing::info!(target: ANSWERED_TARGET, "{line}")));
        let (written, left) = (paper.read().concat().len(), lock(&shared.waiting).lines.len());
        assert!(left <= WAITING_MAX_BYTES && paper.read().iter().all(|lines| lines.len() <= WAITING_MAX_BYTES + 1_007), "{left}");
        assert_eq!(written + left, 1_000 * 1_007);
    }

    #[test]
    fn what_waits_is_written_by_itself_and_all_of_it_before_the_log_ends() {
        let paper = Paper::default();
        let (lines, gathering) = Lines::start(paper.clone()).unwrap();
        lines.0.gather(b"one\n");
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while paper.read().is_empty() {
            assert!(std::time::Instant::now() < deadline, "nobody writes it");
            std::thread::yield_now();
        }
        lines.0.gather(b"two\n");
        drop(gathering);
        assert_eq!(paper.read().concat(), "one\ntwo\n");
        lines.0.gather(b"late\n");
        assert_eq!(paper.read().concat(), "one\ntwo\nlate\n");
    }
}
