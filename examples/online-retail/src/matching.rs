//! Finds the order lines that a cancellation cancels. The file does not say: it is an inference by customer, code and exact price.
//!
//! Of the customer's earlier lines of that code and price the latest one with exactly as many units left is taken; without one, the latest
//! lines are taken until the units are used up. No unit is cancelled twice.

use std::collections::{HashMap, HashSet};

use crate::book::{Book, Line, index};
use crate::classify::Class;
use crate::price::Price;

/// Units of an order line that a cancellation takes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Match {
    /// Index of the cancellation in [`Book::lines`].
    pub cancellation: u32,
    /// Index of the order line in [`Book::lines`].
    pub order_line: u32,
    /// Units, not zero.
    pub units: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    customer: u32,
    goods: u32,
    unit_price: Price,
}

struct Candidate {
    line: u32,
    units_left: u32,
}

/// Matches every cancellation, in the file's order.
pub fn match_cancellations(book: &Book) -> Vec<Match> {
    let key = |line: &Line| {
        let customer = book.invoices[line.invoice as usize].customer?;
        Some(Key { customer, goods: line.goods, unit_price: line.unit_price })
    };
    // only what some cancellation asks for is remembered
    let asked: HashSet<Key> = book.lines.iter().filter(|line| line.class == Class::Cancellation).filter_map(key).collect();
    let mut candidates: HashMap<Key, Vec<Candidate>> = HashMap::new();
    let mut matches = Vec::new();
    for (at, line) in book.lines.iter().enumerate() {
        let Some(key) = key(line).filter(|key| asked.contains(key)) else { continue };
        match line.class {
            Class::Order => candidates.entry(key).or_default().push(Candidate { line: index(at), units_left: line.units() }),
            Class::Cancellation => {
                if let Some(candidates) = candidates.get_mut(&key) {
                    take(book, index(at), candidates, &mut matches);
                }
            }
            _ => {}
        }
    }
    matches
}

fn take(book: &Book, cancellation: u32, candidates: &mut [Candidate], matches: &mut Vec<Match>) {
    let line = &book.lines[cancellation as usize];
    let at = book.invoices[line.invoice as usize].at;
    let mut wanted = line.units();
    let mut open: Vec<&mut Candidate> = candidates
        .iter_mut()
        .rev()
        .filter(|candidate| candidate.units_left > 0)
        .filter(|candidate| book.invoices[book.lines[candidate.line as usize].invoice as usize].at <= at)
        .collect();
    if let Some(exact) = open.iter().position(|candidate| candidate.units_left == wanted) {
        open.swap(0, exact);
    }
    for candidate in open {
        let units = wanted.min(candidate.units_left);
        if units == 0 {
            break;
        }
        candidate.units_left -= units;
        wanted -= units;
        matches.push(Match { cancellation, order_line: candidate.line, units });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Matches as (cancellation's number, order line's number, units).
    fn check(lines: &[&str], expect: &[(u32, u32, u32)]) {
        let book = fixture::book(lines);
        let no = |line: u32| book.lines[line as usize].line_no;
        let matches: Vec<_> = match_cancellations(&book).iter().map(|m| (no(m.cancellation), no(m.order_line), m.units)).collect();
        assert_eq!(matches, expect, "{lines:?}");
    }

    #[test]
    fn the_latest_line_with_exactly_that_many_units_is_taken_first() {
        let orders = ["1 500001 A 6 1 2.55 7", "2 500002 A 4 1 2.55 7", "3 500003 A 9 1 2.55 7"];
        check(&[&orders[..], &["4 C500004 A -4 2 2.55 7"]].concat(), &[(4, 2, 4)]);
        check(&[&orders[..], &["4 C500004 A -5 2 2.55 7"]].concat(), &[(4, 3, 5)]);
        check(&[&orders[..], &["4 C500004 A -11 2 2.55 7"]].concat(), &[(4, 3, 9), (4, 2, 2)]);
    }

    #[test]
    fn no_unit_is_cancelled_twice() {
        let lines = ["1 500001 A 6 1 2.55 7", "2 C500002 A -4 2 2.55 7", "3 C500003 A -4 2 2.55 7", "4 C500004 A -1 2 2.55 7"];
        check(&lines, &[(2, 1, 4), (3, 1, 2)]);
    }

    #[test]
    fn customer_code_and_price_must_agree_and_the_order_comes_first() {
        check(&["1 500001 A 6 1 2.55 7", "2 C500002 a -6 2 2.55 7"], &[(2, 1, 6)]);
        check(&["1 500001 A 6 1 2.55 7", "2 C500002 A -6 2 2.55 8"], &[]);
        check(&["1 500001 A 6 1 2.55 7", "2 C500002 B1 -6 2 2.55 7"], &[]);
        check(&["1 500001 A 6 1 2.55 7", "2 C500002 A -6 2 2.551 7"], &[]);
        check(&["1 C500002 A -6 1 2.55 7", "2 500001 A 6 1 2.55 7"], &[]);
        check(&["1 500001 A 6 2 2.55 7", "2 C500002 A -6 1 2.55 7"], &[]);
    }
}
