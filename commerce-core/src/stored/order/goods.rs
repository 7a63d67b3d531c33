//! The bodies of shipments and returns, version by version.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::id::{LocationId, ReturnId, ShipmentId};
use crate::order::{Condition, Event};
use crate::stored::value::{LineUnits, Text, read_lines};
use crate::stored::{Body, Fault};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShipmentCreated1 {
    pub(super) shipment: Text<ShipmentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<Text<LocationId>>,
    pub(super) lines: Vec<LineUnits>,
}

impl Body<'_> for ShipmentCreated1 {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let location = self.location.map(|id| id.0);
        Ok(Event::ShipmentCreated { shipment_id: self.shipment.0, location, lines: read_lines(self.lines) })
    }
}

/// `ShipmentCancelled`, `ShipmentDelivered` and `ShipmentLost`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnlyShipment1 {
    pub(super) shipment: Text<ShipmentId>,
}

impl Body<'_> for OnlyShipment1 {
    type Next = ShipmentId;

    fn upcast(self) -> Result<ShipmentId, Fault> {
        Ok(self.shipment.0)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShipmentDispatched1<'a> {
    pub(super) shipment: Text<ShipmentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) carrier: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tracking: Option<Cow<'a, str>>,
}

#[cfg(feature = "next_schema")]
impl<'de> Body<'de> for ShipmentDispatched1<'de> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        super::next::ShipmentDispatched2::after(self).upcast()
    }
}

#[cfg(not(feature = "next_schema"))]
impl Body<'_> for ShipmentDispatched1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let (carrier, tracking) = (self.carrier.map(Cow::into_owned), self.tracking.map(Cow::into_owned));
        Ok(Event::ShipmentDispatched { shipment_id: self.shipment.0, carrier, tracking })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnRequested1<'a> {
    #[serde(rename = "return")]
    pub(super) id: Text<ReturnId>,
    pub(super) lines: Vec<LineUnits>,
    pub(super) reason: Cow<'a, str>,
}

impl Body<'_> for ReturnRequested1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        Ok(Event::ReturnRequested { return_id: self.id.0, lines: read_lines(self.lines), reason: self.reason.into_owned() })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnReceived1 {
    #[serde(rename = "return")]
    pub(super) id: Text<ReturnId>,
    pub(super) lines: Vec<LineUnits>,
    pub(super) condition: Text<Condition>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) location: Option<Text<LocationId>>,
}

impl Body<'_> for ReturnReceived1 {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let (lines, location) = (read_lines(self.lines), self.location.map(|id| id.0));
        Ok(Event::ReturnReceived { return_id: self.id.0, lines, condition: self.condition.0, location })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReturnRejected1<'a> {
    #[serde(rename = "return")]
    pub(super) id: Text<ReturnId>,
    pub(super) reason: Cow<'a, str>,
}

impl Body<'_> for ReturnRejected1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        Ok(Event::ReturnRejected { return_id: self.id.0, reason: self.reason.into_owned() })
    }
}
