//! What lies beside a file after its process ended without a word: its log, and things that belong elsewhere.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::engine::Builder;
use commerce_core::id::ProviderName;
use commerce_core::ports::{FeedItem, LIMIT_MAX_ROWS, Position, Shard, Store};
use commerce_core::sandbox::{Options, Sandbox, Token};
use commerce_core::testkit::shop::Shop;
use commerce_core::testkit::{Dice, ManualClock};
use commerce_core::time::Timestamp;
use commerce_sqlite_vfs::{Damage, Place};
use commerce_store_sqlite::{OpenError, SqliteOptions, SqliteStore, StoreHandle};
use futures::executor::block_on;
use rusqlite::Connection;
use tempfile::TempDir;

const SEED: u64 = 20_260_121;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_767_225_600)))
}

/// A file and its log, as a process that was killed leaves them, and the feed as it was.
struct Killed {
    file: Vec<u8>,
    log: Vec<u8>,
    feed: Vec<FeedItem>,
}

fn feed(store: &Store) -> Vec<FeedItem> {
    block_on(store.feed.read(Shard(0), Position(0), LIMIT_MAX_ROWS, true)).expect("the feed is read")
}

fn open(path: &Path) -> Result<(Store, StoreHandle), OpenError> {
    SqliteStore::open(path, SqliteOptions::new(clock()))
}

impl Killed {
    fn new() -> Self {
        let directory = TempDir::new().expect("a temporary directory");
        let path = directory.path().join("shop.db");
        let (store, handle) = open(&path).expect("a new file opens");
        let shop = block_on(Shop::over(store.clone(), clock()).open());
        for _ in 0..4 {
            block_on(shop.place_paid(&[("CARRIAGE", 1)], Token::Visa));
        }
        let killed = Self { file: read(&path), log: read(&log(&path)), feed: feed(&store) };
        drop((shop, store));
        handle.close();
        assert!(killed.log.len() > 100_000 && killed.feed.len() > 10);
        killed
    }

    /// A folder in which a new process finds them.
    fn found(&self) -> (TempDir, PathBuf) {
        found(&self.file, &self.log)
    }
}

fn found(file: &[u8], log_bytes: &[u8]) -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("shop.db");
    fs::write(&path, file).expect("the file is written");
    fs::write(log(&path), log_bytes).expect("the log is written");
    (directory, path)
}

fn log(path: &Path) -> PathBuf {
    path.with_extension("db-wal")
}

fn read(path: &Path) -> Vec<u8> {
    fs::read(path).expect("it is there")
}

fn is_clean(store: Store) -> bool {
    let bank = Arc::new(Sandbox::new(clock(), Options::CARDS));
    let commerce = Builder::new(store, clock(), ProviderName::new("sandbox").expect("a valid name"), bank).build().0;
    block_on(commerce.verify()).expect("the store answers").is_clean()
}

/// The damage that an error names.
fn damage(error: &OpenError) -> Option<&Damage> {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(damage) = error.downcast_ref::<Damage>() {
            return Some(damage);
        }
        cause = error.source();
    }
    None
}

#[test]
fn a_log_that_was_left_behind_gives_all_back_or_is_refused_by_its_frame_or_ends_before_its_last_commit() {
    let killed = Killed::new();
    let mut dice = Dice::new(SEED);
    let (mut refused, mut shorter) = (0, 0);
    for turn in 0..60 {
        let mut log = killed.log.clone();
        // every other one near the end, where commits are the last
        let reach = if turn % 2 == 0 { log.len() } else { 40_000 };
        let at = log.len() - 1 - usize::try_from(dice.below(reach as u64)).unwrap();
        let bit = dice.below(8);
        log[at] ^= 1 << bit;
        let place = format!("seed {SEED}, bit {bit} of byte {at} of {}", log.len());
        let (_directory, path) = found(&killed.file, &log);
        match open(&path) {
            Err(error) => {
                assert!(matches!(error, OpenError::Corrupt { .. }), "{place}: {error:?}");
                let expected = if at < 32 { Place::LogHeader } else { Place::Frame(u32::try_from((at - 32) / 4_120 + 1).unwrap()) };
                assert_eq!(damage(&error).expect("it is named").place, expected, "{place}");
                assert!(read(&path) == killed.file && read(&self::log(&path)) == log, "{place}: what is refused is left as it was");
                refused += 1;
            }
            Ok((store, handle)) => {
                let feed = feed(&store);
                assert!(killed.feed.starts_with(&feed), "{place}: what is read is what was committed");
                assert!(is_clean(store), "{place}");
                shorter += usize::from(feed.len() < killed.feed.len());
                handle.close();
            }
        }
    }
    assert!(refused > 20, "{refused} were refused, {shorter} ended before the last commit");
}

