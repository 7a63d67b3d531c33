//! Folders, options, and how much is tried.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use commerce_core::ports::Store;
use commerce_core::testkit::{Dice, ManualClock};
use commerce_core::time::Timestamp;
use commerce_sqlite_vfs::checked;
use commerce_store_sqlite::{SqliteOptions, SqliteStore, StoreHandle};
use rusqlite::OpenFlags;
use tempfile::TempDir;

use crate::disk::Event;
use crate::image::{Image, Loss, write};

/// Pages in the log after which it is written back: few, so that it happens often.
pub(crate) const CHECKPOINT_PAGES: NonZeroU32 = NonZeroU32::new(24).unwrap();

/// What the environment says, if it does.
fn given(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map_or(otherwise, |text| text.parse().unwrap())
}

/// How many power cuts a test tries: so many, or more by `CHAOS_CUTS`, in parts of a hundred of what is usual.
pub(crate) fn cuts(usual: usize) -> usize {
    usual * usize::try_from(given("CHAOS_CUTS", 100)).unwrap() / 100
}

/// The dice, by `CHAOS_SEED`.
pub(crate) fn dice() -> Dice {
    let seed = given("CHAOS_SEED", 20_260_121);
    eprintln!("CHAOS_SEED={seed}");
    Dice::new(seed)
}

/// Moments to cut the power, in order: half of them around syncs.
pub(crate) fn moments(events: &[Event], number: usize, dice: &mut Dice) -> Vec<usize> {
    let syncs: Vec<usize> = (0..events.len()).filter(|at| matches!(events[*at], Event::Sync { .. })).collect();
    let mut pick = |end: usize| usize::try_from(dice.below(end as u64)).unwrap();
    let moment = |turn: usize| if turn.is_multiple_of(2) { syncs[pick(syncs.len())] + turn / 2 % 2 } else { pick(events.len() + 1) };
    let mut moments: Vec<usize> = (0..number).map(moment).collect();
    moments.sort_unstable();
    moments
}

/// Cuts the power at these moments, and lets `look` look at each folder that is left.
pub(crate) fn cut(events: &[Event], moments: &[usize], dice: &mut Dice, mut look: impl FnMut(&Path, &Image)) {
    let after = TempDir::new().unwrap();
    let (mut image, mut now) = (Image::default(), 0);
    for (cut, at) in moments.iter().copied().enumerate() {
        image.go_on(&events[now..at]);
        now = at;
        let loss = Loss::any(dice);
        eprintln!("cut {cut} after {at} of {} events, loss {loss:?}", events.len());
        write(&image.after(loss, dice), after.path());
        look(&file(&after), &image);
        assert_whole(&file(&after));
    }
}

pub(crate) fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_767_225_600)))
}

pub(crate) fn file(folder: &TempDir) -> PathBuf {
    folder.path().join("shop.db")
}

pub(crate) fn open(path: &Path, clock: &Arc<ManualClock>) -> (Store, StoreHandle) {
    let options = SqliteOptions { checkpoint_pages: CHECKPOINT_PAGES, ..SqliteOptions::new(clock.clone()) };
    SqliteStore::open(path, options).unwrap_or_else(|error| panic!("{error}: {:?}", std::error::Error::source(&error)))
}

/// Asserts that every page is whole and where it belongs.
pub(crate) fn assert_whole(path: &Path) {
    let conn = checked::open(path, OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    let walk: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(walk, "ok");
}
