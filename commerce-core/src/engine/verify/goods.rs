//! An order's goods against the stock: what is held for it, what left, and what came back.

use std::collections::BTreeMap;

use crate::engine::Error;
use crate::engine::verify::Check;
use crate::engine::verify::findings::{Notes, Owned};
use crate::engine::verify::holds::{self, Moved, places};
use crate::engine::verify::replay::Replayed;
use crate::goods::ItemKind;
use crate::id::{LineId, LocationId, OrderId, Sku};
use crate::order::{Event, Order, Placement, ShipmentState, Stage};
use crate::ports::{FeedEntry, LIMIT_MAX_ROWS, Store, Stored, StreamName};
use crate::quantity::LineQty;
use crate::stock::{Movement, MovementKind, Owner};

type Units = BTreeMap<(Sku, LocationId), i64>;

pub(super) async fn of_order(store: &Store, notes: &mut Notes<'_>, id: OrderId, replayed: &Replayed<Event, Order>) -> Result<(), Error> {
    let subject = format!("order/{id}");
    let found = store.stock.holds(notes.merchant, Owner::Order(id)).await;
    let Some(found) = notes.readable(Check::OrderHolds, &subject, found)? else { return Ok(()) };
    found.iter().for_each(|_| notes.owned(Owned::Hold));
    if let Some(moved) = holds::with_movements(store, notes, found).await? {
        held(notes, &subject, &replayed.state, &moved);
        left(notes, &subject, &replayed.state, &moved);
    }
    came_back(store, notes, &subject, replayed).await
}

/// Compares what is held for an order with what it still owes.
fn held(notes: &mut Notes<'_>, subject: &str, order: &Order, moved: &[Moved]) {
    let check = Check::OrderHolds;
    notes.look(check);
    let pending = matches!(order.placement, Placement::Pending { .. } | Placement::Held { resume: Stage::Pending, .. });
    // it is held anew when the order is paid or confirmed: until then nothing is promised to an order whose hold was reclaimed
    if !(pending && moved.iter().any(Moved::reclaimed)) {
        let need: BTreeMap<Sku, i64> =
            order.stock_need().into_iter().map(|(sku, units)| (sku, i64::try_from(units).unwrap_or(i64::MAX))).collect();
        let mut held: BTreeMap<Sku, i64> = BTreeMap::new();
        for Moved { hold, .. } in moved.iter().filter(|one| !one.hold.is_gone()) {
            *held.entry(hold.sku.clone()).or_default() += i64::from(hold.remaining());
        }
        if need != held {
            let words = |units: &BTreeMap<Sku, i64>| places(units.iter().map(|(sku, units)| (format!("of {sku}"), units)));
            notes.differ(check, subject, format!("held {}", words(&need)), format!("held {}", words(&held)));
        }
    }
    for Moved { hold, .. } in moved.iter().filter(|one| !one.hold.is_gone() && one.hold.confirmed == pending) {
        let word = |confirmed| if confirmed { "confirmed" } else { "not confirmed" };
        notes.differ(check, subject, format!("hold {} {}", hold.id, word(!pending)), word(pending));
    }
}

/// Compares what left the stock for an order with what it dispatched.
fn left(notes: &mut Notes<'_>, subject: &str, order: &Order, moved: &[Moved]) {
    let check = Check::OrderUnits;
    notes.look(check);
    let mut dispatched = Units::new();
    let gone = |state: &ShipmentState| !matches!(state, ShipmentState::Packed | ShipmentState::Cancelled);
    for shipment in order.shipments.iter().filter(|shipment| gone(&shipment.state)) {
        let location = shipment.location.clone().unwrap_or_default();
        for unit in &shipment.lines {
            if let Some(line) = order.line(unit.line_id).filter(|line| line.kind == ItemKind::Stocked) {
                *dispatched.entry((line.sku.clone(), location.clone())).or_default() += i64::from(unit.qty);
            }
        }
    }
    let mut fulfilled = Units::new();
    for one in moved {
        for (location, units) in one.fulfilled() {
            *fulfilled.entry((one.hold.sku.clone(), location.clone())).or_default() += units;
        }
    }
    if dispatched != fulfilled {
        notes.differ(check, subject, format!("left {}", words(&dispatched)), format!("left {}", words(&fulfilled)));
    }
}

fn words(units: &Units) -> String {
    places(units.iter().map(|((sku, location), units)| (format!("of {sku} at {location}"), units)))
}

/// Compares what came back into stock with what the returns say.
async fn came_back(store: &Store, notes: &mut Notes<'_>, subject: &str, replayed: &Replayed<Event, Order>) -> Result<(), Error> {
    for (stored, event) in &replayed.events {
        let Event::ReturnReceived { lines, location: Some(location), .. } = event else { continue };
        let expected = returned(&replayed.state, lines, location);
        let count: usize = lines.iter().filter(|unit| is_stocked(&replayed.state, unit.line_id)).count();
        let movements = received(store, notes, stored, &replayed.state, count).await?;
        let mut found = Units::new();
        for movement in movements.iter().filter(|one| one.kind == MovementKind::Received && one.account.merchant == *notes.merchant) {
            *found.entry((movement.account.sku.clone(), movement.account.location.clone())).or_default() += movement.on_hand_delta;
        }
        if expected != found {
            let what = format!("received at version {}", stored.version);
            let expected = format!("{what}: {}", words(&expected));
            notes.differ(Check::OrderUnits, subject, expected, format!("{what}: {}", words(&found)));
        }
    }
    Ok(())
}

fn is_stocked(order: &Order, line: LineId) -> bool {
    order.line(line).is_some_and(|line| line.kind == ItemKind::Stocked)
}

fn returned(order: &Order, lines: &[LineQty], location: &LocationId) -> Units {
    let mut units = Units::new();
    for unit in lines {
        if let Some(line) = order.line(unit.line_id).filter(|line| line.kind == ItemKind::Stocked) {
            *units.entry((line.sku.clone(), location.clone())).or_default() += i64::from(unit.qty.get());
        }
    }
    units
}

/// The first movements of the change set that this event belongs to: a set's movements follow its events in the feed.
async fn received(store: &Store, notes: &mut Notes<'_>, event: &Stored, order: &Order, count: usize) -> Result<Vec<Movement>, Error> {
    let own = |name: StreamName| match name {
        StreamName::Order(_) => name == event.stream.name,
        StreamName::Payment(id) => order.tenders.attempts.iter().any(|attempt| attempt.payment_id == id),
        StreamName::Saga(_) => true,
        StreamName::Consumer(_) => false,
    };
    let mut movements = Vec::new();
    let mut after = event.position;
    while movements.len() < count {
        let limit = u32::try_from(count - movements.len() + 8).unwrap_or(LIMIT_MAX_ROWS).min(LIMIT_MAX_ROWS);
        let items = store.feed.read(event.shard, after, limit, true).await;
        let Some(items) = notes.readable(Check::OrderUnits, &event.stream.name.to_string(), items)? else { break };
        let Some(last) = items.last() else { break };
        after = last.position;
        for item in items {
            match item.entry {
                FeedEntry::Movement { movement, .. } if movements.len() < count => movements.push(movement),
                FeedEntry::Event(other) if movements.is_empty() && own(other.stream.name) => {}
                // another set begins
                FeedEntry::Movement { .. } | FeedEntry::Event(_) => return Ok(movements),
            }
        }
    }
    Ok(movements)
}
