//! Whatever stands on a line, the line costs itself alone.

use std::io::{Cursor, Write};
use std::process::{Command, Output};

use online_retail::book::Book;
use online_retail::drive::Outcomes;
use online_retail::plan::Plan;
use online_retail::reader::Rows;
use online_retail::report::Report;
use online_retail::row::COLUMNS;
use proptest::prelude::*;

const SAMPLE: &str = include_str!("../sample.csv");
const LINES_OF_A_CASE: usize = 200;

fn good() -> Vec<&'static str> {
    SAMPLE.lines().skip(1).take(LINES_OF_A_CASE).collect()
}

fn read(lines: &[Vec<u8>]) -> Book {
    let mut bytes = COLUMNS.join(",").into_bytes();
    for line in lines {
        bytes.push(b'\n');
        bytes.extend_from_slice(line);
    }
    Book::read(Rows::new(Cursor::new(bytes)).expect("header")).expect("reads")
}

/// Bytes without a line end, so that one stays one line.
fn garbage() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop::collection::vec(any::<u8>().prop_filter("no line end", |&byte| byte != b'\n'), 0..300);
    let text = "[-0-9CA,.\": \u{0}é]{0,120}".prop_map(String::into_bytes);
    prop_oneof![bytes, text]
}

fn cut() -> impl Strategy<Value = Vec<u8>> {
    (0..LINES_OF_A_CASE, any::<prop::sample::Index>()).prop_map(|(line, end)| {
        let line = good()[line].as_bytes();
        line[..end.index(line.len())].to_vec()
    })
}

/// A good line with one field replaced by something else.
fn spoiled() -> impl Strategy<Value = Vec<u8>> {
    (0..LINES_OF_A_CASE, 0..COLUMNS.len(), "[-+0-9A-Za-z.,\"€ :]{0,30}").prop_map(|(line, column, field)| {
        let mut fields: Vec<_> = good()[line].split(',').map(str::to_owned).collect();
        fields[column] = field;
        fields.join(",").into_bytes()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_line_is_booked_or_refused_and_the_sums_agree(bad in prop::collection::vec((0..LINES_OF_A_CASE, prop_oneof![garbage(), cut(), spoiled()]), 0..20)) {
        let mut lines: Vec<Vec<u8>> = good().iter().map(|line| line.as_bytes().to_vec()).collect();
        for (at, line) in bad {
            lines.insert(at, line);
        }
        // a file that ends in an empty line has ended before it
        lines.push(b"end".to_vec());
        let count = lines.len() as u64;
        let plan = Plan::new(read(&lines));
        let report = Report::new(&plan, &Outcomes::default());
        prop_assert_eq!(report.file.lines, count);
        prop_assert_eq!(report.differences(), Vec::<String>::new());
        prop_assert!(report.refused.iter().all(|refused| (2..=count + 1).contains(&u64::from(refused.file_line))));
        prop_assert!(!report.to_string().is_empty());
    }

    #[test]
    fn garbage_and_cut_lines_leave_the_good_lines_as_they_were(bad in prop::collection::vec((0..LINES_OF_A_CASE, prop_oneof![garbage(), cut()]), 1..20)) {
        let good: Vec<Vec<u8>> = good().iter().map(|line| line.as_bytes().to_vec()).collect();
        let alone = read(&good);
        let mut lines = good.clone();
        let mut spoiled = 0;
        for (at, line) in bad {
            // what happens to be a line of its own is no garbage
            if read(std::slice::from_ref(&line)).totals.unreadable == 1 {
                lines.insert(at, line);
                spoiled += 1;
            }
        }
        let book = read(&lines);
        prop_assert_eq!(book.totals.unreadable, spoiled);
        prop_assert_eq!(book.totals.units, alone.totals.units);
        prop_assert_eq!(book.totals.exact_e4, alone.totals.exact_e4);
        prop_assert_eq!(Plan::new(book).expected(), Plan::new(alone).expected());
    }

    #[test]
    fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        if let Ok(rows) = Rows::new(Cursor::new(bytes.clone())) {
            let _ = Book::read(rows);
        }
        let file = [COLUMNS.join(",").as_bytes(), b"\r\n", &bytes].concat();
        let book = Book::read(Rows::new(Cursor::new(file)).expect("header")).expect("reads");
        prop_assert_eq!(book.totals.lines, book.totals.unreadable + book.lines.len() as u64);
    }
}

fn run(bytes: &[u8]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("data.csv");
    std::fs::write(&path, bytes).expect("writes");
    Command::new(env!("CARGO_BIN_EXE_online-retail")).arg(path).output().expect("runs")
}

#[test]
fn the_binary_names_each_refused_line_and_goes_on() {
    let header = COLUMNS.join(",");
    let run = run(format!("{header}\n{}\n1,536365\n2,536365,\"open\n9,536365,A,B,x,2010-12-01 08:26:00,1,,UK\n", good()[0]).as_bytes());
    let text = String::from_utf8(run.stdout).expect("text");
    assert_eq!(run.status.code(), Some(0), "{text}");
    for line in ["line 3: line ends before its last column", "line 4, stock_code: quote is not closed", "line 5, quantity: not a quantity"]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_file_that_cannot_be_read_to_its_end_ends_the_binary_with_2_and_the_place() {
    for (bytes, place) in
        [(&b"a,b\n"[..], "line 1 is not the header"), (b"\x1f\x8b garbage", "cannot read past line 0"), (b"", "line 1 is not the header")]
    {
        let run = run(bytes);
        let text = String::from_utf8(run.stderr).expect("text");
        assert_eq!(run.status.code(), Some(2), "{text}");
        assert!(text.contains(place) && text.contains("data.csv"), "{text}");
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn a_cut_archive_ends_the_binary_with_2_after_the_last_whole_line() {
    let header = COLUMNS.join(",");
    let mut archive = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    archive.write_all(format!("{header}\n{}\n", good().join("\n")).as_bytes()).expect("packs");
    let whole = archive.finish().expect("packs");
    let done = run(&whole);
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let cut = run(&whole[..whole.len() / 2]);
    let text = String::from_utf8(cut.stderr).expect("text");
    assert_eq!(cut.status.code(), Some(2), "{text}");
    let place = text.split("cannot read past line ").nth(1).and_then(|rest| rest.split(':').next()).map(str::parse::<usize>);
    assert!(place.is_some_and(|line| line.is_ok_and(|line| (1..LINES_OF_A_CASE).contains(&line))), "{text}");
    assert!(cut.stdout.is_empty());
}