#[test]
fn what_was_left_behind_is_taken_up_whatever_stands_in_the_index_of_the_log_and_in_the_lock() {
    let killed = Killed::new();
    let (_directory, path) = killed.found();
    let noise: Vec<u8> = (0..40_000_u32).map(|at| u8::try_from(at * 7 % 251).unwrap()).collect();
    for suffix in ["db-shm", "db-lock"] {
        fs::write(path.with_extension(suffix), &noise).unwrap();
    }
    let (store, handle) = open(&path).unwrap();
    assert!(feed(&store) == killed.feed && is_clean(store));
    handle.close();
}

#[test]
fn a_log_whose_file_is_gone_or_empty_is_refused_and_kept() {
    let killed = Killed::new();
    let (_directory, path) = found(b"", &killed.log);
    for _ in 0..2 {
        let error = open(&path).map(|_| ()).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
        assert_eq!(error.source().unwrap().to_string(), "the file is empty, its write-ahead log is not");
        assert!(read(&log(&path)) == killed.log);
        let _gone = fs::remove_file(&path);
    }
}

/// A rollback journal of another database, which would be rolled back into whatever it lies beside.
fn foreign_journal() -> Vec<u8> {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("other.db");
    let conn = Connection::open(&path).expect("it opens");
    conn.execute_batch(
        "CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(50000)); PRAGMA cache_size = 2; BEGIN; UPDATE t SET x = zeroblob(60000)",
    )
    .expect("it is on its way");
    let mut journal = read(&path.with_extension("db-journal"));
    // as it is synced: the number of its pages
    let pages = u32::try_from((journal.len() - 512) / 4_104).expect("a small number");
    journal[..8].copy_from_slice(&[0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7]);
    journal[8..12].copy_from_slice(&pages.to_be_bytes());
    journal
}

#[test]
fn a_rollback_journal_of_something_else_is_refused_and_undoes_nothing() {
    let killed = Killed::new();
    for log_bytes in [&killed.log[..], b""] {
        let (_directory, path) = found(&killed.file, log_bytes);
        let journal = path.with_extension("db-journal");
        fs::write(&journal, foreign_journal()).unwrap();
        let error = open(&path).map(|_| ()).unwrap_err();
        assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
        assert!(error.source().unwrap().to_string().contains("rollback journal"), "{error:?}");
        assert!(read(&path) == killed.file && read(&log(&path)) == log_bytes);
        // one that is finished says nothing
        fs::write(&journal, [0; 600]).unwrap();
        open(&path).unwrap().1.close();
    }
}

#[test]
fn a_store_without_page_checksums_is_refused_and_says_so() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("shop.db");
    let conn = Connection::open(&path).unwrap();
    conn.execute_batch("PRAGMA application_id = 0x636d7263; CREATE TABLE facts (schema_version INTEGER)").unwrap();
    drop(conn);
    let content = read(&path);
    let error = open(&path).map(|_| ()).unwrap_err();
    assert!(matches!(error, OpenError::NoChecksums { .. }), "{error:?}");
    assert_eq!(
        error.to_string(),
        format!("{} has no page checksums, or its first page is damaged", path.canonicalize().unwrap().display())
    );
    assert!(read(&path) == content);
}
