//! The engine's events as they are answered.

use commerce_core::engine;
use commerce_core::fact::{PaymentFact, PendingWhy};
use commerce_core::id::LineId;
use commerce_core::order::{self as core, Event};

use super::{ChangedLine, Edited, EventData, GrantedPart, OrderEvent, OrderedLine, Placed};
use crate::api::line::LineCount;

impl From<engine::OrderEvent> for OrderEvent {
    fn from(one: engine::OrderEvent) -> Self {
        let engine::OrderEvent { stored, event } = one;
        Self {
            id: stored.event.id.into(),
            version: stored.version.0,
            at: stored.meta.at.into(),
            actor: (&stored.meta.actor).into(),
            correlation: stored.meta.correlation.as_deref().map(str::to_owned),
            event: event.into(),
        }
    }
}

impl From<Event> for EventData {
    fn from(event: Event) -> Self {
        match event {
            Event::OrderPlaced(placed) => Self::OrderPlaced(Box::new((*placed).into())),
            Event::RiskAssessed(core::Assessment { verdict, score, reasons }) => {
                Self::RiskAssessed { verdict: verdict.into(), score, reasons }
            }
            Event::OrderHeld { reason, resume, until } => {
                Self::OrderHeld { reason: reason.into(), resume: resume.into(), until: until.map(Into::into) }
            }
            Event::OrderResumed { to, pay_by } => Self::OrderResumed { to: to.into(), pay_by: pay_by.map(Into::into) },
            Event::OrderConfirmed => Self::OrderConfirmed {},
            Event::OrderRejected { reason } => Self::OrderRejected { reason },
            Event::OrderEdited(edited) => Self::OrderEdited(Box::new((*edited).into())),
            Event::LinesCancelled { lines, reason, value, total } => {
                Self::LinesCancelled { lines: LineCount::all(&lines), reason, value: value.into(), total: total.into() }
            }
            Event::OrderCancelled { reason } => Self::OrderCancelled { reason: reason.into() },
            Event::OrderCompleted => Self::OrderCompleted {},
            Event::Payment(fact) => fact.into(),
            Event::ShipmentCreated { shipment_id, location, lines } => {
                Self::ShipmentCreated { shipment_id: shipment_id.into(), location: location.map(Into::into), lines: LineCount::all(&lines) }
            }
            Event::ShipmentCancelled { shipment_id } => Self::ShipmentCancelled { shipment_id: shipment_id.into() },
            Event::ShipmentDispatched { shipment_id, carrier, tracking } => {
                Self::ShipmentDispatched { shipment_id: shipment_id.into(), carrier, tracking }
            }
            Event::ShipmentDelivered { shipment_id } => Self::ShipmentDelivered { shipment_id: shipment_id.into() },
            Event::ShipmentLost { shipment_id } => Self::ShipmentLost { shipment_id: shipment_id.into() },
            Event::ReturnRequested { return_id, lines, reason } => {
                Self::ReturnRequested { return_id: return_id.into(), lines: LineCount::all(&lines), reason }
            }
            Event::ReturnReceived { return_id, lines, condition, location } => Self::ReturnReceived {
                return_id: return_id.into(),
                lines: LineCount::all(&lines),
                condition: condition.into(),
                location: location.map(Into::into),
            },
            Event::ReturnRejected { return_id, reason } => Self::ReturnRejected { return_id: return_id.into(), reason },
        }
    }
}

