//! Pages of the database file.

use std::fs;

use commerce_sqlite_vfs::checked::{Counts, TAIL_BYTES, VFS};
use commerce_sqlite_vfs::{Place, take_damage};
use rusqlite::{Connection, OpenFlags};

use crate::support::{Dice, Folder, PAGE, add, fill, found, read};

fn closed() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    fill(&folder.connect());
    let content = fs::read(folder.path()).unwrap();
    (folder, content)
}

fn numbers(content: &[u8]) -> impl Iterator<Item = u32> {
    (1..).take(content.len() / PAGE)
}

/// Where a page lies.
fn range(number: u32) -> std::ops::Range<usize> {
    let end = number as usize * PAGE;
    end - PAGE..end
}

#[test]
fn every_page_leaves_room_for_a_checksum_that_is_kept_by_vacuum_and_by_copies() {
    let (folder, content) = closed();
    assert_eq!(content[20], TAIL_BYTES);
    let rows = found(&folder.path()).unwrap();
    let copies = [Folder::new(), Folder::new()];
    let conn = folder.connect();
    conn.execute("VACUUM INTO ?1", [copies[0].path().to_str().unwrap()]).unwrap();
    conn.execute_batch("DELETE FROM t WHERE id % 2 = 1; VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    assert_eq!(fs::read(folder.path()).unwrap()[20], TAIL_BYTES);
    assert_eq!(read(&conn).unwrap().len(), 200);
    assert_eq!(found(&copies[0].path()).unwrap(), rows);
    for copy in &copies[..1] {
        let mut content = fs::read(copy.path()).unwrap();
        assert_eq!(content[20], TAIL_BYTES);
        content[2 * PAGE - 9] ^= 1;
        fs::write(copy.path(), content).unwrap();
        assert_eq!(found(&copy.path()), Err(Place::Page(2)));
    }
}

#[test]
fn a_flipped_bit_in_any_page_is_found_and_the_page_is_named() {
    let (folder, content) = closed();
    assert!(numbers(&content).count() > 50, "{} pages", numbers(&content).count());
    let mut dice = Dice::new(11);
    for number in numbers(&content) {
        // past what says how large a page is, which is taken before the page is read
        let first = if number == 1 { 24 } else { 0 };
        let (byte, bit) = (first + dice.below(PAGE - first), dice.below(8));
        let mut flipped = content.clone();
        flipped[range(number)][byte] ^= 1 << bit;
        fs::write(folder.path(), &flipped).unwrap();
        assert_eq!(found(&folder.path()), Err(Place::Page(number)), "bit {bit} of byte {byte}");
    }
    fs::write(folder.path(), &content).unwrap();
    found(&folder.path()).unwrap();
}

#[test]
fn a_long_value_is_read_by_whole_pages_that_are_judged() {
    let (folder, content) = closed();
    let long = |conn: &Connection| conn.query_row("SELECT body FROM t WHERE id = 107", [], |row| row.get::<_, Vec<u8>>(0));
    assert_eq!(long(&folder.connect()).unwrap(), [0; 20_000]);
    let mut found = 0;
    for number in numbers(&content).skip(1) {
        let mut flipped = content.clone();
        flipped[range(number)][PAGE / 2] ^= 1;
        fs::write(folder.path(), &flipped).unwrap();
        match long(&folder.connect()) {
            Ok(value) => assert_eq!(value, [0; 20_000], "page {number}"),
            Err(_) => {
                assert_eq!(take_damage().unwrap().place, Place::Page(number));
                found += 1;
            }
        }
    }
    assert!(found >= 5, "the value lies on {found} pages");
}

#[test]
fn a_page_at_another_place_or_of_zeros_or_cut_off_is_found() {
    let (folder, content) = closed();
    let last = numbers(&content).last().unwrap();
    for number in numbers(&content).skip(1) {
        let mut moved = content.clone();
        moved.copy_within(range(if number == last { 2 } else { last }), range(number).start);
        let mut zeroed = content.clone();
        zeroed[range(number)].fill(0);
        for spoiled in [moved, zeroed] {
            fs::write(folder.path(), spoiled).unwrap();
            assert_eq!(found(&folder.path()), Err(Place::Page(number)));
        }
    }
}

#[test]
fn a_page_whose_halves_are_of_two_times_is_found() {
    let (folder, before) = closed();
    let conn = folder.connect();
    conn.execute_batch("UPDATE t SET body = CAST(upper(CAST(body AS TEXT)) AS BLOB), word = word || '.'").unwrap();
    add(&conn, 1_000, 50);
    drop(conn);
    let after = fs::read(folder.path()).unwrap();
    let rows = found(&folder.path()).unwrap();
    let mut torn = 0;
    for number in numbers(&before).skip(1) {
        let half = range(number).start..range(number).start + PAGE / 2;
        let mut spoiled = after.clone();
        spoiled[half.clone()].copy_from_slice(&before[half]);
        if spoiled == after || spoiled[range(number)] == before[range(number)] {
            continue;
        }
        torn += 1;
        fs::write(folder.path(), spoiled).unwrap();
        assert_eq!(found(&folder.path()), Err(Place::Page(number)));
    }
    assert!(torn > 40, "{torn} pages changed in both halves");
    fs::write(folder.path(), &after).unwrap();
    assert!(found(&folder.path()).unwrap() == rows);
}

#[test]
fn a_page_that_its_log_says_is_there_and_is_not_is_found() {
    let (folder, content) = closed();
    let conn = folder.connect();
    conn.execute("UPDATE t SET word = 'other' WHERE id = 1", []).unwrap();
    let (database, log) = folder.content();
    assert_eq!(database, content, "the change is in the log");
    let cut = Folder::of(&database[..database.len() - 10 * PAGE], &log);
    let first_gone = numbers(&content).last().unwrap() - 9;
    assert!(matches!(found(&cut.path()), Err(Place::Page(number)) if number >= first_gone));
}

#[test]
fn a_database_without_checksums_is_refused_and_not_written() {
    let folder = Folder::new();
    let conn = Connection::open(folder.path()).unwrap();
    conn.execute_batch("CREATE TABLE t (id INTEGER PRIMARY KEY, word TEXT, body BLOB)").unwrap();
    drop(conn);
    let content = fs::read(folder.path()).unwrap();
    assert_eq!(found(&folder.path()), Err(Place::Page(1)));
    assert!(folder.connect().execute("INSERT INTO t (word) VALUES ('a')", []).is_err());
    assert_eq!(fs::read(folder.path()).unwrap(), content);
}

#[test]
fn a_database_is_not_made_without_room_for_checksums() {
    let folder = Folder::new();
    drop(folder.connect());
    let conn = Connection::open_with_flags_and_vfs(folder.path(), OpenFlags::default(), VFS).unwrap();
    assert!(conn.execute_batch("CREATE TABLE t (x)").is_err());
    assert_eq!(fs::read(folder.path()).unwrap_or_default(), b"");
}

#[test]
fn syncs_are_counted_for_each_database_by_itself() {
    let (one, two) = (Folder::new(), Folder::new());
    let counts = [&one, &two].map(|folder| Counts::of(&folder.path()));
    let conn = one.connect();
    fill(&conn);
    let before = counts[0].syncs();
    assert!(before > 3);
    add(&conn, 1_000, 1);
    assert_eq!(counts[0].syncs(), before + 1);
    conn.execute_batch("PRAGMA synchronous = OFF").unwrap();
    add(&conn, 1_001, 1);
    assert_eq!((counts[0].syncs(), counts[1].syncs()), (before + 1, 0));
}
