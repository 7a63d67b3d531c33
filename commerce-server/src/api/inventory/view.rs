//! Stock as it is answered. Counts are units.

use commerce_core::engine;
use commerce_core::ports::{self, FeedEntry, FeedItem};
use commerce_core::stock as core;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::word::{ActorKind, HoldId, LocationId, MoveId, MovementKind, Sku, Time};

/// A SKU's stock as it is now.
#[derive(Serialize, ToSchema)]
pub struct StockItem {
    /// Of what.
    pub sku: Sku,
    /// Its accounts, by location.
    pub levels: Vec<StockLevel>,
    /// Sums over them.
    pub totals: StockTotals,
}

/// One account: a SKU at a location.
#[derive(Serialize, ToSchema)]
pub struct StockLevel {
    /// Of what.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// There.
    pub on_hand: i64,
    /// Promised.
    pub held: i64,
    /// What can still be promised: `on_hand - held + backorder - safety`; below zero there is a shortfall.
    pub available: i64,
    /// What facts took away from under the promises.
    pub shortfall: i64,
    /// What it may promise, and when it wants more.
    pub limits: Limits,
}

/// What an account may promise, and when it wants more.
#[derive(Serialize, ToSchema)]
pub struct Limits {
    /// Units that may be promised beyond those that are there.
    pub backorder: i64,
    /// Units that are never promised.
    pub safety: i64,
    /// At or below this many available units the account wants more; null: never.
    pub reorder_point: Option<i64>,
    /// How many it wants then.
    pub reorder_quantity: i64,
}

/// Sums over the accounts of a SKU.
#[derive(Serialize, ToSchema)]
pub struct StockTotals {
    /// There.
    pub on_hand: i64,
    /// Promised.
    pub held: i64,
    /// What can still be promised, over accounts where that is above zero.
    pub available: i64,
    /// What facts took away from under the promises.
    pub shortfall: i64,
}

/// Sums over all accounts.
#[derive(Serialize, ToSchema)]
pub struct StockSummary {
    /// Accounts.
    pub accounts: u64,
    /// Distinct SKUs.
    pub skus: u64,
    /// There.
    pub on_hand: i64,
    /// Promised.
    pub held: i64,
    /// What can still be promised, over accounts where that is above zero.
    pub available: i64,
    /// Accounts at or below their reorder point.
    pub low: u64,
    /// Accounts with nothing available.
    pub out: u64,
}

/// An account that wants more.
#[derive(Serialize, ToSchema)]
pub struct ReorderItem {
    /// The account.
    pub level: StockLevel,
    /// How many to order.
    pub reorder_quantity: u32,
}

/// One record of the stock ledger.
#[derive(Serialize, ToSchema)]
pub struct Movement {
    /// The move that caused it; for what was promised to or reclaimed from a hold, the hold's own id.
    pub id: MoveId,
    /// Of what.
    pub sku: Sku,
    /// Where.
    pub location: LocationId,
    /// What it was.
    pub kind: MovementKind,
    /// How `on_hand` changed.
    pub on_hand_delta: i64,
    /// How `held` changed.
    pub held_delta: i64,
    /// The hold that it belongs to, if one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold_id: Option<HoldId>,
    /// The limits from then on, for a configuration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Limits>,
    /// Why, for an adjustment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who caused it.
    pub actor: Actor,
    /// When.
    pub at: Time,
}

/// Who caused something.
#[derive(Serialize, ToSchema)]
pub struct Actor {
    /// What they are.
    pub kind: ActorKind,
    /// Their own id.
    pub id: String,
}

impl From<&ports::Actor> for Actor {
    fn from(actor: &ports::Actor) -> Self {
        Self { kind: actor.kind.into(), id: actor.id.to_string() }
    }
}

impl From<engine::StockItem> for StockItem {
    fn from(item: engine::StockItem) -> Self {
        let engine::StockTotals { on_hand, held, available, shortfall } = item.totals;
        Self {
            sku: item.sku.into(),
            levels: item.levels.into_iter().map(Into::into).collect(),
            totals: StockTotals { on_hand, held, available, shortfall },
        }
    }
}

impl From<engine::StockLevel> for StockLevel {
    fn from(level: engine::StockLevel) -> Self {
        let account = level.account;
        Self {
            sku: level.sku.into(),
            location: level.location.into(),
            on_hand: account.on_hand,
            held: account.held,
            available: account.available(),
            shortfall: account.shortfall,
            limits: account.limits.into(),
        }
    }
}

impl From<core::Limits> for Limits {
    fn from(limits: core::Limits) -> Self {
        let core::Limits { backorder, safety, reorder_point, reorder_qty } = limits;
        Self { backorder, safety, reorder_point, reorder_quantity: reorder_qty }
    }
}

impl From<ports::StockSummary> for StockSummary {
    fn from(sums: ports::StockSummary) -> Self {
        let ports::StockSummary { accounts, skus, on_hand, held, available, low, out } = sums;
        Self { accounts, skus, on_hand, held, available, low, out }
    }
}

impl From<engine::Reorder> for ReorderItem {
    fn from(reorder: engine::Reorder) -> Self {
        Self { level: reorder.level.into(), reorder_quantity: reorder.reorder_qty.get() }
    }
}

impl Movement {
    /// A record of the feed, if it is one of the stock ledger.
    pub(super) fn of(item: FeedItem) -> Option<Self> {
        let FeedEntry::Movement { movement, actor } = item.entry else { return None };
        Some(Self {
            id: movement.id.into(),
            sku: movement.account.sku.into(),
            location: movement.account.location.into(),
            kind: movement.kind.into(),
            on_hand_delta: movement.on_hand_delta,
            held_delta: movement.held_delta,
            hold_id: movement.hold.map(Into::into),
            limits: movement.limits.map(Into::into),
            reason: movement.reason,
            actor: (&actor).into(),
            at: movement.at.into(),
        })
    }
}
