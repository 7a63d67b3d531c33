//! What happened to an order, as it is answered.

mod told;

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
