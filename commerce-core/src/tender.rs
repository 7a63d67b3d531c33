//! Money in motion: the fold of payment facts into attempts, captures and refunds. Amounts are minor units of one currency.

use crate::fact::{FailureCode, PaymentFact, PendingWhy, RefundCause};
use crate::id::{AttemptId, CaptureId, MethodRef, PaymentId, ProviderName, ProviderRef, RefundId, ShipmentId};
use crate::quantity::LineQty;
use crate::time::Timestamp;

/// The attempts, captures and refunds of one payment or one order, each the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tenders {
    /// Tries to authorize money.
    pub attempts: Vec<Attempt>,
    /// Captures of what was authorized, and charges of sales.
    pub captures: Vec<Capture>,
    /// Refunds granted.
    pub refunds: Vec<Refund>,
}

/// One try to authorize money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The attempt.
    pub id: AttemptId,
    /// The payment that it belongs to.
    pub payment_id: PaymentId,
    /// Where the call goes.
    pub provider: ProviderName,
    /// What pays.
    pub method_ref: MethodRef,
    /// What was asked for.
    pub asked: i64,
    /// When it began.
    pub at: Timestamp,
    /// What became of it.
    pub state: AttemptState,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptState {
    /// No outcome yet; none: the call may not even have been made.
    Open(Option<PendingWhy>),
    /// No money.
    Failed {
        /// Why.
        code: FailureCode,
    },
    /// Money was set aside, or taken at once by a sale.
    Approved(Approval),
}

/// Money that was set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// How much.
    pub amount: i64,
    /// How much of it was captured.
    pub captured: i64,
    /// How much of it was given back, lapsed, or failed to be captured.
    pub gone: i64,
    /// When the provider lets the rest go.
    pub expires_at: Option<Timestamp>,
    /// The provider's own id.
    pub reference: Option<ProviderRef>,
    /// Nothing is owed for it: what is left is to be given back.
    pub reversing: bool,
}

impl Approval {
    /// What is neither captured nor gone, open captures included.
    pub const fn left(&self) -> i64 {
        self.amount - self.captured - self.gone
    }
}

impl Attempt {
    /// The approval, if there is one.
    pub const fn approval(&self) -> Option<&Approval> {
        match &self.state {
            AttemptState::Approved(approval) => Some(approval),
            AttemptState::Open(_) | AttemptState::Failed { .. } => None,
        }
    }

    /// Whether the buyer has to act.
    pub const fn wants_action(&self) -> bool {
        matches!(&self.state, AttemptState::Open(Some(PendingWhy::ActionRequired { .. })))
    }
}

/// One capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// The capture.
    pub id: CaptureId,
    /// The authorization that it draws on.
    pub attempt_id: AttemptId,
    /// How much.
    pub amount: i64,
    /// The shipment that it pays for, if one.
    pub shipment_id: Option<ShipmentId>,
    /// What became of it.
    pub state: CaptureState,
}

/// What became of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureState {
    /// No outcome yet.
    Open,
    /// The money arrived.
    Done {
        /// The provider's own id.
        reference: Option<ProviderRef>,
    },
    /// It failed for good.
    Failed {
        /// Why.
        code: FailureCode,
    },
}

/// One refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// The refund.
    pub id: RefundId,
    /// What gave rise to it.
    pub cause: RefundCause,
    /// The units that it pays back, if it names any.
    pub lines: Vec<LineQty>,
    /// Which captures pay it back.
    pub parts: Vec<RefundShare>,
    /// Whether another refund stands in for what failed of it.
    pub replaced: bool,
    /// When it was granted.
    pub at: Timestamp,
}

/// One part of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundShare {
    /// The capture that the money goes back through.
    pub capture_id: CaptureId,
    /// How much.
    pub amount: i64,
    /// What became of it.
    pub state: RefundState,
}

/// What became of one part of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefundState {
    /// No outcome yet.
    Open,
    /// The money went back.
    Issued,
    /// It failed for good.
    Failed {
        /// Why.
        code: FailureCode,
    },
}

impl Refund {
    /// The sum of the parts that `pick` takes.
    pub fn sum(&self, pick: impl Fn(RefundState) -> bool) -> i64 {
        self.parts.iter().filter(|part| pick(part.state)).map(|part| part.amount).sum()
    }

    /// What was granted and has not failed.
    pub fn standing(&self) -> i64 {
        self.sum(|state| !matches!(state, RefundState::Failed { .. }))
    }
}

