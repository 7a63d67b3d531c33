//! What is asked of stock.

use commerce_core::engine;
use commerce_core::id;
use commerce_core::quantity::Quantity;
use commerce_core::stock as core;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::ask::Body;
use crate::api::bodies::bodies;
use crate::api::number::{Delta, LimitUnits, Units};
use crate::api::place::{At, Read};
use crate::api::word::{LocationId, Sku, Time};

bodies! { CreateItem ConfigureItem ReceiveStock AdjustStock MoveStock }

/// An account to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateItem {
    /// Of what.
    pub sku: Sku,
    /// Where; `default` if it is left out.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// What it may promise, and when it wants more; no backorder, no safety stock and no reorder point if it is left out.
    #[serde(default)]
    pub limits: Option<OpeningLimits>,
    /// Units that are there already.
    #[serde(default)]
    pub opening: Option<Units>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for CreateItem {
    type Into = engine::CreateItem;

    fn read(self, at: &At<'_>) -> Option<engine::CreateItem> {
        let sku = at.key("sku").read(self.sku);
        let location = at.key("location").maybe(self.location);
        let limits = at.key("limits").maybe(self.limits);
        let opening = at.key("opening").maybe(self.opening);
        Some(engine::CreateItem {
            sku: sku?,
            location: location?.unwrap_or_default(),
            limits: limits?.unwrap_or_default(),
            opening: opening?,
        })
    }
}

/// Limits of a new account, in units; what is left out is none.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpeningLimits {
    /// Units that may be promised beyond those that are there.
    #[serde(default)]
    pub backorder: Option<LimitUnits>,
    /// Units that are never promised.
    #[serde(default)]
    pub safety: Option<LimitUnits>,
    /// At or below this many available units the account wants more.
    #[serde(default)]
    pub reorder_point: Option<LimitUnits>,
    /// How many it wants then.
    #[serde(default)]
    pub reorder_quantity: Option<LimitUnits>,
}

impl Read for OpeningLimits {
    type Into = core::Limits;

    fn read(self, at: &At<'_>) -> Option<core::Limits> {
        let backorder = at.key("backorder").maybe(self.backorder);
        let safety = at.key("safety").maybe(self.safety);
        let reorder_point = at.key("reorder_point").maybe(self.reorder_point);
        let reorder_qty = at.key("reorder_quantity").maybe(self.reorder_quantity);
        Some(core::Limits {
            backorder: backorder?.unwrap_or(0),
            safety: safety?.unwrap_or(0),
            reorder_point: reorder_point?,
            reorder_qty: reorder_qty?.unwrap_or(0),
        })
    }
}

/// New limits of an account, all of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConfigureItem {
    /// Where; `default` if it is left out.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// What it may promise from now on.
    pub limits: NewLimits,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for ConfigureItem {
    type Into = (id::LocationId, core::Limits);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        let location = at.key("location").maybe(self.location);
        let limits = at.key("limits").read(self.limits);
        Some((location?.unwrap_or_default(), limits?))
    }
}

/// All limits of an account, in units.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLimits {
    /// Units that may be promised beyond those that are there.
    pub backorder: LimitUnits,
    /// Units that are never promised.
    pub safety: LimitUnits,
    /// At or below this many available units the account wants more; null: never.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required = true)]
    pub reorder_point: Option<LimitUnits>,
    /// How many it wants then.
    pub reorder_quantity: LimitUnits,
}

impl Read for NewLimits {
    type Into = core::Limits;

    fn read(self, at: &At<'_>) -> Option<core::Limits> {
        let backorder = at.key("backorder").read(self.backorder);
        let safety = at.key("safety").read(self.safety);
        let reorder_point = at.key("reorder_point").maybe(self.reorder_point);
        let reorder_qty = at.key("reorder_quantity").read(self.reorder_quantity);
        Some(core::Limits { backorder: backorder?, safety: safety?, reorder_point: reorder_point?, reorder_qty: reorder_qty? })
    }
}

/// Units that arrived.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"quantity": 10}))]
pub struct ReceiveStock {
    /// Where; `default` if it is left out.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// How many.
    pub quantity: Units,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for ReceiveStock {
    type Into = (id::LocationId, Quantity);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        let location = at.key("location").maybe(self.location);
        let qty = at.key("quantity").read(self.quantity);
        Some((location?.unwrap_or_default(), qty?))
    }
}

/// A correction of the count.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"delta": -1, "reason": "broken"}))]
pub struct AdjustStock {
    /// Where; `default` if it is left out.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// How many more, or fewer below zero.
    pub delta: Delta,
    /// Why, in 1 to 256 characters; no personal data.
    #[schema(min_length = 1, max_length = 256)]
    pub reason: String,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for AdjustStock {
    type Into = (id::LocationId, i64, String);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        let location = at.key("location").maybe(self.location);
        let delta = at.key("delta").read(self.delta);
        Some((location?.unwrap_or_default(), delta?, self.reason))
    }
}

/// Units for another location.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"from": "default", "to": "shop", "quantity": 1}))]
pub struct MoveStock {
    /// From where.
    pub from: LocationId,
    /// To where.
    pub to: LocationId,
    /// How many.
    pub quantity: Units,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for MoveStock {
    type Into = (id::LocationId, id::LocationId, Quantity);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        let from = at.key("from").read(self.from);
        let to = at.key("to").read(self.to);
        let qty = at.key("quantity").read(self.quantity);
        Some((from?, to?, qty?))
    }
}
