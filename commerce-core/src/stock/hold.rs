//! A hold: units of one SKU promised to one owner.

use std::fmt;

use crate::id::{HoldId, LocationId, MerchantId, OrderId, ReservationId, Sku};
use crate::time::Timestamp;

/// Whom units are promised to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// An order.
    Order(OrderId),
    /// A reservation without an order.
    Reservation(ReservationId),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(id) => write!(f, "order/{id}"),
            Self::Reservation(id) => write!(f, "reservation/{id}"),
        }
    }
}

/// Units of one SKU promised to one owner, at one or more locations.
///
/// A hold whose `remaining` is zero has ended: all was fulfilled, released, or reclaimed after it expired. Its row stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The hold.
    pub id: HoldId,
    /// Whose stock.
    pub merchant: MerchantId,
    /// Whom it is promised to.
    pub owner: Owner,
    /// Of what.
    pub sku: Sku,
    /// Where, in the order in which the units were placed.
    pub placements: Vec<Placement>,
    /// Whether it is its owner's for good; else it may be reclaimed once it has expired.
    pub confirmed: bool,
    /// When it may be reclaimed, unless it is confirmed.
    pub expires_at: Timestamp,
}

/// Units of a hold at one location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Where.
    pub location: LocationId,
    /// Units held there and neither fulfilled nor released.
    pub remaining: u32,
}

/// Where a hold was placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// The hold.
    pub hold: HoldId,
    /// Its locations, with the units that each was to hold.
    pub placements: Vec<Placement>,
}

impl Hold {
    /// Units neither fulfilled nor released at one location.
    pub fn remaining_at(&self, location: &LocationId) -> u32 {
        self.placements.iter().filter(|p| p.location == *location).map(|p| p.remaining).sum()
    }

    /// Whether it was not confirmed, expired before `now`, and something is left of it.
    pub fn may_be_reclaimed(&self, now: Timestamp) -> bool {
        !self.confirmed && self.expires_at < now && !self.is_gone()
    }

    /// Units neither fulfilled nor released, over all locations.
    pub fn remaining(&self) -> u32 {
        self.placements.iter().map(|p| p.remaining).sum()
    }

    /// Whether nothing is left of it.
    pub fn is_gone(&self) -> bool {
        self.placements.iter().all(|p| p.remaining == 0)
    }
}
