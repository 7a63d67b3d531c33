//! Attempts and captures.

use crate::fact::{FailureCode, PaymentFact, RefundCause};
use crate::id::{AttemptId, CaptureId, PaymentId, ShipmentId};
use crate::money::Money;
use crate::order::command::{AttemptOutcome, CaptureOutcome, Pay};
use crate::order::decide::{At, Draft, PARTS_MAX, placement, refund};
use crate::order::event::{CapturePolicy, Event, HoldReason, Terms};
use crate::order::refusal::Refusal;
use crate::order::state::{Order, Shipment, ShipmentState};
use crate::tender::{Attempt, AttemptState, CaptureState};

/// Ends the attempts in which the buyer had to act.
pub(super) fn abandon(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let waiting: Vec<AttemptId> = draft.order.tenders.attempts.iter().filter(|a| a.wants_action()).map(|a| a.id).collect();
    for attempt_id in waiting {
        fail(draft, attempt_id, FailureCode::Abandoned, false)?;
    }
    Ok(())
}

fn fail(draft: &mut Draft<'_>, attempt_id: AttemptId, code: FailureCode, retryable: bool) -> Result<(), Refusal> {
    draft.emit(Event::Payment(PaymentFact::Failed { attempt_id, code, retryable }))
}

pub(super) fn pay(draft: &mut Draft<'_>, pay: Pay) -> Result<(), Refusal> {
    let on_invoice = draft.order.terms == Terms::Invoice;
    let stages: &[At] = if on_invoice { &[At::Pending, At::Confirmed, At::Completed] } else { &[At::Pending, At::Confirmed] };
    draft.require_stage("be paid", stages)?;
    draft.require_idle()?;
    let due = draft.order.due();
    if due == 0 {
        return Err(Refusal::NothingDue);
    }
    let amount = pay.amount.map_or(Ok(due), |amount| draft.positive(amount))?;
    if amount > due {
        return Err(Refusal::AmountAbove { asked: amount, max: due });
    }
    if draft.order.tenders.attempts.len() >= PARTS_MAX {
        return Err(Refusal::TooMany { what: "attempts", max: PARTS_MAX });
    }
    draft.require_free(draft.order.tenders.attempt(pay.attempt_id).is_some(), "attempt")?;
    abandon(draft)?;
    let payment_id = draft.order.payment_for(pay.payment_id);
    let amount = draft.order.money(amount);
    draft.emit(Event::Payment(PaymentFact::Started {
        payment_id,
        attempt_id: pay.attempt_id,
        provider: pay.provider,
        method_ref: pay.method_ref,
        amount,
    }))
}

/// Tries the method that came with the order, if none was tried yet.
pub(super) fn pay_as_placed(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let Some(method_ref) = draft.order.method_ref.clone() else { return Ok(()) };
    if draft.order.covered() || !draft.order.tenders.attempts.is_empty() {
        return Ok(());
    }
    let fresh = draft.ctx.fresh;
    let provider = draft.ctx.default_provider.clone();
    pay(draft, Pay { payment_id: PaymentId::new(fresh()), attempt_id: AttemptId::new(fresh()), provider, method_ref, amount: None })
}

