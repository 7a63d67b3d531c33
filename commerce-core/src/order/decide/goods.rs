//! Packing, shipping, and goods that come back.

use std::collections::BTreeMap;

use crate::fact::RefundCause;
use crate::goods::ItemKind;
use crate::id::{LocationId, ReturnId, ShipmentId, Sku};
use crate::order::decide::{At, Draft, PARTS_MAX, check_text, open_units, refund};
use crate::order::event::{CapturePolicy, Condition, Event, Terms};
use crate::order::refusal::Refusal;
use crate::order::state::{Order, Shipment, ShipmentState};
use crate::quantity::LineQty;
use crate::tender::CaptureState;

pub(super) fn pack(
    draft: &mut Draft<'_>,
    shipment_id: ShipmentId,
    lines: &[LineQty],
    location: Option<LocationId>,
    stock: &BTreeMap<Sku, u64>,
) -> Result<(), Refusal> {
    draft.require_stage("be packed", &[At::Confirmed])?;
    if draft.order.shipments.len() >= PARTS_MAX {
        return Err(Refusal::TooMany { what: "shipments", max: PARTS_MAX });
    }
    draft.require_free(draft.order.shipment(shipment_id).is_some(), "shipment")?;
    if !draft.order.covered() {
        return Err(Refusal::Uncovered { due: draft.order.due() });
    }
    draft.units_within(lines, |id| draft.order.line(id).map_or(0, |line| line.open().into()))?;
    check_stock(&draft.order, lines, location.as_ref(), stock)?;
    let mut lines = lines.to_vec();
    for extra in open_units(&draft.order, |line| line.kind == ItemKind::Unstocked) {
        match lines.iter_mut().find(|line| line.line_id == extra.line_id) {
            Some(line) => *line = extra,
            None => lines.push(extra),
        }
    }
    draft.emit(Event::ShipmentCreated { shipment_id, location, lines })
}

fn check_stock(order: &Order, lines: &[LineQty], location: Option<&LocationId>, stock: &BTreeMap<Sku, u64>) -> Result<(), Refusal> {
    let mut need: BTreeMap<&Sku, u64> = BTreeMap::new();
    for wanted in lines {
        if let Some(line) = order.line(wanted.line_id).filter(|line| line.kind == ItemKind::Stocked) {
            *need.entry(&line.sku).or_default() += u64::from(wanted.qty.get());
        }
    }
    for (sku, requested) in need {
        let location = location.ok_or(Refusal::LocationNeeded)?;
        let packed = order.packed_at(sku, location);
        let available = stock.get(sku).copied().unwrap_or(0).saturating_sub(packed);
        if requested > available {
            return Err(Refusal::NotAtLocation { sku: sku.clone(), location: location.clone(), requested, available });
        }
    }
    Ok(())
}

fn find<'a>(draft: &'a Draft<'_>, id: ShipmentId) -> Result<&'a Shipment, Refusal> {
    draft.order.shipment(id).ok_or(Refusal::Unknown("shipment"))
}

fn require_state(shipment: &Shipment, holds: bool) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::WrongState { what: "shipment", state: shipment.state.name() }) }
}

pub(super) fn unpack(draft: &mut Draft<'_>, shipment_id: ShipmentId) -> Result<(), Refusal> {
    draft.require_stage("have a shipment cancelled", &[At::Confirmed, At::Held])?;
    let shipment = find(draft, shipment_id)?;
    require_state(shipment, shipment.state == ShipmentState::Packed)?;
    if draft.order.tenders.captures.iter().any(|c| c.shipment_id == Some(shipment_id) && c.state == CaptureState::Open) {
        return Err(Refusal::CaptureOpen);
    }
    draft.emit(Event::ShipmentCancelled { shipment_id })
}

pub(super) fn dispatch(
    draft: &mut Draft<'_>,
    shipment_id: ShipmentId,
    carrier: Option<String>,
    tracking: Option<String>,
) -> Result<(), Refusal> {
    draft.require_stage("be dispatched", &[At::Confirmed])?;
    check_text("carrier", carrier.as_deref().unwrap_or_default())?;
    check_text("tracking", tracking.as_deref().unwrap_or_default())?;
    let shipment = find(draft, shipment_id)?;
    require_state(shipment, shipment.state == ShipmentState::Packed)?;
    let on_trust = draft.order.capture_policy == CapturePolicy::Manual || draft.order.terms == Terms::Invoice;
    let share = draft.order.share_of(shipment);
    if draft.order.capture_open() && !on_trust {
        return Err(Refusal::CaptureOpen);
    }
    if share > 0 && !on_trust {
        return Err(Refusal::NotCaptured { share });
    }
    draft.emit(Event::ShipmentDispatched { shipment_id, carrier, tracking })
}

pub(super) fn deliver(draft: &mut Draft<'_>, shipment_id: ShipmentId) -> Result<(), Refusal> {
    draft.require_stage("be delivered", &[At::Confirmed, At::Held])?;
    let shipment = find(draft, shipment_id)?;
    require_state(shipment, matches!(shipment.state, ShipmentState::Dispatched(_)))?;
    draft.emit(Event::ShipmentDelivered { shipment_id })
}

