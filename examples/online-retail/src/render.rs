//! The report as text for people, the same for the same lines.

use std::fmt;

use rust_decimal::Decimal;

use crate::plan::Expected;
use crate::price::PRICE_DECIMALS_MAX;
use crate::reconcile::Reconciliation;
use crate::report::{Report, Sums};

/// The most refused lines that are printed one by one; the table counts all.
pub const REFUSED_SHOWN_MAX: usize = 50;

/// The most differences that are printed one by one.
pub const DIFFERENCES_SHOWN_MAX: usize = 50;

/// The most rounded lines that are printed one by one; their sum holds all.
pub const ROUNDED_SHOWN_MAX: usize = 20;

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        table(self, f)?;
        books(&self.expected, f)?;
        assumptions(self, f)?;
        rounding(self, f)?;
        listed(f, "lines refused", REFUSED_SHOWN_MAX, &self.refused)?;
        listed(f, "invoices refused by the engine", REFUSED_SHOWN_MAX, &self.refused_by_engine)?;
        verdict(f, &self.differences(), "every line is accounted for; lines, units and money are those of the file")
    }
}

impl fmt::Display for Reconciliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { plan, engine, provider, .. } = self;
        let mut row = |name: &str, cells: [&str; 3]| writeln!(f, "{name:<40} {:>15} {:>15} {:>15}", cells[0], cells[1], cells[2]);
        row("the books", ["the plan", "the engine", "the provider"])?;
        let mut count = |name: &str, plan: i128, engine: i128| row(name, [&grouped(plan), &grouped(engine), ""]);
        count("orders placed and paid", plan.orders.into(), engine.orders.into())?;
        count("orders delivered whole", plan.delivered.into(), engine.delivered.into())?;
        count("returns received", plan.returns.into(), engine.returns.into())?;
        let (planned, booked) = (plan.units(), engine.units());
        count("units dispatched", planned.dispatched.into(), booked.dispatched.into())?;
        count("units returned", planned.returned.into(), booked.returned.into())?;
        count("units on hand", planned.on_hand.into(), booked.on_hand.into())?;
        count("units held", planned.held.into(), booked.held.into())?;
        count("codes with other units than planned", 0, self.shelves_that_differ().fold(0, |count, _| count + 1))?;
        let mut money = |name, plan, engine, provider| row(name, [&pounds(plan), &pounds(engine), &pounds(provider)]);
        money("GBP captured", plan.captured_minor, engine.captured_minor, provider.captured_minor)?;
        money("GBP refunded", plan.refunded_minor, engine.refunded_minor, provider.refunded_minor)?;
        verdict(f, &self.differences(), "the engine and the provider booked what was planned")
    }
}

fn verdict(f: &mut fmt::Formatter<'_>, differences: &[String], right: &str) -> fmt::Result {
    if differences.is_empty() {
        return writeln!(f, "\n{right}");
    }
    let lines: Vec<_> = differences.iter().map(|difference| format!("DIFFERENCE: {difference}")).collect();
    listed(f, "differences", DIFFERENCES_SHOWN_MAX, &lines)
}

fn table(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let row = |f: &mut fmt::Formatter<'_>, name: &str, lines: &str, units: &str, pounds: &str| {
        writeln!(f, "{name:<52} {lines:>9} {units:>11} {pounds:>15}")
    };
    let sums =
        |f: &mut fmt::Formatter<'_>, name: &str, sums: Sums| row(f, name, &grouped(sums.lines), &grouped(sums.units), &pounds(sums.pence));
    row(f, "what became of the lines", "lines", "units", "GBP")?;
    for (fate, &of) in &report.rows {
        sums(f, &fate.to_string(), of)?;
    }
    sums(f, "total", report.total())?;
    let file = report.file;
    row(f, "the file's own sums", &grouped(file.lines), &grouped(file.units), &exact(file.exact_e4))
}

