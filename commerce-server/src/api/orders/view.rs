//! An order as it is answered.

use commerce_core::engine::OrderView;
use commerce_core::order::{self as core, Placement};
use commerce_core::ports::OrderRow;
use serde::Serialize;
use utoipa::ToSchema;

use super::money::{Attempt, Capture, Refund, Sums};
use crate::api::line::Adjustment;
use crate::api::number::Amount;
use crate::api::personal::Personal;
use crate::api::returns::Return;
use crate::api::shipments::Shipment;
use crate::api::word::{
    CancelReason, CapturePolicy, CartId, Currency, CustomerId, FulfillmentStatus, HoldReason, ItemKind, MethodRef, OrderId, OrderStatus,
    PaymentStatus, ReturnStatus, RiskVerdict, Sku, Stage, Terms, Time,
};

/// An order as it is now.
#[derive(Serialize, ToSchema)]
pub struct Order {
    /// The order.
    pub id: OrderId,
    /// How many events it has; its `ETag`.
    pub version: u64,
    /// The headline, which sums up the statuses below.
    pub status: OrderStatus,
    /// Where its placement stands.
    pub placement: PlacementState,
    /// Where its money stands.
    pub payment_status: PaymentStatus,
    /// Where its goods stand.
    pub fulfillment_status: FulfillmentStatus,
    /// Where its returns stand.
    pub return_status: ReturnStatus,
    /// The caller's own name for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// The cart that became this order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cart_id: Option<CartId>,
    /// Where it came from.
    pub channel: String,
    /// The way to pay that was given with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_method_id: Option<MethodRef>,
    /// When it is paid.
    pub terms: Terms,
    /// When authorized money is captured.
    pub capture_policy: CapturePolicy,
    /// The one currency of all amounts.
    pub currency: Currency,
    /// Its lines, by number.
    pub lines: Vec<Line>,
    /// Amounts that belong to it as a whole.
    pub adjustments: Vec<Adjustment>,
    /// What its money comes to.
    pub amounts: Sums,
    /// Tries to pay, the oldest first.
    pub attempts: Vec<Attempt>,
    /// Captures of what was authorized, the oldest first.
    pub captures: Vec<Capture>,
    /// Refunds, the oldest first.
    pub refunds: Vec<Refund>,
    /// Shipments, the oldest first.
    pub shipments: Vec<Shipment>,
    /// Returns, the oldest first.
    pub returns: Vec<Return>,
    /// What a risk screen found last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// Who buys, and where it goes; not there if nothing was given, or it was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub personal: Option<Personal>,
    /// When it was placed.
    pub placed_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

/// Where the placement of an order stands.
#[derive(Serialize, ToSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum PlacementState {
    /// Not yet covered.
    Pending {
        /// When it is cancelled if it is still not covered.
        pay_by: Time,
    },
    /// Nothing moves until it is resumed.
    OnHold {
        /// Why.
        reason: HoldReason,
        /// Where it goes on.
        resume: Stage,
        /// Until when, if it ends by itself.
        #[serde(skip_serializing_if = "Option::is_none")]
        until: Option<Time>,
    },
    /// Covered; its stock is its own.
    Confirmed,
    /// Delivered and paid, or on invoice.
    Completed,
    /// Cancelled.
    Cancelled {
        /// Why.
        reason: CancelReason,
    },
    /// Turned down by a risk screen.
    Rejected {
        /// Why, in the screen's words.
        reason: String,
    },
}

/// One line of an order. Counts are units.
#[derive(Serialize, ToSchema)]
pub struct Line {
    /// Its number in the order.
    pub line_id: u32,
    /// What.
    pub sku: Sku,
    /// Its title when it was ordered.
    pub title: String,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// Ordered, cancelled ones included.
    pub quantity: u32,
    /// Cancelled.
    pub cancelled: u32,
    /// Neither cancelled nor packed nor sent.
    pub open: u32,
    /// Packed and not yet sent.
    pub packed: u32,
    /// Sent.
    pub dispatched: u32,
    /// Arrived.
    pub delivered: u32,
    /// On their way back.
    pub returning: u32,
    /// Came back, or were lost.
    pub returned: u32,
    /// What one costs, before adjustments.
    pub unit_price: Amount,
    /// Amounts that belong to the line as a whole.
    pub adjustments: Vec<Adjustment>,
    /// What its units cost that were not cancelled, their share of the order's adjustments included.
    pub total: Amount,
}

