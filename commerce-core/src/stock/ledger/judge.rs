//! The judge of one change set.

use std::mem::{replace, take};

use foldhash::{HashSet, HashSetExt};

use super::spread::{spread, what_there_is};
use super::working_set::WorkingSet;
use super::{Applied, COUNTER_MAX_UNITS, LedgerSource, MoveError, MoveFault, Refusal};
use crate::id::{HoldId, LocationId, MerchantId, MoveId, Sku};
use crate::quantity::Quantity;
use crate::stock::{Account, AccountKey, Hold, Limits, Move, Movement, MovementKind, Owner, Placed, Placement, ShortItem, Split};
use crate::time::Timestamp;

type Judged<S, T = ()> = Result<T, Refusal<<S as LedgerSource>::Error>>;

/// Runs the moves of one set. A hold that is gone ends the run at once; where stock is short it goes on with what there is, so that
/// all that is short is named and a hold that is gone is found first.
pub(super) struct Judge<'a, S> {
    set: &'a mut WorkingSet<S>,
    merchant: &'a MerchantId,
    now: Timestamp,
    at: Timestamp,
    index: usize,
    // never reclaimed in favor of this set: what it places, or names in another move than an expiry
    kept: HashSet<HoldId>,
    short_holds: HashSet<HoldId>,
    demands: Vec<ShortItem>,
    done: Applied,
}

/// The parts of a hold that is asked for.
struct Demand<'a> {
    id: HoldId,
    owner: Owner,
    sku: &'a Sku,
    qty: Quantity,
    candidates: &'a [LocationId],
    split: Split,
    expires_at: Timestamp,
}

impl<'a, S: LedgerSource> Judge<'a, S> {
    pub(super) fn new(set: &'a mut WorkingSet<S>, merchant: &'a MerchantId, moves: &[Move], now: Timestamp, at: Timestamp) -> Self {
        let kept = moves.iter().filter_map(kept_hold).collect();
        let (short_holds, demands, done) = (HashSet::new(), Vec::new(), Applied::default());
        Self { set, merchant, now, at, index: 0, kept, short_holds, demands, done }
    }

    pub(super) fn run(mut self, moves: &[Move]) -> Judged<S, Applied> {
        for (index, one) in moves.iter().enumerate() {
            self.index = index;
            self.one(one)?;
        }
        let short: Vec<_> = self.demands.into_iter().filter(|item| item.available < item.requested).collect();
        if short.is_empty() { Ok(self.done) } else { Err(Refusal::Short(short)) }
    }

    fn one(&mut self, one: &Move) -> Judged<S> {
        match one {
            Move::Receive { id, account, qty } => self.receive(*id, account, units(*qty)),
            Move::Adjust { id, account, delta, reason } => self.adjust(*id, account, *delta, reason),
            Move::Configure { id, account, limits } => self.configure(*id, account, *limits),
            Move::Relocate { id, sku, from, to, qty, .. } => self.relocate(*id, &self.key(sku, from), &self.key(sku, to), units(*qty)),
            Move::Hold { id, owner, sku, qty, candidates, split, expires_at, .. } => {
                self.hold(&Demand { id: *id, owner: *owner, sku, qty: *qty, candidates, split: *split, expires_at: *expires_at })
            }
            Move::Extend { hold, until } => self.change_living(*hold, |hold| replace(&mut hold.expires_at, *until) != *until),
            Move::Confirm { hold } => self.change_living(*hold, |hold| !replace(&mut hold.confirmed, true)),
            Move::Fulfill { id, hold, location, qty } => self.fulfill(*id, *hold, location, qty.get()),
            Move::Release { id, hold, location, qty } => self.release(*id, *hold, location.as_ref(), qty.get()),
            Move::Expire { hold } => self.expire(*hold),
        }
    }

    fn receive(&mut self, id: MoveId, key: &AccountKey, qty: i64) -> Judged<S> {
        if self.repeated(id, |done| matches(done, MovementKind::Received, key, qty))? {
            return Ok(());
        }
        self.change(key, qty, 0)?;
        self.record(id, key, MovementKind::Received, (qty, 0), None);
        self.finish(id);
        Ok(())
    }

