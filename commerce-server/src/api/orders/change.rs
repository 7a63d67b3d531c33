//! What can be asked of an order that exists.

use commerce_core::engine;
use commerce_core::id;
use commerce_core::money::Money;
use commerce_core::order as core;
use commerce_core::quantity::LineQty;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::ask::Body;
use crate::api::bodies::bodies;
use crate::api::line::{Adjustment, LineUnits, NewLine};
use crate::api::number::{Amount, LineNumber, Score, Units};
use crate::api::personal::Personal;
use crate::api::place::{At, Read};
use crate::api::word::{MethodRef, ProviderName, RefundId, RiskVerdict, Time};

bodies! { EditOrder CancelLines PayOrder RefundOrder ScreenOrder SetStatus }

/// An edit: what is not named stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditOrder {
    /// New lines.
    #[serde(default)]
    pub add: Vec<NewLine>,
    /// Changed lines.
    #[serde(default)]
    pub change: Vec<LineChange>,
    /// Numbers of lines to take out: their free units go, packed and sent ones stay.
    #[serde(default)]
    pub remove: Vec<LineNumber>,
    /// The order's new adjustments, in place of the old; staff only.
    #[serde(default)]
    pub adjustments: Option<Vec<Adjustment>>,
    /// New names, address, note and metadata, in place of the old.
    #[serde(default)]
    pub personal: Option<Personal>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

/// A line with another quantity, price or adjustments.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineChange {
    /// The line's number in its order.
    pub line_id: LineNumber,
    /// How many units are ordered now, cancelled ones included.
    #[serde(default)]
    pub quantity: Option<Units>,
    /// What each free unit costs now; staff only.
    #[serde(default)]
    pub unit_price: Option<Amount>,
    /// The line's adjustments from now on; staff only.
    #[serde(default)]
    pub adjustments: Option<Vec<Adjustment>>,
}

impl Read for EditOrder {
    type Into = engine::EditOrder;

    fn read(self, at: &At<'_>) -> Option<engine::EditOrder> {
        let add = at.key("add").each(self.add);
        let change = at.key("change").each(self.change);
        let remove = at.key("remove").each(self.remove);
        let adjustments = self.adjustments.map_or(Some(None), |list| at.key("adjustments").each(list).map(Some));
        let personal = self.personal.map(Into::into);
        Some(engine::EditOrder { add: add?, change: change?, remove: remove?, adjustments: adjustments?, personal })
    }
}

impl Read for LineChange {
    type Into = core::LineChange;

    fn read(self, at: &At<'_>) -> Option<core::LineChange> {
        let line_id = at.key("line_id").read(self.line_id);
        let qty = at.key("quantity").maybe(self.quantity);
        let unit_price = at.key("unit_price").maybe(self.unit_price);
        let adjustments = self.adjustments.map_or(Some(None), |list| at.key("adjustments").each(list).map(Some));
        Some(core::LineChange { line_id: line_id?, qty: qty?, unit_price: unit_price?, adjustments: adjustments? })
    }
}

/// Units to cancel.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelLines {
    /// Which, and how many of each; the last units of a line go first.
    pub lines: Vec<LineUnits>,
    /// Why; no personal data.
    #[serde(default)]
    pub reason: String,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for CancelLines {
    type Into = (Vec<LineQty>, String);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        Some((at.key("lines").each(self.lines)?, self.reason))
    }
}

/// A try to pay.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"payment_method_id": "sandbox_visa"}))]
pub struct PayOrder {
    /// The way to pay.
    pub payment_method_id: MethodRef,
    /// Its provider, if not the default one.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// How much; all that is due if it is left out.
    #[serde(default)]
    pub amount: Option<Amount>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for PayOrder {
    type Into = (id::MethodRef, Option<id::ProviderName>, Option<Money>);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        let method = at.key("payment_method_id").read(self.payment_method_id);
        let provider = at.key("provider").maybe(self.provider);
        let amount = at.key("amount").maybe(self.amount);
        Some((method?, provider?, amount?))
    }
}

/// Money to give back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"amount": {"amount": "2.55", "currency": "GBP"}}))]
pub struct RefundOrder {
    /// How much: at most what arrived and was not given back.
    pub amount: Amount,
    /// The units that it pays back, if any are named.
    #[serde(default)]
    pub lines: Vec<LineUnits>,
    /// A failed refund that this one stands in for.
    #[serde(default)]
    pub replaces: Option<RefundId>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for RefundOrder {
    type Into = (Money, Vec<LineQty>, Option<id::RefundId>);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        let amount = at.key("amount").read(self.amount);
        let lines = at.key("lines").each(self.lines);
        let replaces = at.key("replaces").maybe(self.replaces);
        Some((amount?, lines?, replaces?))
    }
}

/// A new judgement of an order's risk.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScreenOrder {
    /// What to do.
    pub verdict: RiskVerdict,
    /// From 0, no risk, to 1000.
    #[serde(default)]
    pub score: Option<Score>,
    /// Why, at most 20 reasons; no personal data.
    #[serde(default)]
    #[schema(max_items = 20)]
    pub reasons: Vec<String>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for ScreenOrder {
    type Into = core::Assessment;

    fn read(self, at: &At<'_>) -> Option<core::Assessment> {
        let verdict = at.key("verdict").read(self.verdict);
        let score = at.key("score").maybe(self.score);
        Some(core::Assessment { verdict: verdict?, score: score?.unwrap_or(0), reasons: self.reasons })
    }
}

/// A status as simple clients know it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// `cancelled`, `shipped`, `delivered` or `completed`, each over all units that are open; any other cannot be set.
    #[schema(example = "shipped")]
    pub status: String,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for SetStatus {
    type Into = String;

    fn read(self, _: &At<'_>) -> Option<String> {
        Some(self.status)
    }
}
