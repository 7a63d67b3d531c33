//! What follows by itself in every commit: confirmation, shipments without stock, captures that nobody has to ask for.

use crate::goods::ItemKind;
use crate::id::ShipmentId;
use crate::order::decide::{At, Draft, open_units, placement, tender};
use crate::order::event::{CancelReason, CapturePolicy, Event, Terms};
use crate::order::refusal::Refusal;

pub(super) fn settle(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    if At::of(&draft.order) == At::Pending && draft.order.covered() {
        if draft.ctx.stock_lost {
            return placement::end(draft, CancelReason::StockLost);
        }
        draft.emit(Event::OrderConfirmed)?;
    }
    ship_without_stock(draft)?;
    capture_by_itself(draft)
}

/// Open digital units get a shipment of their own, and so do unstocked ones that no other shipment will take along.
fn ship_without_stock(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let order = &draft.order;
    if At::of(order) != At::Confirmed || !order.covered() {
        return Ok(());
    }
    let digital = order.open_of_kind(ItemKind::Digital);
    let alone = order.open_of_kind(ItemKind::Unstocked) && !order.open_of_kind(ItemKind::Stocked);
    if !digital && !alone {
        return Ok(());
    }
    let lines = open_units(order, |line| line.kind != ItemKind::Stocked);
    draft.emit(Event::ShipmentCreated { shipment_id: ShipmentId::new((draft.ctx.fresh)()), location: None, lines })
}

fn capture_by_itself(draft: &mut Draft<'_>) -> Result<(), Refusal> {
    let order = &draft.order;
    let rest = (order.owed() - order.kept()).min(order.authorized());
    if order.busy() || rest <= 0 || order.capture_policy == CapturePolicy::Manual {
        return Ok(());
    }
    let all_left = order.open_units() == 0 && order.packed_units() == 0;
    let due = match At::of(order) {
        At::Confirmed => order.capture_policy == CapturePolicy::AtConfirm && order.covered() || order.terms == Terms::Invoice && all_left,
        At::Completed => order.terms == Terms::Invoice,
        At::Pending | At::Held | At::Cancelled | At::Rejected => false,
    };
    let amount = order.money(rest);
    if due { tender::start_capture(draft, None, Some(amount)) } else { Ok(()) }
}