impl Tenders {
    /// One attempt.
    pub fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.id == id)
    }

    /// One capture.
    pub fn capture(&self, id: CaptureId) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.id == id)
    }

    /// One refund.
    pub fn refund(&self, id: RefundId) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.id == id)
    }

    /// What is set aside: uncaptured, not lapsed, and not to be given back.
    pub fn authorized(&self) -> i64 {
        self.attempts.iter().filter_map(|a| a.approval()).filter(|a| !a.reversing).map(Approval::left).sum()
    }

    /// What arrived.
    pub fn captured(&self) -> i64 {
        self.captures.iter().filter(|c| matches!(c.state, CaptureState::Done { .. })).map(|c| c.amount).sum()
    }

    /// What was granted back and is not settled.
    pub fn refunding(&self) -> i64 {
        self.refunds.iter().map(|r| r.sum(|state| state == RefundState::Open)).sum()
    }

    /// What went back.
    pub fn refunded(&self) -> i64 {
        self.refunds.iter().map(|r| r.sum(|state| state == RefundState::Issued)).sum()
    }

    /// What can still be granted back.
    pub fn room(&self) -> i64 {
        self.captured() - self.refunding() - self.refunded()
    }

    /// Captured less what was granted back because less is asked for.
    pub fn kept(&self) -> i64 {
        self.captured() - self.refunds.iter().filter(|r| r.cause.lowers_kept()).map(Refund::standing).sum::<i64>()
    }

    /// Whether a call to a provider has no outcome yet, so that money must not move otherwise.
    pub fn busy(&self) -> bool {
        self.capture_open() || self.attempts.iter().any(|a| matches!(a.state, AttemptState::Open(_)) && !a.wants_action())
    }

    /// Whether a capture has no outcome yet.
    pub fn capture_open(&self) -> bool {
        self.captures.iter().any(|c| c.state == CaptureState::Open)
    }

    /// What is left of an attempt beyond its open captures.
    pub fn voidable(&self, attempt: &Attempt) -> i64 {
        let open = self.captures.iter().filter(|c| c.attempt_id == attempt.id && c.state == CaptureState::Open);
        attempt.approval().map_or(0, |approval| approval.left() - open.map(|c| c.amount).sum::<i64>())
    }

    /// What is left of a capture for refunds.
    pub fn refundable(&self, capture: CaptureId) -> i64 {
        let arrived = self.capture(capture).filter(|c| matches!(c.state, CaptureState::Done { .. })).map_or(0, |c| c.amount);
        let granted = self.refunds.iter().flat_map(|r| &r.parts).filter(|p| p.capture_id == capture);
        arrived - granted.filter(|p| !matches!(p.state, RefundState::Failed { .. })).map(|p| p.amount).sum::<i64>()
    }

    /// Marks every authorization with something left as one to be given back.
    pub fn reverse_all(&mut self) {
        for attempt in &mut self.attempts {
            if let AttemptState::Approved(approval) = &mut attempt.state {
                approval.reversing |= approval.left() > 0;
            }
        }
    }

    /// Moves on by one fact. `reversing`: nothing is owed for an authorization that this fact reports.
    ///
    /// # Errors
    /// Why the fact cannot follow; the state is void then.
    pub fn step(&mut self, at: Timestamp, fact: &PaymentFact, reversing: bool) -> Result<(), &'static str> {
        match fact {
            PaymentFact::Started { payment_id, attempt_id, provider, method_ref, amount } => {
                require(self.attempt(*attempt_id).is_none(), "the attempt exists")?;
                self.attempts.push(Attempt {
                    id: *attempt_id,
                    payment_id: *payment_id,
                    provider: provider.clone(),
                    method_ref: method_ref.clone(),
                    asked: amount.minor(),
                    at,
                    state: AttemptState::Open(None),
                });
                Ok(())
            }
            PaymentFact::Pending { attempt_id, why } => self.close(*attempt_id, AttemptState::Open(Some(why.clone()))),
            PaymentFact::Failed { attempt_id, code, .. } => self.close(*attempt_id, AttemptState::Failed { code: *code }),
            PaymentFact::Authorized { attempt_id, amount, expires_at, reference } => {
                let (expires_at, reference) = (*expires_at, reference.clone());
                self.approve(*attempt_id, Approval { amount: amount.minor(), captured: 0, gone: 0, expires_at, reference, reversing })
            }
            PaymentFact::CaptureStarted { capture_id, attempt_id, amount, shipment_id } => {
                require(self.capture(*capture_id).is_none(), "the capture exists")?;
                let attempt = self.attempt(*attempt_id).ok_or("there is no such attempt")?;
                require(amount.minor() <= self.voidable(attempt), "more than is set aside")?;
                let (id, attempt_id, shipment_id) = (*capture_id, *attempt_id, *shipment_id);
                self.captures.push(Capture { id, attempt_id, amount: amount.minor(), shipment_id, state: CaptureState::Open });
                Ok(())
            }
            PaymentFact::Captured { capture_id, attempt_id, amount, reference } => {
                self.arrive(*capture_id, *attempt_id, amount.minor(), reference.as_ref())
            }
            PaymentFact::CaptureFailed { capture_id, code } => self.fail_capture(*capture_id, *code),
            PaymentFact::AuthorizationVoided { attempt_id, amount } | PaymentFact::AuthorizationExpired { attempt_id, amount } => {
                let attempt = self.attempt(*attempt_id).ok_or("there is no such attempt")?;
                require(amount.minor() <= self.voidable(attempt), "more than is set aside")?;
                self.approval(*attempt_id)?.gone += amount.minor();
                Ok(())
            }
            PaymentFact::RefundGranted { .. } => self.grant(at, fact),
            PaymentFact::RefundIssued { refund_id, capture_id, .. } => self.settle(*refund_id, *capture_id, RefundState::Issued),
            PaymentFact::RefundFailed { refund_id, capture_id, code } => {
                self.settle(*refund_id, *capture_id, RefundState::Failed { code: *code })
            }
        }
    }

    fn find(&mut self, id: AttemptId) -> Result<&mut Attempt, &'static str> {
        self.attempts.iter_mut().find(|attempt| attempt.id == id).ok_or("there is no such attempt")
    }

    fn close(&mut self, id: AttemptId, state: AttemptState) -> Result<(), &'static str> {
        let attempt = self.find(id)?;
        require(matches!(attempt.state, AttemptState::Open(_)), "the attempt has its outcome")?;
        attempt.state = state;
        Ok(())
    }

    fn approve(&mut self, id: AttemptId, approval: Approval) -> Result<(), &'static str> {
        let attempt = self.find(id)?;
        require(attempt.approval().is_none(), "the attempt was approved")?;
        attempt.state = AttemptState::Approved(approval);
        Ok(())
    }

    fn approval(&mut self, id: AttemptId) -> Result<&mut Approval, &'static str> {
        match &mut self.find(id)?.state {
            AttemptState::Approved(approval) => Ok(approval),
            AttemptState::Open(_) | AttemptState::Failed { .. } => Err("the attempt was not approved"),
        }
    }

    fn arrive(&mut self, id: CaptureId, attempt_id: AttemptId, amount: i64, reference: Option<&ProviderRef>) -> Result<(), &'static str> {
        let done = CaptureState::Done { reference: reference.cloned() };
        match self.captures.iter_mut().find(|capture| capture.id == id) {
            Some(capture) => {
                require(capture.state == CaptureState::Open && capture.amount == amount, "the capture has its outcome")?;
                capture.state = done;
            }
            None => {
                require(id == CaptureId::of_sale(attempt_id), "the capture was not started")?;
                let reference = reference.cloned();
                self.approve(attempt_id, Approval { amount, captured: 0, gone: 0, expires_at: None, reference, reversing: false })?;
                self.captures.push(Capture { id, attempt_id, amount, shipment_id: None, state: done });
            }
        }
        self.approval(attempt_id)?.captured += amount;
        Ok(())
    }

    fn fail_capture(&mut self, id: CaptureId, code: FailureCode) -> Result<(), &'static str> {
        let capture = self.captures.iter_mut().find(|capture| capture.id == id).ok_or("there is no such capture")?;
        require(capture.state == CaptureState::Open, "the capture has its outcome")?;
        capture.state = CaptureState::Failed { code };
        let attempt_id = capture.attempt_id;
        // an authorization that cannot be captured counts no more
        let dead = self.voidable(self.attempt(attempt_id).ok_or("there is no such attempt")?);
        self.approval(attempt_id)?.gone += dead;
        Ok(())
    }

    fn grant(&mut self, at: Timestamp, fact: &PaymentFact) -> Result<(), &'static str> {
        let PaymentFact::RefundGranted { refund_id, cause, amount, lines, parts, replaces } = fact else { return Err("not a grant") };
        require(self.refund(*refund_id).is_none(), "the refund exists")?;
        require(parts.iter().map(|p| p.amount.minor()).sum::<i64>() == amount.minor(), "its parts do not sum to it")?;
        for (index, part) in parts.iter().enumerate() {
            require(!parts[..index].iter().any(|other| other.capture_id == part.capture_id), "a capture stands in it twice")?;
            require(part.amount.minor() <= self.refundable(part.capture_id), "more than the capture has left")?;
        }
        // the refund that it stands in for may have gone through another payment
        if let Some(refund) = replaces.and_then(|replaced| self.refunds.iter_mut().find(|refund| refund.id == replaced)) {
            refund.replaced = true;
        }
        let parts = parts.iter().map(|p| RefundShare { capture_id: p.capture_id, amount: p.amount.minor(), state: RefundState::Open });
        let refund = Refund { id: *refund_id, cause: *cause, lines: lines.clone(), parts: parts.collect(), replaced: false, at };
        self.refunds.push(refund);
        Ok(())
    }

    fn settle(&mut self, id: RefundId, capture: CaptureId, state: RefundState) -> Result<(), &'static str> {
        let refund = self.refunds.iter_mut().find(|refund| refund.id == id).ok_or("there is no such refund")?;
        let part = refund.parts.iter_mut().find(|part| part.capture_id == capture).ok_or("the refund has no such part")?;
        require(part.state == RefundState::Open, "the refund has its outcome")?;
        part.state = state;
        Ok(())
    }
}

const fn require(holds: bool, why: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(why) }
}
