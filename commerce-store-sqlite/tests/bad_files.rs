//! Files that other processes hold, that are cut off or spoiled, and disks that are full or cannot be written.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use commerce_core::engine::{Builder, Commerce, Error, PlaceOrder};
use commerce_core::id::{OrderId, ProviderName};
use commerce_core::personal::PersonalData;
use commerce_core::ports::{PortErrorKind, Retry};
use commerce_core::sandbox::{Options, Sandbox};
use commerce_core::testkit::shop::Shop;
use commerce_core::testkit::{Dice, ManualClock};
use commerce_core::time::Timestamp;
use commerce_sqlite_vfs::{Place, checked, take_damage};
use commerce_store_sqlite::{OpenError, SqliteOptions, SqliteStore, StoreHandle};
use futures::executor::block_on;
use rusqlite::OpenFlags;
use tempfile::TempDir;

const SEED: u64 = 20_260_107;
const PAGE: usize = 4_096;

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(Timestamp::from_secs(1_767_225_600)))
}

fn directory() -> (TempDir, PathBuf) {
    let directory = TempDir::new().expect("a temporary directory");
    let path = directory.path().join("commerce.db");
    (directory, path)
}

/// An engine over a file, if it opens.
fn engine(path: &Path) -> Result<(Commerce, StoreHandle), OpenError> {
    let clock = clock();
    let (store, handle) = SqliteStore::open(path, SqliteOptions::new(clock.clone()))?;
    let bank = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
    let name = ProviderName::new("sandbox").expect("a valid name");
    Ok((Builder::new(store, clock, name, bank).build().0, handle))
}

/// Says which file this process works on if it plays another one's part.
fn part() -> Option<PathBuf> {
    std::env::var_os("COMMERCE_TEST_FILE").map(PathBuf::from)
}

