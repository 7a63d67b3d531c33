//! Reservations: stock promised to someone without an order.

use commerce_core::engine::{self, Answer, ReservedUnits};
use commerce_core::stock::Split;
use commerce_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answered::Answered;
use super::ask::{Ask, Body};
use super::bodies::{Now, bodies};
use super::number::Units;
use super::operation::{Area, Failure, Operation, Run, Shape};
use super::place::{At, Read};
use super::problem::Code;
use super::word::{LocationId, ReservationId, ReservationStatus, Sku, Time};

pub(super) const AREA: Area = Area { name: "reservations", meaning: "Stock promised to someone without an order.", operations: OPERATIONS };

const OPERATIONS: &[Operation] = &[
    Operation {
        status: 201,
        body: Some(Shape::of::<CreateReservation>()),
        body_required: true,
        problems: &[Code::INSUFFICIENT_STOCK],
        ..write("create_reservation", "/inventory/reservations", "Reserves units of a SKU: all of them or none", |ask| {
            Box::pin(create_reservation(ask))
        })
    },
    Operation::get("get_reservation", "/inventory/reservations/{id}", "One reservation, ended ones included", RESERVATION, |ask| {
        Box::pin(get_reservation(ask))
    }),
    Operation {
        problems: &[Code::HOLD_GONE],
        ..write(
            "confirm_reservation",
            "/inventory/reservations/{id}/confirm",
            "Makes what remains of a reservation its owner's for good",
            |ask| Box::pin(confirm_reservation(ask)),
        )
    },
    Operation {
        body: Some(Shape::of::<ExtendReservation>()),
        body_required: true,
        problems: &[Code::HOLD_GONE],
        ..write(
            "extend_reservation",
            "/inventory/reservations/{id}/extend",
            "Moves the time at which an unconfirmed reservation may be reclaimed",
            |ask| Box::pin(extend_reservation(ask)),
        )
    },
    Operation {
        body: Some(Shape::of::<ReservationUnits>()),
        problems: &[Code::HOLD_GONE, Code::RESERVATION_NOT_CONFIRMED, Code::INSUFFICIENT_STOCK],
        ..write(
            "fulfill_reservation",
            "/inventory/reservations/{id}/fulfill",
            "Units of a confirmed reservation leave the building: all that remain, or some",
            |ask| Box::pin(fulfill_reservation(ask)),
        )
    },
    Operation {
        body: Some(Shape::of::<ReservationUnits>()),
        problems: &[Code::HOLD_GONE],
        ..write(
            "release_reservation",
            "/inventory/reservations/{id}/release",
            "Gives units of a reservation back: all that remain, or some",
            |ask| Box::pin(release_reservation(ask)),
        )
    },
];

const RESERVATION: Shape = Shape::of::<Reservation>();

/// A write to a reservation, which has no `ETag`.
const fn write(id: &'static str, path: &'static str, summary: &'static str, run: Run) -> Operation {
    Operation { versioned: false, ..Operation::command(id, path, summary, RESERVATION, run) }
}

bodies! { CreateReservation ExtendReservation ReservationUnits }

/// Units to reserve.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"sku": "85123A", "quantity": 2}))]
pub struct CreateReservation {
    /// Of what.
    pub sku: Sku,
    /// How many.
    pub quantity: Units,
    /// The locations that may serve it, the preferred first; those that serve orders if none is named.
    #[serde(default)]
    pub locations: Vec<LocationId>,
    /// How the units may be spread over them; as those of orders if it is left out.
    #[serde(default)]
    pub split: Option<SplitBy>,
    /// When it may be reclaimed unless it is confirmed, later than now.
    #[serde(default)]
    pub expires_at: Option<Time>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

/// How units may be spread over locations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SplitBy {
    /// One location serves all: the first that can.
    Never,
    /// One location if any can serve all, else in their order.
    InOrder,
    /// One location if any can serve all, else those with most available first.
    Fewest,
}

impl Read for CreateReservation {
    type Into = engine::Reserve;

