//! Logs that were left behind: cut off as a power cut can, and damaged as it cannot.

use std::fs;

use commerce_sqlite_vfs::Place;
use commerce_sqlite_vfs::checked::{Counts, Owner};

use crate::support::{Dice, Folder, PAGE, add, fill, found, read};

const FRAME: usize = PAGE + 24;

/// A database and its log with several transactions, as a killed process leaves them: the database, the log, how many rows it has after
/// each transaction, and at which frame each begins.
struct Left {
    database: Vec<u8>,
    log: Vec<u8>,
    rows: Vec<usize>,
    begins: Vec<usize>,
}

impl Left {
    fn new(transactions: i64) -> Self {
        let folder = Folder::new();
        let conn = folder.connect();
        fill(&conn);
        conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(())).unwrap();
        let (mut rows, mut begins) = (vec![400], Vec::new());
        for transaction in 1..=transactions {
            begins.push(frames(&folder.content().1));
            add(&conn, 1_000 * transaction, 12);
            rows.push(rows[rows.len() - 1] + 12);
        }
        begins.push(frames(&folder.content().1));
        let (database, log) = folder.content();
        assert!(begins.windows(2).all(|pair| pair[1] > pair[0] + 1), "several frames each: {begins:?}");
        Self { database, log, rows, begins }
    }

    /// The number of the transaction that a frame belongs to, the first one 0.
    fn transaction_of(&self, frame: usize) -> usize {
        self.begins.iter().rposition(|begin| *begin <= frame).unwrap()
    }

    fn last(&self) -> usize {
        self.begins.len() - 2
    }
}

fn frames(log: &[u8]) -> usize {
    log.len().saturating_sub(32) / FRAME
}

#[test]
fn a_log_that_was_left_whole_is_taken_up_whole_and_synced_before_anything_is_read() {
    let left = Left::new(3);
    let folder = Folder::of(&left.database, &left.log);
    let (_owner, counts) = (Owner::of(&folder.path()), Counts::of(&folder.path()));
    let conn = folder.connect();
    assert_eq!(read(&conn).unwrap().len(), left.rows[3]);
    assert_eq!(counts.syncs(), 1);
    add(&conn, 9_000, 3);
    assert_eq!(counts.syncs(), 2);
    assert_eq!(read(&folder.connect()).unwrap().len(), left.rows[3] + 3);
}

#[test]
fn a_flipped_bit_anywhere_in_a_left_log_is_refused_and_named_unless_it_lies_in_the_last_transaction() {
    let left = Left::new(3);
    let mut dice = Dice::new(23);
    for frame in 0..frames(&left.log) {
        // once anywhere, and once in each part of the frame's header: page, size, salts, checksums
        let places = [24 + dice.below(PAGE), dice.below(4), 4 + dice.below(4), 8 + dice.below(8), 16 + dice.below(8)];
        for byte in places {
            let bit = dice.below(8);
            let mut log = left.log.clone();
            log[32 + frame * FRAME + byte] ^= 1 << bit;
            let found = found(&Folder::of(&left.database, &log).path());
            let at = format!("bit {bit} of byte {byte} of frame {frame}, transactions begin at {:?}", left.begins);
            let named = Err(Place::Frame(u32::try_from(frame).unwrap() + 1));
            // a size in a frame says that a transaction ends there: what follows then is of another one
            let ends = (4..8).contains(&byte) && frame + 1 < frames(&left.log);
            if left.transaction_of(frame) < left.last() || ends {
                assert_eq!(found, named, "{at}");
            } else {
                assert_eq!(found.expect(&at).len(), left.rows[left.last()], "{at}");
            }
        }
    }
}

#[test]
fn a_flipped_bit_in_the_header_of_a_left_log_is_refused() {
    let left = Left::new(2);
    for bit in 0..32 * 8 {
        let mut log = left.log.clone();
        log[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(found(&Folder::of(&left.database, &log).path()), Err(Place::LogHeader), "bit {bit}");
    }
    // one that was never written
    for size in [0, 10, 31] {
        assert_eq!(found(&Folder::of(&left.database, &left.log[..size]).path()).unwrap().len(), 400);
    }
    assert_eq!(found(&Folder::of(&left.database, &[0; 32]).path()).unwrap().len(), 400);
}

#[test]
fn a_last_transaction_of_which_any_part_is_missing_is_as_if_it_had_never_been() {
    let left = Left::new(3);
    let begin = left.begins[left.last()];
    let mut dice = Dice::new(31);
    for _ in 0..40 {
        let mut log = left.log.clone();
        let tail = 32 + begin * FRAME;
        let mut missing = 0;
        for sector in tail.div_ceil(512)..log.len().div_ceil(512) {
            if dice.below(3) == 0 {
                let end = log.len().min((sector + 1) * 512);
                // what was there before: nothing
                log[sector * 512..end].fill(0);
                missing += 1;
            }
        }
        let rows = found(&Folder::of(&left.database, &log).path()).unwrap().len();
        assert_eq!(rows, left.rows[left.last() + usize::from(missing == 0)]);
    }
    for cut in (32 + begin * FRAME..left.log.len()).step_by(512) {
        assert_eq!(found(&Folder::of(&left.database, &left.log[..cut]).path()).unwrap().len(), left.rows[left.last()]);
    }
}

#[test]
fn what_a_cut_off_transaction_left_behind_the_end_is_not_taken_for_damage_after_the_next_cut() {
    // a long transaction is cut off by its first frame, a short one is written over it and cut off too
    let left = Left::new(1);
    let folder = Folder::of(&left.database, &left.log);
    let conn = folder.connect();
    let begin = folder.content().1.len();
    add(&conn, 5_000, 200);
    let (_, mut log) = folder.content();
    log[begin + 100] ^= 1;
    let folder = Folder::of(&left.database, &log);
    let conn = folder.connect();
    assert_eq!(read(&conn).unwrap().len(), left.rows[1]);
    add(&conn, 6_000, 12);
    let (_, once) = folder.content();
    assert_eq!(once.len(), log.len(), "the rest of the long one is behind it");
    for byte in [begin + 100, begin + FRAME + 100] {
        let mut twice = once.clone();
        twice[byte] ^= 1;
        assert_eq!(found(&Folder::of(&left.database, &twice).path()).unwrap().len(), left.rows[1]);
    }
    assert_eq!(found(&Folder::of(&left.database, &once).path()).unwrap().len(), left.rows[1] + 12);
}

#[test]
fn frames_of_an_earlier_log_behind_the_end_are_not_taken_for_damage() {
    let folder = Folder::new();
    let conn = folder.connect();
    fill(&conn);
    let long = folder.content().1.len();
    conn.query_row("PRAGMA wal_checkpoint(RESTART)", [], |_| Ok(())).unwrap();
    add(&conn, 1_000, 12);
    add(&conn, 2_000, 12);
    let (database, log) = folder.content();
    assert_eq!(log.len(), long);
    assert_eq!(found(&Folder::of(&database, &log).path()).unwrap().len(), 424);
}

#[test]
fn a_spoiled_index_of_a_log_is_made_anew() {
    let left = Left::new(3);
    let folder = Folder::of(&left.database, &left.log);
    let mut dice = Dice::new(3);
    let index: Vec<u8> = (0..65_536).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
    fs::write(folder.path().with_extension("db-shm"), index).unwrap();
    assert_eq!(found(&folder.path()).unwrap().len(), left.rows[3]);
}