pub(super) fn lose(draft: &mut Draft<'_>, shipment_id: ShipmentId) -> Result<(), Refusal> {
    draft.require_stage("lose a shipment", &[At::Confirmed, At::Held])?;
    let shipment = find(draft, shipment_id)?;
    require_state(shipment, matches!(shipment.state, ShipmentState::Dispatched(_)))?;
    if shipment.lines.iter().any(|line| line.going_back > 0) {
        return Err(Refusal::GoingBack);
    }
    let units: Vec<(crate::id::LineId, u32)> = shipment.lines.iter().map(|line| (line.line_id, line.qty)).collect();
    let part = draft.order.value_returned(units.iter().copied());
    let owed = part - draft.order.creditable(part);
    draft.emit(Event::ShipmentLost { shipment_id })?;
    let lines = units.into_iter().filter_map(|(line_id, qty)| Some(LineQty { line_id, qty: crate::quantity::Quantity::some(qty)? }));
    refund::give_back(draft, RefundCause::Lost, owed.min(draft.order.room()), lines.collect())
}

pub(super) fn request_return(
    draft: &mut Draft<'_>,
    return_id: ReturnId,
    lines: &[LineQty],
    reason: String,
    staff: bool,
) -> Result<(), Refusal> {
    draft.require_stage("be returned", &[At::Confirmed, At::Held, At::Completed])?;
    check_text("reason", &reason)?;
    if draft.order.returns.len() >= PARTS_MAX {
        return Err(Refusal::TooMany { what: "returns", max: PARTS_MAX });
    }
    draft.require_free(draft.order.return_of_goods(return_id).is_some(), "return")?;
    draft.units_within(lines, |id| draft.order.line(id).map_or(0, |line| u64::from(line.dispatched - line.returning - line.returned)))?;
    if let Some(ended) = draft.order.return_window_end(draft.ctx.policy.return_window_s).filter(|ended| !staff && draft.ctx.at > *ended) {
        return Err(Refusal::OutsideWindow { ended });
    }
    draft.emit(Event::ReturnRequested { return_id, lines: lines.to_vec(), reason })
}

pub(super) fn receive_return(
    draft: &mut Draft<'_>,
    return_id: ReturnId,
    lines: &[LineQty],
    condition: Condition,
    location: Option<LocationId>,
) -> Result<(), Refusal> {
    draft.require_stage("receive a return", &[At::Confirmed, At::Held, At::Completed])?;
    let one = draft.order.return_of_goods(return_id).ok_or(Refusal::Unknown("return"))?;
    if !one.is_open() {
        return Err(Refusal::WrongState { what: "return", state: "closed" });
    }
    draft.units_within(lines, |id| one.rest(id).into())?;
    let part = draft.order.value_returned(lines.iter().map(|l| (l.line_id, l.qty.get())));
    let owed = part - draft.order.creditable(part);
    let location = location.filter(|_| condition == Condition::Sellable);
    draft.emit(Event::ReturnReceived { return_id, lines: lines.to_vec(), condition, location })?;
    let amount = if draft.ctx.policy.refund_on_return { owed.min(draft.order.room()) } else { 0 };
    refund::give_back(draft, RefundCause::Return, amount, lines.to_vec())
}

pub(super) fn reject_return(draft: &mut Draft<'_>, return_id: ReturnId, reason: String) -> Result<(), Refusal> {
    draft.require_stage("reject a return", &[At::Confirmed, At::Held, At::Completed])?;
    check_text("reason", &reason)?;
    let one = draft.order.return_of_goods(return_id).ok_or(Refusal::Unknown("return"))?;
    if !one.is_open() {
        return Err(Refusal::WrongState { what: "return", state: "closed" });
    }
    draft.emit(Event::ReturnRejected { return_id, reason })
}

impl Order {
    /// Units of a SKU that are packed at a location and not dispatched.
    pub(crate) fn packed_at(&self, sku: &Sku, location: &LocationId) -> u64 {
        let here = self.packed_shipments().filter(|s| s.location.as_ref() == Some(location));
        let units = here.flat_map(|s| &s.lines).filter(|unit| self.line(unit.line_id).is_some_and(|line| line.sku == *sku));
        units.map(|unit| u64::from(unit.qty)).sum()
    }

    /// When the time to return ends; none while nothing was delivered.
    fn return_window_end(&self, window_s: u64) -> Option<crate::time::Timestamp> {
        let delivered = self.shipments.iter().filter_map(|shipment| match &shipment.state {
            ShipmentState::Delivered { at, .. } => Some(*at),
            ShipmentState::Packed | ShipmentState::Cancelled | ShipmentState::Dispatched(_) | ShipmentState::Lost { .. } => None,
        });
        delivered.max().map(|at| at.plus_secs(window_s))
    }
}