/// What a risk screen found.
#[derive(Serialize, ToSchema)]
pub struct Risk {
    /// What to do.
    pub verdict: RiskVerdict,
    /// From 0, no risk, to 1000.
    pub score: u16,
    /// Why.
    pub reasons: Vec<String>,
}

/// An order in a list.
#[derive(Serialize, ToSchema)]
pub struct OrderSummary {
    /// The order.
    pub id: OrderId,
    /// How many events it has; its `ETag`.
    pub version: u64,
    /// The headline status.
    pub status: OrderStatus,
    /// The caller's own name for the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer_id: Option<CustomerId>,
    /// What it costs.
    pub total: Amount,
    /// When it was placed.
    pub placed_at: Time,
    /// When it last changed.
    pub updated_at: Time,
}

impl From<OrderView> for Order {
    fn from(view: OrderView) -> Self {
        let OrderView { id, version, order, personal } = view;
        Self {
            id: id.into(),
            version: version.0,
            status: order.headline().into(),
            placement: (&order.placement).into(),
            payment_status: order.payment_status().into(),
            fulfillment_status: order.fulfillment_status().into(),
            return_status: order.return_status().into(),
            customer_id: order.customer_id.clone().map(Into::into),
            cart_id: order.cart_id.map(Into::into),
            channel: order.channel.clone(),
            payment_method_id: order.method_ref.clone().map(Into::into),
            terms: order.terms.into(),
            capture_policy: order.capture_policy.into(),
            currency: order.currency.into(),
            lines: order.lines.iter().map(|line| Line::of(line, &order)).collect(),
            adjustments: order.adjustments.iter().map(Into::into).collect(),
            amounts: Sums::of(&order),
            attempts: order.tenders.attempts.iter().map(|attempt| Attempt::of(attempt, order.currency)).collect(),
            captures: order.tenders.captures.iter().map(|capture| Capture::of(capture, order.currency)).collect(),
            refunds: order.tenders.refunds.iter().map(|refund| Refund::of(refund, order.currency)).collect(),
            shipments: order.shipments.iter().map(|shipment| Shipment::of(shipment, id)).collect(),
            returns: order.returns.iter().map(|one| Return::of(one, id)).collect(),
            risk: order.assessment.as_ref().map(|found| Risk {
                verdict: found.verdict.into(),
                score: found.score,
                reasons: found.reasons.clone(),
            }),
            personal: personal.map(Into::into),
            placed_at: order.placed_at.into(),
            updated_at: order.updated_at.into(),
        }
    }
}

impl From<&Placement> for PlacementState {
    fn from(placement: &Placement) -> Self {
        match placement {
            Placement::Pending { pay_by } => Self::Pending { pay_by: (*pay_by).into() },
            Placement::Held { reason, resume, until } => {
                Self::OnHold { reason: (*reason).into(), resume: (*resume).into(), until: until.map(Into::into) }
            }
            Placement::Confirmed => Self::Confirmed,
            Placement::Completed => Self::Completed,
            Placement::Cancelled { reason } => Self::Cancelled { reason: (*reason).into() },
            Placement::Rejected { reason } => Self::Rejected { reason: reason.clone() },
        }
    }
}

impl Line {
    fn of(line: &core::Line, order: &core::Order) -> Self {
        Self {
            line_id: line.id.0,
            sku: line.sku.clone().into(),
            title: line.title.clone(),
            kind: line.kind.into(),
            quantity: line.ordered,
            cancelled: line.cancelled,
            open: line.open(),
            packed: line.packed,
            dispatched: line.dispatched,
            delivered: line.delivered,
            returning: line.returning,
            returned: line.returned,
            unit_price: line.unit_price.into(),
            adjustments: line.adjustments.iter().map(Into::into).collect(),
            total: order.money(line.cum(line.live())).into(),
        }
    }
}

impl From<OrderRow> for OrderSummary {
    fn from(row: OrderRow) -> Self {
        Self {
            id: row.id.into(),
            version: row.version.0,
            status: OrderStatus(row.status),
            customer_id: row.customer.map(Into::into),
            total: row.total.into(),
            placed_at: row.placed_at.into(),
            updated_at: row.updated_at.into(),
        }
    }
}
