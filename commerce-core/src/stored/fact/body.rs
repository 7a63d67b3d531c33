//! The bodies of facts, version by version.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::fact::{FailureCode, PaymentFact, PendingWhy, RefundCause, RefundPart};
use crate::id::{AttemptId, CaptureId, MethodRef, PaymentId, ProviderName, ProviderRef, RefundId, ShipmentId};
use crate::money::{Currency, Money};
use crate::quantity::LineQty;
use crate::stored::value::{LineUnits, Micros, Text, is_false, minor, read_lines, write_lines};
use crate::stored::{Body, Fault};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Started1 {
    pub(super) payment: Text<PaymentId>,
    pub(super) attempt: Text<AttemptId>,
    pub(super) provider: Text<ProviderName>,
    pub(super) method: Text<MethodRef>,
    pub(super) currency: Text<Currency>,
    pub(super) amount: i64,
}

impl Body<'_> for Started1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        Ok(PaymentFact::Started {
            payment_id: self.payment.0,
            attempt_id: self.attempt.0,
            provider: self.provider.0,
            method_ref: self.method.0,
            amount: Money::from_minor(self.amount, self.currency.0),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pending1<'a> {
    pub(super) attempt: Text<AttemptId>,
    pub(super) why: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<Cow<'a, str>>,
}

impl Pending1<'_> {
    pub(super) fn of(attempt_id: AttemptId, why: &PendingWhy) -> Pending1<'_> {
        let (why, url) = match why {
            PendingWhy::ActionRequired { url } => ("action_required", Some(url.into())),
            PendingWhy::Pending => ("pending", None),
            PendingWhy::Unknown => ("unknown", None),
        };
        Pending1 { attempt: Text(attempt_id), why: why.into(), url }
    }
}

impl Body<'_> for Pending1<'_> {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        let why = match (self.why.as_ref(), self.url) {
            ("action_required", Some(url)) => PendingWhy::ActionRequired { url: url.into_owned() },
            ("pending", None) => PendingWhy::Pending,
            ("unknown", None) => PendingWhy::Unknown,
            _ => return Err(Fault::Contradiction("what the attempt waits for and its url do not belong together")),
        };
        Ok(PaymentFact::Pending { attempt_id: self.attempt.0, why })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Authorized1 {
    pub(super) attempt: Text<AttemptId>,
    pub(super) currency: Text<Currency>,
    pub(super) amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) expires: Option<Micros>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<Text<ProviderRef>>,
}

impl Body<'_> for Authorized1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        Ok(PaymentFact::Authorized {
            attempt_id: self.attempt.0,
            amount: Money::from_minor(self.amount, self.currency.0),
            expires_at: self.expires.map(|time| time.0),
            reference: self.reference.map(|id| id.0),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Failed1 {
    pub(super) attempt: Text<AttemptId>,
    pub(super) code: Text<FailureCode>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) retryable: bool,
}

impl Body<'_> for Failed1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        Ok(PaymentFact::Failed { attempt_id: self.attempt.0, code: self.code.0, retryable: self.retryable })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureStarted1 {
    pub(super) capture: Text<CaptureId>,
    pub(super) attempt: Text<AttemptId>,
    pub(super) currency: Text<Currency>,
    pub(super) amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shipment: Option<Text<ShipmentId>>,
}

impl Body<'_> for CaptureStarted1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        Ok(PaymentFact::CaptureStarted {
            capture_id: self.capture.0,
            attempt_id: self.attempt.0,
            amount: Money::from_minor(self.amount, self.currency.0),
            shipment_id: self.shipment.map(|id| id.0),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Captured1 {
    pub(super) capture: Text<CaptureId>,
    pub(super) attempt: Text<AttemptId>,
    pub(super) currency: Text<Currency>,
    pub(super) amount: i64,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(super) reference: Option<Text<ProviderRef>>,
}

impl Body<'_> for Captured1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        Ok(PaymentFact::Captured {
            capture_id: self.capture.0,
            attempt_id: self.attempt.0,
            amount: Money::from_minor(self.amount, self.currency.0),
            reference: self.reference.map(|id| id.0),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaptureFailed1 {
    pub(super) capture: Text<CaptureId>,
    pub(super) code: Text<FailureCode>,
}

impl Body<'_> for CaptureFailed1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        Ok(PaymentFact::CaptureFailed { capture_id: self.capture.0, code: self.code.0 })
    }
}

/// An authorization that is gone: `AuthorizationVoided` and `AuthorizationExpired`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gone1 {
    pub(super) attempt: Text<AttemptId>,
    pub(super) currency: Text<Currency>,
    pub(super) amount: i64,
}

impl Gone1 {
    pub(super) const fn of(attempt_id: AttemptId, amount: Money) -> Self {
        Self { attempt: Text(attempt_id), currency: Text(amount.currency()), amount: amount.minor() }
    }
}

impl Body<'_> for Gone1 {
    type Next = (AttemptId, Money);

    fn upcast(self) -> Result<(AttemptId, Money), Fault> {
        Ok((self.attempt.0, Money::from_minor(self.amount, self.currency.0)))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundGranted1 {
    pub(super) refund: Text<RefundId>,
    pub(super) cause: Text<RefundCause>,
    pub(super) currency: Text<Currency>,
    pub(super) amount: i64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) lines: Vec<LineUnits>,
    pub(super) parts: Vec<Part1>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) replaces: Option<Text<RefundId>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part1 {
    pub(super) capture: Text<CaptureId>,
    pub(super) amount: i64,
}

impl RefundGranted1 {
    pub(super) fn of(
        fact: (RefundId, RefundCause, Money, Option<RefundId>),
        lines: &[LineQty],
        parts: &[RefundPart],
    ) -> Result<Self, Fault> {
        let (refund_id, cause, amount, replaces) = fact;
        let currency = amount.currency();
        let part = |part: &RefundPart| Ok(Part1 { capture: Text(part.capture_id), amount: minor(part.amount, currency)? });
        Ok(Self {
            refund: Text(refund_id),
            cause: Text(cause),
            currency: Text(currency),
            amount: amount.minor(),
            lines: write_lines(lines),
            parts: parts.iter().map(part).collect::<Result<_, Fault>>()?,
            replaces: replaces.map(Text),
        })
    }
}

impl Body<'_> for RefundGranted1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        let currency = self.currency.0;
        let part = |part: Part1| RefundPart { capture_id: part.capture.0, amount: Money::from_minor(part.amount, currency) };
        Ok(PaymentFact::RefundGranted {
            refund_id: self.refund.0,
            cause: self.cause.0,
            amount: Money::from_minor(self.amount, currency),
            lines: read_lines(self.lines),
            parts: self.parts.into_iter().map(part).collect(),
            replaces: self.replaces.map(|id| id.0),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundIssued1 {
    pub(super) refund: Text<RefundId>,
    pub(super) capture: Text<CaptureId>,
    pub(super) currency: Text<Currency>,
    pub(super) amount: i64,
}

impl Body<'_> for RefundIssued1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        let amount = Money::from_minor(self.amount, self.currency.0);
        Ok(PaymentFact::RefundIssued { refund_id: self.refund.0, capture_id: self.capture.0, amount })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RefundFailed1 {
    pub(super) refund: Text<RefundId>,
    pub(super) capture: Text<CaptureId>,
    pub(super) code: Text<FailureCode>,
}

impl Body<'_> for RefundFailed1 {
    type Next = PaymentFact;

    fn upcast(self) -> Result<PaymentFact, Fault> {
        Ok(PaymentFact::RefundFailed { refund_id: self.refund.0, capture_id: self.capture.0, code: self.code.0 })
    }
}
