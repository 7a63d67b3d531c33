//! Shipments.

use commerce_core::engine::{Answer, PackUnits, ShipmentView};
use commerce_core::id;
use commerce_core::order::{self as core, ShipmentState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answered::Answered;
use super::ask::{Ask, Body};
use super::bodies::{Now, bodies};
use super::line::LineUnits;
use super::operation::{Area, Failure, Operation, Shape};
use super::place::{At, Read};
use super::problem::Code;
use super::word::{LocationId, OrderId, ShipmentId, Time};

pub(super) const AREA: Area =
    Area { name: "shipments", meaning: "Parcels, and digital deliveries: packed, sent, arrived or lost.", operations: OPERATIONS };

const OPERATIONS: &[Operation] = &[
    Operation {
        body: Some(Shape::of::<CreateShipment>()),
        status: 201,
        problems: &[
            Code::ORDER_NOT_COVERED,
            Code::LINE_COUNT,
            Code::UNKNOWN_LINE,
            Code::QUANTITY_NOT_ALLOWED,
            Code::LOCATION_NEEDED,
            Code::NOT_AT_LOCATION,
            Code::TOO_MANY_PARTS,
        ],
        ..Operation::command(
            "create_shipment",
            "/orders/{id}/shipments",
            "Packs units of a confirmed, covered order, and waits a while for its share to be captured",
            ANSWER,
            |ask| Box::pin(create_shipment(ask)),
        )
    },
    Operation::get("get_shipment", "/shipments/{id}", "One shipment", ANSWER, |ask| Box::pin(get_shipment(ask))),
    Operation {
        body: Some(Shape::of::<DispatchShipment>()),
        problems: &[Code::CAPTURE_IN_PROGRESS, Code::NOT_CAPTURED, Code::TEXT_NOT_ALLOWED],
        ..Operation::command(
            "dispatch_shipment",
            "/shipments/{id}/dispatch",
            "Hands a shipment to its carrier; its units leave the stock",
            ANSWER,
            |ask| Box::pin(dispatch_shipment(ask)),
        )
    },
    Operation::command("deliver_shipment", "/shipments/{id}/deliver", "Records that a shipment arrived", ANSWER, |ask| {
        Box::pin(deliver_shipment(ask))
    }),
    Operation {
        problems: &[Code::CAPTURE_IN_PROGRESS],
        ..Operation::command(
            "cancel_shipment",
            "/shipments/{id}/cancel",
            "Undoes a packing; money that was captured for it serves the next shipment",
            ANSWER,
            |ask| Box::pin(cancel_shipment(ask)),
        )
    },
    Operation {
        problems: &[Code::UNITS_GOING_BACK],
        ..Operation::command(
            "lose_shipment",
            "/shipments/{id}/lose",
            "Records that a shipment will not arrive; gives back what was paid for it",
            ANSWER,
            |ask| Box::pin(lose_shipment(ask)),
        )
    },
];

const ANSWER: Shape = Shape::of::<Shipment>();

bodies! { CreateShipment DispatchShipment }

/// Units to pack.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateShipment {
    /// Which, and how many of each; all that is open if none is named.
    #[serde(default)]
    pub lines: Vec<LineUnits>,
    /// Where; if it is left out, where the order's units are held, if that is one place.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for CreateShipment {
    type Into = PackUnits;

    fn read(self, at: &At<'_>) -> Option<PackUnits> {
        let lines = at.key("lines").each(self.lines);
        let location = at.key("location").maybe(self.location);
        Some(PackUnits { lines: lines?, location: location? })
    }
}

/// How a shipment leaves.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchShipment {
    /// Who carries it.
    #[serde(default)]
    #[schema(max_length = 256)]
    pub carrier: Option<String>,
    /// The carrier's number for it.
    #[serde(default)]
    #[schema(max_length = 256)]
    pub tracking: Option<String>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for DispatchShipment {
    type Into = (Option<String>, Option<String>);

    fn read(self, _: &At<'_>) -> Option<Self::Into> {
        Some((self.carrier, self.tracking))
    }
}

