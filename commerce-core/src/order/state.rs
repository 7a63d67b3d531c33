//! The state of an order, folded from its events.

use crate::goods::ItemKind;
use crate::id::{CartId, CustomerId, LineId, LocationId, MethodRef, PersonalRef, ReturnId, ShipmentId, Sku};
use crate::money::{Currency, Money};
use crate::order::amounts::Part;
use crate::order::event::{Adjustment, Assessment, CancelReason, CapturePolicy, Condition, HoldReason, Stage, Terms};
use crate::tender::Tenders;
use crate::time::Timestamp;

/// An order. Amounts without a type are minor units of `currency`; counts are units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Where it stands.
    pub placement: Placement,
    /// The caller's name for the customer.
    pub customer_id: Option<CustomerId>,
    /// Where names, addresses and notes are kept.
    pub personal_ref: Option<PersonalRef>,
    /// The one currency of all amounts.
    pub currency: Currency,
    /// The cart that became this order.
    pub cart_id: Option<CartId>,
    /// Where it came from.
    pub channel: String,
    /// The way to pay that was given with it.
    pub method_ref: Option<MethodRef>,
    /// When it is paid.
    pub terms: Terms,
    /// When authorized money is captured.
    pub capture_policy: CapturePolicy,
    /// Its lines, by number.
    pub lines: Vec<Line>,
    /// Amounts that belong to it as a whole.
    pub adjustments: Vec<Adjustment>,
    /// What risk screens found last.
    pub assessment: Option<Assessment>,
    /// Its attempts, captures and refunds.
    pub tenders: Tenders,
    /// Its shipments, the oldest first.
    pub shipments: Vec<Shipment>,
    /// Its returns, the oldest first.
    pub returns: Vec<Return>,
    /// What goods cost that came back, or were lost, before they were paid: it is not owed.
    pub credited: i64,
    /// When it was placed.
    pub placed_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Where an order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Not yet covered.
    Pending {
        /// When it is cancelled if it is still not covered.
        pay_by: Timestamp,
    },
    /// Nothing moves until it is resumed.
    Held {
        /// Why.
        reason: HoldReason,
        /// Where it goes on.
        resume: Stage,
        /// Until when, if it ends by itself.
        until: Option<Timestamp>,
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

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its number.
    pub id: LineId,
    /// What.
    pub sku: Sku,
    /// Its title when it was ordered.
    pub title: String,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// What one costs, before adjustments.
    pub unit_price: Money,
    /// Amounts that belong to it as a whole.
    pub adjustments: Vec<Adjustment>,
    /// Units ordered, cancelled ones included.
    pub ordered: u32,
    /// Units cancelled: its last.
    pub cancelled: u32,
    /// Units packed and not yet dispatched.
    pub packed: u32,
    /// Units dispatched.
    pub dispatched: u32,
    /// Units delivered.
    pub delivered: u32,
    /// Units that a return waits for.
    pub returning: u32,
    /// Units returned or lost: its first.
    pub returned: u32,
    /// What its units cost, in order.
    pub(crate) parts: Vec<Part>,
}

impl Line {
    /// Units neither cancelled.
    pub const fn live(&self) -> u32 {
        self.ordered - self.cancelled
    }

    /// Units neither cancelled nor packed nor dispatched.
    pub const fn open(&self) -> u32 {
        self.live() - self.packed - self.dispatched
    }

    /// What the first `units` of it cost, in minor units, its share of order-level amounts included.
    pub fn cum(&self, units: u32) -> i64 {
        Part::cum(&self.parts, units, |part| part.total)
    }
}

/// One shipment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shipment {
    /// The shipment.
    pub id: ShipmentId,
    /// Where it was packed.
    pub location: Option<LocationId>,
    /// Its units.
    pub lines: Vec<ShipmentLine>,
    /// Where it is.
    pub state: ShipmentState,
    /// When it was packed.
    pub packed_at: Timestamp,
}

/// Units of one line in a shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShipmentLine {
    /// The line.
    pub line_id: LineId,
    /// How many.
    pub qty: u32,
    /// How many of them a return waits for, or has received.
    pub going_back: u32,
    /// How many of them a return has received.
    pub returned: u32,
}

