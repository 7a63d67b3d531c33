//! Layers over SQLite's own file system: what passes through, what a layer sees and alters, and what becomes of its failures.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use commerce_sqlite_vfs::layer::{Below, Code, FileKind, FileLayer, Layer, Opened};
use commerce_sqlite_vfs::{RegisterError, register};
use rusqlite::{Connection, OpenFlags, ffi};
use tempfile::TempDir;

/// What went by.
#[derive(Default)]
struct Seen {
    events: Mutex<Vec<(FileKind, &'static str)>>,
    deleted: Mutex<Vec<PathBuf>>,
    refuses_logs: AtomicBool,
    panics: AtomicBool,
}

impl Seen {
    fn has(&self, kind: FileKind, event: &str) -> bool {
        self.events.lock().unwrap().contains(&(kind, event))
    }

    fn add(&self, kind: FileKind, event: &'static str) {
        self.events.lock().unwrap().push((kind, event));
    }
}

/// Notes what goes by, and turns every byte of a page around on its way to the disk and back.
struct Turning(Arc<Seen>);

struct TurningFile {
    seen: Arc<Seen>,
    kind: FileKind,
}

fn turned(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| !byte).collect()
}

impl Layer for Turning {
    fn open(&self, file: &Opened<'_>, _below: &mut Below<'_>) -> Result<Box<dyn FileLayer>, Code> {
        assert_eq!(file.path.is_none(), file.kind == FileKind::Other);
        if file.kind == FileKind::Log && self.0.refuses_logs.load(Ordering::Relaxed) {
            return Err(Code::DAMAGED);
        }
        self.0.add(file.kind, "open");
        Ok(Box::new(TurningFile { seen: Arc::clone(&self.0), kind: file.kind }))
    }

    fn delete(&self, path: &Path, _synced: bool, below: &mut dyn FnMut() -> Result<(), Code>) -> Result<(), Code> {
        self.0.deleted.lock().unwrap().push(path.to_owned());
        below()
    }
}

impl FileLayer for TurningFile {
    fn read(&mut self, below: &mut Below<'_>, bytes: &mut [u8], offset: u64) -> Result<(), Code> {
        assert!(!self.seen.panics.load(Ordering::Relaxed), "as it was told");
        self.seen.add(self.kind, "read");
        let read = below.read(bytes, offset);
        // what is missing is zero for those above
        let there = usize::try_from(below.size()?.saturating_sub(offset)).unwrap().min(bytes.len());
        let whole = turned(&bytes[..there]);
        bytes[..there].copy_from_slice(&whole);
        read
    }

    fn write(&mut self, below: &mut Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Code> {
        self.seen.add(self.kind, "write");
        below.write(&turned(bytes), offset)
    }

    fn truncate(&mut self, below: &mut Below<'_>, size: u64) -> Result<(), Code> {
        self.seen.add(self.kind, "truncate");
        below.truncate(size)
    }

    fn sync(&mut self, below: &mut Below<'_>, flags: i32) -> Result<(), Code> {
        self.seen.add(self.kind, "sync");
        below.sync(flags)
    }
}

fn place() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().canonicalize().expect("it is there").join("some.db");
    (directory, path)
}

fn open(path: &Path, vfs: &str) -> Connection {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(path, flags, vfs).expect("the database opens")
}

fn in_wal_mode(path: &Path, vfs: &str) -> Connection {
    let conn = open(path, vfs);
    let mode: String = conn.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).expect("the mode is set");
    assert_eq!(mode, "wal");
    conn
}

fn count(conn: &Connection) -> i64 {
    conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).expect("the table is read")
}

fn layer(name: &str, default: bool) -> Arc<Seen> {
    let seen = Arc::new(Seen::default());
    register(name, Turning(Arc::clone(&seen)), default).expect("the name is free");
    seen
}

