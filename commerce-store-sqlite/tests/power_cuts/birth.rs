//! Power cuts while a store is made.

use std::num::NonZeroU16;

use commerce_store_sqlite::SqliteStore;
use tempfile::TempDir;

use crate::disk::{Disk, Event};
use crate::image::{Image, Loss, write};
use crate::support::{assert_whole, clock, cuts, dice, file, open};

const LOSSES: usize = 1;

#[test]
fn a_store_that_the_power_left_half_made_is_made_again_and_one_that_was_made_stays_itself() {
    let disk = Disk::new();
    let (folder, after) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    disk.watch(folder.path());
    let shards = NonZeroU16::new(3).unwrap();
    let made = SqliteStore::migrate(file(&folder), shards).unwrap();
    disk.told(1);
    // once more: a log of its own
    open(&file(&folder), &clock()).1.close();
    let events = disk.events();
    assert!(events.iter().any(|event| matches!(event, Event::Delete { name, .. } if name.ends_with("-journal"))));
    let mut dice = dice();
    let (mut anew, mut journals) = (0, 0);
    for at in 0..=events.len() {
        for turn in 0..cuts(LOSSES) {
            let loss = if (at + turn).is_multiple_of(3) { Loss::All } else { Loss::any(&mut dice) };
            let image = Image::of(&events[..at]);
            let files = image.after(loss, &mut dice);
            journals += usize::from(files.get("shop.db-journal").is_some_and(|journal| !journal.is_empty()));
            write(&files, after.path());
            eprintln!("cut after {at} of {} events, loss {loss:?}", events.len());
            let (store, handle) = open(&file(&after), &clock());
            assert_eq!(store.facts.schema_version, made.schema_version);
            assert!(image.told.is_empty() || store.facts == made, "what was made is another one");
            anew += usize::from(store.facts != made);
            drop(store);
            handle.close();
            assert_whole(&file(&after));
        }
    }
    assert!(anew > 5 && journals > 2, "{anew} were made anew, {journals} had a journal beside them");
}
