//! What can be asked of an order.

use std::collections::BTreeMap;

use crate::fact::{FailureCode, PendingWhy};
use crate::id::{
    AttemptId, CaptureId, LocationId, MethodRef, PaymentId, PersonalRef, ProviderName, ProviderRef, RefundId, ReturnId, ShipmentId, Sku,
};
use crate::money::Money;
use crate::order::event::{Adjustment, Assessment, CancelReason, Condition, LineChange, LineItem, Placed};
use crate::quantity::LineQty;
use crate::time::Timestamp;

/// One command. What each needs and does is the table of the order's life in the architecture notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Creates the order.
    Place(Box<Place>),
    /// A new judgement of the risk.
    Screen(Assessment),
    /// Stops the order until it is resumed.
    Hold,
    /// Lets a held order go on.
    Resume,
    /// Tries to authorize what is due.
    Pay(Pay),
    /// The outcome of an attempt.
    Attempt {
        /// The attempt.
        attempt_id: AttemptId,
        /// What became of it.
        outcome: AttemptOutcome,
    },
    /// Cancels an order that was not covered, or not reviewed, in time.
    Expire,
    /// Changes lines, adjustments or the address.
    Edit(Box<Edit>),
    /// Cancels some open units.
    CancelLines {
        /// Which, and how many of each.
        lines: Vec<LineQty>,
        /// Why.
        reason: String,
    },
    /// Cancels the whole order.
    Cancel {
        /// Why.
        reason: CancelReason,
    },
    /// Packs units into a new shipment.
    Pack {
        /// The shipment's id, chosen by the caller.
        shipment_id: ShipmentId,
        /// Which, and how many of each.
        lines: Vec<LineQty>,
        /// From where; needed if any of them is stocked.
        location: Option<LocationId>,
        /// For each stocked SKU the units that are held for the order there and are on hand.
        stock: BTreeMap<Sku, u64>,
    },
    /// Undoes a packing.
    Unpack {
        /// The shipment.
        shipment_id: ShipmentId,
    },
    /// Captures authorized money: for a shipment, or so much.
    StartCapture {
        /// The shipment whose share is captured.
        shipment_id: Option<ShipmentId>,
        /// How much, if not by policy.
        amount: Option<Money>,
    },
    /// The outcome of a capture.
    Capture {
        /// The capture.
        capture_id: CaptureId,
        /// What became of it.
        outcome: CaptureOutcome,
    },
    /// The rest of an authorization is gone.
    AuthorizationGone {
        /// The attempt.
        attempt_id: AttemptId,
        /// Whether it lapsed; else it was voided.
        lapsed: bool,
    },
    /// Hands the shipment to the carrier.
    Dispatch {
        /// The shipment.
        shipment_id: ShipmentId,
        /// Who carries it.
        carrier: Option<String>,
        /// The carrier's number for it.
        tracking: Option<String>,
    },
    /// The shipment arrived.
    Deliver {
        /// The shipment.
        shipment_id: ShipmentId,
    },
    /// The shipment will not arrive.
    Lose {
        /// The shipment.
        shipment_id: ShipmentId,
    },
    /// The buyer wants to send units back.
    RequestReturn {
        /// The return's id, chosen by the caller.
        return_id: ReturnId,
        /// Which, and how many of each.
        lines: Vec<LineQty>,
        /// Why.
        reason: String,
        /// Staff may accept a return after the window.
        staff: bool,
    },
    /// Units of a return arrived.
    ReceiveReturn {
        /// The return.
        return_id: ReturnId,
        /// Which, and how many of each.
        lines: Vec<LineQty>,
        /// In which state.
        condition: Condition,
        /// Where sellable units go.
        location: Option<LocationId>,
    },
    /// The rest of a return is not accepted.
    RejectReturn {
        /// The return.
        return_id: ReturnId,
        /// Why.
        reason: String,
    },
    /// Gives money back.
    GrantRefund(GrantRefund),
    /// The outcome of one part of a refund.
    Refund {
        /// The refund.
        refund_id: RefundId,
        /// The part's capture.
        capture_id: CaptureId,
        /// What became of it.
        outcome: RefundOutcome,
    },
    /// Closes an order that is delivered and paid.
    Complete,
}

/// A new order: priced, screened, with its payment chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The order as it will be recorded; `total` and `pay_by` are checked and set by the decider.
    pub order: Placed,
    /// What the risk screen found.
    pub assessment: Assessment,
    /// How it is paid at once, if a method was given.
    pub payment: Option<Pay>,
}

/// A try to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pay {
    /// The id of a payment that may have to be opened.
    pub payment_id: PaymentId,
    /// The id of the attempt.
    pub attempt_id: AttemptId,
    /// Where the call goes.
    pub provider: ProviderName,
    /// What pays.
    pub method_ref: MethodRef,
    /// How much; all that is due if not said.
    pub amount: Option<Money>,
}

/// An edit: what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    /// New lines; their ids are set by the decider.
    pub add: Vec<LineItem>,
    /// Changed lines.
    pub change: Vec<LineChange>,
    /// Lines to take out: their free units go, packed and dispatched ones stay.
    pub remove: Vec<crate::id::LineId>,
    /// The order's new adjustments.
    pub adjustments: Option<Vec<Adjustment>>,
    /// The new personal data.
    pub personal_ref: Option<PersonalRef>,
}

/// A refund to grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantRefund {
    /// The refund's id, chosen by the caller.
    pub refund_id: RefundId,
    /// How much, above zero.
    pub amount: Money,
    /// The units that it pays back, if any are named.
    pub lines: Vec<LineQty>,
    /// A failed refund that this one stands in for.
    pub replaces: Option<RefundId>,
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// No outcome yet.
    Open(PendingWhy),
    /// Money was set aside, or taken at once by a sale.
    Approved {
        /// How much.
        amount: Money,
        /// Taken at once.
        sale: bool,
        /// When the provider lets it go.
        expires_at: Option<Timestamp>,
        /// The provider's own id.
        reference: Option<ProviderRef>,
    },
    /// No money.
    Failed {
        /// Why.
        code: FailureCode,
        /// Whether the same method may work later.
        retryable: bool,
    },
}

/// What became of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CaptureOutcome {
    /// The money arrived.
    Done {
        /// The provider's own id.
        reference: Option<ProviderRef>,
    },
    /// It failed for good.
    Failed {
        /// Why.
        code: FailureCode,
    },
}

/// What became of one part of a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RefundOutcome {
    /// The money went back.
    Done,
    /// It failed for good.
    Failed {
        /// Why.
        code: FailureCode,
    },
}
