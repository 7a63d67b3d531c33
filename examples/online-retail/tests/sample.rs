//! The sample holds every oddity of the whole, and its account is known.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use online_retail::book::Book;
use online_retail::classify::{Class, External, Kind};
use online_retail::drive::Outcomes;
use online_retail::plan::{Plan, Work};
use online_retail::reader::Rows;
use online_retail::report::{Fate, Report};
use online_retail::row::{Row, Series};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn rows() -> impl Iterator<Item = Row> {
    let file = File::open(folder().join("sample.csv")).expect("the sample");
    Rows::new(file).expect("header").map(|row| row.expect("reads").expect("no line of the sample is bad"))
}

fn plan() -> Plan {
    let file = File::open(folder().join("sample.csv")).expect("the sample");
    Plan::new(Book::read(Rows::new(file).expect("header")).expect("reads"))
}

fn report() -> Report {
    Report::new(&plan(), &Outcomes::default())
}

#[test]
fn the_engine_books_the_sample_as_the_golden_report_says() {
    let run = Command::new(env!("CARGO_BIN_EXE_online-retail")).output().expect("runs");
    assert!(run.status.success(), "{run:?}");
    let golden = std::fs::read_to_string(folder().join("tests/golden/sample_report.txt")).expect("golden file");
    assert_eq!(String::from_utf8_lossy(&run.stdout), golden);
    let usage = String::from_utf8_lossy(&run.stderr);
    for word in ["elapsed", "orders/s", "change sets", "peak memory"] {
        assert!(usage.contains(word), "{word}\n{usage}");
    }
}

#[test]
fn the_account_of_the_sample_has_no_difference() {
    assert_eq!(report().differences(), Vec::<String>::new());
}

#[test]
fn the_sample_has_some_three_thousand_lines_of_whole_invoices_in_the_order_of_the_whole() {
    let numbers: Vec<u32> = rows().map(|row| row.line_no).collect();
    assert!((2_900..=3_100).contains(&numbers.len()), "{}", numbers.len());
    assert!(numbers.is_sorted());
}

#[test]
fn the_two_outliers_are_there_with_the_orders_that_they_cancel() {
    let quantities: BTreeSet<i32> = rows().map(|row| row.quantity).collect();
    for units in [80_995, 74_215] {
        assert!(quantities.contains(&units) && quantities.contains(&-units), "{units}");
        let plan = plan();
        assert!(plan.matches().iter().any(|found| i64::from(found.units) == i64::from(units)), "{units}");
    }
}

#[test]
fn the_four_prices_of_a_fraction_of_a_penny_are_there() {
    let rounded: Vec<u32> = report().rounded.iter().map(|line| line.line_no).collect();
    assert_eq!(rounded, [157_196, 279_046, 359_872, 361_742]);
}

#[test]
fn every_code_that_names_no_goods_is_there_as_a_sale_and_as_a_cancellation_where_the_whole_has_it() {
    let codes: BTreeSet<(Series, String)> = rows().map(|row| (row.invoice_no.series, row.sku.to_string())).collect();
    let sales = ["POST", "DOT", "C2", "M", "BANK CHARGES", "AMAZONFEE", "PADS", "S"];
    let cancelled = ["POST", "DOT", "C2", "M", "BANK CHARGES", "AMAZONFEE", "CRUK", "S", "D"];
    let vouchers = ["GIFT_0001_10", "GIFT_0001_20", "GIFT_0001_30", "GIFT_0001_40", "GIFT_0001_50", "DCGSSBOY"];
    for code in sales.iter().chain(&vouchers) {
        assert!(codes.contains(&(Series::Normal, (*code).to_owned())), "{code}");
    }
    for code in cancelled {
        assert!(codes.contains(&(Series::Cancellation, code.to_owned())), "{code}");
    }
    assert!(codes.contains(&(Series::BadDebt, "B".to_owned())));
}

#[test]
fn every_fate_of_the_whole_has_units_in_the_sample() {
    let report = report();
    for (fate, sums) in &report.rows {
        let expected = *fate != Fate::RefusedByEngine;
        assert_eq!(sums.units != 0, expected, "{fate}");
    }
    assert!(report.refused.is_empty());
    for external in
        [External::BadDebt, External::Discount, External::NoCustomer, External::Unstocked, External::Unmatched, External::NoStock]
    {
        assert!(report.rows[&Fate::External(external)].lines > 0, "{external:?}");
    }
}

#[test]
fn both_bad_debts_and_their_opposite_are_there() {
    let mut pence: Vec<i64> = rows().filter(|row| row.invoice_no.series == Series::BadDebt).map(|row| row.unit_price.pence()).collect();
    pence.sort_unstable();
    assert_eq!(pence, [-1_106_206, -1_106_206, 1_106_206]);
}

