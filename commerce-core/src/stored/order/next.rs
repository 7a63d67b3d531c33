//! The version that follows, of one form: what a release that changes a form adds.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::goods::ShipmentDispatched1;
use crate::id::ShipmentId;
use crate::order::Event;
use crate::stored::value::Text;
use crate::stored::{Body, Encoded, Fault, Kind, StoredError, write};

/// Version 2 says who carries the shipment in a place of its own.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ShipmentDispatched2<'a> {
    shipment: Text<ShipmentId>,
    by: Carrier2<'a>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Carrier2<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking: Option<Cow<'a, str>>,
}

impl<'a> ShipmentDispatched2<'a> {
    /// What the version before it becomes.
    pub(super) fn after(before: ShipmentDispatched1<'a>) -> Self {
        Self { shipment: before.shipment, by: Carrier2 { name: before.carrier, tracking: before.tracking } }
    }
}

impl<'de> Body<'de> for ShipmentDispatched2<'de> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let (carrier, tracking) = (self.by.name.map(Cow::into_owned), self.by.tracking.map(Cow::into_owned));
        Ok(Event::ShipmentDispatched { shipment_id: self.shipment.0, carrier, tracking })
    }
}

/// The event in version 2.
pub(super) fn dispatched(body: ShipmentDispatched1<'_>) -> Result<Encoded, StoredError> {
    let kind = Kind::ShipmentDispatched;
    let bytes = write(kind.as_str(), Ok(ShipmentDispatched2::after(body)))?;
    Ok(Encoded { kind, kind_version: 2, mirror: false, bytes })
}
