//! Lines and what belongs to them, in requests and answers.

use commerce_core::engine;
use commerce_core::id::LineId;
use commerce_core::order as core;
use commerce_core::quantity::LineQty;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::number::{Amount, LineNumber, Units};
use super::place::{At, Read};
use super::word::{AdjustmentKind, Sku};

/// A line to order.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub quantity: Units,
    /// What one costs, if not what the catalogue says; staff only.
    #[serde(default)]
    pub unit_price: Option<Amount>,
    /// Amounts that belong to the line as a whole; staff only.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
}

impl Read for NewLine {
    type Into = engine::NewLine;

    fn read(self, at: &At<'_>) -> Option<engine::NewLine> {
        let sku = at.key("sku").read(self.sku);
        let qty = at.key("quantity").read(self.quantity);
        let unit_price = at.key("unit_price").maybe(self.unit_price);
        let adjustments = at.key("adjustments").each(self.adjustments);
        Some(engine::NewLine { sku: sku?, qty: qty?, unit_price: unit_price?, adjustments: adjustments? })
    }
}

/// An amount beside the price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Adjustment {
    /// What it is.
    pub kind: AdjustmentKind,
    /// How much; a discount is negative.
    pub amount: Amount,
    /// Already contained in the prices (an included tax), so that it adds nothing.
    #[serde(default)]
    pub included: bool,
}

impl Read for Adjustment {
    type Into = core::Adjustment;

    fn read(self, at: &At<'_>) -> Option<core::Adjustment> {
        let kind = at.key("kind").read(self.kind);
        let amount = at.key("amount").read(self.amount);
        Some(core::Adjustment { kind: kind?, amount: amount?, included: self.included })
    }
}

impl From<&core::Adjustment> for Adjustment {
    fn from(adjustment: &core::Adjustment) -> Self {
        Self { kind: adjustment.kind.into(), amount: adjustment.amount.into(), included: adjustment.included }
    }
}

/// Units of a line to act on.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LineUnits {
    /// The line's number in its order.
    pub line_id: LineNumber,
    /// How many of its units.
    pub quantity: Units,
}

impl Read for LineUnits {
    type Into = LineQty;

    fn read(self, at: &At<'_>) -> Option<LineQty> {
        let line_id = at.key("line_id").read(self.line_id);
        let qty = at.key("quantity").read(self.quantity);
        Some(LineQty { line_id: line_id?, qty: qty? })
    }
}

/// Units of a line, as an answer tells of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct LineCount {
    /// The line's number in its order.
    pub line_id: u32,
    /// How many of its units.
    pub quantity: u32,
}

impl LineCount {
    /// So many units of a line.
    pub const fn new(line: LineId, quantity: u32) -> Self {
        Self { line_id: line.0, quantity }
    }

    /// Units of several lines.
    pub fn all(lines: &[LineQty]) -> Vec<Self> {
        lines.iter().map(|line| Self::new(line.line_id, line.qty.get())).collect()
    }
}
