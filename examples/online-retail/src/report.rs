//! The account of every line: where its units and its money went, and whether the sums are those of the file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::ops::AddAssign;

use crate::book::{Line, Totals};
use crate::classify::{Class, External, Kind};
use crate::drive::Outcomes;
use crate::plan::{Expected, Plan, Work};
use crate::row::{Reason, Refused};

/// What became of a line, or of some of its units. The order is the table's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// A line of an order.
    Ordered(Kind),
    /// A cancellation, returned and refunded whole.
    Returned,
    /// The units of a cancellation that were found in orders, others were not.
    ReturnedInPart,
    /// Stock found.
    Found,
    /// Stock written off.
    WrittenOff,
    /// Outside the engine.
    External(External),
    /// The units of a cancellation that were not found in orders, others were.
    RestOfPart,
    /// Refused before the engine saw it.
    Refused(Reason),
    /// Refused by the engine.
    RefusedByEngine,
}

/// Fates that stand in the table even when no line has them.
const ALWAYS: [Fate; 17] = [
    Fate::Ordered(Kind::Goods),
    Fate::Ordered(Kind::Carriage),
    Fate::Ordered(Kind::Manual),
    Fate::Ordered(Kind::Fee),
    Fate::Ordered(Kind::Voucher),
    Fate::Returned,
    Fate::ReturnedInPart,
    Fate::Found,
    Fate::WrittenOff,
    Fate::External(External::BadDebt),
    Fate::External(External::Discount),
    Fate::External(External::NoCustomer),
    Fate::External(External::Unstocked),
    Fate::External(External::Unmatched),
    Fate::External(External::NoStock),
    Fate::RestOfPart,
    Fate::RefusedByEngine,
];

impl fmt::Display for Fate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ordered(Kind::Goods) => "order: goods",
            Self::Ordered(Kind::Carriage) => "order: carriage",
            Self::Ordered(Kind::Manual) => "order: written by hand",
            Self::Ordered(Kind::Voucher) => "order: gift vouchers",
            Self::Ordered(Kind::Fee | Kind::Discount | Kind::BadDebt) => "order: fees, samples and the like",
            Self::Returned => "return and refund: whole lines",
            Self::ReturnedInPart => "return and refund: part of a line",
            Self::Found => "stock: found",
            Self::WrittenOff => "stock: written off",
            Self::External(External::BadDebt) => "external: bad debt",
            Self::External(External::Discount) => "external: discounts",
            Self::External(External::NoCustomer) => "external: cancelled without a customer",
            Self::External(External::Unstocked) => "external: cancelled carriage, fees and the like",
            Self::External(External::Unmatched) => "external: cancelled without an order",
            Self::External(External::NoStock) => "external: adjusted, but has no stock",
            Self::RestOfPart => "external: rest of lines returned in part",
            Self::RefusedByEngine => "refused by the engine",
            Self::Refused(reason) => return write!(f, "refused: {reason}"),
        })
    }
}

/// Sums of some lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// How many lines; each is counted in one fate.
    pub lines: u64,
    /// Sum of quantity.
    pub units: i64,
    /// Sum of quantity x rounded price, in pence.
    pub pence: i128,
    /// Sum of quantity x exact price, in ten-thousandths of a pound.
    pub exact_e4: i128,
}

impl AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.lines += other.lines;
        self.units += other.units;
        self.pence += other.pence;
        self.exact_e4 += other.exact_e4;
    }
}

impl Sums {
    fn of(line: &Line) -> Self {
        Self { lines: 1, units: line.quantity.into(), pence: line.pence().into(), exact_e4: line.exact_e4().into() }
    }

    /// Some units of a cancellation.
    fn back(line: &Line, lines: u64, units: u32) -> Self {
        let quantity = -i64::from(units);
        let (pence, e4) = (line.unit_price.pence(), line.unit_price.e4());
        Self { lines, units: quantity, pence: (quantity * pence).into(), exact_e4: (quantity * e4).into() }
    }
}

/// A line whose price has a fraction of a penny.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rounded {
    /// The line's own number.
    pub line_no: u32,
    /// Quantity x exact price, in ten-thousandths of a pound.
    pub exact_e4: i64,
    /// Quantity x rounded price, in pence.
    pub pence: i64,
}

/// What is said of the file beside its sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Codes that the file writes in more than one way.
    pub codes_respelled: u64,
    /// Invoices that bear two times.
    pub invoices_with_two_times: u64,
    /// Order lines whose code stands on an earlier line of their order.
    pub lines_of_a_code_again: u64,
    /// Order lines of price zero.
    pub free_lines: u64,
}

/// The account of a file.
#[derive(Clone, Debug)]
pub struct Report {
    /// Sums by fate.
    pub rows: BTreeMap<Fate, Sums>,
    /// The file's own sums.
    pub file: Totals,
    /// What the engine must have booked.
    pub expected: Expected,
    /// What is said beside the sums.
    pub facts: Facts,
    /// Lines that were rounded.
    pub rounded: Vec<Rounded>,
    /// Lines that were not booked.
    pub refused: Vec<Refused>,
    /// Invoices that the engine refused, with its reason.
    pub refused_by_engine: Vec<String>,
}

