//! What may lie at the path, and what is said of it.

use std::fs;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::ports::{PortErrorKind, Retry, Shard, Store};
use commerce_core::testkit::ManualClock;
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{OpenError, SqliteOptions, SqliteStore, StoreHandle};
use futures::executor::block_on;
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

fn directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("commerce.db");
    (directory, path)
}

/// A file of a store, open to anything.
fn edit(path: &Path) -> Connection {
    commerce_sqlite_vfs::checked::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).expect("the file opens")
}

fn options() -> SqliteOptions {
    SqliteOptions::new(Arc::new(ManualClock::at(Timestamp::from_secs(1_000))))
}

fn open(path: &Path) -> Result<(Store, StoreHandle), OpenError> {
    SqliteStore::open(path, options())
}

fn refused(path: &Path) -> OpenError {
    open(path).map(|(_, handle)| handle.close()).expect_err("the store is refused")
}

#[test]
fn a_directory_that_is_not_there_is_said_to_be_missing_and_is_not_made() {
    let (directory, _) = directory();
    let path = directory.path().join("absent").join("commerce.db");
    let error = refused(&path);
    assert!(matches!(error, OpenError::NoDirectory { .. }), "{error:?}");
    assert_eq!(error.to_string(), format!("the directory of {} does not exist", path.display()));
    assert!(!directory.path().join("absent").exists());
}

#[test]
fn a_file_that_is_not_a_database_is_refused_and_left_as_it_was() {
    for content in [b"order,sku,qty\n1,A,2\n".to_vec(), vec![7], vec![0xa5; 20_000], b"SQLite format 3\0".repeat(100)] {
        let (_directory, path) = directory();
        fs::write(&path, &content).unwrap();
        let error = refused(&path);
        assert!(matches!(error, OpenError::NotADatabase { .. }), "{} bytes: {error:?}", content.len());
        assert_eq!(fs::read(&path).unwrap(), content);
    }
}

#[test]
fn a_directory_at_the_path_is_not_a_database() {
    let (directory, _) = directory();
    let error = refused(directory.path());
    assert!(matches!(error, OpenError::NotADatabase { .. }), "{error:?}");
}

#[test]
fn a_database_of_another_program_is_refused_and_left_as_it_was() {
    let (_directory, path) = directory();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE facts (schema_version INTEGER); INSERT INTO facts VALUES (1)").unwrap();
    let content = fs::read(&path).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Foreign { .. }), "{error:?}");
    assert_eq!(fs::read(&path).unwrap(), content);
}

#[test]
fn a_file_of_a_newer_version_is_refused_and_named_with_both_versions() {
    let (_directory, path) = directory();
    SqliteStore::migrate(&path, NonZeroU16::MIN).unwrap();
    edit(&path).execute("UPDATE facts SET schema_version = 99", []).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Newer { found: 99, known: 1, .. }), "{error:?}");
    let found: u32 = edit(&path).query_row("SELECT schema_version FROM facts", [], |row| row.get(0)).unwrap();
    assert_eq!(found, 99);
}

#[test]
fn a_store_that_lost_its_facts_or_a_part_of_its_file_is_damaged() {
    let (_directory, path) = directory();
    SqliteStore::migrate(&path, NonZeroU16::MIN).unwrap();
    let whole = fs::read(&path).unwrap();
    edit(&path).execute("DELETE FROM facts", []).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");

    // the first page names tables whose pages are gone
    let (_directory, path) = directory();
    fs::write(&path, &whole[..4_096]).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Corrupt { .. }), "{error:?}");
}

#[test]
fn a_file_that_is_open_is_refused_to_everyone_else_until_it_is_closed() {
    let (directory, path) = directory();
    let (store, handle) = open(&path).unwrap();
    let link = directory.path().join("link.db");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    for path in [&path, &link] {
        let error = refused(path);
        assert!(matches!(&error, OpenError::Locked { lock, .. } if lock.ends_with("commerce.db-lock")), "{error:?}");
        assert!(error.to_string().contains("commerce.db-lock"), "{error}");
        assert!(matches!(SqliteStore::migrate(path, NonZeroU16::MIN), Err(OpenError::Locked { .. })));
    }
    handle.close();
    drop(store);
    let (_store, handle) = open(&link).unwrap();
    handle.close();
}

#[test]
fn a_lock_file_that_cannot_be_made_refuses_the_store() {
    let (_directory, path) = directory();
    fs::create_dir(path.with_extension("db-lock")).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Other { .. } | OpenError::ReadOnly { .. }), "{error:?}");
    assert!(!path.exists());
}

#[test]
fn a_log_that_cannot_be_made_refuses_the_store() {
    let (_directory, path) = directory();
    fs::create_dir(path.with_extension("db-wal")).unwrap();
    let error = refused(&path);
    assert!(matches!(error, OpenError::Other { .. }), "{error:?}");
}

#[test]
fn facts_are_made_once_and_every_store_has_its_own_key() {
    let (_directory, path) = directory();
    let shards = NonZeroU16::new(3).unwrap();
    let first = SqliteStore::migrate(&path, shards).unwrap();
    assert_eq!((first.schema_version, first.shards), (1, 3));
    let content = fs::read(&path).unwrap();
    assert!(SqliteStore::migrate(&path, NonZeroU16::MIN).unwrap() == first, "a file keeps its shards and its key");
    assert_eq!(fs::read(&path).unwrap(), content, "a second migration writes nothing");
    let (store, handle) = open(&path).unwrap();
    assert!(store.facts == first);
    handle.close();
    let (_directory, other) = directory();
    assert!(SqliteStore::migrate(&other, shards).unwrap().hmac_key != first.hmac_key);
}

#[test]
fn an_empty_file_becomes_a_store() {
    let (_directory, path) = directory();
    fs::write(&path, b"").unwrap();
    let (_store, handle) = open(&path).unwrap();
    handle.close();
}

#[test]
fn a_closed_store_refuses_calls_and_says_that_they_did_nothing() {
    let (_directory, path) = directory();
    let (store, handle) = open(&path).unwrap();
    let changed = store.feed.changed();
    handle.close();
    block_on(changed);
    let read = block_on(store.feed.heads()).unwrap_err();
    assert_eq!((read.kind, read.retry), (PortErrorKind::Unavailable, Retry::Later));
    let write = block_on(store.carts.sweep(Timestamp::from_secs(1), 10)).unwrap_err();
    assert_eq!((write.kind, write.retry), (PortErrorKind::Unavailable, Retry::Later));
    assert_eq!(block_on(store.feed.read(Shard(0), Default::default(), 10, true)).unwrap_err().kind, PortErrorKind::Unavailable);
}

#[test]
fn closing_leaves_one_file_and_no_log_beside_it() {
    let (_directory, path) = directory();
    // connections that close at once leave the log now and then: often enough to be seen
    for round in 0..400 {
        let (store, handle) = open(&path).unwrap();
        block_on(store.carts.sweep(Timestamp::from_secs(round), 10)).unwrap();
        handle.close();
        assert!(!path.with_extension("db-wal").exists(), "round {round}");
    }
}
