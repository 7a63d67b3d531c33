//! The moves that a ledger takes, and the movements that it records for them.

use crate::id::{HoldId, LocationId, MerchantId, MoveId, Sku};
use crate::quantity::Quantity;
use crate::stock::{AccountKey, Limits, Owner};
use crate::time::Timestamp;

/// One thing asked of the ledger. A move id applies once: the same move again changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Units arrived. Makes the account if it is new.
    Receive {
        /// Applies once.
        id: MoveId,
        /// Where.
        account: AccountKey,
        /// How many.
        qty: Quantity,
    },
    /// Units were counted anew. Refused, as short, only where `on_hand` would go below zero. Makes the account if it is new.
    Adjust {
        /// Applies once.
        id: MoveId,
        /// Where.
        account: AccountKey,
        /// How many more, or fewer; not zero.
        delta: i64,
        /// Why, at most 256 characters.
        reason: String,
    },
    /// Units go from one location to another; admitted against what is available at the first.
    Relocate {
        /// Applies once.
        id: MoveId,
        /// Whose stock.
        merchant: MerchantId,
        /// Of what.
        sku: Sku,
        /// From where.
        from: LocationId,
        /// To where.
        to: LocationId,
        /// How many.
        qty: Quantity,
    },
    /// Promises units to an owner; admitted against what is available.
    Hold {
        /// The hold; applies once.
        id: HoldId,
        /// Whose stock.
        merchant: MerchantId,
        /// Whom they are promised to.
        owner: Owner,
        /// Of what.
        sku: Sku,
        /// How many.
        qty: Quantity,
        /// The locations that may serve it, the preferred first; at most 64. Empty: the default location.
        candidates: Vec<LocationId>,
        /// How the units may be spread over them.
        split: Split,
        /// When the hold may be reclaimed unless it is confirmed.
        expires_at: Timestamp,
    },
    /// Moves the time at which an unconfirmed hold may be reclaimed. Rejected as gone if nothing remains of it.
    Extend {
        /// The hold.
        hold: HoldId,
        /// When it may be reclaimed.
        until: Timestamp,
    },
    /// Makes the hold its owner's for good. Rejected as gone if nothing remains of it.
    Confirm {
        /// The hold.
        hold: HoldId,
    },
    /// Units of a confirmed hold leave the building; needs `on_hand >= qty`.
    Fulfill {
        /// Applies once.
        id: MoveId,
        /// The hold.
        hold: HoldId,
        /// From which of its locations.
        location: LocationId,
        /// How many, at most what remains there.
        qty: Quantity,
    },
    /// Gives units of a hold back, at most what remains.
    Release {
        /// Applies once.
        id: MoveId,
        /// The hold.
        hold: HoldId,
        /// From which of its locations; none: the last placement first.
        location: Option<LocationId>,
        /// How many.
        qty: Quantity,
    },
    /// Reclaims a hold that has expired and was not confirmed; anything else is left as it is.
    Expire {
        /// The hold.
        hold: HoldId,
    },
    /// Sets what an account may promise. Makes the account if it is new.
    Configure {
        /// Applies once.
        id: MoveId,
        /// Which account.
        account: AccountKey,
        /// Its limits from now on.
        limits: Limits,
    },
}

/// How a hold may be spread over its candidate locations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Split {
    /// One location serves all units: the first candidate that can.
    Never,
    /// One location if any can serve all; else the candidates in their order, each with what it has.
    #[default]
    InOrder,
    /// One location if any can serve all; else the candidates with most available first.
    Fewest,
}

/// What a demand fell short of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShortItem {
    /// Of what.
    pub sku: Sku,
    /// Units asked for, over all lines.
    pub requested: u64,
    /// Units that could be promised of those, over the candidate locations and within the split; for a fulfillment or an adjustment,
    /// units on hand. Less than `requested`, not below zero.
    pub available: u64,
}

/// One record of the ledger: what one move did to one account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Movement {
    /// The move that caused it; for what was promised to or reclaimed from a hold, the hold's own id.
    pub id: MoveId,
    /// Which account.
    pub account: AccountKey,
    /// What it was.
    pub kind: MovementKind,
    /// How `on_hand` changed.
    pub on_hand_delta: i64,
    /// How `held` changed.
    pub held_delta: i64,
    /// The hold that it belongs to, if one.
    pub hold: Option<HoldId>,
    /// The limits from now on, for a configuration.
    pub limits: Option<Limits>,
    /// Why, for an adjustment.
    pub reason: Option<String>,
    /// When, in business time.
    pub at: Timestamp,
}

crate::names! {
    /// What a movement was.
    MovementKind {
        /// Units arrived.
        Received = "received",
        /// Units were counted anew.
        Adjusted = "adjusted",
        /// Units left for another location.
        MovedOut = "moved_out",
        /// Units came from another location.
        MovedIn = "moved_in",
        /// Units were promised.
        Held = "held",
        /// Units left the building.
        Fulfilled = "fulfilled",
        /// Units were given back.
        Released = "released",
        /// Units were taken back from an expired hold.
        Reclaimed = "reclaimed",
        /// The limits changed.
        Configured = "configured",
        /// A fact left fewer units than are promised; no counter changed.
        StockShort = "stock_short",
    }
}
