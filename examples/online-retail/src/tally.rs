//! What was booked, counted in one way for the plan and for the engine, so that the two can be compared.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use commerce_core::id::Sku;

use crate::drive::Outcomes;
use crate::plan::{Plan, Work};

/// Units of one code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shelf {
    /// Left in shipments.
    pub dispatched: i64,
    /// Came back.
    pub returned: i64,
    /// Lie there; none of what is unstocked.
    pub on_hand: i64,
    /// Are promised and lie there still.
    pub held: i64,
}

impl AddAssign for Shelf {
    fn add_assign(&mut self, other: Self) {
        self.dispatched += other.dispatched;
        self.returned += other.returned;
        self.on_hand += other.on_hand;
        self.held += other.held;
    }
}

/// Sums over orders, and units by code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Orders placed.
    pub orders: u64,
    /// Orders delivered whole.
    pub delivered: u64,
    /// Returns received whole.
    pub returns: u64,
    /// Pence that orders cost.
    pub total_minor: i128,
    /// Pence captured.
    pub captured_minor: i128,
    /// Pence refunded.
    pub refunded_minor: i128,
    /// Units by code; a code without any is as good as not there.
    pub shelves: BTreeMap<Sku, Shelf>,
}

impl Tally {
    /// What the engine must have booked of a plan, given what it refused.
    pub fn planned(plan: &Plan, outcomes: &Outcomes) -> Self {
        let mut tally = Self::default();
        for item in plan.catalogue() {
            tally.shelf(item.sku).on_hand += i64::try_from(item.opening_units).unwrap_or(i64::MAX);
        }
        let booked = (0..).zip(plan.items()).filter(|(index, _)| !outcomes.refused.contains_key(index));
        for work in booked.map(|(_, item)| item.work) {
            match work {
                Work::Order { .. } => tally.order(plan, work),
                Work::Return { .. } => tally.take_back(plan, work),
                Work::Adjust { .. } => {
                    if let Some((sku, units)) = plan.adjustment(work) {
                        tally.shelf(sku).on_hand += i64::from(units);
                    }
                }
            }
        }
        tally
    }

    fn order(&mut self, plan: &Plan, work: Work) {
        self.orders += 1;
        self.delivered += 1;
        for &line in plan.order_line_indexes(work) {
            let line = plan.line(line);
            let goods = &plan.book().goods[line.goods as usize];
            let shelf = self.shelf(&goods.sku);
            shelf.dispatched += i64::from(line.units());
            if goods.kind.is_stocked() {
                shelf.on_hand -= i64::from(line.units());
            }
            self.total_minor += i128::from(line.pence());
            self.captured_minor += i128::from(line.pence());
        }
    }

    fn take_back(&mut self, plan: &Plan, work: Work) {
        self.returns += 1;
        for found in plan.return_matches(work) {
            let line = plan.line(found.cancellation);
            let shelf = self.shelf(&plan.book().goods[line.goods as usize].sku);
            shelf.returned += i64::from(found.units);
            shelf.on_hand += i64::from(found.units);
            self.refunded_minor += i128::from(found.units) * i128::from(line.unit_price.pence());
        }
    }

    /// The units of a code, to be added to.
    pub fn shelf(&mut self, sku: &Sku) -> &mut Shelf {
        self.shelves.entry(sku.clone()).or_default()
    }

    /// Units of all codes.
    pub fn units(&self) -> Shelf {
        let mut sum = Shelf::default();
        self.shelves.values().for_each(|&shelf| sum += shelf);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    const LINES: [&str; 5] =
        ["1 500001 A 6 1 2.55 7", "2 500001 POST 1 1 18 7", "3 500002 A 4 2 0 7", "4 C500003 A -5 3 2.55 7", "5 500004 A -3 1 0 -"];

    #[test]
    fn stock_is_what_lay_there_less_what_left_more_what_came_back() {
        let tally = Tally::planned(&fixture::plan(&LINES), &Outcomes::default());
        assert_eq!((tally.orders, tally.delivered, tally.returns), (2, 2, 1));
        assert_eq!((tally.total_minor, tally.captured_minor, tally.refunded_minor), (3_330, 3_330, 1_275));
        let shelves: Vec<_> = tally.shelves.iter().map(|(sku, shelf)| (sku.as_str(), *shelf)).collect();
        let a = Shelf { dispatched: 10, returned: 5, on_hand: 5, held: 0 };
        let post = Shelf { dispatched: 1, ..Shelf::default() };
        assert_eq!(shelves, [("A", a), ("POST", post)]);
        assert_eq!(tally.units(), Shelf { dispatched: 11, ..a });
    }

    #[test]
    fn what_was_refused_is_not_expected() {
        let plan = fixture::plan(&LINES);
        let refuse = |items: &[u32]| Outcomes { refused: items.iter().map(|&item| (item, "short".to_owned())).collect() };
        let order = (0..).zip(plan.items()).find(|(_, item)| matches!(item.work, Work::Order { lines: 2, .. })).map(|(index, _)| index);
        let tally = Tally::planned(&plan, &refuse(&[order.expect("an order of two lines"), 3]));
        assert_eq!((tally.orders, tally.returns, tally.captured_minor, tally.refunded_minor), (1, 0, 0, 0));
        assert_eq!(tally.units(), Shelf { dispatched: 4, returned: 0, on_hand: 6, held: 0 });
        let nothing = Tally::planned(&plan, &refuse(&[0, 1, 2, 3]));
        assert_eq!(nothing.units(), Shelf { on_hand: 13, ..Shelf::default() });
    }
}
