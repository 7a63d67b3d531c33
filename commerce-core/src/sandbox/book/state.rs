//! What the book remembers.

use super::{Call, Decision};
use crate::id::{AttemptId, MerchantId, OrderId, PaymentId, ProviderRef};
use crate::money::Money;
use crate::ports::{CallKey, Outcome};
use crate::sandbox::token::{Kind, Token};
use crate::time::Timestamp;

#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) call: Call,
    pub(super) state: State,
}

#[derive(Clone, Debug)]
pub(super) enum State {
    /// The request never arrived.
    Lost,
    /// Declined for now: a repeat is judged anew.
    Retry,
    /// `answer_at`: the caller is kept waiting until then.
    Waiting { shown: Outcome, decides: Option<(Timestamp, Decision)>, answer_at: Option<Timestamp> },
    /// A look-up finds it from `visible_at` on.
    Done { outcome: Outcome, visible_at: Timestamp },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Due {
    Decide(CallKey),
    Lapse(AttemptId),
}

#[derive(Clone, Debug)]
pub(super) struct Authorization {
    pub(super) merchant: MerchantId,
    pub(super) payment: PaymentId,
    pub(super) order: Option<OrderId>,
    pub(super) token: Token,
    pub(super) reference: ProviderRef,
    pub(super) amount: Money,
    /// Minor units taken.
    pub(super) captured: i64,
    /// Minor units of captures that wait for a decision.
    pub(super) capturing: i64,
    /// Minor units voided or lapsed.
    pub(super) released: i64,
    pub(super) phase: Phase,
    pub(super) refund_failed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Undecided,
    Open,
    /// The last capture was taken; only a void or time still touches the rest.
    CapturesOver,
    Over,
}

impl Authorization {
    /// Minor units that are neither taken, about to be, nor let go.
    pub(super) fn left(&self) -> i64 {
        match self.phase {
            Phase::Open | Phase::CapturesOver => self.amount.minor() - self.captured - self.capturing - self.released,
            Phase::Undecided | Phase::Over => 0,
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Charge {
    pub(super) attempt: AttemptId,
    pub(super) reference: ProviderRef,
    pub(super) amount: Money,
    /// Minor units paid back or about to be.
    pub(super) refunded: i64,
}

impl Call {
    pub(in crate::sandbox) const fn kind(&self) -> Kind {
        match self {
            Self::Authorize(_) => Kind::Authorize,
            Self::Capture(_) => Kind::Capture,
            Self::Void(_) => Kind::Void,
            Self::Refund(_) => Kind::Refund,
        }
    }

    /// Whether the key can name this call.
    pub(super) fn fits(&self, key: CallKey) -> bool {
        match (self, key) {
            (Self::Authorize(_), CallKey::Authorize(_)) | (Self::Capture(_), CallKey::Capture(_)) => true,
            (Self::Void(request), CallKey::Void(attempt)) => request.attempt == attempt,
            (Self::Refund(request), CallKey::Refund(_, capture)) => request.capture == capture,
            _ => false,
        }
    }

    /// Whether `other` asks for the same. A caller that lost its answers may not know the reference, so that is not compared.
    pub(super) fn is_repeat(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Authorize(a), Self::Authorize(b)) => a == b,
            (Self::Capture(a), Self::Capture(b)) => {
                (&a.merchant, a.attempt, a.amount, a.last) == (&b.merchant, b.attempt, b.amount, b.last)
            }
            (Self::Void(a), Self::Void(b)) => (&a.merchant, a.attempt) == (&b.merchant, b.attempt),
            (Self::Refund(a), Self::Refund(b)) => {
                (&a.merchant, a.attempt, a.capture, a.amount) == (&b.merchant, b.attempt, b.capture, b.amount)
            }
            _ => false,
        }
    }
}
