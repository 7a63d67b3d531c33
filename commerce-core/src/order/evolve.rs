//! What each event does to the state: the one fold, live and on replay.

mod returns;

use crate::fact::PaymentFact;
use crate::goods::ItemKind;
use crate::id::{LineId, ShipmentId};
use crate::order::amounts;
use crate::order::event::{Edited, Event, HoldReason, LineItem, Placed, Stage, Terms};
use crate::order::state::{Carriage, Line, Order, Placement, Shipment, ShipmentLine, ShipmentState};
use crate::quantity::LineQty;
use crate::tender::Tenders;
use crate::time::Timestamp;

/// An event that cannot follow on the state: the stream is not that of a lawful order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} cannot follow: {why}")]
pub struct IllegalTransition {
    /// The event's type.
    pub event: &'static str,
    /// What is wrong.
    pub why: &'static str,
}

type Step = Result<(), &'static str>;

/// The state after an event; `None` before the first.
///
/// # Errors
/// [`IllegalTransition`] if the event cannot follow.
pub fn evolve(order: Option<Order>, at: Timestamp, event: &Event) -> Result<Order, IllegalTransition> {
    if let Some(mut order) = order {
        order.step(at, event)?;
        return Ok(order);
    }
    let begun = match event {
        Event::OrderPlaced(placed) => begin(placed, at),
        _ => Err("the order has not been placed"),
    };
    begun.map_err(|why| IllegalTransition { event: event.name(), why })
}

impl Order {
    /// Moves on by one event. After an error the state is void.
    pub(super) fn step(&mut self, at: Timestamp, event: &Event) -> Result<(), IllegalTransition> {
        apply(self, at, event).map_err(|why| IllegalTransition { event: event.name(), why })?;
        self.updated_at = at;
        self.mark_reversals();
        Ok(())
    }
}

fn begin(placed: &Placed, at: Timestamp) -> Result<Order, &'static str> {
    let (parts, total) = amounts::price_new(&placed.lines, &placed.adjustments).map_err(|_| "its amounts do not add up")?;
    if total != placed.total.minor() {
        return Err("its lines do not sum to its total");
    }
    for (number, line) in (1..).zip(&placed.lines) {
        if line.line_id != LineId(number) {
            return Err("its lines are not numbered from 1");
        }
    }
    let lines = placed.lines.iter().zip(parts).map(|(item, part)| new_line(item, vec![part]));
    Ok(Order {
        placement: Placement::Pending { pay_by: placed.pay_by },
        customer_id: placed.customer_id.clone(),
        personal_ref: placed.personal_ref,
        currency: placed.currency,
        cart_id: placed.cart_id,
        channel: placed.channel.clone(),
        method_ref: placed.method_ref.clone(),
        terms: placed.terms,
        capture_policy: placed.capture_policy,
        lines: lines.collect(),
        adjustments: placed.adjustments.clone(),
        assessment: None,
        tenders: Tenders::default(),
        shipments: Vec::new(),
        returns: Vec::new(),
        credited: 0,
        placed_at: at,
        updated_at: at,
    })
}

fn new_line(item: &LineItem, parts: Vec<amounts::Part>) -> Line {
    Line {
        id: item.line_id,
        sku: item.sku.clone(),
        title: item.title.clone(),
        kind: item.kind,
        unit_price: item.unit_price,
        adjustments: item.adjustments.clone(),
        ordered: item.qty.get(),
        cancelled: 0,
        packed: 0,
        dispatched: 0,
        delivered: 0,
        returning: 0,
        returned: 0,
        parts,
    }
}

