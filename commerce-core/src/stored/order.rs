//! What can have happened to an order.

mod goods;
#[cfg(feature = "next_schema")]
mod next;
mod placement;

use std::borrow::Cow;

use goods::{OnlyShipment1, ReturnReceived1, ReturnRejected1, ReturnRequested1, ShipmentCreated1, ShipmentDispatched1};
use placement::{Cancelled1, Edited1, Empty1, Held1, LinesCancelled1, Placed1, Rejected1, Resumed1, Risk1};

use super::kind::Home;
use super::value::{Micros, Text, write_lines};
use super::{Encoded, Kind, StoredError, event1, fact, read};
use crate::order::Event;

/// The body of an event of an order's stream, in the newest version of its type. A fact of a payment becomes its mirror.
///
/// # Errors
/// [`StoredError::Contradiction`] if its amounts are of several currencies.
pub fn encode_order(event: &Event) -> Result<Encoded, StoredError> {
    match event {
        Event::OrderPlaced(placed) => event1(Kind::OrderPlaced, Placed1::of(placed)),
        Event::RiskAssessed(assessment) => event1(Kind::RiskAssessed, Ok(Risk1::of(assessment))),
        Event::OrderHeld { reason, resume, until } => {
            event1(Kind::OrderHeld, Ok(Held1 { reason: Text(*reason), resume: Text(*resume), until: until.map(Micros) }))
        }
        Event::OrderResumed { to, pay_by } => event1(Kind::OrderResumed, Ok(Resumed1 { to: Text(*to), pay_by: pay_by.map(Micros) })),
        Event::OrderConfirmed => event1(Kind::OrderConfirmed, Ok(Empty1 {})),
        Event::OrderRejected { reason } => event1(Kind::OrderRejected, Ok(Rejected1 { reason: reason.into() })),
        Event::OrderEdited(edited) => event1(Kind::OrderEdited, Edited1::of(edited)),
        Event::LinesCancelled { lines, reason, value, total } => {
            event1(Kind::LinesCancelled, LinesCancelled1::of(lines, reason, *value, *total))
        }
        Event::OrderCancelled { reason } => event1(Kind::OrderCancelled, Ok(Cancelled1 { reason: Text(*reason) })),
        Event::OrderCompleted => event1(Kind::OrderCompleted, Ok(Empty1 {})),
        Event::Payment(fact) => fact::encode_payment(fact).map(|own| Encoded { mirror: true, ..own }),
        Event::ShipmentCreated { shipment_id, location, lines } => {
            let (shipment, location) = (Text(*shipment_id), location.clone().map(Text));
            event1(Kind::ShipmentCreated, Ok(ShipmentCreated1 { shipment, location, lines: write_lines(lines) }))
        }
        Event::ShipmentCancelled { shipment_id } => event1(Kind::ShipmentCancelled, Ok(OnlyShipment1 { shipment: Text(*shipment_id) })),
        Event::ShipmentDispatched { shipment_id, carrier, tracking } => {
            let (carrier, tracking) = (carrier.as_ref().map(Cow::from), tracking.as_ref().map(Cow::from));
            let body = ShipmentDispatched1 { shipment: Text(*shipment_id), carrier, tracking };
            #[cfg(feature = "next_schema")]
            return next::dispatched(body);
            #[cfg(not(feature = "next_schema"))]
            event1(Kind::ShipmentDispatched, Ok(body))
        }
        Event::ShipmentDelivered { shipment_id } => event1(Kind::ShipmentDelivered, Ok(OnlyShipment1 { shipment: Text(*shipment_id) })),
        Event::ShipmentLost { shipment_id } => event1(Kind::ShipmentLost, Ok(OnlyShipment1 { shipment: Text(*shipment_id) })),
        Event::ReturnRequested { return_id, lines, reason } => {
            let body = ReturnRequested1 { id: Text(*return_id), lines: write_lines(lines), reason: reason.into() };
            event1(Kind::ReturnRequested, Ok(body))
        }
        Event::ReturnReceived { return_id, lines, condition, location } => {
            let (condition, location) = (Text(*condition), location.clone().map(Text));
            event1(Kind::ReturnReceived, Ok(ReturnReceived1 { id: Text(*return_id), lines: write_lines(lines), condition, location }))
        }
        Event::ReturnRejected { return_id, reason } => {
            event1(Kind::ReturnRejected, Ok(ReturnRejected1 { id: Text(*return_id), reason: reason.into() }))
        }
    }
}

/// The event of an order's stream in these bytes.
///
/// # Errors
/// [`StoredError`].
pub fn decode_order(kind: &str, kind_version: u16, bytes: &[u8]) -> Result<Event, StoredError> {
    let known = Kind::at_home_in(&[Home::Order, Home::Payment], kind)?;
    let name = known.as_str();
    match (known, kind_version) {
        (Kind::OrderPlaced, 1) => read::<Placed1<'_>>(name, bytes),
        (Kind::RiskAssessed, 1) => read::<Risk1<'_>>(name, bytes),
        (Kind::OrderHeld, 1) => read::<Held1>(name, bytes),
        (Kind::OrderResumed, 1) => read::<Resumed1>(name, bytes),
        (Kind::OrderConfirmed, 1) => read::<Empty1>(name, bytes).map(|()| Event::OrderConfirmed),
        (Kind::OrderRejected, 1) => read::<Rejected1<'_>>(name, bytes),
        (Kind::OrderEdited, 1) => read::<Edited1<'_>>(name, bytes),
        (Kind::LinesCancelled, 1) => read::<LinesCancelled1<'_>>(name, bytes),
        (Kind::OrderCancelled, 1) => read::<Cancelled1>(name, bytes),
        (Kind::OrderCompleted, 1) => read::<Empty1>(name, bytes).map(|()| Event::OrderCompleted),
        (Kind::ShipmentCreated, 1) => read::<ShipmentCreated1>(name, bytes),
        (Kind::ShipmentCancelled, 1) => read::<OnlyShipment1>(name, bytes).map(|shipment_id| Event::ShipmentCancelled { shipment_id }),
        (Kind::ShipmentDispatched, 1) => read::<ShipmentDispatched1<'_>>(name, bytes),
        #[cfg(feature = "next_schema")]
        (Kind::ShipmentDispatched, 2) => read::<next::ShipmentDispatched2<'_>>(name, bytes),
        (Kind::ShipmentDelivered, 1) => read::<OnlyShipment1>(name, bytes).map(|shipment_id| Event::ShipmentDelivered { shipment_id }),
        (Kind::ShipmentLost, 1) => read::<OnlyShipment1>(name, bytes).map(|shipment_id| Event::ShipmentLost { shipment_id }),
        (Kind::ReturnRequested, 1) => read::<ReturnRequested1<'_>>(name, bytes),
        (Kind::ReturnReceived, 1) => read::<ReturnReceived1>(name, bytes),
        (Kind::ReturnRejected, 1) => read::<ReturnRejected1<'_>>(name, bytes),
        _ if known.home() == Home::Payment => fact::decode_known(known, kind_version, bytes).map(Event::Payment),
        _ => Err(StoredError::UnknownVersion { kind: name, version: kind_version }),
    }
}