#[test]
fn an_invoice_and_a_cancellation_bear_two_times_and_one_invoice_stands_apart() {
    let plan = plan();
    let two = plan.book().invoices.iter().filter(|invoice| invoice.has_two_times);
    let series: BTreeSet<Series> = two.map(|invoice| invoice.number.series).collect();
    assert_eq!(series, BTreeSet::from([Series::Normal, Series::Cancellation]));
    let mut seen = BTreeMap::new();
    let lines: Vec<u32> = plan.book().lines.iter().map(|line| line.invoice).collect();
    let apart = lines.chunk_by(|a, b| a == b).filter(|run| seen.insert(run[0], ()).is_some()).count();
    assert_eq!(apart, 1);
}

#[test]
fn codes_that_differ_by_case_alone_and_codes_twice_on_an_order_are_there() {
    let facts = report().facts;
    assert!(facts.codes_respelled >= 4, "{facts:?}");
    assert!(facts.lines_of_a_code_again >= 3, "{facts:?}");
    assert!(rows().any(|row| row.sku.as_str() == "M" && row.respelled));
}

#[test]
fn free_lines_are_there_with_a_customer_and_without_and_so_are_free_orders() {
    let plan = plan();
    let book = plan.book();
    let free = |class: Class, customer: bool| {
        let of = |line: &&online_retail::book::Line| {
            line.class == class && line.unit_price.e4() == 0 && book.invoices[line.invoice as usize].customer.is_some() == customer
        };
        book.lines.iter().filter(of).count()
    };
    assert!(free(Class::Order, true) > 3);
    assert_eq!(free(Class::Order, false), 0);
    assert!(free(Class::Adjustment, false) > 3);
    assert!(plan.expected().free_orders > 0);
    let mixed = |invoice: u32| {
        let classes: Vec<Class> = book.lines.iter().filter(|line| line.invoice == invoice).map(|line| line.class).collect();
        classes.contains(&Class::Order) && classes.contains(&Class::Adjustment)
    };
    assert!((0..).take(book.invoices.len()).any(mixed), "an invoice of sales and of stock found");
}

#[test]
fn returns_are_there_of_one_order_of_several_and_in_several_steps() {
    let plan = plan();
    let mut by_cancellation: BTreeMap<u32, u32> = BTreeMap::new();
    let mut by_order: BTreeMap<u32, u32> = BTreeMap::new();
    for item in plan.items() {
        if let Work::Return { invoice, order, .. } = item.work {
            *by_cancellation.entry(invoice).or_default() += 1;
            *by_order.entry(order).or_default() += 1;
        }
    }
    assert!(by_cancellation.values().any(|&returns| returns == 1) && by_cancellation.values().any(|&returns| returns > 2));
    assert!(by_order.values().any(|&returns| returns > 1));
    let mut lines: BTreeMap<u32, u32> = BTreeMap::new();
    plan.matches().iter().for_each(|found| *lines.entry(found.cancellation).or_default() += 1);
    assert!(lines.values().any(|&orders| orders > 1), "one cancelled line of several order lines");
}

#[test]
fn odd_descriptions_are_there() {
    assert!(rows().any(|row| row.description.is_empty()));
    assert!(rows().any(|row| row.description.contains('"')));
    assert!(rows().any(|row| !row.description.is_ascii()));
}

#[test]
fn the_opening_stock_serves_sales_and_write_offs_in_any_order() {
    let plan = plan();
    let mut stock: BTreeMap<String, i64> = plan.catalogue().map(|item| (item.sku.to_string(), item.opening_units.cast_signed())).collect();
    let stocked: BTreeSet<String> = plan.catalogue().filter(|item| item.kind == Kind::Goods).map(|item| item.sku.to_string()).collect();
    // nothing that comes in is counted on: sales and write-offs alone take the stock to zero and no further
    for item in plan.items() {
        for line in plan.order_lines(item.work).filter(|line| stocked.contains(line.sku.as_str())) {
            *stock.get_mut(line.sku.as_str()).expect("in the catalogue") -= i64::from(line.quantity.get());
        }
        if let Some((sku, units)) = plan.adjustment(item.work).filter(|(_, units)| *units < 0) {
            *stock.get_mut(sku.as_str()).expect("in the catalogue") += i64::from(units);
        }
    }
    assert!(stock.values().all(|&units| units == 0), "{stock:?}");
}

#[test]
fn the_sample_says_whose_it_is() {
    let text = std::fs::read_to_string(folder().join("ATTRIBUTION.md")).expect("attribution");
    for word in ["Online Retail", "2015", "Daqing Chen", "UCI Machine Learning Repository", "CC BY 4.0", "Changed:"] {
        assert!(text.contains(word), "{word}");
    }
    assert!(text.contains("3,016 lines") && rows().count() == 3_016);
}