/// Another process that plays its part in the test of this name; `shell` runs before it.
fn another(test: &str, path: &Path, shell: &str) -> Child {
    let binary = std::env::current_exe().expect("this test is a file");
    let script = format!("{shell} exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(binary).args([test, "--exact", "--nocapture"]);
    command.env("COMMERCE_TEST_FILE", path).stdin(Stdio::piped()).stdout(Stdio::piped());
    command.spawn().expect("another process starts")
}

/// What it says after this word, once it says it.
fn says(lines: &mut impl Iterator<Item = std::io::Result<String>>, word: &str) -> String {
    for line in lines {
        if let Some((_, rest)) = line.expect("it says something").split_once(word) {
            return rest.trim().to_owned();
        }
    }
    panic!("it ended and never said {word}");
}

fn say(words: &str) {
    let mut out = std::io::stdout();
    writeln!(out, "\n{words}").and_then(|()| out.flush()).expect("someone listens");
}

#[test]
fn a_file_that_another_process_has_open_is_refused_until_that_process_is_gone() {
    if let Some(path) = part() {
        let _open = engine(&path).expect("nobody has it");
        say("OPEN");
        // until it is killed
        let _ended = std::io::stdin().lines().next();
        return;
    }
    let (_directory, path) = directory();
    SqliteStore::migrate(&path, std::num::NonZeroU16::MIN).unwrap();
    let mut other = another("a_file_that_another_process_has_open_is_refused_until_that_process_is_gone", &path, "");
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    says(&mut lines, "OPEN");
    let content = fs::read(&path).unwrap();
    for _ in 0..2 {
        let refused = engine(&path).map(|_| ()).unwrap_err();
        assert!(matches!(&refused, OpenError::Locked { lock, .. } if lock.ends_with("commerce.db-lock")), "{refused:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), content);
    other.kill().unwrap();
    other.wait().unwrap();
    let (_commerce, handle) = engine(&path).unwrap();
    handle.close();
}

/// A directory in which nobody may write: not even the superuser, whom modes do not bind.
fn unwritable(directory: &Path) -> PathBuf {
    let mut mode = fs::metadata(directory).expect("the directory is there").permissions();
    mode.set_readonly(true);
    fs::set_permissions(directory, mode).expect("it is ours");
    let bound = fs::write(directory.join("probe"), b"").is_err();
    if bound { directory.to_owned() } else { PathBuf::from("/sys") }
}

#[test]
fn a_directory_that_cannot_be_written_refuses_the_store_and_stays_as_it_is() {
    let (directory, _) = directory();
    let path = unwritable(directory.path()).join("commerce.db");
    let refused = engine(&path).map(|_| ()).unwrap_err();
    assert!(matches!(refused, OpenError::ReadOnly { .. }), "{refused:?}");
    assert_eq!(refused.to_string(), format!("{} cannot be written", path.display()));
    assert!(!path.exists());
    assert!(SqliteStore::migrate(&path, std::num::NonZeroU16::MIN).is_err());
}

/// A file that a bustling shop left behind.
fn bustle(path: &Path) -> Vec<u8> {
    let clock = clock();
    let (store, handle) = SqliteStore::open(path, SqliteOptions::new(clock.clone())).expect("a new file opens");
    drop(block_on(Shop::over(store, clock).open_and_bustle()));
    handle.close();
    fs::read(path).expect("the file is read")
}

/// What becomes of a file of this content.
#[derive(Debug, PartialEq)]
enum Fate {
    Refused,
    Unreadable,
    Different,
    Clean,
}

fn fate(content: &[u8]) -> Fate {
    let (_directory, path) = directory();
    fs::write(&path, content).expect("the file is written");
    match engine(&path) {
        Err(
            OpenError::Newer { .. }
            | OpenError::Foreign { .. }
            | OpenError::NotADatabase { .. }
            | OpenError::NoChecksums { .. }
            | OpenError::Corrupt { .. },
        ) => {
            assert_eq!(fs::read(&path).expect("the file is read"), content, "what is refused is left as it was");
            Fate::Refused
        }
        Err(error) => panic!("a file of {} bytes: {error:?}", content.len()),
        Ok((commerce, handle)) => {
            let report = block_on(commerce.verify());
            handle.close();
            match report {
                Ok(report) if report.is_clean() => Fate::Clean,
                Ok(report) if report.to_string().contains("is not what was written there") => Fate::Unreadable,
                Ok(_) => Fate::Different,
                Err(Error::Port(error)) if error.kind != PortErrorKind::Misuse => Fate::Unreadable,
                Err(error) => panic!("a file of {} bytes: {error:?}", content.len()),
            }
        }
    }
}

#[test]
fn a_file_that_is_cut_off_is_refused_or_found_out() {
    let (_directory, path) = directory();
    let whole = bustle(&path);
    assert_eq!(fate(&whole), Fate::Clean);
    let pages = whole.len() / PAGE;
    let cuts =
        [1, 15, 100, 1_000].into_iter().chain((1..=24).map(|part| pages * part / 25 * PAGE)).chain([whole.len() - PAGE, whole.len() - 1]);
    for cut in cuts {
        let fate = fate(&whole[..cut]);
        assert_ne!(fate, Fate::Clean, "a file of {} bytes cut off at {cut}", whole.len());
    }
}

/// The first thing that a walk over every page in use finds to be damaged.
fn walk(content: &[u8]) -> Option<Place> {
    let (_directory, path) = directory();
    fs::write(&path, content).expect("the file is written");
    let conn = checked::open(&path.canonicalize().expect("it is there"), OpenFlags::SQLITE_OPEN_READ_WRITE).expect("the file opens");
    let free: i64 = conn.query_row("PRAGMA freelist_count", [], |row| row.get(0)).expect("the first page is whole");
    assert_eq!(free, 0, "every page is in use");
    let found: String = conn.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("it walks on");
    take_damage().filter(|_| found != "ok").map(|damage| damage.place)
}

#[test]
fn a_flipped_bit_in_any_even_page_is_refused_or_found_and_nobody_reads_anything_else_or_panics() {
    flip_each(0);
}

#[test]
fn a_flipped_bit_in_any_odd_page_is_refused_or_found_and_nobody_reads_anything_else_or_panics() {
    flip_each(1);
}

/// Flips a bit in every other page of a file.
fn flip_each(first: usize) {
    static PANICS: AtomicUsize = AtomicUsize::new(0);
    let (_directory, path) = directory();
    let whole = bustle(&path);
    assert_eq!((fate(&whole), walk(&whole)), (Fate::Clean, None));
    let mut dice = Dice::new(SEED);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(info);
    }));
    let pages = whole.len() / PAGE;
    let mut read = 0;
    for page in (first..pages).step_by(2) {
        let mut content = whole.clone();
        let at = page * PAGE + usize::try_from(dice.below(PAGE as u64)).expect("a place in the page");
        let bit = dice.below(8);
        content[at] ^= 1 << bit;
        let flip = format!("seed {SEED}: bit {bit} of byte {at}, in page {} of {pages}", page + 1);
        match fate(&content) {
            Fate::Refused | Fate::Unreadable => read += 1,
            // indexes that no check of the engine goes by
            Fate::Clean => assert_eq!(walk(&content), Some(Place::Page(u32::try_from(page + 1).expect("a page number"))), "{flip}"),
            Fate::Different => panic!("{flip}: something else was read"),
        }
        assert_eq!(PANICS.load(Ordering::Relaxed), 0, "{flip}");
    }
    assert!(read > pages / 4, "{read} of {pages} pages, half of which were tried, are read by the engine's checks");
}

