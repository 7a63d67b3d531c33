//! Frames of a log that is in use.

use std::fs;
use std::os::unix::fs::FileExt;

use commerce_sqlite_vfs::checked::Owner;
use commerce_sqlite_vfs::{Place, take_damage};
use rusqlite::Connection;

use crate::support::{Dice, Folder, PAGE, add, fill, found_by, read};

const FRAME: usize = PAGE + 24;

fn checkpoint(conn: &Connection) -> rusqlite::Result<(i64, i64)> {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok((row.get(0)?, row.get(2)?)))
}

/// Flips a bit of a frame's page on the disk.
fn flip(folder: &Folder, frame: usize, dice: &mut Dice) {
    let at = (32 + frame * FRAME + 24 + dice.below(PAGE)) as u64;
    let file = fs::OpenOptions::new().read(true).write(true).open(folder.log()).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 1 << dice.below(8)], at).unwrap();
}

#[test]
fn a_frame_that_changes_on_the_disk_is_found_by_every_connection_and_never_written_back() {
    let folder = Folder::new();
    let owner = Owner::of(&folder.path());
    let conn = folder.connect();
    fill(&conn);
    checkpoint(&conn).unwrap();
    let clean = fs::read(folder.path()).unwrap();
    add(&conn, 1_000, 30);
    let rows = read(&conn).unwrap();
    let frames = (folder.content().1.len() - 32) / FRAME;
    assert!(frames > 5);
    let log = folder.content().1;
    let mut dice = Dice::new(5);
    for frame in 0..frames {
        flip(&folder, frame, &mut dice);
        // a connection that has nothing in its cache
        let beside = folder.connect();
        let place = Place::Frame(u32::try_from(frame).unwrap() + 1);
        assert_eq!(found_by(&beside), Err(place));
        assert!(checkpoint(&beside).is_err());
        assert_eq!(take_damage().unwrap().place, place);
        drop(beside);
        fs::write(folder.log(), &log).unwrap();
        let beside = folder.connect();
        assert!(read(&beside).unwrap() == rows);
    }
    drop(owner);
    let mut written = fs::read(folder.path()).unwrap();
    written.truncate(clean.len());
    checkpoint(&conn).unwrap();
    assert!(read(&folder.connect()).unwrap() == rows);
}

#[test]
fn a_log_that_begins_anew_is_known_anew() {
    let folder = Folder::new();
    let _owner = Owner::of(&folder.path());
    let conn = folder.connect();
    fill(&conn);
    let reader = folder.connect();
    for round in 0..5 {
        // the log begins anew in its place, and shorter
        conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
        add(&conn, 1_000 * (round + 1), 20);
        assert_eq!(read(&reader).unwrap(), read(&conn).unwrap());
        assert_eq!(checkpoint(&conn).unwrap().0, 0);
        add(&conn, 1_000 * (round + 1) + 500, 5);
        assert_eq!(read(&reader).unwrap().len(), read(&conn).unwrap().len());
    }
}

#[test]
fn a_transaction_that_is_larger_than_the_cache_and_one_that_is_undone_are_known() {
    let folder = Folder::new();
    let _owner = Owner::of(&folder.path());
    let conn = folder.connect();
    fill(&conn);
    conn.execute_batch("PRAGMA cache_size = 10; BEGIN; UPDATE t SET body = CAST(upper(CAST(body AS TEXT)) AS BLOB); UPDATE t SET body = CAST(lower(CAST(body AS TEXT)) AS BLOB)").unwrap();
    add(&conn, 1_000, 100);
    conn.execute_batch("COMMIT").unwrap();
    let rows = read(&folder.connect()).unwrap();
    assert_eq!(rows.len(), 500);
    conn.execute_batch("BEGIN; DELETE FROM t; ROLLBACK; UPDATE t SET body = x'00' WHERE id = 3").unwrap();
    assert_eq!(read(&folder.connect()).unwrap().len(), 500);
    checkpoint(&conn).unwrap();
    assert_eq!(read(&folder.connect()).unwrap().len(), 500);
}
