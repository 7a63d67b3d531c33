//! Which stock moves an order's decision makes: the difference between what it needs and what is held for it.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use uuid::Uuid;

use crate::engine::{Config, Error};
use crate::goods::ItemKind;
use crate::id::{HoldId, LocationId, MerchantId, MoveId, OrderId, Sku};
use crate::order::{Event, HoldReason, Order, Placement, Stage};
use crate::quantity::Quantity;
use crate::stock::{AccountKey, Hold, Move, Owner, Placed};
use crate::time::Timestamp;

/// What the engine knows of an order's stock while it decides.
pub(super) struct Stocking<'a> {
    pub(super) config: &'a Config,
    pub(super) merchant: &'a MerchantId,
    pub(super) order: OrderId,
    /// The holds as they are known, ended ones left out.
    pub(super) holds: &'a [Hold],
    /// Where units may come from.
    pub(super) candidates: &'a [LocationId],
    /// Whether a reclaimed hold is left to be held anew at confirmation.
    pub(super) leave_lost: bool,
    pub(super) now: Timestamp,
    pub(super) fresh: &'a (dyn Fn() -> Uuid + Sync),
}

impl Stocking<'_> {
    /// The moves that belong into the commit of these events.
    ///
    /// # Errors
    /// [`Error::HoldGone`] if units leave that are not held where they were packed.
    pub(super) fn moves(&self, before: Option<&Order>, after: &Order, events: &[Event]) -> Result<Vec<Move>, Error> {
        let mut moves = self.returned(after, events);
        let need_before = before.map(Order::stock_need).unwrap_or_default();
        let need_after = after.stock_need();
        let by_sku = BySku::of(self.holds);
        let lost = need_before.iter().any(|(sku, need)| by_sku.left(self.holds, sku) < *need);
        let confirms = events.contains(&Event::OrderConfirmed);
        if lost && !confirms && pending_stage(after) && (self.leave_lost || !events.iter().any(starts_payment)) {
            return Ok(moves);
        }
        let mut holds = Cow::Borrowed(self.holds);
        moves.extend(self.fulfill(after, events, &by_sku, &mut holds)?);
        let skus: BTreeSet<&Sku> = need_before.keys().chain(need_after.keys()).collect();
        let confirmed = !pending_stage(after);
        for sku in skus {
            let need = need_after.get(sku).copied().unwrap_or(0);
            let held = by_sku.left(&holds, sku);
            if need > held {
                moves.extend(self.hold(sku, need - held, after, confirmed));
            } else if held > need {
                moves.extend(self.release(sku, held - need, after, &by_sku.pick(&holds, sku)));
            }
        }
        if confirms {
            moves.extend(self.holds.iter().filter(|h| !h.is_gone() && !h.confirmed).map(|h| Move::Confirm { hold: h.id }));
        } else if let Some(until) = extended(events, after) {
            moves.extend(self.holds.iter().filter(|h| !h.is_gone() && !h.confirmed).map(|h| Move::Extend { hold: h.id, until }));
        }
        Ok(moves)
    }

    fn move_id(&self) -> MoveId {
        MoveId::new((self.fresh)())
    }

    fn hold(&self, sku: &Sku, units: u64, after: &Order, confirmed: bool) -> Vec<Move> {
        let expires_at = match after.placement {
            Placement::Pending { pay_by } => pay_by,
            Placement::Held { until, .. } => until.unwrap_or(Timestamp::MAX),
            _ => self.now.plus_secs(self.config.policy.pay_by_s),
        };
        let mut moves = Vec::new();
        let mut left = units;
        while left > 0 {
            let units = left.min(u64::from(Quantity::MAX.get()));
            let Some(qty) = u32::try_from(units).ok().and_then(Quantity::some) else { break };
            left -= units;
            let id = HoldId::new((self.fresh)());
            moves.push(Move::Hold {
                id,
                merchant: self.merchant.clone(),
                owner: Owner::Order(self.order),
                sku: sku.clone(),
                qty,
                candidates: self.candidates.to_vec(),
                split: self.config.split,
                expires_at,
            });
            if confirmed {
                moves.push(Move::Confirm { hold: id });
            }
        }
        moves
    }

    /// Gives free units back, the newest hold and its last placement first; what is packed stays held where it is.
    fn release(&self, sku: &Sku, units: u64, after: &Order, holds: &[&Hold]) -> Vec<Move> {
        let mut free: BTreeMap<&LocationId, u64> = BTreeMap::new();
        for place in holds.iter().flat_map(|h| &h.placements) {
            *free.entry(&place.location).or_default() += u64::from(place.remaining);
        }
        for (location, units) in &mut free {
            *units = units.saturating_sub(after.packed_at(sku, location));
        }
        let mut left = units;
        let mut moves = Vec::new();
        for hold in holds.iter().rev() {
            for place in hold.placements.iter().rev() {
                let here = free.entry(&place.location).or_default();
                let taken = left.min(*here).min(place.remaining.into());
                left -= taken;
                *here -= taken;
                if let Some(qty) = u32::try_from(taken).ok().and_then(Quantity::some) {
                    moves.push(Move::Release { id: self.move_id(), hold: hold.id, location: Some(place.location.clone()), qty });
                }
            }
        }
        moves
    }

    /// The units that leave the building, taken from the holds.
    fn fulfill(&self, after: &Order, events: &[Event], by_sku: &BySku<'_>, holds: &mut Cow<'_, [Hold]>) -> Result<Vec<Move>, Error> {
        let mut moves = Vec::new();
        for event in events {
            let Event::ShipmentDispatched { shipment_id, .. } = event else { continue };
            let Some(shipment) = after.shipment(*shipment_id) else { continue };
            let location = shipment.location.clone().unwrap_or_default();
            let holds = holds.to_mut();
            for unit in &shipment.lines {
                let Some(line) = after.line(unit.line_id).filter(|line| line.kind == ItemKind::Stocked) else { continue };
                let mut left = unit.qty;
                for &at in by_sku.places(&line.sku) {
                    let hold = &mut holds[at];
                    for place in hold.placements.iter_mut().filter(|p| p.location == location) {
                        let taken = left.min(place.remaining);
                        if let Some(qty) = Quantity::some(taken) {
                            place.remaining -= taken;
                            left -= taken;
                            moves.push(Move::Fulfill { id: self.move_id(), hold: hold.id, location: location.clone(), qty });
                        }
                    }
                }
                if left > 0 {
                    return Err(Error::HoldGone);
                }
            }
        }
        Ok(moves)
    }

    fn returned(&self, after: &Order, events: &[Event]) -> Vec<Move> {
        let mut moves = Vec::new();
        for event in events {
            let Event::ReturnReceived { lines, location: Some(location), .. } = event else { continue };
            for unit in lines {
                if let Some(line) = after.line(unit.line_id).filter(|line| line.kind == ItemKind::Stocked) {
                    let account = AccountKey { merchant: self.merchant.clone(), sku: line.sku.clone(), location: location.clone() };
                    moves.push(Move::Receive { id: self.move_id(), account, qty: unit.qty });
                }
            }
        }
        moves
    }
}

