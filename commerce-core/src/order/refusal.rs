//! Why a command is refused.

use crate::id::{LineId, LocationId, Sku};
use crate::money::Currency;
use crate::order::evolve::IllegalTransition;
use crate::order::status::Headline;
use crate::time::Timestamp;

/// Why an order refuses a command. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The order's state does not know this command.
    #[error("an order that is {status} cannot {command}")]
    Illegal {
        /// The command.
        command: &'static str,
        /// The order's headline.
        status: Headline,
    },
    /// There is an order under this id already.
    #[error("the order exists already")]
    Exists,
    /// There is no order under this id.
    #[error("there is no such order")]
    NoOrder,
    /// A payment or capture has no outcome yet.
    #[error("a payment or capture has no outcome yet")]
    Busy,
    /// Not enough money is set aside.
    #[error("the order is not covered: {due} minor units are due")]
    Uncovered {
        /// What is due, in minor units.
        due: i64,
    },
    /// Nothing is due.
    #[error("nothing is due")]
    NothingDue,
    /// An amount that must be above zero is not.
    #[error("an amount must be above zero")]
    NotPositive,
    /// An amount is more than can be taken.
    #[error("{asked} minor units are asked for, at most {max} can be")]
    AmountAbove {
        /// What was asked for, in minor units.
        asked: i64,
        /// The most that can be, in minor units.
        max: i64,
    },
    /// An amount, or a sum of them, is larger than orders take.
    #[error("an amount is too large")]
    AmountTooLarge,
    /// An amount is in another currency than the order.
    #[error("the order is in {expected}, the amount in {actual}")]
    MixedCurrency {
        /// The order's currency.
        expected: Currency,
        /// The amount's.
        actual: Currency,
    },
    /// The order would cost less than nothing.
    #[error("the total would be below zero")]
    NegativeTotal,
    /// A line would cost less than nothing.
    #[error("line {0} would cost less than zero")]
    NegativeLine(LineId),
    /// No unit is left whose price an edit could change.
    #[error("no unit is left to price anew: grant a refund instead")]
    TotalFixed,
    /// No line is named, or too many are.
    #[error("{count} lines are named, allowed are 1 to {max}")]
    LineCount {
        /// How many are named.
        count: usize,
        /// The most allowed.
        max: usize,
    },
    /// A line that the order does not have.
    #[error("the order has no line {0}")]
    UnknownLine(LineId),
    /// A line named twice where once is meant.
    #[error("line {0} is named twice")]
    LineTwice(LineId),
    /// More units of a line than there are.
    #[error("{asked} units of line {line_id} are asked for, {allowed} can be")]
    Quantity {
        /// The line.
        line_id: LineId,
        /// Units asked for.
        asked: u64,
        /// Units that can be.
        allowed: u64,
    },
    /// An edit below what is cancelled, packed and dispatched.
    #[error("line {line_id} cannot have fewer than {least} units")]
    BelowPacked {
        /// The line.
        line_id: LineId,
        /// The least it can have.
        least: u32,
    },
    /// An edit that would leave nothing to deliver.
    #[error("no unit would be left: cancel the order instead")]
    NothingLeft,
    /// An address that cannot change any more.
    #[error("the address stands once units are packed")]
    AddressFixed,
    /// Stocked units are packed somewhere.
    #[error("stocked units need a location to be packed at")]
    LocationNeeded,
    /// The order's stock is not at this location.
    #[error("{requested} units of {sku} are to be packed at {location}, {available} can be")]
    NotAtLocation {
        /// Of what.
        sku: Sku,
        /// Where.
        location: LocationId,
        /// Units to be packed.
        requested: u64,
        /// Units held and there.
        available: u64,
    },
    /// A shipment, return, attempt, capture or refund that the order does not have.
    #[error("the order has no such {0}")]
    Unknown(&'static str),
    /// An id chosen by the caller that the order uses already.
    #[error("the order has this {0} already")]
    Taken(&'static str),
    /// A shipment or return that is past this command.
    #[error("the {what} is {state}")]
    WrongState {
        /// What it is.
        what: &'static str,
        /// Where it is.
        state: &'static str,
    },
    /// A capture for the shipment is open.
    #[error("a capture is open")]
    CaptureOpen,
    /// The shipment's share has not arrived.
    #[error("the shipment's share of {share} minor units has not been captured")]
    NotCaptured {
        /// What is missing, in minor units.
        share: i64,
    },
    /// The time to return is over.
    #[error("the time to return ended at {ended}")]
    OutsideWindow {
        /// When it ended.
        ended: Timestamp,
    },
    /// Units of a lost shipment are on their way back.
    #[error("units of the shipment are being returned")]
    GoingBack,
    /// The time has not come.
    #[error("not due before {due}")]
    TooEarly {
        /// When it is due.
        due: Timestamp,
    },
    /// Something is still open before the order can be completed.
    #[error("the order cannot be completed: {0}")]
    NotComplete(&'static str),
    /// A refund that cannot be stood in for.
    #[error("that refund cannot be replaced: {0}")]
    NotReplaceable(&'static str),
    /// A text that is longer than allowed, or holds U+0000.
    #[error("{field} has more than {max} characters or a U+0000")]
    Text {
        /// Which text.
        field: &'static str,
        /// The most characters allowed.
        max: usize,
    },
    /// A state that the guards let through and the fold did not: a fault of the engine, and nothing was written.
    #[error("the decision does not fold")]
    Unlawful(#[source] IllegalTransition),
    /// More attempts, shipments, returns or refunds than an order takes.
    #[error("an order takes at most {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The most that it takes.
        max: usize,
    },
}

impl Refusal {
    /// The stable code that clients see.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Illegal { .. } | Self::WrongState { .. } => "illegal_transition",
            Self::Exists => "order_exists",
            Self::NoOrder => "order_not_found",
            Self::Busy => "payment_in_progress",
            Self::Uncovered { .. } => "order_not_covered",
            Self::NothingDue => "nothing_due",
            Self::NotPositive => "amount_not_positive",
            Self::AmountAbove { .. } => "amount_above_limit",
            Self::AmountTooLarge => "amount_too_large",
            Self::MixedCurrency { .. } => "mixed_currencies",
            Self::NegativeTotal | Self::NegativeLine(_) => "negative_total",
            Self::TotalFixed => "total_fixed",
            Self::LineCount { .. } => "line_count",
            Self::UnknownLine(_) => "unknown_line",
            Self::LineTwice(_) => "line_named_twice",
            Self::Quantity { .. } | Self::BelowPacked { .. } => "quantity_not_allowed",
            Self::NothingLeft => "nothing_left",
            Self::AddressFixed => "address_fixed",
            Self::LocationNeeded => "location_needed",
            Self::NotAtLocation { .. } => "not_at_location",
            Self::Unknown(_) => "unknown_part",
            Self::Taken(_) => "id_taken",
            Self::CaptureOpen => "capture_in_progress",
            Self::NotCaptured { .. } => "not_captured",
            Self::OutsideWindow { .. } => "outside_return_window",
            Self::GoingBack => "units_going_back",
            Self::TooEarly { .. } => "not_due",
            Self::NotComplete(_) => "not_complete",
            Self::NotReplaceable(_) => "refund_not_replaceable",
            Self::Text { .. } => "text_not_allowed",
            Self::Unlawful(_) => "internal",
            Self::TooMany { .. } => "too_many_parts",
        }
    }

    /// Whether the command conflicts with the order's state, rather than being wrong in itself.
    pub const fn is_conflict(&self) -> bool {
        matches!(
            self,
            Self::Illegal { .. }
                | Self::WrongState { .. }
                | Self::Exists
                | Self::Taken(_)
                | Self::Busy
                | Self::Uncovered { .. }
                | Self::NothingDue
                | Self::TotalFixed
                | Self::NothingLeft
                | Self::AddressFixed
                | Self::CaptureOpen
                | Self::NotCaptured { .. }
                | Self::OutsideWindow { .. }
                | Self::GoingBack
                | Self::TooEarly { .. }
                | Self::NotComplete(_)
                | Self::NotReplaceable(_)
        )
    }
}