pub(super) fn attempt(draft: &mut Draft<'_>, attempt_id: AttemptId, outcome: AttemptOutcome) -> Result<(), Refusal> {
    let attempt = draft.order.tenders.attempt(attempt_id).ok_or(Refusal::Unknown("attempt"))?;
    let (asked, state) = (attempt.asked, attempt.state.clone());
    match (state, outcome) {
        (AttemptState::Open(known), AttemptOutcome::Open(why)) if known.as_ref() != Some(&why) => {
            draft.emit(Event::Payment(PaymentFact::Pending { attempt_id, why }))?;
            // nobody waits for a buyer's action on an order that is not pending or confirmed
            if matches!(At::of(&draft.order), At::Held | At::Cancelled | At::Rejected) { abandon(draft) } else { Ok(()) }
        }
        (AttemptState::Open(_), AttemptOutcome::Failed { code, retryable }) => fail(draft, attempt_id, code, retryable),
        (AttemptState::Open(_) | AttemptState::Failed { .. }, AttemptOutcome::Approved { amount, sale, expires_at, reference }) => {
            let minor = draft.positive(amount)?;
            if minor > asked {
                return Err(Refusal::AmountAbove { asked: minor, max: asked });
            }
            if sale {
                return sold(draft, attempt_id, amount, reference);
            }
            draft.emit(Event::Payment(PaymentFact::Authorized { attempt_id, amount, expires_at, reference }))
        }
        // told before
        (AttemptState::Approved(_), _)
        | (AttemptState::Open(_), AttemptOutcome::Open(_))
        | (AttemptState::Failed { .. }, AttemptOutcome::Open(_) | AttemptOutcome::Failed { .. }) => Ok(()),
    }
}

/// A sale took the money at once; what nothing is owed for goes back whole.
fn sold(draft: &mut Draft<'_>, attempt_id: AttemptId, amount: Money, reference: Option<crate::id::ProviderRef>) -> Result<(), Refusal> {
    let ended = matches!(At::of(&draft.order), At::Cancelled | At::Rejected);
    let surplus = ended || amount.minor() > draft.order.due();
    let capture_id = CaptureId::of_sale(attempt_id);
    draft.emit(Event::Payment(PaymentFact::Captured { capture_id, attempt_id, amount, reference }))?;
    if surplus { refund::give_back_capture(draft, RefundCause::Surplus, capture_id, amount.minor()) } else { Ok(()) }
}

/// Starts captures: for a shipment its share, else what is asked for, or all that is owed.
pub(super) fn start_capture(draft: &mut Draft<'_>, shipment_id: Option<ShipmentId>, amount: Option<Money>) -> Result<(), Refusal> {
    let on_invoice = draft.order.terms == Terms::Invoice;
    let stages: &[At] = if on_invoice { &[At::Confirmed, At::Completed] } else { &[At::Confirmed] };
    draft.require_stage("be captured for", stages)?;
    draft.require_idle()?;
    let rest = (draft.order.owed() - draft.order.kept()).max(0);
    let most = draft.order.authorized().min(rest);
    let shipment = shipment_id.map(|id| packed(&draft.order, id)).transpose()?;
    let wanted = match (shipment, amount) {
        (_, Some(amount)) => draft.positive(amount)?,
        (Some(shipment), None) => share_to_capture(draft, shipment, rest).min(if on_invoice { most } else { i64::MAX }),
        (None, None) => rest,
    };
    if wanted == 0 {
        return Ok(());
    }
    if wanted > most {
        return Err(Refusal::AmountAbove { asked: wanted, max: most });
    }
    capture_oldest_first(draft, shipment_id, wanted)
}

fn packed(order: &Order, id: ShipmentId) -> Result<&Shipment, Refusal> {
    let shipment = order.shipment(id).ok_or(Refusal::Unknown("shipment"))?;
    if shipment.state == ShipmentState::Packed {
        Ok(shipment)
    } else {
        Err(Refusal::WrongState { what: "shipment", state: shipment.state.name() })
    }
}

/// What a shipment asks for, by policy and by what the providers can do.
fn share_to_capture(draft: &Draft<'_>, shipment: &Shipment, rest: i64) -> i64 {
    let share = draft.order.share_of(shipment);
    let single = draft.order.tenders.attempts.iter().any(|a| draft.order.tenders.voidable(a) > 0 && !draft.ctx.multi_capture(&a.provider));
    let whole = draft.order.capture_policy == CapturePolicy::AtConfirm || single;
    if share > 0 && whole { rest.min(draft.order.authorized()).max(share) } else { share }
}

