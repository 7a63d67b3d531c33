//! What can have happened to an order: version 1 of its events.

use crate::fact::PaymentFact;
use crate::goods::ItemKind;
use crate::id::{CartId, CustomerId, LineId, LocationId, MethodRef, PersonalRef, ReturnId, ShipmentId, Sku};
use crate::money::{Currency, Money};
use crate::quantity::{LineQty, Quantity};
use crate::time::Timestamp;

/// One fact about one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The order exists, its stock is held.
    OrderPlaced(Box<Placed>),
    /// A risk screen judged it.
    RiskAssessed(Assessment),
    /// Nothing moves until it is resumed.
    OrderHeld {
        /// Why.
        reason: HoldReason,
        /// Where it goes on.
        resume: Stage,
        /// Until when, if it ends by itself.
        until: Option<Timestamp>,
    },
    /// It goes on.
    OrderResumed {
        /// Where.
        to: Stage,
        /// The new time to pay by, if it is pending.
        pay_by: Option<Timestamp>,
    },
    /// It is covered and screened; its stock is its own.
    OrderConfirmed,
    /// A risk screen turned it down.
    OrderRejected {
        /// Why, in the screen's words.
        reason: String,
    },
    /// Lines, adjustments or the address changed.
    OrderEdited(Box<Edited>),
    /// The last units of some lines were cancelled.
    LinesCancelled {
        /// Which, and how many of each.
        lines: Vec<LineQty>,
        /// Why.
        reason: String,
        /// What they cost.
        value: Money,
        /// What the order costs now.
        total: Money,
    },
    /// The whole order was cancelled.
    OrderCancelled {
        /// Why.
        reason: CancelReason,
    },
    /// All is delivered and paid, or on invoice.
    OrderCompleted,
    /// The mirror of a fact in the stream of one of the order's payments.
    Payment(PaymentFact),
    /// Units were packed.
    ShipmentCreated {
        /// The shipment.
        shipment_id: ShipmentId,
        /// Where it was packed; none if it holds nothing from stock.
        location: Option<LocationId>,
        /// Its units.
        lines: Vec<LineQty>,
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
        carrier: Option<String>,
        /// The carrier's number for it.
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
        lines: Vec<LineQty>,
        /// Why.
        reason: String,
    },
    /// Units of a return arrived.
    ReturnReceived {
        /// The return.
        return_id: ReturnId,
        /// The units that arrived.
        lines: Vec<LineQty>,
        /// In which state.
        condition: Condition,
        /// Where they are in stock again, if they are.
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

impl Event {
    /// The name of its type, as stored.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::OrderPlaced(_) => "OrderPlaced",
            Self::RiskAssessed(_) => "RiskAssessed",
            Self::OrderHeld { .. } => "OrderHeld",
            Self::OrderResumed { .. } => "OrderResumed",
            Self::OrderConfirmed => "OrderConfirmed",
            Self::OrderRejected { .. } => "OrderRejected",
            Self::OrderEdited(_) => "OrderEdited",
            Self::LinesCancelled { .. } => "LinesCancelled",
            Self::OrderCancelled { .. } => "OrderCancelled",
            Self::OrderCompleted => "OrderCompleted",
            Self::Payment(fact) => fact.name(),
            Self::ShipmentCreated { .. } => "ShipmentCreated",
            Self::ShipmentCancelled { .. } => "ShipmentCancelled",
            Self::ShipmentDispatched { .. } => "ShipmentDispatched",
            Self::ShipmentDelivered { .. } => "ShipmentDelivered",
            Self::ShipmentLost { .. } => "ShipmentLost",
            Self::ReturnRequested { .. } => "ReturnRequested",
            Self::ReturnReceived { .. } => "ReturnReceived",
            Self::ReturnRejected { .. } => "ReturnRejected",
        }
    }
}

/// The order as it was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The caller's name for the customer, if known.
    pub customer_id: Option<CustomerId>,
    /// Where names, addresses and notes are kept.
    pub personal_ref: Option<PersonalRef>,
    /// The one currency of all amounts.
    pub currency: Currency,
    /// The cart that became this order.
    pub cart_id: Option<CartId>,
    /// Where the order came from, in the caller's words (`web`, `pos`).
    pub channel: String,
    /// The way to pay, if one was given.
    pub method_ref: Option<MethodRef>,
    /// Its lines, numbered from 1.
    pub lines: Vec<LineItem>,
    /// Amounts that belong to the order as a whole.
    pub adjustments: Vec<Adjustment>,
    /// Lines and adjustments together.
    pub total: Money,
    /// When it is paid.
    pub terms: Terms,
    /// When authorized money is captured.
    pub capture_policy: CapturePolicy,
    /// When it is cancelled if it is still not covered.
    pub pay_by: Timestamp,
}