#[test]
fn a_layer_sees_and_alters_all_that_goes_to_the_disk_and_comes_back() {
    let seen = layer("turning", false);
    let (_directory, path) = place();
    let conn = in_wal_mode(&path, "turning");
    conn.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (zeroblob(100000)); PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    conn.execute_batch("INSERT INTO t SELECT x FROM t").unwrap();
    let other = open(&path, "turning");
    assert_eq!((count(&conn), count(&other)), (2, 2));
    drop((conn, other));
    let content = std::fs::read(&path).unwrap();
    assert_eq!(turned(&content[..16]), b"SQLite format 3\0");
    assert_eq!(count(&open(&path, "turning")), 2);
    for (kind, events) in [
        (FileKind::Database, &["open", "read", "write", "sync"][..]),
        (FileKind::Log, &["open", "read", "write", "sync", "truncate"]),
        (FileKind::Journal, &["open", "write", "sync"]),
    ] {
        for event in events {
            assert!(seen.has(kind, event), "{event} of {kind:?}");
        }
    }
    let deleted = seen.deleted.lock().unwrap();
    assert!(deleted.contains(&path.with_extension("db-wal")) && deleted.contains(&path.with_extension("db-journal")), "{deleted:?}");
}

#[test]
fn layers_stack_over_the_default_of_the_time_when_they_are_registered() {
    let below = layer("below", true);
    let above = layer("above", false);
    let (_directory, path) = place();
    let conn = in_wal_mode(&path, "above");
    conn.execute_batch("CREATE TABLE t (x); INSERT INTO t VALUES (1)").unwrap();
    assert_eq!(count(&conn), 1);
    drop(conn);
    assert!(below.has(FileKind::Log, "write") && above.has(FileKind::Log, "write"));
    // turned twice
    assert!(std::fs::read(&path).unwrap().starts_with(b"SQLite format 3\0"));
    // the default is the lower one
    let (_directory, path) = place();
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert_eq!(turned(&std::fs::read(&path).unwrap()[..16]), b"SQLite format 3\0");
}

#[test]
fn connections_on_many_threads_share_the_log_and_its_locks() {
    layer("shared", false);
    let (_directory, path) = place();
    in_wal_mode(&path, "shared").execute_batch("CREATE TABLE t (x)").unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let conn = open(&path, "shared");
                conn.busy_timeout(std::time::Duration::from_secs(20)).unwrap();
                for at in 0..50 {
                    conn.execute("INSERT INTO t VALUES (?1)", [at]).unwrap();
                    let sum: i64 = conn.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
                    assert!(sum > at);
                }
            });
        }
    });
    let conn = open(&path, "shared");
    assert_eq!(count(&conn), 200);
    let whole: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(whole, "ok");
}

#[test]
fn a_refusal_or_a_panic_of_a_layer_is_an_error_of_the_statement_and_nothing_more() {
    let seen = layer("failing", false);
    let (_directory, path) = place();
    in_wal_mode(&path, "failing").execute_batch("CREATE TABLE t (x)").unwrap();
    let code = |conn: &Connection| match conn.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)) {
        Err(rusqlite::Error::SqliteFailure(error, _)) => error.extended_code,
        other => panic!("{other:?}"),
    };
    seen.refuses_logs.store(true, Ordering::Relaxed);
    let conn = open(&path, "failing");
    assert_eq!(code(&conn), ffi::SQLITE_IOERR_DATA);
    seen.refuses_logs.store(false, Ordering::Relaxed);
    assert_eq!(count(&conn), 0, "the same connection goes on");
    drop(conn);
    let conn = open(&path, "failing");
    seen.panics.store(true, Ordering::Relaxed);
    let code = code(&conn);
    assert_eq!(code & 0xff, ffi::SQLITE_IOERR, "{code}");
    seen.panics.store(false, Ordering::Relaxed);
    assert_eq!(count(&conn), 0);
}

#[test]
fn a_name_is_given_once() {
    layer("once", false);
    let again = register("once", Turning(Arc::default()), false).unwrap_err();
    assert_eq!(again, RegisterError::Name("once".into()));
    assert_eq!(register("un\0ix", Turning(Arc::default()), false), Err(RegisterError::Name("un\0ix".into())));
    assert!(register("unix", Turning(Arc::default()), false).is_err());
}

#[test]
fn temporary_files_pass_through() {
    layer("temporary", false);
    let (_directory, path) = place();
    let conn = in_wal_mode(&path, "temporary");
    conn.execute_batch("PRAGMA temp_store = FILE; PRAGMA cache_size = 2; CREATE TEMP TABLE s (x); CREATE TABLE t (x)").unwrap();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)";
    conn.execute_batch(&format!("INSERT INTO s {many} SELECT i FROM n; INSERT INTO t SELECT x FROM s ORDER BY -x; VACUUM")).unwrap();
    assert_eq!(count(&conn), 20_000);
}