    fn adjust(&mut self, id: MoveId, key: &AccountKey, delta: i64, reason: &str) -> Judged<S> {
        let same = |done: &[Movement]| {
            matches(done, MovementKind::Adjusted, key, delta) && done.iter().all(|one| one.reason.as_deref().is_none_or(|r| r == reason))
        };
        if self.repeated(id, same)? {
            return Ok(());
        }
        let before = self.set.account(key)?;
        if before.on_hand.saturating_add(delta) < 0 {
            self.demand(&key.sku, delta.unsigned_abs(), before.on_hand);
            return Ok(());
        }
        let after = self.change(key, delta, 0)?;
        self.record(id, key, MovementKind::Adjusted, (delta, 0), None).reason = Some(reason.to_owned());
        self.note_shortfall(id, key, before, after);
        self.finish(id);
        Ok(())
    }

    fn configure(&mut self, id: MoveId, key: &AccountKey, limits: Limits) -> Judged<S> {
        let same = |done: &[Movement]| matches(done, MovementKind::Configured, key, 0) && done[0].limits == Some(limits);
        if self.repeated(id, same)? {
            return Ok(());
        }
        let before = self.set.account(key)?;
        let after = settled(Account { limits, ..before });
        self.set.put_account(key, after);
        self.record(id, key, MovementKind::Configured, (0, 0), None).limits = Some(limits);
        self.note_shortfall(id, key, before, after);
        self.finish(id);
        Ok(())
    }

    fn relocate(&mut self, id: MoveId, from: &AccountKey, to: &AccountKey, qty: i64) -> Judged<S> {
        let same = |done: &[Movement]| {
            done.len() == 2
                && matches(&done[..1], MovementKind::MovedOut, from, -qty)
                && matches(&done[1..], MovementKind::MovedIn, to, qty)
        };
        if self.repeated(id, same)? {
            return Ok(());
        }
        loop {
            let there = self.set.account(from)?;
            if there.on_hand >= qty && there.available() >= qty {
                break;
            }
            if there.on_hand < qty || !self.reclaim_next(std::slice::from_ref(from))? {
                self.demand(&from.sku, qty.unsigned_abs(), there.on_hand.min(there.available()));
                return Ok(());
            }
        }
        self.change(from, -qty, 0)?;
        self.change(to, qty, 0)?;
        self.record(id, from, MovementKind::MovedOut, (-qty, 0), None);
        self.record(id, to, MovementKind::MovedIn, (qty, 0), None);
        self.finish(id);
        Ok(())
    }

    fn hold(&mut self, demand: &Demand<'_>) -> Judged<S> {
        let id = move_of(demand.id);
        if self.short_holds.contains(&demand.id) || self.hold_repeated(demand)? {
            return Ok(());
        }
        let accounts = self.candidates(demand);
        let qty = units(demand.qty);
        let shares = loop {
            let mut free = Vec::with_capacity(accounts.len());
            for key in &accounts {
                free.push(self.set.account(key)?.available().max(0));
            }
            if let Some(shares) = spread(&free, qty, demand.split) {
                break shares;
            }
            if !self.reclaim_next(&accounts)? {
                self.short_holds.insert(demand.id);
                break what_there_is(&free, qty, demand.split);
            }
        };
        self.demand(demand.sku, qty.unsigned_abs(), shares.iter().sum());
        let mut placements = Vec::new();
        for (key, share) in accounts.iter().zip(shares).filter(|(_, share)| *share > 0) {
            self.change(key, 0, share)?;
            self.record(id, key, MovementKind::Held, (0, share), Some(demand.id));
            placements.push(Placement { location: key.location.clone(), remaining: narrow(share) });
        }
        self.finish(id);
        self.kept.insert(demand.id);
        self.done.placed.push(Placed { hold: demand.id, placements: placements.clone() });
        self.set.put_hold(Hold {
            id: demand.id,
            merchant: self.merchant.clone(),
            owner: demand.owner,
            sku: demand.sku.clone(),
            placements,
            confirmed: false,
            expires_at: demand.expires_at,
        });
        Ok(())
    }

    /// Whether this hold was placed before; then it is told where.
    fn hold_repeated(&mut self, demand: &Demand<'_>) -> Judged<S, bool> {
        let done = self.set.applied(self.merchant, move_of(demand.id))?;
        if done.is_empty() {
            return Ok(false);
        }
        let held: Vec<_> = done.iter().filter(|one| one.kind == MovementKind::Held).collect();
        let stored = self.set.hold(self.merchant, demand.id)?;
        let same = stored.is_some_and(|hold| hold.owner == demand.owner && hold.sku == *demand.sku);
        if !same || held.iter().map(|one| one.held_delta).sum::<i64>() != units(demand.qty) {
            return Err(self.misuse(MoveFault::Repeated(move_of(demand.id))));
        }
        let placement = |one: &&Movement| Placement { location: one.account.location.clone(), remaining: narrow(one.held_delta) };
        self.done.placed.push(Placed { hold: demand.id, placements: held.iter().map(placement).collect() });
        Ok(true)
    }