fn apply(order: &mut Order, at: Timestamp, event: &Event) -> Step {
    match event {
        Event::OrderPlaced(_) => Err("the order has been placed"),
        Event::RiskAssessed(assessment) => {
            order.assessment = Some(assessment.clone());
            require(
                !matches!(order.placement, Placement::Completed | Placement::Cancelled { .. } | Placement::Rejected { .. }),
                "it has ended",
            )
        }
        Event::OrderHeld { reason, resume, until } => hold(order, *reason, *resume, *until),
        Event::OrderResumed { to, pay_by } => resume(order, *to, *pay_by),
        Event::OrderConfirmed => {
            require(matches!(order.placement, Placement::Pending { .. }), "it is not pending")?;
            order.placement = Placement::Confirmed;
            Ok(())
        }
        Event::OrderRejected { reason } => {
            require(in_pending_stage(order), "it is past its screen")?;
            order.placement = Placement::Rejected { reason: reason.clone() };
            Ok(())
        }
        Event::OrderEdited(edited) => edit(order, edited),
        Event::LinesCancelled { lines, total, .. } => {
            require(is_live(order), "it has ended")?;
            for LineQty { line_id, qty } in lines {
                let line = order.line_mut(*line_id).ok_or("it has no such line")?;
                require(qty.get() <= line.open(), "more units than are open")?;
                line.cancelled += qty.get();
            }
            require(order.total() == total.minor(), "its lines do not sum to its total")
        }
        Event::OrderCancelled { reason } => {
            require(is_live(order), "it has ended")?;
            require(order.packed_units() == 0 && order.dispatched_units() == 0, "units were packed")?;
            order.placement = Placement::Cancelled { reason: *reason };
            Ok(())
        }
        Event::OrderCompleted => {
            require(order.placement == Placement::Confirmed, "it is not confirmed")?;
            require(order.open_units() == 0 && order.packed_units() == 0, "units have not left")?;
            order.placement = Placement::Completed;
            Ok(())
        }
        Event::Payment(fact) => payment(order, at, fact),
        Event::ShipmentCreated { shipment_id, location, lines } => {
            require(order.placement == Placement::Confirmed, "it is not confirmed")?;
            require(order.shipment(*shipment_id).is_none(), "the shipment exists")?;
            pack(order, lines)?;
            let lines = lines.iter().map(|l| ShipmentLine { line_id: l.line_id, qty: l.qty.get(), going_back: 0, returned: 0 }).collect();
            order.shipments.push(Shipment {
                id: *shipment_id,
                location: location.clone(),
                lines,
                state: ShipmentState::Packed,
                packed_at: at,
            });
            Ok(())
        }
        Event::ShipmentCancelled { shipment_id }
        | Event::ShipmentDispatched { shipment_id, .. }
        | Event::ShipmentDelivered { shipment_id }
        | Event::ShipmentLost { shipment_id } => shipment(order, at, event, *shipment_id),
        Event::ReturnRequested { return_id, lines, reason } => returns::request(order, at, *return_id, lines, reason),
        Event::ReturnReceived { return_id, lines, condition, .. } => {
            returns::receive(order, *return_id, lines)?;
            returns::find(order, *return_id)?.condition = Some(*condition);
            Ok(())
        }
        Event::ReturnRejected { return_id, reason } => returns::reject(order, *return_id, reason),
    }
}

const fn require(holds: bool, why: &'static str) -> Step {
    if holds { Ok(()) } else { Err(why) }
}

fn is_live(order: &Order) -> bool {
    matches!(order.placement, Placement::Pending { .. } | Placement::Held { .. } | Placement::Confirmed)
}

fn may_be_captured_for(order: &Order) -> bool {
    order.placement == Placement::Confirmed || order.placement == Placement::Completed && order.terms == Terms::Invoice
}

fn may_be_paid(order: &Order) -> bool {
    may_be_captured_for(order) || matches!(order.placement, Placement::Pending { .. })
}

fn was_confirmed(order: &Order) -> bool {
    matches!(order.placement, Placement::Confirmed | Placement::Completed | Placement::Held { resume: Stage::Confirmed, .. })
}

fn in_pending_stage(order: &Order) -> bool {
    matches!(order.placement, Placement::Pending { .. } | Placement::Held { resume: Stage::Pending, .. })
}

fn hold(order: &mut Order, reason: HoldReason, resume: Stage, until: Option<Timestamp>) -> Step {
    let stage = match order.placement {
        Placement::Pending { .. } => Stage::Pending,
        Placement::Confirmed => Stage::Confirmed,
        Placement::Held { .. } | Placement::Completed | Placement::Cancelled { .. } | Placement::Rejected { .. } => {
            return Err("it is neither pending nor confirmed");
        }
    };
    require(stage == resume, "it would go on elsewhere")?;
    order.placement = Placement::Held { reason, resume, until };
    Ok(())
}

fn resume(order: &mut Order, to: Stage, pay_by: Option<Timestamp>) -> Step {
    let Placement::Held { resume, .. } = order.placement else { return Err("it is not on hold") };
    require(resume == to, "it would go on elsewhere")?;
    order.placement = match (to, pay_by) {
        (Stage::Pending, Some(pay_by)) => Placement::Pending { pay_by },
        (Stage::Pending, None) => return Err("a pending order has a time to pay by"),
        (Stage::Confirmed, _) => Placement::Confirmed,
    };
    Ok(())
}

fn edit(order: &mut Order, edited: &Edited) -> Step {
    require(is_live(order), "it has ended")?;
    let (rows, total) = amounts::reprice(order, edited).map_err(|_| "its amounts do not add up")?;
    require(total == edited.total.minor(), "its lines do not sum to its total")?;
    for change in &edited.changed {
        let line = order.line_mut(change.line_id).ok_or("it has no such line")?;
        if let Some(price) = change.unit_price {
            line.unit_price = price;
        }
        if let Some(adjustments) = &change.adjustments {
            line.adjustments.clone_from(adjustments);
        }
    }
    let old = order.lines.len();
    for (index, item) in edited.added.iter().enumerate() {
        require(u32::try_from(old + index + 1) == Ok(item.line_id.0), "its lines are not numbered on")?;
        order.lines.push(new_line(item, Vec::new()));
    }
    for (line, row) in order.lines.iter_mut().zip(rows) {
        line.ordered = row.ordered;
        line.parts = row.parts;
    }
    if let Some(adjustments) = &edited.adjustments {
        order.adjustments.clone_from(adjustments);
    }
    order.personal_ref = edited.personal_ref.or(order.personal_ref);
    Ok(())
}

