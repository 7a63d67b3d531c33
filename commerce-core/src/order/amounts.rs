//! What lines and units cost: the parts always sum to the whole.
//!
//! A line's amount, its share of order-level amounts included, is spread evenly over its units, the first ones taking the odd minor
//! units, so that any number of first units has one cost (`cum`) and the costs of all ways to take the units apart sum to the whole.

use crate::money::share_out;
use crate::order::event::{Adjustment, Edited, LineItem};
use crate::order::refusal::Refusal;
use crate::order::state::{Line, Order};

/// The largest amount that an order may contain anywhere, in minor units: sums of a few of them always fit.
pub const MINOR_MAX: i64 = 1_000_000_000_000_000;

/// Units of a line that were priced together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// How many units; above zero.
    pub(crate) units: u32,
    /// What they cost with the line's own adjustments, in minor units.
    pub(crate) gross: i64,
    /// What they cost with their share of order-level amounts, in minor units.
    pub(crate) total: i64,
}

/// What the first `n` of `units` take of an amount: as even as can be, the odd minor units first.
fn spread(amount: i64, units: u32, n: u32) -> i64 {
    let (units, n) = (i64::from(units), i64::from(n));
    amount.div_euclid(units) * n + amount.rem_euclid(units).min(n)
}

impl Part {
    /// What the first `units` of all parts take.
    pub(crate) fn cum(parts: &[Self], units: u32, amount: impl Fn(&Self) -> i64) -> i64 {
        let mut left = units;
        let mut sum = 0;
        for part in parts {
            let taken = left.min(part.units);
            sum += spread(amount(part), part.units, taken);
            left -= taken;
        }
        sum
    }

    /// The first `units`, priced as they were.
    fn prefix(parts: &[Self], units: u32) -> Vec<Self> {
        let mut left = units;
        let mut prefix = Vec::new();
        for part in parts {
            let taken = left.min(part.units);
            if taken > 0 {
                prefix.push(Self {
                    units: taken,
                    gross: spread(part.gross, part.units, taken),
                    total: spread(part.total, part.units, taken),
                });
            }
            left -= taken;
        }
        prefix
    }
}

/// What adjustments add: included ones add nothing.
pub(super) fn added(adjustments: &[Adjustment]) -> Result<i64, Refusal> {
    let sum: i128 = adjustments.iter().filter(|a| !a.included).map(|a| i128::from(a.amount.minor())).sum();
    bounded(sum)
}

fn bounded(minor: i128) -> Result<i64, Refusal> {
    i64::try_from(minor).ok().filter(|minor| minor.abs() <= MINOR_MAX).ok_or(Refusal::AmountTooLarge)
}

/// What each line costs when an order is placed, and the sum of all.
pub(super) fn price_new(lines: &[LineItem], adjustments: &[Adjustment]) -> Result<(Vec<Part>, i64), Refusal> {
    let gross: Vec<i64> = lines.iter().map(line_gross).collect::<Result<_, _>>()?;
    let total = bounded(gross.iter().map(|g| i128::from(*g)).sum::<i128>() + i128::from(added(adjustments)?))?;
    if total < 0 {
        return Err(Refusal::NegativeTotal);
    }
    let units: Vec<u32> = lines.iter().map(|line| line.qty.get()).collect();
    let totals = allocate(total, &gross, &units)?;
    let parts =
        lines.iter().zip(gross.iter().zip(totals)).map(|(line, (gross, total))| Part { units: line.qty.get(), gross: *gross, total });
    Ok((parts.collect(), total))
}

fn line_gross(line: &LineItem) -> Result<i64, Refusal> {
    let gross = bounded(i128::from(line.unit_price.minor()) * i128::from(line.qty.get()) + i128::from(added(&line.adjustments)?))?;
    if gross < 0 || line.unit_price.minor() < 0 { Err(Refusal::NegativeLine(line.line_id)) } else { Ok(gross) }
}

/// Shares a total over lines by what they cost, or by units if they cost nothing.
fn allocate(total: i64, gross: &[i64], units: &[u32]) -> Result<Vec<i64>, Refusal> {
    let by_cost: Vec<u64> = gross.iter().map(|g| g.unsigned_abs()).collect();
    let weights = if by_cost.iter().all(|w| *w == 0) { units.iter().map(|u| u64::from(*u)).collect() } else { by_cost };
    share_out(total, &weights).map_err(|_| Refusal::AmountTooLarge)
}

/// A line as an edit leaves it.
pub(super) struct Repriced {
    /// Units ordered, cancelled ones included.
    pub(super) ordered: u32,
    /// What they cost.
    pub(super) parts: Vec<Part>,
}

