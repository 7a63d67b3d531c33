//! Goods that come back: asked for, received, or not accepted.

use super::{Step, require, was_confirmed};
use crate::id::ReturnId;
use crate::order::state::{Order, Return, ReturnLine, Shipment, ShipmentState};
use crate::quantity::LineQty;
use crate::time::Timestamp;

pub(super) fn request(order: &mut Order, at: Timestamp, id: ReturnId, lines: &[LineQty], reason: &str) -> Step {
    require(was_confirmed(order), "it was not confirmed")?;
    require(order.return_of_goods(id).is_none(), "the return exists")?;
    let mut units = Vec::new();
    for wanted in lines {
        let mut left = wanted.qty.get();
        let line = order.line_mut(wanted.line_id).ok_or("it has no such line")?;
        require(left <= line.dispatched - line.returning - line.returned, "more units than were dispatched")?;
        line.returning += left;
        // what arrived comes back before what is still on its way
        let arrived = |s: &Shipment| matches!(s.state, ShipmentState::Delivered { .. });
        let left_over = |s: &Shipment| matches!(s.state, ShipmentState::Dispatched(_));
        for pick in [arrived as fn(&Shipment) -> bool, left_over] {
            for parcel in order.shipments.iter_mut().filter(|s| pick(s)) {
                for unit in parcel.lines.iter_mut().filter(|unit| unit.line_id == wanted.line_id) {
                    let taken = left.min(unit.qty - unit.going_back);
                    if taken > 0 {
                        unit.going_back += taken;
                        left -= taken;
                        units.push(ReturnLine { line_id: wanted.line_id, shipment_id: parcel.id, qty: taken, received: 0 });
                    }
                }
            }
        }
        require(left == 0, "more units than were dispatched")?;
    }
    order.returns.push(Return { id, reason: reason.to_owned(), lines: units, rejected: None, condition: None, at });
    Ok(())
}

pub(super) fn find(order: &mut Order, id: ReturnId) -> Result<&mut Return, &'static str> {
    order.returns.iter_mut().find(|one| one.id == id).ok_or("it has no such return")
}

pub(super) fn receive(order: &mut Order, id: ReturnId, lines: &[LineQty]) -> Step {
    require(was_confirmed(order), "it was not confirmed")?;
    let part = order.value_returned(lines.iter().map(|l| (l.line_id, l.qty.get())));
    order.credit(part);
    for arrived in lines {
        let mut left = arrived.qty.get();
        let one = find(order, id)?;
        require(left <= one.rest(arrived.line_id), "more units than the return has")?;
        let mut came = Vec::new();
        for unit in one.lines.iter_mut().filter(|unit| unit.line_id == arrived.line_id) {
            let taken = left.min(unit.qty - unit.received);
            unit.received += taken;
            left -= taken;
            came.push((unit.shipment_id, taken));
        }
        for (shipment_id, taken) in came {
            let parcel = order.shipment_mut(shipment_id).ok_or("it has no such shipment")?;
            if let Some(unit) = parcel.lines.iter_mut().find(|unit| unit.line_id == arrived.line_id) {
                unit.returned += taken;
            }
        }
        let line = order.line_mut(arrived.line_id).ok_or("it has no such line")?;
        line.returning -= arrived.qty.get();
        line.returned += arrived.qty.get();
    }
    Ok(())
}

pub(super) fn reject(order: &mut Order, id: ReturnId, reason: &str) -> Step {
    require(was_confirmed(order), "it was not confirmed")?;
    let one = find(order, id)?;
    require(one.is_open(), "the return is closed")?;
    one.rejected = Some(reason.to_owned());
    let rest: Vec<ReturnLine> = one.lines.iter().filter(|unit| unit.received < unit.qty).copied().collect();
    for unit in rest {
        let back = unit.qty - unit.received;
        order.line_mut(unit.line_id).ok_or("it has no such line")?.returning -= back;
        let parcel = order.shipment_mut(unit.shipment_id).ok_or("it has no such shipment")?;
        if let Some(line) = parcel.lines.iter_mut().find(|line| line.line_id == unit.line_id) {
            line.going_back -= back;
        }
    }
    Ok(())
}
