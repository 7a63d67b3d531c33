//! Placing an order.

use crate::order::amounts;
use crate::order::command::Place;
use crate::order::decide::{Decided, Draft, LINE_UNITS_MAX, LINES_MAX, check_text, placement, settle, tender};
use crate::order::event::{Adjustment, Event, Placed, RiskVerdict};
use crate::order::evolve::evolve;
use crate::order::policy::Context;
use crate::order::refusal::Refusal;

pub(super) fn place(place: Place, ctx: &Context<'_>) -> Result<Decided, Refusal> {
    let placed = checked(place.order, ctx)?;
    let event = Event::OrderPlaced(Box::new(placed));
    let order = evolve(None, ctx.at, &event).map_err(Refusal::Unlawful)?;
    let mut draft = Draft { order, events: vec![event], ctx };
    let verdict = place.assessment.verdict;
    placement::assess(&mut draft, place.assessment)?;
    match verdict {
        RiskVerdict::Reject => placement::reject(&mut draft)?,
        RiskVerdict::Review => placement::hold_for_review(&mut draft)?,
        RiskVerdict::Accept => {
            if let Some(pay) = place.payment.filter(|_| !draft.order.covered()) {
                tender::pay(&mut draft, pay)?;
            }
        }
    }
    settle::settle(&mut draft)?;
    Ok(draft.finish())
}

/// The order as it will be recorded: numbered, summed, with its time to pay by.
fn checked(mut order: Placed, ctx: &Context<'_>) -> Result<Placed, Refusal> {
    let count = order.lines.len();
    if !(1..=LINES_MAX).contains(&count) {
        return Err(Refusal::LineCount { count, max: LINES_MAX });
    }
    check_text("channel", &order.channel)?;
    same_currency(&order, &order.adjustments)?;
    for (number, line) in (1..).zip(&mut order.lines) {
        line.line_id = crate::id::LineId(number);
    }
    for line in &order.lines {
        check_line(line, &order)?;
    }
    let (_, total) = amounts::price_new(&order.lines, &order.adjustments)?;
    order.total = crate::money::Money::from_minor(total, order.currency);
    order.pay_by = ctx.now.plus_secs(ctx.policy.pay_by_s);
    Ok(order)
}

fn check_line(line: &crate::order::event::LineItem, order: &Placed) -> Result<(), Refusal> {
    check_text("title", &line.title)?;
    if line.qty.get() > LINE_UNITS_MAX {
        return Err(Refusal::Quantity { line_id: line.line_id, asked: line.qty.get().into(), allowed: LINE_UNITS_MAX.into() });
    }
    if line.unit_price.currency() != order.currency {
        return Err(Refusal::MixedCurrency { expected: order.currency, actual: line.unit_price.currency() });
    }
    same_currency(order, &line.adjustments)
}

fn same_currency(order: &Placed, adjustments: &[Adjustment]) -> Result<(), Refusal> {
    match adjustments.iter().find(|a| a.amount.currency() != order.currency) {
        Some(other) => Err(Refusal::MixedCurrency { expected: order.currency, actual: other.amount.currency() }),
        None => Ok(()),
    }
}
