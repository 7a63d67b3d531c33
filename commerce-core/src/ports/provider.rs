//! Payment providers.

use std::fmt;

use async_trait::async_trait;

use crate::fact::FailureCode;
use crate::id::{AttemptId, CaptureId, MerchantId, MethodRef, OrderId, PaymentId, ProviderRef, RefundId};
use crate::money::Money;
use crate::time::Timestamp;

/// Moves money. Every call has a key that stays the same over retries and processes; a provider acts once per key.
///
/// `Err` only if the request was provably not sent; all doubt is [`Outcome::Unknown`], which [`PaymentProvider::look_up`] settles.
#[async_trait]
pub trait PaymentProvider: Send + Sync + 'static {
    /// What it can do; the same answer for as long as it is registered.
    fn capabilities(&self) -> Capabilities;

    /// Sets money aside, or takes it at once if it is sale-only.
    ///
    /// # Errors
    /// [`NotSent`].
    ///
    /// # Cancel safety
    /// Dropping it may leave the call made: look it up.
    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent>;

    /// Takes authorized money.
    ///
    /// # Errors
    /// [`NotSent`].
    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent>;

    /// Gives back what is left of an authorization.
    ///
    /// # Errors
    /// [`NotSent`].
    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<Outcome, NotSent>;

    /// Pays back captured money.
    ///
    /// # Errors
    /// [`NotSent`].
    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent>;

    /// What became of a call. `NotFound` proves absence only after [`Capabilities::settle_after_s`]; before that it permits a
    /// repeat under the same key only.
    ///
    /// # Errors
    /// [`NotSent`] if the provider could not be asked.
    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent>;
}

/// What a provider can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capabilities {
    /// An authorization can be captured in several parts.
    pub multi_capture: bool,
    /// It takes money at once; there is nothing to capture or void.
    pub sale_only: bool,
    /// Seconds after a call from which on `NotFound` proves that it was never made.
    pub settle_after_s: u32,
}

/// Names one call to a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallKey {
    /// The authorization of an attempt.
    Authorize(AttemptId),
    /// A capture.
    Capture(CaptureId),
    /// The void of an attempt.
    Void(AttemptId),
    /// One part of a refund.
    Refund(RefundId, CaptureId),
}

impl fmt::Display for CallKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authorize(attempt) => write!(f, "authorize/{attempt}"),
            Self::Capture(capture) => write!(f, "capture/{capture}"),
            Self::Void(attempt) => write!(f, "void/{attempt}"),
            Self::Refund(refund, capture) => write!(f, "refund/{refund}/{capture}"),
        }
    }
}

/// Asks for money to be set aside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorizeRequest {
    /// Whose.
    pub merchant: MerchantId,
    /// The payment, for the provider's own records.
    pub payment: PaymentId,
    /// The order, for the provider's own records.
    pub order: Option<OrderId>,
    /// What pays.
    pub method: MethodRef,
    /// How much, above zero.
    pub amount: Money,
}

/// Asks for authorized money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptureRequest {
    /// Whose.
    pub merchant: MerchantId,
    /// The authorization.
    pub attempt: AttemptId,
    /// The provider's own id of the authorization.
    pub reference: Option<ProviderRef>,
    /// How much, above zero.
    pub amount: Money,
    /// No further capture follows: what is left may be given back.
    pub last: bool,
}

/// Asks to give back what is left of an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoidRequest {
    /// Whose.
    pub merchant: MerchantId,
    /// The authorization.
    pub attempt: AttemptId,
    /// The provider's own id of the authorization.
    pub reference: Option<ProviderRef>,
}

/// Asks to pay back captured money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRequest {
    /// Whose.
    pub merchant: MerchantId,
    /// The authorization that the capture drew on.
    pub attempt: AttemptId,
    /// The capture.
    pub capture: CaptureId,
    /// The provider's own id of the charge.
    pub reference: Option<ProviderRef>,
    /// How much, above zero.
    pub amount: Money,
}

/// What a provider answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Approved {
        /// How much: what was asked for.
        amount: Money,
        /// Of an authorization: when the provider lets it go.
        expires_at: Option<Timestamp>,
        /// The provider's own id.
        reference: Option<ProviderRef>,
    },
    /// It will not be done.
    Declined {
        /// Why.
        reason: FailureCode,
        /// Whether the same method may work later.
        retryable: bool,
    },
    /// The buyer has to act.
    ActionRequired {
        /// Where.
        url: String,
    },
    /// The provider decides later.
    Pending,
    /// It may or may not have been done.
    Unknown,
}

/// What a provider knows of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LookUp {
    /// This became of it.
    Found(Outcome),
    /// Nothing.
    NotFound,
}

/// The request was provably not sent.
#[derive(Debug, thiserror::Error)]
#[error("the request was not sent")]
pub struct NotSent(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// What a provider tells by itself, outside the answer to a call: by a webhook, a poll, or a file of the day.
///
/// It may come before, during or after the call's own answer, any number of times, in any order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderFact {
    /// The provider's own id of the fact: the same text each time it is told.
    pub id: String,
    /// Whose.
    pub merchant: MerchantId,
    /// The payment, as the authorization named it.
    pub payment: PaymentId,
    /// The order, as the authorization named it.
    pub order: Option<OrderId>,
    /// The call that it settles; of a lapsed authorization, the one that made it.
    pub key: CallKey,
    /// What became of it.
    pub outcome: FactOutcome,
}

/// What a provider tells of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactOutcome {
    /// The money is set aside, or taken if the provider is sale-only.
    Authorized {
        /// How much.
        amount: Money,
        /// When the provider lets it go.
        expires_at: Option<Timestamp>,
        /// The provider's own id of the authorization, or of a sale's charge.
        reference: Option<ProviderRef>,
    },
    /// The attempt ended without money.
    Declined {
        /// Why.
        reason: FailureCode,
        /// Whether the same method may work later.
        retryable: bool,
    },
    /// What was left of the authorization lapsed.
    Expired {
        /// How much.
        amount: Money,
    },
    /// What was left of the authorization was given back.
    Voided {
        /// How much.
        amount: Money,
    },
    /// The void failed for good.
    VoidFailed {
        /// Why.
        reason: FailureCode,
    },
    /// The capture took the money.
    Captured {
        /// How much.
        amount: Money,
        /// The provider's own id of the charge.
        reference: Option<ProviderRef>,
    },
    /// The capture failed for good.
    CaptureFailed {
        /// Why.
        reason: FailureCode,
    },
    /// The refund paid the money back.
    Refunded {
        /// How much.
        amount: Money,
        /// The provider's own id of the refund.
        reference: Option<ProviderRef>,
    },
    /// The refund failed for good.
    RefundFailed {
        /// Why.
        reason: FailureCode,
    },
}