/// What the lines cost after an edit, old ones first, then the added; and the sum of all.
///
/// Only free units (neither captured for nor dispatched) are priced anew; what is not said anew keeps its amount.
pub(super) fn reprice(order: &Order, edit: &Edited) -> Result<(Vec<Repriced>, i64), Refusal> {
    let fixed = order.fixed_units();
    let mut fixed_total = 0;
    let mut shared_before = 0;
    let mut fixed_shared = 0;
    let mut rows = Vec::with_capacity(order.lines.len() + edit.added.len());
    for (line, fixed) in order.lines.iter().zip(&fixed) {
        let (ordered, free, gross) = edited_line(line, *fixed, edit)?;
        let old = |units, amount: fn(&Part) -> i64| Part::cum(&line.parts, units, amount);
        fixed_total += old(*fixed, |p| p.total);
        fixed_shared += old(*fixed, |p| p.total) - old(*fixed, |p| p.gross);
        shared_before += old(line.live(), |p| p.total) - old(line.live(), |p| p.gross);
        rows.push((ordered, Part::prefix(&line.parts, *fixed), free, gross));
    }
    for line in &edit.added {
        rows.push((line.qty.get(), Vec::new(), line.qty.get(), line_gross(line)?));
    }
    let shared = match &edit.adjustments {
        Some(adjustments) => added(adjustments)? - fixed_shared,
        None => shared_before - fixed_shared,
    };
    let free_total = bounded(rows.iter().map(|row| i128::from(row.3)).sum::<i128>() + i128::from(shared))?;
    let free_units: u64 = rows.iter().map(|row| u64::from(row.2)).sum();
    if free_units == 0 {
        if changes_prices(order, edit)? {
            return Err(Refusal::TotalFixed);
        }
        return Ok((rows.into_iter().map(|(ordered, parts, ..)| Repriced { ordered, parts }).collect(), fixed_total));
    }
    if free_total < 0 {
        return Err(Refusal::NegativeTotal);
    }
    let gross: Vec<i64> = rows.iter().map(|row| row.3).collect();
    let units: Vec<u32> = rows.iter().map(|row| row.2).collect();
    let totals = allocate(free_total, &gross, &units)?;
    let priced = rows.into_iter().zip(totals).map(|((ordered, mut parts, free, gross), total)| {
        if free > 0 {
            parts.push(Part { units: free, gross, total });
        }
        Repriced { ordered, parts }
    });
    Ok((priced.collect(), bounded(i128::from(fixed_total) + i128::from(free_total))?))
}

/// Whether an edit names a price or an adjustment that is not the present one.
fn changes_prices(order: &Order, edit: &Edited) -> Result<bool, Refusal> {
    let differs = |new: &Option<Vec<Adjustment>>, now: &[Adjustment]| match new {
        Some(new) => Ok::<_, Refusal>(added(new)? != added(now)?),
        None => Ok(false),
    };
    for change in &edit.changed {
        let Some(line) = order.line(change.line_id) else { continue };
        if change.unit_price.is_some_and(|price| price != line.unit_price) || differs(&change.adjustments, &line.adjustments)? {
            return Ok(true);
        }
    }
    differs(&edit.adjustments, &order.adjustments)
}

/// Units ordered, free units, and what the free units cost with the line's own adjustments, after an edit.
fn edited_line(line: &Line, fixed: u32, edit: &Edited) -> Result<(u32, u32, i64), Refusal> {
    let least = line.cancelled + line.packed + line.dispatched;
    let change = edit.changed.iter().find(|change| change.line_id == line.id);
    let ordered = match change {
        _ if edit.removed.contains(&line.id) => least,
        Some(change) => change.qty.map_or(line.ordered, |qty| qty.get()),
        None => line.ordered,
    };
    if ordered < least {
        return Err(Refusal::BelowPacked { line_id: line.id, least });
    }
    let live = ordered - line.cancelled;
    let free = live - fixed;
    if free == 0 {
        return Ok((ordered, 0, 0));
    }
    let free_before = line.live() - fixed;
    let gross_before = Part::cum(&line.parts, line.live(), |p| p.gross) - Part::cum(&line.parts, fixed, |p| p.gross);
    let own_before = gross_before - line.unit_price.minor() * i64::from(free_before);
    let unit_price = change.and_then(|c| c.unit_price).unwrap_or(line.unit_price).minor();
    let own = match change.and_then(|c| c.adjustments.as_ref()) {
        Some(adjustments) => i64::try_from(i128::from(added(adjustments)?) * i128::from(free) / i128::from(live)).unwrap_or(0),
        None if free_before == 0 => 0,
        None => own_before,
    };
    let gross = bounded(i128::from(unit_price) * i128::from(free) + i128::from(own))?;
    if gross < 0 || unit_price < 0 { Err(Refusal::NegativeLine(line.id)) } else { Ok((ordered, free, gross)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_units_take_the_odd_minor_units() {
        let parts = [Part { units: 3, gross: 0, total: 100 }];
        let cum: Vec<i64> = (0..=3).map(|n| Part::cum(&parts, n, |p| p.total)).collect();
        assert_eq!(cum, [0, 34, 67, 100]);
    }

    #[test]
    fn a_prefix_keeps_the_cost_of_every_unit() {
        for total in [-7, 0, 1, 99, 100, 101] {
            let parts = [Part { units: 7, gross: 3, total }, Part { units: 2, gross: 0, total: 5 }];
            for n in 0..=9 {
                let prefix = Part::prefix(&parts, n);
                for k in 0..=n {
                    assert_eq!(
                        Part::cum(&prefix, k, |p| p.total),
                        Part::cum(&parts, k, |p| p.total),
                        "total {total}, prefix {n}, units {k}"
                    );
                }
            }
        }
    }
}
