//! Granting refunds, and what becomes of them.

use crate::fact::{PaymentFact, RefundCause, RefundPart};
use crate::id::{CaptureId, RefundId};
use crate::order::command::{GrantRefund, RefundOutcome};
use crate::order::decide::{At, Draft, PARTS_MAX};
use crate::order::event::Event;
use crate::order::refusal::Refusal;
use crate::order::state::Order;
use crate::quantity::LineQty;
use crate::tender::RefundState;

/// Grants back an amount, through the oldest captures first; nothing happens for no money.
pub(super) fn give_back(draft: &mut Draft<'_>, cause: RefundCause, amount: i64, lines: Vec<LineQty>) -> Result<(), Refusal> {
    let id = draft.refund_id();
    emit_grant(draft, id, cause, amount, lines, None)
}

/// Grants back an amount of one capture.
pub(super) fn give_back_capture(draft: &mut Draft<'_>, cause: RefundCause, capture_id: CaptureId, amount: i64) -> Result<(), Refusal> {
    let amount = draft.order.money(amount);
    let refund_id = draft.refund_id();
    let parts = vec![RefundPart { capture_id, amount }];
    draft.emit(Event::Payment(PaymentFact::RefundGranted { refund_id, cause, amount, lines: Vec::new(), parts, replaces: None }))
}

fn emit_grant(
    draft: &mut Draft<'_>,
    refund_id: RefundId,
    cause: RefundCause,
    amount: i64,
    lines: Vec<LineQty>,
    replaces: Option<RefundId>,
) -> Result<(), Refusal> {
    if amount <= 0 {
        return Ok(());
    }
    let mut left = amount;
    let mut parts = Vec::new();
    for capture in &draft.order.tenders.captures {
        let taken = left.min(draft.order.tenders.refundable(capture.id));
        if taken > 0 {
            left -= taken;
            parts.push(RefundPart { capture_id: capture.id, amount: draft.order.money(taken) });
        }
    }
    let amount = draft.order.money(amount);
    draft.emit(Event::Payment(PaymentFact::RefundGranted { refund_id, cause, amount, lines, parts, replaces }))
}

pub(super) fn grant(draft: &mut Draft<'_>, grant: GrantRefund) -> Result<(), Refusal> {
    let order = &draft.order;
    let amount = draft.positive(grant.amount)?;
    if order.tenders.refunds.len() >= PARTS_MAX {
        return Err(Refusal::TooMany { what: "refunds", max: PARTS_MAX });
    }
    draft.require_free(order.tenders.refund(grant.refund_id).is_some(), "refund")?;
    let mut max = order.room();
    let (cause, lines) = match grant.replaces {
        Some(replaced) => {
            let (cause, lines, failed) = replaceable(order, replaced)?;
            max = max.min(failed);
            let runs = matches!(At::of(order), At::Pending | At::Held | At::Confirmed | At::Completed);
            if runs && cause.lowers_kept() {
                max = max.min(order.excess());
            }
            (cause, lines)
        }
        None if grant.lines.is_empty() => (RefundCause::Goodwill, grant.lines),
        None => {
            draft.units_within(&grant.lines, |id| order.line(id).map_or(0, |line| line.live().into()))?;
            max = max.min(order.paid_for(&grant.lines));
            (RefundCause::Goodwill, grant.lines)
        }
    };
    if amount > max {
        return Err(Refusal::AmountAbove { asked: amount, max: max.max(0) });
    }
    emit_grant(draft, grant.refund_id, cause, amount, lines, grant.replaces)
}

/// The cause, the lines and the failed amount of a refund that another may stand in for.
fn replaceable(order: &Order, id: RefundId) -> Result<(RefundCause, Vec<LineQty>, i64), Refusal> {
    let refund = order.tenders.refund(id).ok_or(Refusal::Unknown("refund"))?;
    if refund.replaced {
        return Err(Refusal::NotReplaceable("it was replaced before"));
    }
    if refund.sum(|state| state == RefundState::Open) > 0 {
        return Err(Refusal::NotReplaceable("a part of it is open"));
    }
    match refund.sum(|state| matches!(state, RefundState::Failed { .. })) {
        0 => Err(Refusal::NotReplaceable("nothing of it failed")),
        failed => Ok((refund.cause, refund.lines.clone(), failed)),
    }
}

pub(super) fn outcome(draft: &mut Draft<'_>, refund_id: RefundId, capture_id: CaptureId, outcome: RefundOutcome) -> Result<(), Refusal> {
    let refund = draft.order.tenders.refund(refund_id).ok_or(Refusal::Unknown("refund"))?;
    let part = refund.parts.iter().find(|part| part.capture_id == capture_id).ok_or(Refusal::Unknown("part of the refund"))?;
    if part.state != RefundState::Open {
        // told before
        return Ok(());
    }
    let amount = draft.order.money(part.amount);
    draft.emit(Event::Payment(match outcome {
        RefundOutcome::Done => PaymentFact::RefundIssued { refund_id, capture_id, amount },
        RefundOutcome::Failed { code } => PaymentFact::RefundFailed { refund_id, capture_id, code },
    }))
}

impl Order {
    /// What units of lines cost, less what was granted back for those lines and has not failed.
    fn paid_for(&self, lines: &[LineQty]) -> i64 {
        let cost: i64 = lines.iter().filter_map(|l| Some(self.line(l.line_id)?.cum(l.qty.get()))).sum();
        let names = |refund: &crate::tender::Refund| refund.lines.iter().any(|l| lines.iter().any(|m| m.line_id == l.line_id));
        cost - self.tenders.refunds.iter().filter(|refund| names(refund)).map(|refund| refund.standing()).sum::<i64>()
    }
}
