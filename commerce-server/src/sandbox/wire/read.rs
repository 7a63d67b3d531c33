//! To the core's types; what does not fit is refused with its place.

use std::error::Error;
use std::str::FromStr;

use commerce_core::fact::FailureCode;
use commerce_core::money::{Currency, Money};
use commerce_core::ports::{self, AuthorizeRequest, CallKey, CaptureRequest, RefundRequest, VoidRequest};
use commerce_core::sandbox;

use super::{Amount, Call, Fact, FactOutcome, Outcome};

/// A field that the core does not take.
#[derive(Debug, thiserror::Error)]
#[error("{place}: {source}")]
pub struct WireError {
    /// The field.
    pub place: &'static str,
    /// What is wrong with it.
    #[source]
    pub source: Box<dyn Error + Send + Sync>,
}

impl WireError {
    pub(crate) fn new(place: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { place, source: source.into() }
    }
}

fn parse<T: FromStr<Err: Error + Send + Sync + 'static>>(place: &'static str, text: &str) -> Result<T, WireError> {
    text.parse().map_err(|source| WireError::new(place, Box::<dyn Error + Send + Sync>::from(source)))
}

fn maybe<T: FromStr<Err: Error + Send + Sync + 'static>>(place: &'static str, text: Option<&str>) -> Result<Option<T>, WireError> {
    text.map(|text| parse(place, text)).transpose()
}

fn reason(text: &str) -> Result<FailureCode, WireError> {
    FailureCode::parse(text).ok_or_else(|| WireError::new("reason", "not a failure code"))
}

/// Reads a key as the core writes it.
///
/// # Errors
/// [`WireError`].
pub fn key(text: &str) -> Result<CallKey, WireError> {
    let mut parts = text.split('/');
    let key = match (parts.next(), parts.next(), parts.next()) {
        (Some("authorize"), Some(attempt), None) => CallKey::Authorize(parse("key", attempt)?),
        (Some("capture"), Some(capture), None) => CallKey::Capture(parse("key", capture)?),
        (Some("void"), Some(attempt), None) => CallKey::Void(parse("key", attempt)?),
        (Some("refund"), Some(refund), Some(capture)) => CallKey::Refund(parse("key", refund)?, parse("key", capture)?),
        _ => return Err(WireError::new("key", "not authorize, capture, void or refund with its ids")),
    };
    if parts.next().is_some() { Err(WireError::new("key", "has too many parts")) } else { Ok(key) }
}

pub(crate) fn decision(text: &str) -> Result<sandbox::Decision, WireError> {
    sandbox::Decision::parse(text).ok_or_else(|| WireError::new("decision", "neither approve nor decline"))
}

impl TryFrom<&Amount> for Money {
    type Error = WireError;

    fn try_from(amount: &Amount) -> Result<Self, WireError> {
        Ok(Self::from_minor(amount.minor, parse::<Currency>("amount.currency", &amount.currency)?))
    }
}

impl TryFrom<&Call> for sandbox::Call {
    type Error = WireError;

    fn try_from(call: &Call) -> Result<Self, WireError> {
        Ok(match call {
            Call::Authorize { merchant, payment, order, method, amount } => Self::Authorize(AuthorizeRequest {
                merchant: parse("merchant", merchant)?,
                payment: parse("payment", payment)?,
                order: maybe("order", order.as_deref())?,
                method: parse("method", method)?,
                amount: amount.try_into()?,
            }),
            Call::Capture { merchant, attempt, reference, amount, last } => Self::Capture(CaptureRequest {
                merchant: parse("merchant", merchant)?,
                attempt: parse("attempt", attempt)?,
                reference: maybe("reference", reference.as_deref())?,
                amount: amount.try_into()?,
                last: *last,
            }),
            Call::Void { merchant, attempt, reference } => Self::Void(VoidRequest {
                merchant: parse("merchant", merchant)?,
                attempt: parse("attempt", attempt)?,
                reference: maybe("reference", reference.as_deref())?,
            }),
            Call::Refund { merchant, attempt, capture, reference, amount } => Self::Refund(RefundRequest {
                merchant: parse("merchant", merchant)?,
                attempt: parse("attempt", attempt)?,
                capture: parse("capture", capture)?,
                reference: maybe("reference", reference.as_deref())?,
                amount: amount.try_into()?,
            }),
        })
    }
}

impl TryFrom<&Outcome> for ports::Outcome {
    type Error = WireError;

    fn try_from(outcome: &Outcome) -> Result<Self, WireError> {
        Ok(match outcome {
            Outcome::Approved { amount, expires_at, reference } => Self::Approved {
                amount: amount.try_into()?,
                expires_at: maybe("expires_at", expires_at.as_deref())?,
                reference: maybe("reference", reference.as_deref())?,
            },
            Outcome::Declined { reason: code, retryable } => Self::Declined { reason: reason(code)?, retryable: *retryable },
            Outcome::ActionRequired { url } => Self::ActionRequired { url: url.clone() },
            Outcome::Pending => Self::Pending,
            Outcome::Unknown => Self::Unknown,
        })
    }
}

impl TryFrom<&Fact> for ports::ProviderFact {
    type Error = WireError;

    fn try_from(fact: &Fact) -> Result<Self, WireError> {
        Ok(Self {
            id: fact.id.clone(),
            merchant: parse("merchant", &fact.merchant)?,
            payment: parse("payment", &fact.payment)?,
            order: maybe("order", fact.order.as_deref())?,
            key: key(&fact.key)?,
            outcome: (&fact.outcome).try_into()?,
        })
    }
}

impl TryFrom<&FactOutcome> for ports::FactOutcome {
    type Error = WireError;

    fn try_from(outcome: &FactOutcome) -> Result<Self, WireError> {
        Ok(match outcome {
            FactOutcome::Authorized { amount, expires_at, reference } => Self::Authorized {
                amount: amount.try_into()?,
                expires_at: maybe("expires_at", expires_at.as_deref())?,
                reference: maybe("reference", reference.as_deref())?,
            },
            FactOutcome::Declined { reason: code, retryable } => Self::Declined { reason: reason(code)?, retryable: *retryable },
            FactOutcome::Expired { amount } => Self::Expired { amount: amount.try_into()? },
            FactOutcome::Voided { amount } => Self::Voided { amount: amount.try_into()? },
            FactOutcome::VoidFailed { reason: code } => Self::VoidFailed { reason: reason(code)? },
            FactOutcome::Captured { amount, reference } => {
                Self::Captured { amount: amount.try_into()?, reference: maybe("reference", reference.as_deref())? }
            }
            FactOutcome::CaptureFailed { reason: code } => Self::CaptureFailed { reason: reason(code)? },
            FactOutcome::Refunded { amount, reference } => {
                Self::Refunded { amount: amount.try_into()?, reference: maybe("reference", reference.as_deref())? }
            }
            FactOutcome::RefundFailed { reason: code } => Self::RefundFailed { reason: reason(code)? },
        })
    }
}