    fn read(self, at: &At<'_>) -> Option<engine::Reserve> {
        let sku = at.key("sku").read(self.sku);
        let qty = at.key("quantity").read(self.quantity);
        let locations = at.key("locations").each(self.locations);
        let expires_at = at.key("expires_at").maybe(self.expires_at);
        let split = self.split.map(|split| match split {
            SplitBy::Never => Split::Never,
            SplitBy::InOrder => Split::InOrder,
            SplitBy::Fewest => Split::Fewest,
        });
        Some(engine::Reserve { sku: sku?, qty: qty?, locations: locations?, split, expires_at: expires_at? })
    }
}

/// A new time for a reservation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExtendReservation {
    /// When it may be reclaimed unless it is confirmed, later than now.
    pub expires_at: Time,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for ExtendReservation {
    type Into = Timestamp;

    fn read(self, at: &At<'_>) -> Option<Timestamp> {
        at.key("expires_at").read(self.expires_at)
    }
}

/// Which units of a reservation; what is left out is not limited.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReservationUnits {
    /// Those at this location alone.
    #[serde(default)]
    pub location: Option<LocationId>,
    /// So many; all that remain if it is left out.
    #[serde(default)]
    pub quantity: Option<Units>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for ReservationUnits {
    type Into = ReservedUnits;

    fn read(self, at: &At<'_>) -> Option<ReservedUnits> {
        let location = at.key("location").maybe(self.location);
        let qty = at.key("quantity").maybe(self.quantity);
        Some(ReservedUnits { location: location?, qty: qty? })
    }
}

/// A reservation as it is now.
#[derive(Serialize, ToSchema)]
pub struct Reservation {
    /// The reservation.
    pub id: ReservationId,
    /// Of what.
    pub sku: Sku,
    /// Where it stands.
    pub status: ReservationStatus,
    /// Units neither fulfilled, released nor reclaimed.
    pub remaining: u32,
    /// Where they are.
    pub placements: Vec<Placement>,
    /// When it may be reclaimed; not there once it is confirmed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Time>,
}

/// Units of a reservation at one location.
#[derive(Serialize, ToSchema)]
pub struct Placement {
    /// Where.
    pub location: LocationId,
    /// How many remain there.
    pub remaining: u32,
}

impl From<engine::Reservation> for Reservation {
    fn from(reservation: engine::Reservation) -> Self {
        let remaining = reservation.remaining();
        let places = reservation.placements.into_iter();
        Self {
            id: reservation.id.into(),
            sku: reservation.sku.into(),
            status: reservation.status.into(),
            remaining,
            placements: places.map(|place| Placement { location: place.location.into(), remaining: place.remaining }).collect(),
            expires_at: reservation.expires_at.map(Into::into),
        }
    }
}

fn answered(ask: &Ask<'_>, done: Answer<engine::Reservation>) -> Result<Answered, Failure> {
    Ok(Answered::done(ask.operation.status, &done.map(Reservation::from)))
}

async fn create_reservation(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (call, units) = ask.told::<CreateReservation>()?;
    let made = ask.commerce.create_reservation(&call, units).await?;
    let place = format!("/inventory/reservations/{}", made.value.id);
    Ok(answered(ask, made)?.made_at(&place))
}

async fn get_reservation(ask: &Ask<'_>) -> Result<Answered, Failure> {
    Ok(Answered::found(&Reservation::from(ask.commerce.get_reservation(&ask.call()?, ask.path("id")?).await?)))
}

async fn confirm_reservation(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.confirm_reservation(&call, id).await?)
}

async fn extend_reservation(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, expires_at) = ask.told::<ExtendReservation>()?;
    answered(ask, ask.commerce.extend_reservation(&call, id, expires_at).await?)
}

async fn fulfill_reservation(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, units) = ask.told::<ReservationUnits>()?;
    answered(ask, ask.commerce.fulfill_reservation(&call, id, units).await?)
}

async fn release_reservation(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, units) = ask.told::<ReservationUnits>()?;
    answered(ask, ask.commerce.release_reservation(&call, id, units).await?)
}