fn capture_oldest_first(draft: &mut Draft<'_>, shipment_id: Option<ShipmentId>, wanted: i64) -> Result<(), Refusal> {
    let mut left = wanted;
    let approved = draft.order.tenders.attempts.iter().filter(|a| a.approval().is_some_and(|approval| !approval.reversing));
    let room: Vec<(AttemptId, i64)> = approved.map(|a| (a.id, draft.order.tenders.voidable(a))).collect();
    for (attempt_id, room) in room {
        let taken = left.min(room);
        if taken > 0 {
            left -= taken;
            let capture_id = CaptureId::new((draft.ctx.fresh)());
            let amount = draft.order.money(taken);
            draft.emit(Event::Payment(PaymentFact::CaptureStarted { capture_id, attempt_id, amount, shipment_id }))?;
        }
    }
    Ok(())
}

pub(super) fn capture(draft: &mut Draft<'_>, capture_id: CaptureId, outcome: CaptureOutcome) -> Result<(), Refusal> {
    let capture = draft.order.tenders.capture(capture_id).ok_or(Refusal::Unknown("capture"))?;
    if capture.state != CaptureState::Open {
        // told before
        return Ok(());
    }
    let attempt_id = capture.attempt_id;
    let amount = draft.order.money(capture.amount);
    match outcome {
        CaptureOutcome::Done { reference } => {
            draft.emit(Event::Payment(PaymentFact::Captured { capture_id, attempt_id, amount, reference }))?;
            void_rest_of_single(draft, attempt_id)?;
        }
        CaptureOutcome::Failed { code } => {
            draft.emit(Event::Payment(PaymentFact::CaptureFailed { capture_id, code }))?;
            if At::of(&draft.order) == At::Confirmed {
                abandon(draft)?;
                placement::put_on_hold(draft, HoldReason::Payment, None)?;
            }
        }
    }
    if draft.order.capture_open() {
        return Ok(());
    }
    let ended = matches!(At::of(&draft.order), At::Cancelled | At::Rejected);
    let surplus = if ended { draft.order.room() } else { draft.order.excess() };
    refund::give_back(draft, RefundCause::Surplus, surplus, Vec::new())
}

/// A provider that captures once gives the rest back with the capture.
fn void_rest_of_single(draft: &mut Draft<'_>, attempt_id: AttemptId) -> Result<(), Refusal> {
    let attempt = draft.order.tenders.attempt(attempt_id).ok_or(Refusal::Unknown("attempt"))?;
    let rest = draft.order.tenders.voidable(attempt);
    if rest == 0 || draft.ctx.multi_capture(&attempt.provider) {
        return Ok(());
    }
    let amount = draft.order.money(rest);
    draft.emit(Event::Payment(PaymentFact::AuthorizationVoided { attempt_id, amount }))
}

pub(super) fn authorization_gone(draft: &mut Draft<'_>, attempt_id: AttemptId, lapsed: bool) -> Result<(), Refusal> {
    let attempt = draft.order.tenders.attempt(attempt_id).ok_or(Refusal::Unknown("attempt"))?;
    let rest = draft.order.tenders.voidable(attempt);
    if rest == 0 {
        // told before
        return Ok(());
    }
    let amount = draft.order.money(rest);
    draft.emit(Event::Payment(if lapsed {
        PaymentFact::AuthorizationExpired { attempt_id, amount }
    } else {
        PaymentFact::AuthorizationVoided { attempt_id, amount }
    }))
}

impl Order {
    /// The payment that a new attempt belongs to: the last one unless it holds money.
    fn payment_for(&self, new: PaymentId) -> PaymentId {
        let holds_money = |a: &Attempt| a.approval().is_some_and(|approval| approval.left() > 0 || approval.captured > 0);
        match self.tenders.attempts.last() {
            Some(last) if !self.tenders.attempts.iter().any(|a| a.payment_id == last.payment_id && holds_money(a)) => last.payment_id,
            _ => new,
        }
    }
}
