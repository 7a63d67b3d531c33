//! The sandbox's ways to pay, and what each does to which call.

use crate::fact::FailureCode;
use crate::id::MethodRef;

crate::names! {
    /// A way to pay that behaves like a well-known test card. Its name is the [`MethodRef`]; what it does not say, it approves.
    Token {
        /// Approves everything.
        Visa = "sandbox_visa",
        /// Declines the authorization: not enough money.
        InsufficientFunds = "sandbox_insufficient_funds",
        /// Declines the authorization: reported lost.
        Lost = "sandbox_lost",
        /// Declines the authorization: the card has expired.
        Expired = "sandbox_expired",
        /// Declines the authorization: suspected fraud.
        Fraud = "sandbox_fraud",
        /// Declines the first attempt of a payment, retryable; approves the next attempt of the same payment.
        DeclinedOnce = "sandbox_declined_once",
        /// Asks the buyer to act; [`Sandbox::act`](super::Sandbox::act) decides and the decision is reported.
        Action = "sandbox_action",
        /// Pending; approved and reported after [`Options::pending_s`](super::Options), or as `settle` decides before that.
        Pending = "sandbox_pending",
        /// Pending; declined and reported after [`Options::pending_s`](super::Options), or as `settle` decides before that.
        PendingDeclined = "sandbox_pending_declined",
        /// Charges, but the answer is lost; a look-up finds it approved from `settle_after_s` on, a repeat approves at once.
        TimeoutPaid = "sandbox_timeout_paid",
        /// Declines, but the answer is lost; a look-up finds it declined from `settle_after_s` on, a repeat declines at once.
        TimeoutDeclined = "sandbox_timeout_declined",
        /// The first request is lost on the way: a look-up never finds it. A repeat under the same key arrives and approves.
        TimeoutUnpaid = "sandbox_timeout_unpaid",
        /// Approves, and answers only after [`Options::late_s`](super::Options); until then a look-up finds it pending.
        Late = "sandbox_late",
        /// Acts once and tells twice: by its answers, and by a report of each of its calls.
        Twice = "sandbox_twice",
        /// Its authorization lapses after [`Options::short_ttl_s`](super::Options), reported.
        ShortLived = "sandbox_short_lived",
        /// Every capture fails for good.
        CaptureFails = "sandbox_capture_fails",
        /// The first capture of an authorization is approved, every further one fails for good.
        CaptureFailsLater = "sandbox_capture_fails_later",
        /// Each capture fails once, retryable; a repeat under the same key approves.
        CaptureRetry = "sandbox_capture_retry",
        /// Captures, but the answer is lost; found and repeated as with `sandbox_timeout_paid`.
        CaptureUnknown = "sandbox_capture_unknown",
        /// Captures are pending; approved and reported as with `sandbox_pending`.
        CapturePending = "sandbox_capture_pending",
        /// Every refund fails for good.
        RefundFails = "sandbox_refund_fails",
        /// The first refund of an authorization fails for good; another refund is approved.
        RefundFailsOnce = "sandbox_refund_fails_once",
        /// Each refund fails once, retryable; a repeat under the same key approves.
        RefundRetry = "sandbox_refund_retry",
        /// Refunds, but the answer is lost; found and repeated as with `sandbox_timeout_paid`.
        RefundUnknown = "sandbox_refund_unknown",
        /// Refunds are pending; approved and reported as with `sandbox_pending`.
        RefundPending = "sandbox_refund_pending",
        /// Every void fails for good.
        VoidFails = "sandbox_void_fails",
        /// Each void fails once, retryable; a repeat under the same key approves.
        VoidRetry = "sandbox_void_retry",
        /// Voids, but the answer is lost; found and repeated as with `sandbox_timeout_paid`.
        VoidUnknown = "sandbox_void_unknown",
    }
}

impl Token {
    /// The token as a method.
    pub fn method(self) -> MethodRef {
        MethodRef::new(self.as_str()).expect("the names above are short and printable")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Authorize,
    Capture,
    Void,
    Refund,
}

/// What happened before a call that its behavior may depend on.
#[derive(Clone, Copy, Default)]
pub(super) struct Past {
    /// The key was tried before, without an answer that settled it.
    pub(super) tried: bool,
    /// An attempt of the same payment was declined.
    pub(super) declined: bool,
    /// A capture of the same authorization was approved.
    pub(super) captured: bool,
    /// A refund of the same authorization failed for good.
    pub(super) refund_failed: bool,
}

pub(super) enum Behavior {
    Approve,
    /// For good under this key.
    Decline(FailureCode),
    /// For good under this key; another attempt of the payment may work.
    DeclineAttempt,
    /// A repeat under the same key is judged anew.
    DeclineForNow,
    Action,
    Pending {
        approve: bool,
    },
    Late,
    AnswerLost {
        approve: bool,
    },
    RequestLost,
}

impl Token {
    pub(super) fn behavior(self, kind: Kind, past: Past) -> Behavior {
        match kind {
            Kind::Authorize => self.on_authorize(past),
            Kind::Capture => match self {
                Self::CaptureFails => Behavior::Decline(FailureCode::Refused),
                Self::CaptureFailsLater if past.captured => Behavior::Decline(FailureCode::Refused),
                Self::CaptureRetry if !past.tried => Behavior::DeclineForNow,
                Self::CaptureUnknown => Behavior::AnswerLost { approve: true },
                Self::CapturePending => Behavior::Pending { approve: true },
                _ => Behavior::Approve,
            },
            Kind::Void => match self {
                Self::VoidFails => Behavior::Decline(FailureCode::Refused),
                Self::VoidRetry if !past.tried => Behavior::DeclineForNow,
                Self::VoidUnknown => Behavior::AnswerLost { approve: true },
                _ => Behavior::Approve,
            },
            Kind::Refund => match self {
                Self::RefundFails => Behavior::Decline(FailureCode::Refused),
                Self::RefundFailsOnce if !past.refund_failed => Behavior::Decline(FailureCode::Refused),
                Self::RefundRetry if !past.tried => Behavior::DeclineForNow,
                Self::RefundUnknown => Behavior::AnswerLost { approve: true },
                Self::RefundPending => Behavior::Pending { approve: true },
                _ => Behavior::Approve,
            },
        }
    }

    fn on_authorize(self, past: Past) -> Behavior {
        match self {
            Self::InsufficientFunds => Behavior::Decline(FailureCode::InsufficientFunds),
            Self::Lost => Behavior::Decline(FailureCode::LostCard),
            Self::Expired => Behavior::Decline(FailureCode::ExpiredCard),
            Self::Fraud => Behavior::Decline(FailureCode::SuspectedFraud),
            Self::DeclinedOnce if !past.declined => Behavior::DeclineAttempt,
            Self::Action => Behavior::Action,
            Self::Pending => Behavior::Pending { approve: true },
            Self::PendingDeclined => Behavior::Pending { approve: false },
            Self::TimeoutPaid => Behavior::AnswerLost { approve: true },
            Self::TimeoutDeclined => Behavior::AnswerLost { approve: false },
            Self::TimeoutUnpaid if !past.tried => Behavior::RequestLost,
            Self::Late => Behavior::Late,
            _ => Behavior::Approve,
        }
    }
}
