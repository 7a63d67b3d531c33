//! From the core's types.

use commerce_core::money::{Currency, Money};
use commerce_core::ports;
use commerce_core::sandbox;

use super::{Amount, Call, Entry, Fact, FactOutcome, Options, Outcome, Totals};

fn text<T: ToString>(value: Option<&T>) -> Option<String> {
    value.map(ToString::to_string)
}

impl From<Money> for Amount {
    fn from(money: Money) -> Self {
        Self { minor: money.minor(), currency: money.currency().code().to_owned() }
    }
}

impl From<&sandbox::Call> for Call {
    fn from(call: &sandbox::Call) -> Self {
        match call {
            sandbox::Call::Authorize(r) => Self::Authorize {
                merchant: r.merchant.to_string(),
                payment: r.payment.to_string(),
                order: text(r.order.as_ref()),
                method: r.method.to_string(),
                amount: r.amount.into(),
            },
            sandbox::Call::Capture(r) => Self::Capture {
                merchant: r.merchant.to_string(),
                attempt: r.attempt.to_string(),
                reference: text(r.reference.as_ref()),
                amount: r.amount.into(),
                last: r.last,
            },
            sandbox::Call::Void(r) => {
                Self::Void { merchant: r.merchant.to_string(), attempt: r.attempt.to_string(), reference: text(r.reference.as_ref()) }
            }
            sandbox::Call::Refund(r) => Self::Refund {
                merchant: r.merchant.to_string(),
                attempt: r.attempt.to_string(),
                capture: r.capture.to_string(),
                reference: text(r.reference.as_ref()),
                amount: r.amount.into(),
            },
        }
    }
}

impl From<&ports::Outcome> for Outcome {
    fn from(outcome: &ports::Outcome) -> Self {
        match outcome {
            ports::Outcome::Approved { amount, expires_at, reference } => {
                Self::Approved { amount: (*amount).into(), expires_at: text(expires_at.as_ref()), reference: text(reference.as_ref()) }
            }
            ports::Outcome::Declined { reason, retryable } => Self::Declined { reason: reason.to_string(), retryable: *retryable },
            ports::Outcome::ActionRequired { url } => Self::ActionRequired { url: url.clone() },
            ports::Outcome::Pending => Self::Pending,
            ports::Outcome::Unknown => Self::Unknown,
        }
    }
}

impl From<&ports::ProviderFact> for Fact {
    fn from(fact: &ports::ProviderFact) -> Self {
        Self {
            id: fact.id.clone(),
            merchant: fact.merchant.to_string(),
            payment: fact.payment.to_string(),
            order: text(fact.order.as_ref()),
            key: fact.key.to_string(),
            outcome: (&fact.outcome).into(),
        }
    }
}

impl From<&ports::FactOutcome> for FactOutcome {
    fn from(outcome: &ports::FactOutcome) -> Self {
        use ports::FactOutcome as Core;
        match outcome {
            Core::Authorized { amount, expires_at, reference } => {
                Self::Authorized { amount: (*amount).into(), expires_at: text(expires_at.as_ref()), reference: text(reference.as_ref()) }
            }
            Core::Declined { reason, retryable } => Self::Declined { reason: reason.to_string(), retryable: *retryable },
            Core::Expired { amount } => Self::Expired { amount: (*amount).into() },
            Core::Voided { amount } => Self::Voided { amount: (*amount).into() },
            Core::VoidFailed { reason } => Self::VoidFailed { reason: reason.to_string() },
            Core::Captured { amount, reference } => Self::Captured { amount: (*amount).into(), reference: text(reference.as_ref()) },
            Core::CaptureFailed { reason } => Self::CaptureFailed { reason: reason.to_string() },
            Core::Refunded { amount, reference } => Self::Refunded { amount: (*amount).into(), reference: text(reference.as_ref()) },
            Core::RefundFailed { reason } => Self::RefundFailed { reason: reason.to_string() },
        }
    }
}

impl From<&sandbox::Entry> for Entry {
    fn from(entry: &sandbox::Entry) -> Self {
        Self {
            at: entry.at.to_string(),
            key: entry.key.to_string(),
            merchant: entry.merchant.to_string(),
            payment: entry.payment.to_string(),
            attempt: entry.attempt.to_string(),
            kind: entry.kind.to_string(),
            amount: entry.amount.into(),
        }
    }
}

impl From<(Currency, sandbox::Totals)> for Totals {
    fn from((currency, totals): (Currency, sandbox::Totals)) -> Self {
        let sandbox::Totals { authorized, captured, released, refunded } = totals;
        Self { currency: currency.to_string(), authorized, captured, released, refunded, net: totals.net() }
    }
}

impl From<sandbox::Options> for Options {
    fn from(options: sandbox::Options) -> Self {
        let sandbox::Options { sale_only, multi_capture, report_all, settle_after_s, .. } = options;
        let sandbox::Options { authorization_ttl_s, short_ttl_s, pending_s, late_s, .. } = options;
        Self { sale_only, multi_capture, report_all, settle_after_s, authorization_ttl_s, short_ttl_s, pending_s, late_s }
    }
}

impl From<Options> for sandbox::Options {
    fn from(options: Options) -> Self {
        let Options { sale_only, multi_capture, report_all, settle_after_s, .. } = options;
        let Options { authorization_ttl_s, short_ttl_s, pending_s, late_s, .. } = options;
        Self { sale_only, multi_capture, report_all, settle_after_s, authorization_ttl_s, short_ttl_s, pending_s, late_s }
    }
}