/// What is known of the year as published, by its number of lines: units and ten-thousandths of a pound.
const YEAR: (u64, i64, i128) = (541_909, 5_176_450, 97_477_479_340);

impl Report {
    /// Accounts for every line, as booked or as refused by the engine.
    pub fn new(plan: &Plan, outcomes: &Outcomes) -> Self {
        let book = plan.book();
        let rounded = |line: &Line| Rounded { line_no: line.line_no, exact_e4: line.exact_e4(), pence: line.pence() };
        let refused_by_engine = outcomes.refused.iter().filter_map(|(&item, reason)| {
            let number = plan.invoice(plan.items().get(item as usize)?.work).number;
            Some(format!("invoice {number}: {reason}"))
        });
        Self {
            rows: rows(plan, outcomes),
            file: book.totals,
            expected: plan.expected(),
            facts: facts(plan),
            rounded: book.lines.iter().filter(|line| line.unit_price.is_rounded()).map(rounded).collect(),
            refused: book.refused.clone(),
            refused_by_engine: refused_by_engine.collect(),
        }
    }

    /// Sums over all fates.
    pub fn total(&self) -> Sums {
        let mut total = Sums::default();
        self.rows.values().for_each(|&sums| total += sums);
        total
    }

    /// Where the account differs from the file's own sums, and those of the published year from what is known of them; empty when right.
    pub fn differences(&self) -> Vec<String> {
        let (total, file) = (self.total(), self.file);
        let mut found = Vec::new();
        let mut check = |what: &str, left: i128, right: i128| {
            if left != right {
                found.push(format!("{what}: {left} is not {right}"));
            }
        };
        check("lines accounted for and lines of the file", total.lines.into(), file.lines.into());
        check("units accounted for and units of the file", total.units.into(), file.units.into());
        check("exact value accounted for and that of the file", total.exact_e4, file.exact_e4);
        let off: i128 = self.rounded.iter().map(|line| i128::from(line.pence) * 100 - i128::from(line.exact_e4)).sum();
        check("booked value and exact value with its rounding", total.pence * 100, file.exact_e4 + off);
        let (lines, units, exact_e4) = YEAR;
        if file.lines == lines && file.unreadable == 0 {
            check("units and those of the published year", file.units.into(), units.into());
            check("exact value and that of the published year", file.exact_e4, exact_e4);
        }
        found
    }
}

fn rows(plan: &Plan, outcomes: &Outcomes) -> BTreeMap<Fate, Sums> {
    let mut rows: BTreeMap<Fate, Sums> = ALWAYS.into_iter().map(|fate| (fate, Sums::default())).collect();
    let mut add = |fate: Fate, sums: Sums| *rows.entry(fate).or_default() += sums;
    let book = plan.book();
    let mut matched: HashMap<u32, u32> = HashMap::new();
    for found in plan.matches() {
        *matched.entry(found.cancellation).or_default() += found.units;
    }
    let mut counted: HashSet<u32> = HashSet::new();
    for (item, work) in (0..).zip(plan.items().iter().map(|item| item.work)) {
        let booked = |fate| if outcomes.refused.contains_key(&item) { Fate::RefusedByEngine } else { fate };
        for &line in plan.order_line_indexes(work) {
            let line = plan.line(line);
            add(booked(Fate::Ordered(book.goods[line.goods as usize].kind)), Sums::of(line));
        }
        for found in plan.return_matches(work) {
            let line = plan.line(found.cancellation);
            let whole = matched.get(&found.cancellation) == Some(&line.units());
            let first = u64::from(counted.insert(found.cancellation));
            add(booked(if whole { Fate::Returned } else { Fate::ReturnedInPart }), Sums::back(line, first, found.units));
        }
        if let Work::Adjust { line } = work {
            let line = plan.line(line);
            add(booked(if line.quantity > 0 { Fate::Found } else { Fate::WrittenOff }), Sums::of(line));
        }
    }
    for (index, line) in (0..).zip(&book.lines) {
        match line.class {
            Class::External(external) => add(Fate::External(external), Sums::of(line)),
            Class::Refused(reason) => add(Fate::Refused(reason), Sums::of(line)),
            Class::Cancellation => match matched.get(&index) {
                None => add(Fate::External(External::Unmatched), Sums::of(line)),
                Some(units) => add(Fate::RestOfPart, Sums::back(line, 0, line.units() - units)),
            },
            Class::Order | Class::Adjustment => {}
        }
    }
    add_unreadable(plan, &mut rows);
    rows
}