    fn candidates(&self, demand: &Demand<'_>) -> Vec<AccountKey> {
        if demand.candidates.is_empty() {
            return vec![self.key(demand.sku, &LocationId::default())];
        }
        let mut seen = HashSet::new();
        demand.candidates.iter().filter(|place| seen.insert(*place)).map(|place| self.key(demand.sku, place)).collect()
    }

    /// Changes a hold of which something is left; `change` tells whether it did.
    fn change_living(&mut self, id: HoldId, change: impl FnOnce(&mut Hold) -> bool) -> Judged<S> {
        if self.short_holds.contains(&id) {
            return Ok(());
        }
        let mut hold = self.living(id)?;
        if change(&mut hold) {
            self.set.put_hold(hold);
        }
        Ok(())
    }

    fn fulfill(&mut self, id: MoveId, hold_id: HoldId, location: &LocationId, qty: u32) -> Judged<S> {
        let units = i64::from(qty);
        let same = |done: &[Movement]| {
            done.len() == 1 && of_hold(done, MovementKind::Fulfilled, hold_id, units) && done[0].account.location == *location
        };
        if self.short_holds.contains(&hold_id) || self.repeated(id, same)? {
            return Ok(());
        }
        let mut hold = self.living(hold_id)?;
        if !hold.confirmed || hold.remaining_at(location) < qty {
            return Err(Refusal::Gone(hold_id));
        }
        let key = self.key(&hold.sku, location);
        let on_hand = self.set.account(&key)?.on_hand;
        let leaves = if on_hand >= units { units } else { 0 };
        if leaves == 0 {
            self.demand(&hold.sku, u64::from(qty), on_hand);
        }
        self.change(&key, -leaves, -units)?;
        self.record(id, &key, MovementKind::Fulfilled, (-leaves, -units), Some(hold_id));
        hold.placements.iter_mut().filter(|one| one.location == *location).for_each(|one| one.remaining -= qty);
        self.set.put_hold(hold);
        self.finish(id);
        Ok(())
    }

    fn release(&mut self, id: MoveId, hold_id: HoldId, location: Option<&LocationId>, qty: u32) -> Judged<S> {
        let same = |done: &[Movement]| {
            of_hold(done, MovementKind::Released, hold_id, i64::from(qty))
                && location.is_none_or(|place| done.iter().all(|one| one.account.location == *place))
        };
        if self.short_holds.contains(&hold_id) || self.repeated(id, same)? {
            return Ok(());
        }
        let mut hold = self.living(hold_id)?;
        if location.map_or_else(|| hold.remaining(), |place| hold.remaining_at(place)) < qty {
            return Err(Refusal::Gone(hold_id));
        }
        let mut rest = qty;
        for one in hold.placements.iter_mut().rev().filter(|one| location.is_none_or(|place| one.location == *place)) {
            let part = one.remaining.min(rest);
            if part > 0 {
                one.remaining -= part;
                rest -= part;
                let key = self.key(&hold.sku, &one.location);
                self.change(&key, 0, -i64::from(part))?;
                self.record(id, &key, MovementKind::Released, (0, -i64::from(part)), Some(hold_id));
            }
        }
        self.set.put_hold(hold);
        self.finish(id);
        Ok(())
    }

    fn expire(&mut self, id: HoldId) -> Judged<S> {
        match self.set.hold(self.merchant, id)? {
            Some(hold) if hold.may_be_reclaimed(self.now) => self.reclaim(hold),
            _ => Ok(()),
        }
    }

    /// Reclaims the longest expired hold on these accounts; `false` if there is none.
    fn reclaim_next(&mut self, accounts: &[AccountKey]) -> Judged<S, bool> {
        let Some(id) = self.set.next_expired(accounts, self.now, &self.kept)? else {
            return Ok(false);
        };
        match self.set.hold(self.merchant, id)? {
            Some(hold) => self.reclaim(hold).map(|()| true),
            None => Ok(false),
        }
    }

    fn reclaim(&mut self, mut hold: Hold) -> Judged<S> {
        for one in hold.placements.iter_mut().filter(|one| one.remaining > 0) {
            let key = self.key(&hold.sku, &one.location);
            let back = -i64::from(take(&mut one.remaining));
            self.change(&key, 0, back)?;
            self.record(move_of(hold.id), &key, MovementKind::Reclaimed, (0, back), Some(hold.id));
        }
        self.set.put_hold(hold);
        Ok(())
    }