/// Where the holds of each SKU stand in a list of holds.
pub(super) struct BySku<'a>(HashMap<&'a Sku, Vec<usize>>);

impl<'a> BySku<'a> {
    pub(super) fn of(holds: &'a [Hold]) -> Self {
        let mut places: HashMap<&Sku, Vec<usize>> = HashMap::with_capacity(holds.len());
        for (at, hold) in holds.iter().enumerate() {
            places.entry(&hold.sku).or_default().push(at);
        }
        Self(places)
    }

    fn places(&self, sku: &Sku) -> &[usize] {
        self.0.get(sku).map_or(&[], Vec::as_slice)
    }

    fn pick<'h>(&self, holds: &'h [Hold], sku: &Sku) -> Vec<&'h Hold> {
        self.places(sku).iter().map(|&at| &holds[at]).collect()
    }

    /// Units of a SKU that remain of the holds of that list, or of one that was changed since.
    pub(super) fn left(&self, holds: &[Hold], sku: &Sku) -> u64 {
        self.places(sku).iter().map(|&at| u64::from(holds[at].remaining())).sum()
    }
}

const fn starts_payment(event: &Event) -> bool {
    matches!(event, Event::Payment(crate::fact::PaymentFact::Started { .. }))
}

const fn pending_stage(order: &Order) -> bool {
    matches!(order.placement, Placement::Pending { .. } | Placement::Held { resume: Stage::Pending, .. })
}

/// Until when unconfirmed holds are to be kept after these events, if that changes.
fn extended(events: &[Event], after: &Order) -> Option<Timestamp> {
    if !pending_stage(after) {
        return None;
    }
    events.iter().rev().find_map(|event| match event {
        Event::OrderHeld { until, reason, .. } => match reason {
            HoldReason::Review => *until,
            HoldReason::Operator | HoldReason::Payment => Some(Timestamp::MAX),
        },
        Event::OrderResumed { pay_by, .. } => *pay_by,
        event if starts_payment(event) => match after.placement {
            Placement::Pending { pay_by } => Some(pay_by),
            _ => None,
        },
        _ => None,
    })
}

/// The holds as they are after moves that were committed.
pub(super) fn after_moves(mut holds: Vec<Hold>, moves: &[Move], placed: &[Placed]) -> Vec<Hold> {
    let placed: HashMap<HoldId, &Placed> = placed.iter().map(|one| (one.hold, one)).collect();
    let mut places: HashMap<HoldId, usize> = holds.iter().enumerate().map(|(at, hold)| (hold.id, at)).collect();
    for one in moves {
        if let Move::Hold { id, merchant, owner, sku, expires_at, .. } = one {
            let placements = placed.get(id).map(|one| one.placements.clone()).unwrap_or_default();
            let (merchant, sku) = (merchant.clone(), sku.clone());
            places.insert(*id, holds.len());
            holds.push(Hold { id: *id, merchant, owner: *owner, sku, placements, confirmed: false, expires_at: *expires_at });
        }
        let mut edit = |id: &HoldId, change: &dyn Fn(&mut Hold)| {
            if let Some(&at) = places.get(id) {
                change(&mut holds[at]);
            }
        };
        match one {
            Move::Confirm { hold } => edit(hold, &|h| h.confirmed = true),
            Move::Extend { hold, until } => edit(hold, &|h| h.expires_at = *until),
            Move::Fulfill { hold, location, qty, .. } => edit(hold, &|h| take(h, Some(location), qty.get())),
            Move::Release { hold, location, qty, .. } => edit(hold, &|h| take(h, location.as_ref(), qty.get())),
            Move::Hold { .. }
            | Move::Receive { .. }
            | Move::Adjust { .. }
            | Move::Relocate { .. }
            | Move::Expire { .. }
            | Move::Configure { .. } => {}
        }
    }
    holds.retain(|hold| !hold.is_gone());
    holds
}

/// Takes units from one location, or from the last placement first.
fn take(hold: &mut Hold, location: Option<&LocationId>, units: u32) {
    let mut left = units;
    for place in hold.placements.iter_mut().rev().filter(|p| location.is_none_or(|l| p.location == *l)) {
        let taken = left.min(place.remaining);
        place.remaining -= taken;
        left -= taken;
    }
}