fn pack(order: &mut Order, lines: &[LineQty]) -> Step {
    require(!lines.is_empty(), "a shipment has units")?;
    for LineQty { line_id, qty } in lines {
        let line = order.line_mut(*line_id).ok_or("it has no such line")?;
        require(qty.get() <= line.open(), "more units than are open")?;
        line.packed += qty.get();
    }
    Ok(())
}

/// Where an event takes a shipment; `None` if it cannot.
fn moved(state: &ShipmentState, at: Timestamp, event: &Event) -> Option<ShipmentState> {
    match (state, event) {
        (ShipmentState::Packed, Event::ShipmentCancelled { .. }) => Some(ShipmentState::Cancelled),
        (ShipmentState::Packed, Event::ShipmentDispatched { carrier, tracking, .. }) => {
            Some(ShipmentState::Dispatched(Carriage { carrier: carrier.clone(), tracking: tracking.clone(), at }))
        }
        (ShipmentState::Dispatched(carriage), Event::ShipmentDelivered { .. }) => {
            Some(ShipmentState::Delivered { carriage: carriage.clone(), at })
        }
        (ShipmentState::Dispatched(carriage), Event::ShipmentLost { .. }) => Some(ShipmentState::Lost { carriage: carriage.clone(), at }),
        _ => None,
    }
}

fn shipment(order: &mut Order, at: Timestamp, event: &Event, id: ShipmentId) -> Step {
    let held_back = matches!(event, Event::ShipmentDispatched { .. });
    require(order.placement == Placement::Confirmed || matches!(order.placement, Placement::Held { .. }) && !held_back, "no goods move")?;
    let parcel = order.shipment_mut(id).ok_or("it has no such shipment")?;
    parcel.state = moved(&parcel.state, at, event).ok_or("the shipment is past that")?;
    let lines = parcel.lines.clone();
    let lost = matches!(parcel.state, ShipmentState::Lost { .. });
    if lost {
        let part = order.value_returned(lines.iter().map(|l| (l.line_id, l.qty)));
        order.credit(part);
    }
    for moved in &lines {
        let line = order.line_mut(moved.line_id).ok_or("it has no such line")?;
        match event {
            Event::ShipmentCancelled { .. } => line.packed -= moved.qty,
            Event::ShipmentDispatched { .. } => {
                line.packed -= moved.qty;
                line.dispatched += moved.qty;
            }
            Event::ShipmentDelivered { .. } => line.delivered += moved.qty,
            _ => {
                require(moved.going_back == 0, "its units are being returned")?;
                line.returned += moved.qty;
            }
        }
    }
    Ok(())
}

fn payment(order: &mut Order, at: Timestamp, fact: &PaymentFact) -> Step {
    let ended = !is_live(order) && order.placement != Placement::Completed;
    let reversing = match fact {
        PaymentFact::Started { .. } => {
            require(may_be_paid(order), "it takes no payment")?;
            false
        }
        PaymentFact::CaptureStarted { .. } => {
            require(may_be_captured_for(order), "nothing is captured for it")?;
            false
        }
        PaymentFact::RefundGranted { replaces: Some(replaced), .. } => {
            require(order.tenders.refund(*replaced).is_some(), "it has no such refund")?;
            false
        }
        // more than is due, or for an order that has ended: nothing is owed for it
        PaymentFact::Authorized { amount, .. } => amount.minor() > order.due() || ended,
        _ => false,
    };
    order.tenders.step(at, fact, reversing)
}

impl Order {
    /// What so many more returned units cost.
    pub(super) fn value_returned(&self, units: impl Iterator<Item = (LineId, u32)>) -> i64 {
        // a line may come in several parts
        let mut by_line = std::collections::BTreeMap::new();
        for (line_id, qty) in units {
            let units: &mut u32 = by_line.entry(line_id).or_default();
            *units = units.saturating_add(qty);
        }
        by_line.into_iter().filter_map(|(id, qty)| self.line(id).map(|l| l.cum(l.returned.saturating_add(qty)) - l.cum(l.returned))).sum()
    }

    /// How much of returned goods is not owed because it was never paid.
    pub(super) fn creditable(&self, part: i64) -> i64 {
        part.min((self.dispatched_value() - self.credited - self.kept()).max(0))
    }

    fn credit(&mut self, part: i64) {
        self.credited += self.creditable(part);
    }

    /// Marks the authorizations that nothing is owed for, so that they count no more.
    fn mark_reversals(&mut self) {
        let over = match self.placement {
            Placement::Cancelled { .. } | Placement::Rejected { .. } => true,
            Placement::Confirmed | Placement::Completed => {
                self.open_units() == 0 && self.packed_units() == 0 && !self.capture_open() && self.kept() >= self.owed()
            }
            Placement::Pending { .. } | Placement::Held { .. } => false,
        };
        if over {
            self.tenders.reverse_all();
        }
    }

    /// Whether a line of the order is stocked and still waits for stock.
    pub(super) fn open_of_kind(&self, kind: ItemKind) -> bool {
        self.lines.iter().any(|line| line.kind == kind && line.open() > 0)
    }
}
