//! An account: one SKU of one merchant at one location.

use crate::id::{LocationId, MerchantId, Sku};

/// Names an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountKey {
    /// Whose stock.
    pub merchant: MerchantId,
    /// Of what.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
}

/// What an account holds, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Units that are there; never below zero.
    pub on_hand: i64,
    /// Units promised to holds; never below zero.
    pub held: i64,
    /// `max(0, -available)` after the last move: what facts took away from under the holds.
    pub shortfall: i64,
    /// What it may promise.
    pub limits: Limits,
}

impl Account {
    /// What can still be promised: `on_hand - held + backorder - safety`; below zero there is a shortfall.
    pub const fn available(&self) -> i64 {
        self.on_hand - self.held + self.limits.backorder - self.limits.safety
    }

    /// Whether it is at or below its reorder point.
    pub fn is_low(&self) -> bool {
        self.limits.reorder_point.is_some_and(|point| self.available() <= point)
    }
}

/// How much an account may promise, and when it wants more; all in units, none below zero, at most a thousand million.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Units that may be promised beyond those that are there.
    pub backorder: i64,
    /// Units that are never promised.
    pub safety: i64,
    /// At or below this many available units the account wants more; `None`: never.
    pub reorder_point: Option<i64>,
    /// How many it wants then.
    pub reorder_qty: i64,
}
