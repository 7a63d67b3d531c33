//! Screens, holds, cancellations and completion.

use crate::fact::RefundCause;
use crate::order::decide::{At, Draft, check_text, refund, tender};
use crate::order::event::{Assessment, CancelReason, Event, HoldReason, RiskVerdict, Stage};
use crate::order::refusal::Refusal;
use crate::order::state::{Order, Placement, ShipmentState};

pub(super) fn assess(draft: &mut Draft<'_>, assessment: Assessment) -> Result<(), Refusal> {
    draft.emit(Event::RiskAssessed(assessment))
}

/// Most reasons of one judgement.
const REASONS_MAX: usize = 20;

pub(super) fn screen(draft: &mut Draft<'_>, assessment: Assessment) -> Result<(), Refusal> {
    if assessment.reasons.len() > REASONS_MAX {
        return Err(Refusal::TooMany { what: "reasons", max: REASONS_MAX });
    }
    assessment.reasons.iter().try_for_each(|reason| check_text("reasons", reason))?;
    let held = match draft.order.placement {
        Placement::Held { reason, resume, .. } => Some((reason, resume)),
        _ => None,
    };
    let at = At::of(&draft.order);
    match assessment.verdict {
        RiskVerdict::Accept if at == At::Pending => assess(draft, assessment),
        RiskVerdict::Accept if matches!(held, Some((HoldReason::Review, _))) => {
            assess(draft, assessment)?;
            resume(draft)
        }
        RiskVerdict::Review if matches!(at, At::Pending | At::Confirmed) => {
            draft.require_idle()?;
            tender::abandon(draft)?;
            assess(draft, assessment)?;
            hold_for_review(draft)
        }
        RiskVerdict::Reject if at == At::Pending || matches!(held, Some((_, Stage::Pending))) => {
            tender::abandon(draft)?;
            assess(draft, assessment)?;
            reject(draft)
        }
        RiskVerdict::Accept | RiskVerdict::Review | RiskVerdict::Reject => Err(draft.illegal("be screened so")),
    }
}

pub(super) fn reject(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let reasons = draft.order.assessment.as_ref().map(|a| a.reasons.join(", ")).unwrap_or_default();
    draft.emit(Event::OrderRejected { reason: if reasons.is_empty() { "risk".to_owned() } else { reasons } })?;
    refund_room(draft)
}

pub(super) fn hold_for_review(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let until = draft.ctx.now.plus_secs(draft.ctx.policy.review_ttl_s);
    put_on_hold(draft, HoldReason::Review, (At::of(&draft.order) == At::Pending).then_some(until))
}

pub(super) fn hold(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.require_stage("be held", &[At::Pending, At::Confirmed])?;
    draft.require_idle()?;
    tender::abandon(draft)?;
    put_on_hold(draft, HoldReason::Operator, None)
}

pub(super) fn put_on_hold(draft: &mut Draft<'_>, reason: HoldReason, until: Option<crate::time::Timestamp>) -> Result<(), Refusal> {
    let resume = if At::of(&draft.order) == At::Pending { Stage::Pending } else { Stage::Confirmed };
    draft.emit(Event::OrderHeld { reason, resume, until })
}

pub(super) fn resume(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Placement::Held { resume, .. } = draft.order.placement else { return Err(draft.illegal("be resumed")) };
    let pay_by = (resume == Stage::Pending).then(|| draft.ctx.now.plus_secs(draft.ctx.policy.pay_by_s));
    draft.emit(Event::OrderResumed { to: resume, pay_by })?;
    if resume == Stage::Pending { tender::pay_as_placed(draft) } else { Ok(()) }
}

pub(super) fn expire(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let due = match draft.order.placement {
        Placement::Pending { pay_by } => Some(pay_by),
        Placement::Held { resume: Stage::Pending, until, .. } => until,
        _ => None,
    };
    let due = due.ok_or_else(|| draft.illegal("expire"))?;
    if draft.ctx.now < due {
        return Err(Refusal::TooEarly { due });
    }
    draft.require_idle()?;
    tender::abandon(draft)?;
    end(draft, CancelReason::Unpaid)
}

pub(super) fn cancel(draft: &mut Draft<'_>, reason: CancelReason) -> Result<(), Refusal> {
    draft.require_stage("be cancelled", &[At::Pending, At::Held, At::Confirmed])?;
    if draft.order.packed_units() > 0 || draft.order.dispatched_units() > 0 {
        return Err(draft.illegal("be cancelled after units were packed"));
    }
    tender::abandon(draft)?;
    end(draft, reason)
}

/// Cancels the order and grants back what it holds.
pub(super) fn end(draft: &mut Draft<'_>, reason: CancelReason) -> Result<(), Refusal> {
    draft.emit(Event::OrderCancelled { reason })?;
    refund_room(draft)
}

fn refund_room(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    refund::give_back(draft, RefundCause::Cancel, draft.order.room(), Vec::new())
}

pub(super) fn complete(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    draft.require_stage("be completed", &[At::Confirmed])?;
    draft.order.completable().map_err(Refusal::NotComplete)?;
    draft.emit(Event::OrderCompleted)
}

impl Order {
    /// Whether a confirmed order has nothing open any more.
    ///
    /// # Errors
    /// What is still open.
    pub(in crate::order) fn completable(&self) -> Result<(), &'static str> {
        let settled = |state: &ShipmentState| match state {
            ShipmentState::Delivered { .. } | ShipmentState::Lost { .. } | ShipmentState::Cancelled => true,
            ShipmentState::Packed | ShipmentState::Dispatched(_) => false,
        };
        let all_back = |s: &crate::order::state::Shipment| s.lines.iter().all(|line| line.returned == line.qty);
        if self.open_units() > 0 {
            Err("units are open")
        } else if self.packed_units() > 0 {
            Err("units are packed")
        } else if !self.shipments.iter().all(|s| settled(&s.state) || all_back(s)) {
            Err("a shipment is on its way")
        } else if self.busy() {
            Err("a payment or capture has no outcome yet")
        } else if self.refunding() > 0 {
            Err("a refund is open")
        } else if self.terms != crate::order::event::Terms::Invoice && self.kept() < self.owed() {
            Err("it is not paid")
        } else {
            Ok(())
        }
    }
}