    fn living(&mut self, id: HoldId) -> Judged<S, Hold> {
        match self.set.hold(self.merchant, id)? {
            Some(hold) if !hold.is_gone() => Ok(hold),
            _ => Err(Refusal::Gone(id)),
        }
    }

    /// Whether the move was applied before, with the same content.
    fn repeated(&mut self, id: MoveId, same: impl FnOnce(&[Movement]) -> bool) -> Judged<S, bool> {
        let mut done = self.set.applied(self.merchant, id)?;
        done.retain(|one| one.kind != MovementKind::StockShort);
        match done.is_empty() {
            true => Ok(false),
            false if same(&done) => Ok(true),
            false => Err(self.misuse(MoveFault::Repeated(id))),
        }
    }

    fn change(&mut self, key: &AccountKey, on_hand_delta: i64, held_delta: i64) -> Judged<S, Account> {
        let before = self.set.account(key)?;
        let on_hand = before.on_hand.saturating_add(on_hand_delta);
        if on_hand > COUNTER_MAX_UNITS {
            return Err(self.misuse(MoveFault::TooMany));
        }
        let after = settled(Account { on_hand, held: before.held + held_delta, ..before });
        self.set.put_account(key, after);
        Ok(after)
    }

    fn note_shortfall(&mut self, id: MoveId, key: &AccountKey, before: Account, after: Account) {
        if after.shortfall > before.shortfall {
            self.record(id, key, MovementKind::StockShort, (0, 0), None);
        }
    }

    fn record(&mut self, id: MoveId, key: &AccountKey, kind: MovementKind, deltas: (i64, i64), hold: Option<HoldId>) -> &mut Movement {
        let (on_hand_delta, held_delta) = deltas;
        let (account, at) = (key.clone(), self.at);
        self.done.movements.push(Movement { id, account, kind, on_hand_delta, held_delta, hold, limits: None, reason: None, at });
        self.done.movements.last_mut().expect("one was just pushed")
    }

    fn finish(&mut self, id: MoveId) {
        let movements = self.done.movements.iter().filter(|one| one.id == id).cloned().collect();
        self.set.put_move(self.merchant, id, movements);
    }

    fn demand(&mut self, sku: &Sku, requested: u64, available: i64) {
        let available = available.max(0).unsigned_abs();
        match self.demands.iter_mut().find(|item| item.sku == *sku) {
            Some(item) => {
                item.requested = item.requested.saturating_add(requested);
                item.available = item.available.saturating_add(available);
            }
            None => self.demands.push(ShortItem { sku: sku.clone(), requested, available }),
        }
    }

    fn key(&self, sku: &Sku, location: &LocationId) -> AccountKey {
        AccountKey { merchant: self.merchant.clone(), sku: sku.clone(), location: location.clone() }
    }

    fn misuse(&self, fault: MoveFault) -> Refusal<S::Error> {
        Refusal::Misuse(MoveError { index: self.index, fault })
    }
}

/// The account with its shortfall as it must be after every move.
fn settled(mut account: Account) -> Account {
    account.shortfall = (-account.available()).max(0);
    debug_assert!(account.on_hand >= 0, "on hand below zero: {account:?}");
    debug_assert!(account.held >= 0, "held below zero: {account:?}");
    debug_assert!(account.available() + account.shortfall >= 0, "more held than can be promised: {account:?}");
    account
}

fn kept_hold(one: &Move) -> Option<HoldId> {
    match one {
        Move::Extend { hold, .. } | Move::Confirm { hold } | Move::Fulfill { hold, .. } | Move::Release { hold, .. } => Some(*hold),
        _ => None,
    }
}

/// Whether these are the one movement of this kind, with this change of `on_hand`.
fn matches(done: &[Movement], kind: MovementKind, key: &AccountKey, on_hand_delta: i64) -> bool {
    done.len() == 1 && done[0].kind == kind && done[0].account == *key && done[0].on_hand_delta == on_hand_delta
}

/// Whether these are movements of this kind that take `qty` units from this hold.
fn of_hold(done: &[Movement], kind: MovementKind, hold: HoldId, qty: i64) -> bool {
    done.iter().all(|one| one.kind == kind && one.hold == Some(hold)) && done.iter().map(|one| one.held_delta).sum::<i64>() == -qty
}

/// A hold's movements carry its own id.
fn move_of(hold: HoldId) -> MoveId {
    MoveId::new(hold.uuid())
}

fn units(qty: Quantity) -> i64 {
    i64::from(qty.get())
}

fn narrow(share: i64) -> u32 {
    u32::try_from(share).expect("a share is at most a quantity")
}
