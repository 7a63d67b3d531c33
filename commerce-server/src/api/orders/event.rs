//! What happened to an order, as it is answered.

use commerce_core::engine;
use commerce_core::fact::{PaymentFact, PendingWhy};
use commerce_core::id::LineId;
use commerce_core::order::{self as core, Event};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::inventory::Actor;
use crate::api::line::{Adjustment, LineCount};
use crate::api::number::Amount;
use crate::api::word::{
    AttemptId, CancelReason, CaptureId, CapturePolicy, CartId, Condition, CustomerId, EventId, FailureCode, HoldReason, ItemKind,
    LocationId, MethodRef, PaymentId, ProviderName, RefundCause, RefundId, ReturnId, RiskVerdict, ShipmentId, Sku, Stage, Terms, Time,
};

/// One event of an order.
#[derive(Serialize, ToSchema)]
pub struct OrderEvent {
    /// The event.
    pub id: EventId,
    /// Its number in the order, from 1.
    pub version: u64,
    /// When it happened.
    pub at: Time,
    /// Who caused it.
    pub actor: Actor,
    /// The request that caused it: its `X-Request-Id`, or its trace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub correlation: Option<String>,
    /// What happened.
    #[serde(flatten)]
    pub event: EventData,
}

/// What happened, by type.
#[derive(Serialize, ToSchema)]
#[serde(tag = "type", content = "data")]
pub enum EventData {
    /// The order exists, its stock is held.
    OrderPlaced(Box<Placed>),
    /// A risk screen judged it.
    RiskAssessed {
        /// What to do.
        verdict: RiskVerdict,
        /// From 0, no risk, to 1000.
        score: u16,
        /// Why.
        reasons: Vec<String>,
    },
    /// Nothing moves until it is resumed.
    OrderHeld {
        /// Why.
        reason: HoldReason,
        /// Where it goes on.
        resume: Stage,
        /// Until when, if it ends by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// It goes on.
    OrderResumed {
        /// Where.
        to: Stage,
        /// The new time to pay by, if it is pending.
        #[serde(skip_serializing_if = "Option::is_none")]
        pay_by: Option<Time>,
    },
    /// It is covered and screened.
    OrderConfirmed {},
    /// A risk screen turned it down.
    OrderRejected {
        /// Why.
        reason: String,
    },
    /// Lines, adjustments or personal data changed.
    OrderEdited(Box<Edited>),
    /// The last units of some lines were cancelled.
    LinesCancelled {
        /// Which, and how many of each.
        lines: Vec<LineCount>,
        /// Why.
        reason: String,
        /// What they cost.
        value: Amount,
        /// What the order costs now.
        total: Amount,
    },
    /// The whole order was cancelled.
    OrderCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// All is delivered and paid, or on invoice.
    OrderCompleted {},
    /// An attempt to authorize money was decided.
    PaymentStarted {
        /// The payment.
        payment_id: PaymentId,
        /// The attempt.
        attempt_id: AttemptId,
        /// The payment provider.
        provider: ProviderName,
        /// The way to pay.
        payment_method_id: MethodRef,
        /// How much.
        amount: Amount,
    },
    /// The attempt has no outcome yet.
    PaymentPending {
        /// The attempt.
        attempt_id: AttemptId,
        /// What it waits for: `action_required`, `pending` or `unknown`.
        why: &'static str,
        /// Where the buyer acts, if they have to.
        #[serde(skip_serializing_if = "Option::is_none")]
        action_url: Option<String>,
    },
    /// Money was set aside.
    PaymentAuthorized {
        /// The attempt.
        attempt_id: AttemptId,
        /// How much.
        amount: Amount,
        /// When the provider lets it go, if it said so.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<Time>,
    },
    /// The attempt ended without money.
    PaymentFailed {
        /// The attempt.
        attempt_id: AttemptId,
        /// Why.
        code: FailureCode,
        /// Whether the same way to pay may work later.
        retryable: bool,
    },
    /// A capture was decided.
    CaptureStarted {
        /// The capture.
        capture_id: CaptureId,
        /// The attempt that it draws on.
        attempt_id: AttemptId,
        /// How much.
        amount: Amount,
        /// The shipment that it pays for, if one.
        #[serde(skip_serializing_if = "Option::is_none")]
        shipment_id: Option<ShipmentId>,
    },
    /// Money arrived.
    PaymentCaptured {
        /// The capture.
        capture_id: CaptureId,
        /// The attempt that it drew on.
        attempt_id: AttemptId,
        /// How much.
        amount: Amount,
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
        /// How much.
        amount: Amount,
    },
    /// What was left of an authorization lapsed.
    AuthorizationExpired {
        /// The attempt.
        attempt_id: AttemptId,
        /// How much.
        amount: Amount,
    },
    /// A refund was granted.
    RefundGranted {
        /// The refund.
        refund_id: RefundId,
        /// What gave rise to it.
        cause: RefundCause,
        /// How much.
        amount: Amount,
        /// The units that it pays back, if it names any.
        lines: Vec<LineCount>,
        /// Which captures pay it back.
        parts: Vec<GrantedPart>,
        /// The failed refund that it stands in for.
        #[serde(skip_serializing_if = "Option::is_none")]
        replaces: Option<RefundId>,
    },
    /// One part of a refund arrived.
    RefundIssued {
        /// The refund.
        refund_id: RefundId,
        /// The capture that it went back through.
        capture_id: CaptureId,
        /// How much.
        amount: Amount,
    },
    /// One part of a refund failed for good.
    RefundFailed {
        /// The refund.
        refund_id: RefundId,
        /// The capture that it was to go back through.
        capture_id: CaptureId,
        /// Why.
        code: FailureCode,
    },
    /// Units were packed.
    ShipmentCreated {
        /// The shipment.
        shipment_id: ShipmentId,
        /// Where; not there if it holds nothing from stock.
        #[serde(skip_serializing_if = "Option::is_none")]
        location: Option<LocationId>,
        /// Its units.
        lines: Vec<LineCount>,
    },
    /// The units were unpacked.
    ShipmentCancelled {
        /// The shipment.
        shipment_id: ShipmentId,
    },
    /// The shipment is on its way.
    ShipmentDispatched {
        /// The shipment.
        shipment_id: ShipmentId,
        /// Who carries it.
        #[serde(skip_serializing_if = "Option::is_none")]
        carrier: Option<String>,
        /// The carrier's number for it.
        #[serde(skip_serializing_if = "Option::is_none")]
        tracking: Option<String>,
    },
    /// The shipment arrived.
    ShipmentDelivered {
        /// The shipment.
        shipment_id: ShipmentId,
    },
    /// The shipment will not arrive.
    ShipmentLost {
        /// The shipment.
        shipment_id: ShipmentId,
    },
    /// The buyer wants to send units back.
    ReturnRequested {
        /// The return.
        return_id: ReturnId,
        /// Its units.
        lines: Vec<LineCount>,
        /// Why.
        reason: String,
    },
    /// Units of a return arrived.
    ReturnReceived {
        /// The return.
        return_id: ReturnId,
        /// The units that arrived.
        lines: Vec<LineCount>,
        /// In which state.
        condition: Condition,
        /// Where they are in stock again, if they are.
        #[serde(skip_serializing_if = "Option::is_none")]
        location: Option<LocationId>,
    },
    /// The rest of a return is not accepted.
    ReturnRejected {
        /// The return.
        return_id: ReturnId,
        /// Why.
        reason: String,
    },
}

/// An order as it was placed.
#[derive(Serialize, ToSchema)]
pub struct Placed {
    /// The caller's own name for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// The cart that became this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart_id: Option<CartId>,
    /// Where the order came from.
    pub channel: String,
    /// The way to pay, if one was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method_id: Option<MethodRef>,
    /// Its lines.
    pub lines: Vec<OrderedLine>,
    /// Amounts that belong to it as a whole.
    pub adjustments: Vec<Adjustment>,
    /// Lines and adjustments together.
    pub total: Amount,
    /// When it is paid.
    pub terms: Terms,
    /// When authorized money is captured.
    pub capture_policy: CapturePolicy,
    /// When it is cancelled if it is still not covered.
    pub pay_by: Time,
}

/// One line as it was ordered.
#[derive(Serialize, ToSchema)]
pub struct OrderedLine {
    /// Its number in the order.
    pub line_id: u32,
    /// What.
    pub sku: Sku,
    /// Its title at that time.
    pub title: String,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// How many.
    pub quantity: u32,
    /// What one costs, before adjustments.
    pub unit_price: Amount,
    /// Amounts that belong to it as a whole.
    pub adjustments: Vec<Adjustment>,
}

/// What an edit changed.
#[derive(Serialize, ToSchema)]
pub struct Edited {
    /// New lines.
    pub added: Vec<OrderedLine>,
    /// Lines with another quantity, price or adjustments.
    pub changed: Vec<ChangedLine>,
    /// Numbers of the lines whose free units are all gone.
    pub removed: Vec<u32>,
    /// The order's adjustments from then on, if they changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustments: Option<Vec<Adjustment>>,
    /// Whether names, address, note or metadata changed.
    pub personal_changed: bool,
    /// What the order costs now.
    pub total: Amount,
}

/// A line with another quantity, price or adjustments.
#[derive(Serialize, ToSchema)]
pub struct ChangedLine {
    /// Its number in the order.
    pub line_id: u32,
    /// How many units are ordered from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<u32>,
    /// What each free unit costs from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit_price: Option<Amount>,
    /// Its adjustments from then on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adjustments: Option<Vec<Adjustment>>,
}

/// A part of a refund: so much of one capture.
#[derive(Serialize, ToSchema)]
pub struct GrantedPart {
    /// The capture that the money goes back through.
    pub capture_id: CaptureId,
    /// How much.
    pub amount: Amount,
}

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