impl From<PaymentFact> for EventData {
    fn from(fact: PaymentFact) -> Self {
        match fact {
            PaymentFact::Started { payment_id, attempt_id, provider, method_ref, amount } => Self::PaymentStarted {
                payment_id: payment_id.into(),
                attempt_id: attempt_id.into(),
                provider: provider.into(),
                payment_method_id: method_ref.into(),
                amount: amount.into(),
            },
            PaymentFact::Pending { attempt_id, why } => {
                let (why, action_url) = match why {
                    PendingWhy::ActionRequired { url } => ("action_required", Some(url)),
                    PendingWhy::Pending => ("pending", None),
                    PendingWhy::Unknown => ("unknown", None),
                };
                Self::PaymentPending { attempt_id: attempt_id.into(), why, action_url }
            }
            PaymentFact::Authorized { attempt_id, amount, expires_at, reference: _ } => {
                Self::PaymentAuthorized { attempt_id: attempt_id.into(), amount: amount.into(), expires_at: expires_at.map(Into::into) }
            }
            PaymentFact::Failed { attempt_id, code, retryable } => {
                Self::PaymentFailed { attempt_id: attempt_id.into(), code: code.into(), retryable }
            }
            PaymentFact::CaptureStarted { capture_id, attempt_id, amount, shipment_id } => Self::CaptureStarted {
                capture_id: capture_id.into(),
                attempt_id: attempt_id.into(),
                amount: amount.into(),
                shipment_id: shipment_id.map(Into::into),
            },
            PaymentFact::Captured { capture_id, attempt_id, amount, reference: _ } => {
                Self::PaymentCaptured { capture_id: capture_id.into(), attempt_id: attempt_id.into(), amount: amount.into() }
            }
            PaymentFact::CaptureFailed { capture_id, code } => Self::CaptureFailed { capture_id: capture_id.into(), code: code.into() },
            PaymentFact::AuthorizationVoided { attempt_id, amount } => {
                Self::AuthorizationVoided { attempt_id: attempt_id.into(), amount: amount.into() }
            }
            PaymentFact::AuthorizationExpired { attempt_id, amount } => {
                Self::AuthorizationExpired { attempt_id: attempt_id.into(), amount: amount.into() }
            }
            PaymentFact::RefundGranted { refund_id, cause, amount, lines, parts, replaces } => Self::RefundGranted {
                refund_id: refund_id.into(),
                cause: cause.into(),
                amount: amount.into(),
                lines: LineCount::all(&lines),
                parts: parts.iter().map(|part| GrantedPart { capture_id: part.capture_id.into(), amount: part.amount.into() }).collect(),
                replaces: replaces.map(Into::into),
            },
            PaymentFact::RefundIssued { refund_id, capture_id, amount } => {
                Self::RefundIssued { refund_id: refund_id.into(), capture_id: capture_id.into(), amount: amount.into() }
            }
            PaymentFact::RefundFailed { refund_id, capture_id, code } => {
                Self::RefundFailed { refund_id: refund_id.into(), capture_id: capture_id.into(), code: code.into() }
            }
        }
    }
}

impl From<core::Placed> for Placed {
    fn from(placed: core::Placed) -> Self {
        Self {
            customer_id: placed.customer_id.map(Into::into),
            cart_id: placed.cart_id.map(Into::into),
            channel: placed.channel,
            payment_method_id: placed.method_ref.map(Into::into),
            lines: placed.lines.into_iter().map(Into::into).collect(),
            adjustments: placed.adjustments.iter().map(Into::into).collect(),
            total: placed.total.into(),
            terms: placed.terms.into(),
            capture_policy: placed.capture_policy.into(),
            pay_by: placed.pay_by.into(),
        }
    }
}

impl From<core::LineItem> for OrderedLine {
    fn from(line: core::LineItem) -> Self {
        Self {
            line_id: line.line_id.0,
            sku: line.sku.into(),
            title: line.title,
            kind: line.kind.into(),
            quantity: line.qty.get(),
            unit_price: line.unit_price.into(),
            adjustments: line.adjustments.iter().map(Into::into).collect(),
        }
    }
}

impl From<core::Edited> for Edited {
    fn from(edited: core::Edited) -> Self {
        let all = |adjustments: Vec<core::Adjustment>| adjustments.iter().map(Into::into).collect();
        let changed = |change: core::LineChange| ChangedLine {
            line_id: change.line_id.0,
            quantity: change.qty.map(|qty| qty.get()),
            unit_price: change.unit_price.map(Into::into),
            adjustments: change.adjustments.map(all),
        };
        Self {
            added: edited.added.into_iter().map(Into::into).collect(),
            changed: edited.changed.into_iter().map(changed).collect(),
            removed: edited.removed.iter().map(|LineId(number)| *number).collect(),
            adjustments: edited.adjustments.map(all),
            personal_changed: edited.personal_ref.is_some(),
            total: edited.total.into(),
        }
    }
}