#[test]
fn a_disk_that_fills_up_refuses_what_does_not_fit_keeps_what_it_said_and_goes_on_once_there_is_room() {
    if let Some(path) = part() {
        return fill(&path);
    }
    let (_directory, path) = directory();
    let name = "a_disk_that_fills_up_refuses_what_does_not_fit_keeps_what_it_said_and_goes_on_once_there_is_room";
    // in units of 512 bytes; a process that may write no more is told so, and not killed
    let mut other = another(name, &path, "trap '' XFSZ; ulimit -f 4000;");
    drop(other.stdin.take());
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    let said = says(&mut lines, "PLACED");
    assert!(lines.map_while(Result::ok).count() > 0);
    assert!(other.wait().unwrap().success(), "it met no panic");
    let said: Vec<OrderId> = said.split(' ').map(|id| id.parse().unwrap()).collect();
    assert!(said.len() > 20, "{} orders fit", said.len());

    let (commerce, handle) = engine(&path).unwrap();
    let report = block_on(commerce.verify()).unwrap();
    assert!(report.is_clean() && report.unsettled.is_empty(), "{report}");
    let call = commerce_core::engine::Call::staff("till-1");
    for id in &said {
        block_on(commerce.get_order(&call, *id)).unwrap();
    }
    drop(commerce);
    handle.close();

    let clock = clock();
    let (store, handle) = SqliteStore::open(&path, SqliteOptions::new(clock.clone())).unwrap();
    let shop = block_on(Shop::over(store, clock).seed(8).open());
    block_on(async {
        shop.order(large(&shop)).await;
        let orders = shop.commerce.verify().await.unwrap().looked_at[&commerce_core::engine::Check::OrderStream];
        assert_eq!(orders, said.len() as u64 + 1, "what was refused is nowhere");
    });
    drop(shop);
    handle.close();
}

/// An order that takes some room.
fn large(shop: &Shop) -> PlaceOrder {
    let note = Some("x".repeat(2_000));
    PlaceOrder { personal: Some(PersonalData { note, ..PersonalData::default() }), ..shop.basket(&[("CARRIAGE", 1)]) }
}

/// Places orders until the disk is full, tells which it was told are placed, and looks at them.
fn fill(path: &Path) {
    let clock = clock();
    let (store, handle) = SqliteStore::open(path, SqliteOptions::new(clock.clone())).expect("a new file opens");
    let shop = block_on(Shop::over(store, clock).open());
    let mut placed = Vec::new();
    let mut refused = 0;
    while refused < 5 {
        match block_on(shop.try_order(large(&shop))) {
            Ok(order) => placed.push(order.id),
            Err(Error::Port(error)) => {
                assert_eq!((error.kind, error.retry), (PortErrorKind::Unavailable, Retry::Later), "{error}");
                refused += 1;
            }
            Err(error) => panic!("{error:?}"),
        }
    }
    for id in &placed {
        block_on(shop.get(*id));
    }
    let report = block_on(shop.commerce.verify()).expect("the store is read");
    assert!(report.is_clean(), "{report}");
    say(&format!("PLACED {}", placed.iter().map(OrderId::to_string).collect::<Vec<_>>().join(" ")));
    drop(shop);
    handle.close();
}
