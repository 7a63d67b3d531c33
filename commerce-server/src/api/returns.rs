//! Returns of goods.

use commerce_core::engine::{Answer, ReturnView};
use commerce_core::id;
use commerce_core::order as core;
use commerce_core::quantity::LineQty;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answered::Answered;
use super::ask::{Ask, Body};
use super::bodies::bodies;
use super::line::LineUnits;
use super::operation::{Area, Failure, Operation, Shape};
use super::place::{At, Read};
use super::problem::Code;
use super::word::{Condition, LocationId, OrderId, ReturnId, ShipmentId, Time};

pub(super) const AREA: Area = Area { name: "returns", meaning: "Goods that come back.", operations: OPERATIONS };

const OPERATIONS: &[Operation] = &[
    Operation {
        body: Some(Shape::of::<CreateReturn>()),
        body_required: true,
        status: 201,
        problems: &[
            Code::OUTSIDE_RETURN_WINDOW,
            Code::LINE_COUNT,
            Code::UNKNOWN_LINE,
            Code::QUANTITY_NOT_ALLOWED,
            Code::TEXT_NOT_ALLOWED,
            Code::TOO_MANY_PARTS,
        ],
        ..Operation::command("create_return", "/orders/{id}/returns", "Records that the buyer wants to send units back", ANSWER, |ask| {
            Box::pin(create_return(ask))
        })
    },
    Operation::get("get_return", "/returns/{id}", "One return", ANSWER, |ask| Box::pin(get_return(ask))),
    Operation {
        body: Some(Shape::of::<ReceiveReturn>()),
        problems: &[Code::UNKNOWN_LINE, Code::QUANTITY_NOT_ALLOWED],
        ..Operation::command(
            "receive_return",
            "/returns/{id}/receive",
            "Records that units of a return arrived; gives back what they cost, by policy",
            ANSWER,
            |ask| Box::pin(receive_return(ask)),
        )
    },
    Operation {
        body: Some(Shape::of::<RejectReturn>()),
        problems: &[Code::TEXT_NOT_ALLOWED],
        ..Operation::command("reject_return", "/returns/{id}/reject", "Turns down what is still to come of a return", ANSWER, |ask| {
            Box::pin(reject_return(ask))
        })
    },
];

const ANSWER: Shape = Shape::of::<Return>();

bodies! { CreateReturn ReceiveReturn RejectReturn }

/// Units that the buyer wants to send back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"lines": [{"line_id": 1, "quantity": 1}], "reason": "too small"}))]
pub struct CreateReturn {
    /// Which, and how many of each.
    pub lines: Vec<LineUnits>,
    /// Why; no personal data.
    #[serde(default)]
    #[schema(max_length = 256)]
    pub reason: String,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for CreateReturn {
    type Into = (Vec<LineQty>, String);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        Some((at.key("lines").each(self.lines)?, self.reason))
    }
}

/// Units that came back.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveReturn {
    /// Which, and how many of each; all that are still to come if none is named.
    #[serde(default)]
    pub lines: Vec<LineUnits>,
    /// In which state; `sellable` if it is left out.
    #[serde(default)]
    pub condition: Option<Condition>,
    /// Where sellable units go into stock; if it is left out, where they came from, if that is one place, else `default`.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for ReceiveReturn {
    type Into = (Vec<LineQty>, core::Condition, Option<id::LocationId>);

    fn read(self, at: &At<'_>) -> Option<Self::Into> {
        let lines = at.key("lines").each(self.lines);
        let condition = at.key("condition").maybe(self.condition);
        let location = at.key("location").maybe(self.location);
        Some((lines?, condition?.unwrap_or(core::Condition::Sellable), location?))
    }
}

/// Why a return is turned down.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectReturn {
    /// Why; no personal data.
    #[serde(default)]
    #[schema(max_length = 256)]
    pub reason: String,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for RejectReturn {
    type Into = String;

    fn read(self, _: &At<'_>) -> Option<String> {
        Some(self.reason)
    }
}

/// A return as it is now. Its `ETag` is that of its order.
#[derive(Serialize, ToSchema)]
pub struct Return {
    /// The return.
    pub id: ReturnId,
    /// Its order.
    pub order_id: OrderId,
    /// Where it stands.
    #[schema(value_type = ReturnState)]
    pub status: &'static str,
    /// Why.
    pub reason: String,
    /// Its units, by the shipments that they came with.
    pub lines: Vec<ReturnLine>,
    /// In which state the last units came back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<Condition>,
    /// Why the rest was not accepted, if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<String>,
    /// When it was asked for.
    pub at: Time,
}

/// Where a return stands.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "the contract's names of what the engine answers as a text")]
enum ReturnState {
    /// Nothing arrived yet.
    Requested,
    /// Some arrived, more may.
    PartiallyReceived,
    /// What was accepted arrived.
    Received,
    /// Turned down.
    Rejected,
}

/// Units of one line that came with one shipment.
#[derive(Serialize, ToSchema)]
pub struct ReturnLine {
    /// The line's number in its order.
    pub line_id: u32,
    /// The shipment that they came with.
    pub shipment_id: ShipmentId,
    /// How many.
    pub quantity: u32,
    /// How many of them arrived.
    pub received: u32,
}

impl Return {
    pub(super) fn of(one: &core::Return, order: id::OrderId) -> Self {
        let line = |line: &core::ReturnLine| ReturnLine {
            line_id: line.line_id.0,
            shipment_id: line.shipment_id.into(),
            quantity: line.qty,
            received: line.received,
        };
        Self {
            id: one.id.into(),
            order_id: order.into(),
            status: one.status(),
            reason: one.reason.clone(),
            lines: one.lines.iter().map(line).collect(),
            condition: one.condition.map(Into::into),
            rejected: one.rejected.clone(),
            at: one.at.into(),
        }
    }
}

fn answered(ask: &Ask<'_>, done: Answer<ReturnView>) -> Result<Answered, Failure> {
    let version = done.value.version;
    let done = done.map(|view| Return::of(&view.return_of_goods, view.order_id));
    Ok(Answered::done(ask.operation.status, &done).at_version(version))
}

async fn create_return(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let order = ask.path("id")?;
    let (call, (lines, reason)) = ask.told::<CreateReturn>()?;
    let done = ask.commerce.create_return(&call, order, lines, reason).await?;
    let place = format!("/returns/{}", done.value.return_of_goods.id);
    Ok(answered(ask, done)?.made_at(&place))
}

async fn get_return(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let view = ask.commerce.get_return(&ask.call()?, ask.path("id")?).await?;
    Ok(Answered::found(&Return::of(&view.return_of_goods, view.order_id)).at_version(view.version))
}

async fn receive_return(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, (lines, condition, location)) = ask.told::<ReceiveReturn>()?;
    answered(ask, ask.commerce.receive_return(&call, id, lines, condition, location).await?)
}

async fn reject_return(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, reason) = ask.told::<RejectReturn>()?;
    answered(ask, ask.commerce.reject_return(&call, id, reason).await?)
}