/// Where a shipment is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShipmentState {
    /// Packed.
    Packed,
    /// Unpacked again.
    Cancelled,
    /// On its way.
    Dispatched(Carriage),
    /// Arrived.
    Delivered {
        /// How it went.
        carriage: Carriage,
        /// When it arrived.
        at: Timestamp,
    },
    /// Will not arrive.
    Lost {
        /// How it went.
        carriage: Carriage,
        /// When that was known.
        at: Timestamp,
    },
}

/// How a shipment went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriage {
    /// Who carries it.
    pub carrier: Option<String>,
    /// The carrier's number for it.
    pub tracking: Option<String>,
    /// When it left.
    pub at: Timestamp,
}

/// One return.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The return.
    pub id: ReturnId,
    /// Why.
    pub reason: String,
    /// Its units, by the shipments that they came with.
    pub lines: Vec<ReturnLine>,
    /// Why the rest was not accepted, if it was not.
    pub rejected: Option<String>,
    /// In which state the last units came back.
    pub condition: Option<Condition>,
    /// When it was asked for.
    pub at: Timestamp,
}

/// Units of one line that came with one shipment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnLine {
    /// The line.
    pub line_id: LineId,
    /// The shipment.
    pub shipment_id: ShipmentId,
    /// How many.
    pub qty: u32,
    /// How many of them arrived.
    pub received: u32,
}

impl Return {
    /// The name of where it stands.
    pub fn status(&self) -> &'static str {
        let received = self.lines.iter().any(|line| line.received > 0);
        match (self.is_open(), received) {
            (true, false) => "requested",
            (true, true) => "partially_received",
            (false, true) => "received",
            (false, false) => "rejected",
        }
    }

    /// Whether units may still arrive.
    pub fn is_open(&self) -> bool {
        self.rejected.is_none() && self.lines.iter().any(|line| line.received < line.qty)
    }

    /// Units of a line that may still arrive.
    pub fn rest(&self, line_id: LineId) -> u32 {
        match self.rejected {
            Some(_) => 0,
            None => self.lines.iter().filter(|line| line.line_id == line_id).map(|line| line.qty - line.received).sum(),
        }
    }
}

impl Order {
    /// One line.
    pub fn line(&self, id: LineId) -> Option<&Line> {
        // lines are numbered from 1 in the order in which they stand
        self.lines.get(usize::try_from(id.0).ok()?.checked_sub(1)?)
    }

    pub(super) fn line_mut(&mut self, id: LineId) -> Option<&mut Line> {
        self.lines.get_mut(usize::try_from(id.0).ok()?.checked_sub(1)?)
    }

    /// One shipment.
    pub fn shipment(&self, id: ShipmentId) -> Option<&Shipment> {
        self.shipments.iter().find(|shipment| shipment.id == id)
    }

    pub(super) fn shipment_mut(&mut self, id: ShipmentId) -> Option<&mut Shipment> {
        self.shipments.iter_mut().find(|shipment| shipment.id == id)
    }

    /// One return.
    pub fn return_of_goods(&self, id: ReturnId) -> Option<&Return> {
        self.returns.iter().find(|one| one.id == id)
    }

    /// An amount of minor units in the order's currency.
    pub const fn money(&self, minor: i64) -> Money {
        Money::from_minor(minor, self.currency)
    }

    /// Units of a SKU that stock is promised for: stocked, neither cancelled nor dispatched; none once the order has ended.
    pub fn stock_need(&self) -> std::collections::BTreeMap<Sku, u64> {
        let mut need = std::collections::BTreeMap::new();
        if matches!(self.placement, Placement::Cancelled { .. } | Placement::Rejected { .. }) {
            return need;
        }
        for line in self.lines.iter().filter(|line| line.kind == ItemKind::Stocked) {
            let units = u64::from(line.live() - line.dispatched);
            if units > 0 {
                *need.entry(line.sku.clone()).or_default() += units;
            }
        }
        need
    }
}

impl ShipmentState {
    /// The name in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Packed => "packed",
            Self::Cancelled => "cancelled",
            Self::Dispatched(_) => "dispatched",
            Self::Delivered { .. } => "delivered",
            Self::Lost { .. } => "lost",
        }
    }
}
