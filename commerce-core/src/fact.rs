//! Facts about money, as the stream of a payment records them and the stream of its order mirrors them.

use crate::id::{AttemptId, CaptureId, MethodRef, PaymentId, ProviderName, ProviderRef, RefundId, ShipmentId};
use crate::money::Money;
use crate::quantity::LineQty;
use crate::time::Timestamp;

/// One fact about one payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentFact {
    /// An attempt to authorize `amount` was decided; the call follows.
    Started {
        /// The payment that the attempt belongs to.
        payment_id: PaymentId,
        /// The attempt; key of the provider call.
        attempt_id: AttemptId,
        /// Where the call goes.
        provider: ProviderName,
        /// What pays.
        method_ref: MethodRef,
        /// What is asked for, above zero.
        amount: Money,
    },
    /// The attempt has no outcome yet.
    Pending {
        /// The attempt.
        attempt_id: AttemptId,
        /// What it waits for.
        why: PendingWhy,
    },
    /// The provider set `amount` aside.
    Authorized {
        /// The attempt.
        attempt_id: AttemptId,
        /// What was set aside.
        amount: Money,
        /// When the provider lets it go, if it said so.
        expires_at: Option<Timestamp>,
        /// The provider's own id of the authorization.
        reference: Option<ProviderRef>,
    },
    /// The attempt ended without money.
    Failed {
        /// The attempt.
        attempt_id: AttemptId,
        /// Why.
        code: FailureCode,
        /// Whether the same method may work later.
        retryable: bool,
    },
    /// A capture was decided; the call follows.
    CaptureStarted {
        /// The capture; key of the provider call.
        capture_id: CaptureId,
        /// The authorization that it draws on.
        attempt_id: AttemptId,
        /// How much.
        amount: Money,
        /// The shipment that it pays for, if one.
        shipment_id: Option<ShipmentId>,
    },
    /// Money arrived: a capture, or the charge of a sale, which has no start of its own.
    Captured {
        /// The capture.
        capture_id: CaptureId,
        /// The authorization that it drew on.
        attempt_id: AttemptId,
        /// How much.
        amount: Money,
        /// The provider's own id of the charge.
        reference: Option<ProviderRef>,
    },
    /// A capture failed for good.
    CaptureFailed {
        /// The capture.
        capture_id: CaptureId,
        /// Why.
        code: FailureCode,
    },
    /// What was left of an authorization was given back.
    AuthorizationVoided {
        /// The attempt.
        attempt_id: AttemptId,
        /// How much was given back.
        amount: Money,
    },
    /// What was left of an authorization lapsed.
    AuthorizationExpired {
        /// The attempt.
        attempt_id: AttemptId,
        /// How much lapsed.
        amount: Money,
    },
    /// A refund was granted; moving the money follows.
    RefundGranted {
        /// The refund.
        refund_id: RefundId,
        /// What gave rise to it.
        cause: RefundCause,
        /// The sum of the parts.
        amount: Money,
        /// The units that it pays back, if it names any.
        lines: Vec<LineQty>,
        /// Which captures pay it back, and how much each.
        parts: Vec<RefundPart>,
        /// The failed refund that this one stands in for.
        replaces: Option<RefundId>,
    },
    /// One part of a refund arrived.
    RefundIssued {
        /// The refund.
        refund_id: RefundId,
        /// The part's capture.
        capture_id: CaptureId,
        /// How much.
        amount: Money,
    },
    /// One part of a refund failed for good; its room is free again.
    RefundFailed {
        /// The refund.
        refund_id: RefundId,
        /// The part's capture.
        capture_id: CaptureId,
        /// Why.
        code: FailureCode,
    },
}

impl PaymentFact {
    /// The name of its type, as stored.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "PaymentStarted",
            Self::Pending { .. } => "PaymentPending",
            Self::Authorized { .. } => "PaymentAuthorized",
            Self::Failed { .. } => "PaymentFailed",
            Self::CaptureStarted { .. } => "CaptureStarted",
            Self::Captured { .. } => "PaymentCaptured",
            Self::CaptureFailed { .. } => "CaptureFailed",
            Self::AuthorizationVoided { .. } => "AuthorizationVoided",
            Self::AuthorizationExpired { .. } => "AuthorizationExpired",
            Self::RefundGranted { .. } => "RefundGranted",
            Self::RefundIssued { .. } => "RefundIssued",
            Self::RefundFailed { .. } => "RefundFailed",
        }
    }
}

/// One part of a refund: so much of one capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefundPart {
    /// The capture that the money goes back through.
    pub capture_id: CaptureId,
    /// How much, above zero.
    pub amount: Money,
}

/// What an attempt without an outcome waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PendingWhy {
    /// The buyer has to act, at `url`.
    ActionRequired {
        /// Where the buyer acts.
        url: String,
    },
    /// The provider decides later.
    Pending,
    /// The call's answer was lost: only a look-up tells.
    Unknown,
}

crate::names! {
    /// What gave rise to a refund.
    RefundCause {
        /// An edit lowered the total below what was captured.
        Edit = "edit",
        /// Lines or the order were cancelled.
        Cancel = "cancel",
        /// Money arrived that nothing is owed for.
        Surplus = "surplus",
        /// Goods came back.
        Return = "return",
        /// Goods were lost on the way.
        Lost = "lost",
        /// The caller's own reason.
        Goodwill = "goodwill",
    }
    /// Why an attempt, a capture or a refund failed.
    FailureCode {
        /// The account has not enough money.
        InsufficientFunds = "insufficient_funds",
        /// The card was reported lost.
        LostCard = "lost_card",
        /// The card has expired.
        ExpiredCard = "expired_card",
        /// The issuer suspects fraud.
        SuspectedFraud = "suspected_fraud",
        /// Declined without a finer reason.
        Declined = "declined",
        /// The provider does not know this way to pay.
        InvalidMethod = "invalid_method",
        /// Another command ended the attempt while the buyer had to act.
        Abandoned = "abandoned",
        /// The call was provably never made.
        NotSent = "not_sent",
        /// The provider knows nothing of the call, and no longer will.
        NotFound = "not_found",
        /// The authorization was no longer there.
        AuthorizationGone = "authorization_gone",
        /// The provider refused for a reason of its own.
        Refused = "refused",
        /// An operator ended it by hand.
        Operator = "operator",
    }
}

impl RefundCause {
    /// Whether the refund gives back what the order no longer asks for, so that it no longer counts as kept.
    pub const fn lowers_kept(self) -> bool {
        matches!(self, Self::Edit | Self::Cancel | Self::Surplus)
    }
}
