//! Edits, and the cancellation of lines.

use crate::fact::RefundCause;
use crate::id::LineId;
use crate::money::Currency;
use crate::order::amounts;
use crate::order::command::Edit;
use crate::order::decide::{At, Draft, LINE_UNITS_MAX, LINES_MAX, check_text, placement, refund, tender};
use crate::order::event::{Adjustment, CancelReason, Edited, Event};
use crate::order::refusal::Refusal;
use crate::quantity::LineQty;

pub(super) fn edit(draft: &mut Draft<'_>, edit: Edit) -> Result<(), Refusal> {
    draft.require_stage("be edited", &[At::Pending, At::Held, At::Confirmed])?;
    draft.require_idle()?;
    let packed = draft.order.packed_units() + draft.order.dispatched_units() > 0;
    if edit.personal_ref.is_some() && packed {
        return Err(Refusal::AddressFixed);
    }
    check(draft, &edit)?;
    let mut edited = Edited {
        added: edit.add,
        changed: edit.change,
        removed: edit.remove,
        adjustments: edit.adjustments,
        personal_ref: edit.personal_ref,
        total: draft.order.money(0),
    };
    number_on(&mut edited, draft.order.lines.len());
    let (rows, total) = amounts::reprice(&draft.order, &edited)?;
    let cancelled = draft.order.lines.iter().map(|line| line.cancelled).chain(std::iter::repeat(0));
    if rows.iter().zip(cancelled).all(|(row, cancelled)| row.ordered == cancelled) {
        return Err(Refusal::NothingLeft);
    }
    edited.total = draft.order.money(total);
    tender::abandon(draft)?;
    draft.emit(Event::OrderEdited(Box::new(edited)))?;
    refund::give_back(draft, RefundCause::Edit, draft.order.excess(), Vec::new())
}

fn number_on(edited: &mut Edited, lines: usize) {
    let next = u32::try_from(lines).unwrap_or(u32::MAX);
    for (number, line) in (1..).zip(&mut edited.added) {
        line.line_id = LineId(next.saturating_add(number));
    }
}

fn check(draft: &Draft<'_>, edit: &Edit) -> Result<(), Refusal> {
    let currency = draft.order.currency;
    let count = draft.order.lines.len() + edit.add.len();
    if count > LINES_MAX {
        return Err(Refusal::LineCount { count, max: LINES_MAX });
    }
    for line in &edit.add {
        check_text("title", &line.title)?;
        check_units(line.line_id, line.qty.get())?;
        same_currency(currency, line.unit_price.currency())?;
        check_adjustments(currency, &line.adjustments)?;
    }
    let mut named = std::collections::BTreeSet::new();
    for id in edit.change.iter().map(|change| change.line_id).chain(edit.remove.iter().copied()) {
        draft.order.line(id).ok_or(Refusal::UnknownLine(id))?;
        if !named.insert(id) {
            return Err(Refusal::LineTwice(id));
        }
    }
    for change in &edit.change {
        change.qty.map_or(Ok(()), |qty| check_units(change.line_id, qty.get()))?;
        change.unit_price.map_or(Ok(()), |price| same_currency(currency, price.currency()))?;
        check_adjustments(currency, change.adjustments.as_deref().unwrap_or_default())?;
    }
    check_adjustments(currency, edit.adjustments.as_deref().unwrap_or_default())
}

fn check_units(line_id: LineId, units: u32) -> Result<(), Refusal> {
    if units <= LINE_UNITS_MAX { Ok(()) } else { Err(Refusal::Quantity { line_id, asked: units.into(), allowed: LINE_UNITS_MAX.into() }) }
}

fn check_adjustments(currency: Currency, adjustments: &[Adjustment]) -> Result<(), Refusal> {
    adjustments.iter().try_for_each(|a| same_currency(currency, a.amount.currency()))
}

fn same_currency(expected: Currency, actual: Currency) -> Result<(), Refusal> {
    if expected == actual { Ok(()) } else { Err(Refusal::MixedCurrency { expected, actual }) }
}

pub(super) fn cancel_lines(draft: &mut Draft<'_>, lines: &[LineQty], reason: String) -> Result<(), Refusal> {
    draft.require_stage("have lines cancelled", &[At::Pending, At::Held, At::Confirmed])?;
    draft.require_idle()?;
    check_text("reason", &reason)?;
    draft.units_within(lines, |id| draft.order.line(id).map_or(0, |line| line.open().into()))?;
    let live: u64 = draft.order.lines.iter().map(|line| u64::from(line.live())).sum();
    if lines.iter().map(|l| u64::from(l.qty.get())).sum::<u64>() == live {
        return placement::cancel(draft, CancelReason::Customer);
    }
    let gone = |l: &LineQty| Some(draft.order.line(l.line_id)?).map(|line| line.cum(line.live()) - line.cum(line.live() - l.qty.get()));
    let value: i64 = lines.iter().filter_map(gone).sum();
    let total = draft.order.money(draft.order.total() - value);
    let value = draft.order.money(value);
    draft.emit(Event::LinesCancelled { lines: lines.to_vec(), reason, value, total })?;
    refund::give_back(draft, RefundCause::Cancel, draft.order.excess(), Vec::new())
}