/// A shipment as it is now. Its `ETag` is that of its order.
#[derive(Serialize, ToSchema)]
pub struct Shipment {
    /// The shipment.
    pub id: ShipmentId,
    /// Its order.
    pub order_id: OrderId,
    /// Where it is.
    pub status: ShipmentStatus,
    /// Where it was packed; not there if it holds nothing from stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationId>,
    /// Its units.
    pub lines: Vec<ShipmentLine>,
    /// Who carries it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub carrier: Option<String>,
    /// The carrier's number for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// When it was packed.
    pub packed_at: Time,
    /// When it left.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispatched_at: Option<Time>,
    /// When it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Time>,
    /// When it was known to be lost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_at: Option<Time>,
}

/// Where a shipment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// Packed.
    Packed,
    /// Unpacked again.
    Cancelled,
    /// On its way.
    Dispatched,
    /// Arrived.
    Delivered,
    /// Will not arrive.
    Lost,
}

/// Units of one line in a shipment.
#[derive(Serialize, ToSchema)]
pub struct ShipmentLine {
    /// The line's number in its order.
    pub line_id: u32,
    /// How many.
    pub quantity: u32,
    /// How many of them came back.
    pub returned: u32,
}

impl Shipment {
    pub(super) fn of(shipment: &core::Shipment, order: id::OrderId) -> Self {
        let (status, carriage, delivered_at, lost_at) = match &shipment.state {
            ShipmentState::Packed => (ShipmentStatus::Packed, None, None, None),
            ShipmentState::Cancelled => (ShipmentStatus::Cancelled, None, None, None),
            ShipmentState::Dispatched(carriage) => (ShipmentStatus::Dispatched, Some(carriage), None, None),
            ShipmentState::Delivered { carriage, at } => (ShipmentStatus::Delivered, Some(carriage), Some(*at), None),
            ShipmentState::Lost { carriage, at } => (ShipmentStatus::Lost, Some(carriage), None, Some(*at)),
        };
        let line = |line: &core::ShipmentLine| ShipmentLine { line_id: line.line_id.0, quantity: line.qty, returned: line.returned };
        Self {
            id: shipment.id.into(),
            order_id: order.into(),
            status,
            location: shipment.location.clone().map(Into::into),
            lines: shipment.lines.iter().map(line).collect(),
            carrier: carriage.and_then(|carriage| carriage.carrier.clone()),
            tracking: carriage.and_then(|carriage| carriage.tracking.clone()),
            packed_at: shipment.packed_at.into(),
            dispatched_at: carriage.map(|carriage| carriage.at.into()),
            delivered_at: delivered_at.map(Into::into),
            lost_at: lost_at.map(Into::into),
        }
    }
}

fn answered(ask: &Ask<'_>, done: Answer<ShipmentView>) -> Result<Answered, Failure> {
    let version = done.value.version;
    let done = done.map(|view| Shipment::of(&view.shipment, view.order_id));
    Ok(Answered::done(ask.operation.status, &done).at_version(version))
}

async fn create_shipment(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let order = ask.path("id")?;
    let (call, pack) = ask.told::<CreateShipment>()?;
    let done = ask.commerce.create_shipment(&call, order, pack).await?;
    let place = format!("/shipments/{}", done.value.shipment.id);
    Ok(answered(ask, done)?.made_at(&place))
}

async fn get_shipment(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let view = ask.commerce.get_shipment(&ask.call()?, ask.path("id")?).await?;
    Ok(Answered::found(&Shipment::of(&view.shipment, view.order_id)).at_version(view.version))
}

async fn dispatch_shipment(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, (carrier, tracking)) = ask.told::<DispatchShipment>()?;
    answered(ask, ask.commerce.dispatch_shipment(&call, id, carrier, tracking).await?)
}

async fn deliver_shipment(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.deliver_shipment(&call, id).await?)
}

async fn cancel_shipment(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.cancel_shipment(&call, id).await?)
}

async fn lose_shipment(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.lose_shipment(&call, id).await?)
}