fn books(expected: &Expected, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let Expected { orders, free_orders, returns, adjustments, charged_minor, refunded_minor, opening_units, opening_codes } = *expected;
    writeln!(f, "\nthe plan")?;
    writeln!(f, "  {} orders for GBP {}, {} of them for nothing", grouped(orders), pounds(charged_minor.into()), grouped(free_orders))?;
    writeln!(f, "  {} returns, refunding GBP {}", grouped(returns), pounds(refunded_minor.into()))?;
    writeln!(f, "  {} stock adjustments", grouped(adjustments))?;
    writeln!(f, "  {} units of {} codes as opening stock", grouped(opening_units), grouped(opening_codes))
}

fn assumptions(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let facts = report.facts;
    writeln!(f, "\nwhat the file does not say, or says in two ways")?;
    writeln!(
        f,
        "  stock codes are upper-cased: {} codes had two spellings, {} lines were respelled",
        grouped(facts.codes_respelled),
        grouped(report.file.respelled)
    )?;
    writeln!(f, "  opening stock is made up: what the plan sells and writes off, since the file holds no receipts")?;
    writeln!(f, "  cancellations are matched to orders by customer, code and price: an inference")?;
    writeln!(f, "  every order is paid, shipped and delivered at the time of its invoice, since the file does not say when")?;
    writeln!(f, "  external entries move no money and no stock in the engine")?;
    writeln!(f, "  times are read as UTC; {} invoices bear two times, the first is taken", grouped(facts.invoices_with_two_times))?;
    writeln!(
        f,
        "  {} lines name a code that stands on their order already: they stay lines of their own",
        grouped(facts.lines_of_a_code_again)
    )?;
    writeln!(f, "  {} order lines have price zero", grouped(facts.free_lines))
}

fn rounding(report: &Report, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "\nprices of a fraction of a penny are rounded line by line, half a penny away from zero")?;
    for line in report.rounded.iter().take(ROUNDED_SHOWN_MAX) {
        writeln!(f, "  line {}: GBP {} booked as {}", line.line_no, exact(line.exact_e4.into()), pounds(line.pence.into()))?;
    }
    if let Some(more) = report.rounded.len().checked_sub(ROUNDED_SHOWN_MAX).filter(|&more| more > 0) {
        writeln!(f, "  and {more} more")?;
    }
    writeln!(f, "  exact sum GBP {}, booked GBP {}", exact(report.file.exact_e4), pounds(report.total().pence))
}

fn listed(f: &mut fmt::Formatter<'_>, title: &str, shown_max: usize, lines: &[impl fmt::Display]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    writeln!(f, "\n{title}")?;
    lines.iter().take(shown_max).try_for_each(|line| writeln!(f, "  {line}"))?;
    match lines.len().checked_sub(shown_max) {
        Some(more) if more > 0 => writeln!(f, "  and {more} more"),
        _ => Ok(()),
    }
}

fn pounds(pence: i128) -> String {
    grouped(Decimal::from_i128_with_scale(pence, 2))
}

/// With two decimals, or as many more as it takes.
fn exact(e4: i128) -> String {
    let mut amount = Decimal::from_i128_with_scale(e4, PRICE_DECIMALS_MAX).normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    grouped(amount)
}

/// Commas between thousands.
fn grouped(number: impl fmt::Display) -> String {
    let text = number.to_string();
    let (whole, decimals) = text.split_once('.').map_or((text.as_str(), None), |(whole, decimals)| (whole, Some(decimals)));
    let digits = whole.trim_start_matches('-').len();
    let mut out = String::with_capacity(text.len() * 2);
    for (at, digit) in whole.chars().rev().enumerate() {
        if at > 0 && at % 3 == 0 && at < digits {
            out.insert(0, ',');
        }
        out.insert(0, digit);
    }
    match decimals {
        Some(decimals) => format!("{out}.{decimals}"),
        None => out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (-999, "-999"), (-123_456, "-123,456"), (5_176_450, "5,176,450")] {
            assert_eq!(grouped(number), text);
        }
        assert_eq!(pounds(-89_681_249), "-896,812.49");
        assert_eq!(pounds(0), "0.00");
        assert_eq!(exact(97_477_479_340), "9,747,747.934");
        assert_eq!(exact(97_477_479_300), "9,747,747.93");
        assert_eq!(exact(10_000), "1.00");
    }
}
