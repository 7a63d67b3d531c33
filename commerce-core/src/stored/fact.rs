//! Facts about money: the same bytes in a payment's stream and, as mirrors, in its order's.

mod body;

use body::{
    Authorized1, CaptureFailed1, CaptureStarted1, Captured1, Failed1, Gone1, Pending1, RefundFailed1, RefundGranted1, RefundIssued1,
    Started1,
};

use super::kind::Home;
use super::value::{Micros, Text};
use super::{Encoded, Kind, StoredError, event1, read};
use crate::fact::PaymentFact;

/// The body of a fact of a payment's stream, in the newest version of its type.
///
/// # Errors
/// [`StoredError::Contradiction`] if its amounts are of several currencies.
pub fn encode_payment(fact: &PaymentFact) -> Result<Encoded, StoredError> {
    match fact {
        PaymentFact::Started { payment_id, attempt_id, provider, method_ref, amount } => {
            let (payment, attempt) = (Text(*payment_id), Text(*attempt_id));
            let (provider, method) = (Text(provider.clone()), Text(method_ref.clone()));
            let (currency, amount) = (Text(amount.currency()), amount.minor());
            event1(Kind::PaymentStarted, Ok(Started1 { payment, attempt, provider, method, currency, amount }))
        }
        PaymentFact::Pending { attempt_id, why } => event1(Kind::PaymentPending, Ok(Pending1::of(*attempt_id, why))),
        PaymentFact::Authorized { attempt_id, amount, expires_at, reference } => {
            let (attempt, currency, amount) = (Text(*attempt_id), Text(amount.currency()), amount.minor());
            let (expires, reference) = (expires_at.map(Micros), reference.clone().map(Text));
            event1(Kind::PaymentAuthorized, Ok(Authorized1 { attempt, currency, amount, expires, reference }))
        }
        PaymentFact::Failed { attempt_id, code, retryable } => {
            event1(Kind::PaymentFailed, Ok(Failed1 { attempt: Text(*attempt_id), code: Text(*code), retryable: *retryable }))
        }
        PaymentFact::CaptureStarted { capture_id, attempt_id, amount, shipment_id } => {
            let (capture, attempt, shipment) = (Text(*capture_id), Text(*attempt_id), shipment_id.map(Text));
            let (currency, amount) = (Text(amount.currency()), amount.minor());
            event1(Kind::CaptureStarted, Ok(CaptureStarted1 { capture, attempt, currency, amount, shipment }))
        }
        PaymentFact::Captured { capture_id, attempt_id, amount, reference } => {
            let (capture, attempt, reference) = (Text(*capture_id), Text(*attempt_id), reference.clone().map(Text));
            let (currency, amount) = (Text(amount.currency()), amount.minor());
            event1(Kind::PaymentCaptured, Ok(Captured1 { capture, attempt, currency, amount, reference }))
        }
        PaymentFact::CaptureFailed { capture_id, code } => {
            event1(Kind::CaptureFailed, Ok(CaptureFailed1 { capture: Text(*capture_id), code: Text(*code) }))
        }
        PaymentFact::AuthorizationVoided { attempt_id, amount } => event1(Kind::AuthorizationVoided, Ok(Gone1::of(*attempt_id, *amount))),
        PaymentFact::AuthorizationExpired { attempt_id, amount } => event1(Kind::AuthorizationExpired, Ok(Gone1::of(*attempt_id, *amount))),
        PaymentFact::RefundGranted { refund_id, cause, amount, lines, parts, replaces } => {
            event1(Kind::RefundGranted, RefundGranted1::of((*refund_id, *cause, *amount, *replaces), lines, parts))
        }
        PaymentFact::RefundIssued { refund_id, capture_id, amount } => {
            let (currency, amount) = (Text(amount.currency()), amount.minor());
            event1(Kind::RefundIssued, Ok(RefundIssued1 { refund: Text(*refund_id), capture: Text(*capture_id), currency, amount }))
        }
        PaymentFact::RefundFailed { refund_id, capture_id, code } => {
            event1(Kind::RefundFailed, Ok(RefundFailed1 { refund: Text(*refund_id), capture: Text(*capture_id), code: Text(*code) }))
        }
    }
}

/// The fact of a payment's stream in these bytes.
///
/// # Errors
/// [`StoredError`].
pub fn decode_payment(kind: &str, kind_version: u16, bytes: &[u8]) -> Result<PaymentFact, StoredError> {
    decode_known(Kind::at_home_in(&[Home::Payment], kind)?, kind_version, bytes)
}

pub(super) fn decode_known(kind: Kind, kind_version: u16, bytes: &[u8]) -> Result<PaymentFact, StoredError> {
    let name = kind.as_str();
    match (kind, kind_version) {
        (Kind::PaymentStarted, 1) => read::<Started1>(name, bytes),
        (Kind::PaymentPending, 1) => read::<Pending1<'_>>(name, bytes),
        (Kind::PaymentAuthorized, 1) => read::<Authorized1>(name, bytes),
        (Kind::PaymentFailed, 1) => read::<Failed1>(name, bytes),
        (Kind::CaptureStarted, 1) => read::<CaptureStarted1>(name, bytes),
        (Kind::PaymentCaptured, 1) => read::<Captured1>(name, bytes),
        (Kind::CaptureFailed, 1) => read::<CaptureFailed1>(name, bytes),
        (Kind::AuthorizationVoided, 1) => {
            read::<Gone1>(name, bytes).map(|(attempt_id, amount)| PaymentFact::AuthorizationVoided { attempt_id, amount })
        }
        (Kind::AuthorizationExpired, 1) => {
            read::<Gone1>(name, bytes).map(|(attempt_id, amount)| PaymentFact::AuthorizationExpired { attempt_id, amount })
        }
        (Kind::RefundGranted, 1) => read::<RefundGranted1>(name, bytes),
        (Kind::RefundIssued, 1) => read::<RefundIssued1>(name, bytes),
        (Kind::RefundFailed, 1) => read::<RefundFailed1>(name, bytes),
        _ => Err(StoredError::UnknownVersion { kind: name, version: kind_version }),
    }
}