/// One line as it was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineItem {
    /// Its number in the order.
    pub line_id: LineId,
    /// What.
    pub sku: Sku,
    /// Its title at that time.
    pub title: String,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// How many.
    pub qty: Quantity,
    /// What one costs, before adjustments; not below zero.
    pub unit_price: Money,
    /// Amounts that belong to this line as a whole.
    pub adjustments: Vec<Adjustment>,
}

/// An amount beside the price: signed, and already in the price if `included`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// What it is.
    pub kind: AdjustmentKind,
    /// How much; a discount is negative.
    pub amount: Money,
    /// Already contained in the prices (an included tax), so that it adds nothing.
    pub included: bool,
}

crate::names! {
    /// What an adjustment is.
    AdjustmentKind {
        /// Carriage.
        Shipping = "shipping",
        /// A reduction.
        Discount = "discount",
        /// A tax.
        Tax = "tax",
        /// A fee.
        Fee = "fee",
        /// An extra charge.
        Surcharge = "surcharge",
    }
    /// When an order is paid.
    Terms {
        /// Money is authorized before the order is confirmed.
        Prepaid = "prepaid",
        /// The order is confirmed at once and paid later.
        Invoice = "invoice",
    }
    /// When authorized money is captured.
    CapturePolicy {
        /// Each shipment captures its share before it leaves.
        OnShipment = "on_shipment",
        /// All at confirmation, as digital goods want it.
        AtConfirm = "at_confirm",
        /// Only by the caller's command.
        Manual = "manual",
    }
    /// Where a held order goes on.
    Stage {
        /// Not yet confirmed.
        Pending = "pending",
        /// Confirmed.
        Confirmed = "confirmed",
    }
    /// Why an order is on hold.
    HoldReason {
        /// A risk screen wants a person to look.
        Review = "review",
        /// A capture failed for good.
        Payment = "payment",
        /// An operator wanted it.
        Operator = "operator",
    }
    /// Why an order was cancelled.
    CancelReason {
        /// The buyer wanted it.
        Customer = "customer",
        /// An operator wanted it.
        Operator = "operator",
        /// It was not covered in time.
        Unpaid = "unpaid",
        /// Its hold was reclaimed and its stock is gone.
        StockLost = "stock_lost",
    }
    /// What a risk screen says.
    RiskVerdict {
        /// Go on.
        Accept = "accept",
        /// A person should look.
        Review = "review",
        /// Turn it down.
        Reject = "reject",
    }
    /// The state in which goods came back.
    Condition {
        /// Goes into stock again.
        Sellable = "sellable",
        /// Does not.
        Damaged = "damaged",
    }
}

/// What a risk screen found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessment {
    /// What to do.
    pub verdict: RiskVerdict,
    /// From 0, no risk, to 1000.
    pub score: u16,
    /// Why, in the screen's words.
    pub reasons: Vec<String>,
}

/// What an edit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edited {
    /// New lines, numbered on from the last.
    pub added: Vec<LineItem>,
    /// Lines with another quantity, price or adjustments.
    pub changed: Vec<LineChange>,
    /// Lines whose free units are all gone.
    pub removed: Vec<LineId>,
    /// The order's adjustments from now on, if they changed.
    pub adjustments: Option<Vec<Adjustment>>,
    /// Where names, addresses and notes are kept from now on, if they changed.
    pub personal_ref: Option<PersonalRef>,
    /// What the order costs now.
    pub total: Money,
}

/// A line with another quantity, price or adjustments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineChange {
    /// The line.
    pub line_id: LineId,
    /// How many units are ordered now, cancelled ones included.
    pub qty: Option<Quantity>,
    /// What each free unit costs now.
    pub unit_price: Option<Money>,
    /// The line's adjustments from now on.
    pub adjustments: Option<Vec<Adjustment>>,
}
