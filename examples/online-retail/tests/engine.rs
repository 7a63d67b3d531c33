//! The binary over its engine: the file that it leaves, and what ends it.

use std::path::Path;
use std::process::{Command, Output};

use online_retail::row::COLUMNS;

const LINES: [&str; 5] = [
    "1,536365,85123A,HEART,6,2010-12-01 08:26:00,2.55,17850,UK",
    "2,536365,POST,POSTAGE,1,2010-12-01 08:26:00,18.00,17850,UK",
    "3,C536366,85123A,HEART,-4,2010-12-02 08:26:00,2.55,17850,UK",
    "4,536367,85123A,damages,-3,2010-12-01 09:00:00,0,,UK",
    "5,536368,POST,POSTAGE,2,2010-12-03 08:26:00,18.00,17850,UK",
];

fn run(folder: &Path, lines: &[&str]) -> Output {
    let data = folder.join("data.csv");
    std::fs::write(&data, format!("{}\n{}\n", COLUMNS.join(","), lines.join("\n"))).expect("writes");
    Command::new(env!("CARGO_BIN_EXE_online-retail")).arg(data).arg("--store").arg(folder.join("shop.db")).output().expect("runs")
}

/// The cells of the books' row of this name.
fn cells(report: &str, name: &str) -> Vec<String> {
    let row = report.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in\n{report}"));
    row.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn plan_engine_and_provider_agree_on_every_sum() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run(folder.path(), &LINES);
    let report = String::from_utf8(run.stdout).expect("text");
    assert_eq!(run.status.code(), Some(0), "{report}");
    for (name, sums) in [
        ("orders placed and paid", &["2", "2"][..]),
        ("orders delivered whole", &["2", "2"]),
        ("returns received", &["1", "1"]),
        ("units dispatched", &["9", "9"]),
        ("units returned", &["4", "4"]),
        ("units on hand", &["4", "4"]),
        ("GBP captured", &["69.30", "69.30", "69.30"]),
        ("GBP refunded", &["10.20", "10.20", "10.20"]),
    ] {
        assert_eq!(cells(&report, name), sums, "{name}");
    }
    assert!(report.contains("\nverify\n") && report.ends_with("\nclean\n"), "{report}");
}

#[test]
fn a_store_that_exists_is_left_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(run(folder.path(), &LINES).status.code(), Some(0));
    let store = std::fs::read(folder.path().join("shop.db")).expect("a store was left");
    assert!(!store.is_empty());
    let again = run(folder.path(), &LINES);
    let text = String::from_utf8(again.stderr).expect("text");
    assert_eq!(again.status.code(), Some(2), "{text}");
    assert!(text.contains("shop.db exists: the replay wants a new file"), "{text}");
    assert_eq!(std::fs::read(folder.path().join("shop.db")).expect("still there"), store);
}

#[test]
fn a_store_that_cannot_be_made_ends_the_run_with_2_and_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("no such folder").join("shop.db");
    let run = Command::new(env!("CARGO_BIN_EXE_online-retail")).arg("--store").arg(&store).output().expect("runs");
    let text = String::from_utf8(run.stderr).expect("text");
    assert_eq!(run.status.code(), Some(2), "{text}");
    assert!(text.contains("no such folder"), "{text}");
    assert!(run.stdout.is_empty());
}

#[test]
fn a_file_that_is_not_there_ends_the_run_with_2_and_its_name() {
    let run = Command::new(env!("CARGO_BIN_EXE_online-retail")).arg("nowhere.csv").output().expect("runs");
    let text = String::from_utf8(run.stderr).expect("text");
    assert_eq!(run.status.code(), Some(2), "{text}");
    assert!(text.starts_with("nowhere.csv: ") && text.contains("No such file"), "{text}");
    assert!(run.stdout.is_empty());
}

#[test]
fn a_file_without_an_order_is_a_replay_of_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = run(folder.path(), &[]);
    let report = String::from_utf8(run.stdout).expect("text");
    assert_eq!(run.status.code(), Some(0), "{report}");
    assert_eq!(cells(&report, "orders placed and paid"), ["0", "0"]);
}