/// Lines that could not be read have no units and no value.
fn add_unreadable(plan: &Plan, rows: &mut BTreeMap<Fate, Sums>) {
    let mut counts: BTreeMap<Reason, u64> = BTreeMap::new();
    for refused in &plan.book().refused {
        *counts.entry(refused.reason).or_default() += 1;
    }
    for (reason, lines) in counts {
        rows.entry(Fate::Refused(reason)).or_default().lines = lines;
    }
}

fn facts(plan: &Plan) -> Facts {
    let book = plan.book();
    let mut facts = Facts {
        codes_respelled: count(book.goods.iter().filter(|goods| goods.has_two_spellings())),
        invoices_with_two_times: count(book.invoices.iter().filter(|invoice| invoice.has_two_times)),
        ..Facts::default()
    };
    for item in plan.items() {
        let mut codes: Vec<u32> = plan.order_line_indexes(item.work).iter().map(|&line| plan.line(line).goods).collect();
        let lines = count(codes.iter());
        codes.sort_unstable();
        codes.dedup();
        facts.lines_of_a_code_again += lines - count(codes.iter());
        facts.free_lines += count(plan.order_line_indexes(item.work).iter().filter(|&&line| plan.line(line).unit_price.e4() == 0));
    }
    facts
}

fn count(of: impl Iterator) -> u64 {
    of.fold(0, |count, _| count + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    const LINES: [&str; 9] = [
        "1 500001 A 6 1 2.55 7",
        "2 500001 POST 1 1 18 7",
        "3 C500002 A -2 2 2.55 7",
        "4 C500003 A -9 3 2.55 7",
        "5 C500004 A -1 4 2.55 7",
        "6 500005 A -3 1 0 -",
        "7 500005 A 2 1 0 -",
        "8 500006 A -3 1 4 7",
        "1 500006 A 3 1 0.005 7",
    ];

    fn check(outcomes: &Outcomes, expect: &[(Fate, u64, i64, i128)]) {
        let plan = fixture::plan(&LINES);
        let report = Report::new(&plan, outcomes);
        let sums = report.rows.iter().filter(|(_, sums)| **sums != Sums::default());
        assert_eq!(sums.map(|(&fate, sums)| (fate, sums.lines, sums.units, sums.pence)).collect::<Vec<_>>(), expect);
        assert_eq!(report.differences(), Vec::<String>::new());
        assert_eq!(report.total().lines, 9);
    }

    #[test]
    fn each_line_is_counted_once_and_a_line_returned_in_part_has_its_units_in_two_rows() {
        check(
            &Outcomes::default(),
            &[
                (Fate::Ordered(Kind::Goods), 1, 6, 1_530),
                (Fate::Ordered(Kind::Carriage), 1, 1, 1_800),
                (Fate::Returned, 1, -2, -510),
                (Fate::ReturnedInPart, 1, -4, -1_020),
                (Fate::Found, 1, 2, 0),
                (Fate::WrittenOff, 1, -3, 0),
                (Fate::External(External::Unmatched), 1, -1, -255),
                (Fate::RestOfPart, 0, -5, -1_275),
                (Fate::Refused(Reason::LineNoAgain), 1, 3, 3),
                (Fate::Refused(Reason::NegativeAtPrice), 1, -3, -1_200),
            ],
        );
    }

    #[test]
    fn what_the_engine_refuses_moves_to_a_row_of_its_own() {
        let plan = fixture::plan(&LINES);
        let refused = (0..).take(plan.items().len()).map(|item| (item, "short of stock".to_owned())).collect();
        let outcomes = Outcomes { refused };
        check(
            &outcomes,
            &[
                (Fate::External(External::Unmatched), 1, -1, -255),
                (Fate::RestOfPart, 0, -5, -1_275),
                (Fate::Refused(Reason::LineNoAgain), 1, 3, 3),
                (Fate::Refused(Reason::NegativeAtPrice), 1, -3, -1_200),
                (Fate::RefusedByEngine, 6, 0, 1_800),
            ],
        );
        let text = Report::new(&plan, &outcomes).to_string();
        assert!(text.contains("invoice 500001: short of stock"), "{text}");
    }

    #[test]
    fn a_sum_that_is_not_the_files_is_named() {
        let plan = fixture::plan(&LINES);
        let right = Report::new(&plan, &Outcomes::default());
        let wrong = |change: fn(&mut Sums)| {
            let mut report = right.clone();
            change(report.rows.entry(Fate::Found).or_default());
            report.differences()
        };
        assert_eq!(wrong(|sums| sums.lines += 1), ["lines accounted for and lines of the file: 10 is not 9"]);
        assert_eq!(wrong(|sums| sums.units -= 1).len(), 1);
        assert_eq!(wrong(|sums| sums.pence -= 1).len(), 1);
        assert_eq!(wrong(|sums| sums.exact_e4 -= 1).len(), 1);
        let mut year = right.clone();
        year.file.lines = YEAR.0;
        assert_eq!(year.differences().len(), 3);
        let text = year.to_string();
        assert!(text.contains("DIFFERENCE: units and those of the published year: -6 is not 5176450"), "{text}");
    }
}
