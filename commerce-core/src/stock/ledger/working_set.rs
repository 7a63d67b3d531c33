//! What a ledger has loaded and changed, and how to take it back.

use foldhash::{HashMap, HashMapExt, HashSet};

use super::{Changes, Expiry, LedgerSource};
use crate::id::{HoldId, MerchantId, MoveId};
use crate::stock::{Account, AccountKey, Hold, Movement};
use crate::time::Timestamp;

const EXPIRED_PAGE_ROWS: u32 = 64;

type HoldKey = (MerchantId, HoldId);
type MoveKey = (MerchantId, MoveId);

#[derive(Clone, Debug)]
struct Slot<T> {
    value: Option<T>,
    changed: bool,
}

/// The expired holds of one account, as the source has them.
#[derive(Debug, Default)]
struct ExpiredRows {
    rows: Vec<Expiry>,
    // the rows before this index are holds that the ledger changed
    skip: usize,
    complete_for: Option<Timestamp>,
}

#[derive(Debug)]
enum Undo {
    Account(AccountKey, Slot<Account>),
    Hold(HoldKey, Slot<Hold>),
    Move(MoveKey),
}

// the maps are gone with their batch, and how they hash is drawn anew in each process: what callers name cannot be picked beforehand to
// collide
#[derive(Debug)]
pub(super) struct WorkingSet<S> {
    source: S,
    accounts: HashMap<AccountKey, Slot<Account>>,
    holds: HashMap<HoldKey, Slot<Hold>>,
    moves: HashMap<MoveKey, Vec<Movement>>,
    expired: HashMap<AccountKey, ExpiredRows>,
    undo: Vec<Undo>,
}

impl<S> WorkingSet<S> {
    pub(super) fn new(source: S) -> Self {
        Self { source, accounts: HashMap::new(), holds: HashMap::new(), moves: HashMap::new(), expired: HashMap::new(), undo: Vec::new() }
    }

    pub(super) fn undo_len(&self) -> usize {
        self.undo.len()
    }

    pub(super) fn rollback(&mut self, to: usize) {
        if self.undo.len() > to {
            self.expired.values_mut().for_each(|rows| rows.skip = 0);
        }
        while self.undo.len() > to {
            match self.undo.pop() {
                Some(Undo::Account(key, slot)) => drop(self.accounts.insert(key, slot)),
                Some(Undo::Hold(key, slot)) => drop(self.holds.insert(key, slot)),
                Some(Undo::Move(key)) => drop(self.moves.remove(&key)),
                None => {}
            }
        }
    }

    pub(super) fn into_changes(self) -> Changes {
        let mut accounts: Vec<_> = self
            .accounts
            .into_iter()
            .filter(|(_, slot)| slot.changed)
            .filter_map(|(key, slot)| slot.value.map(|account| (key, account)))
            .collect();
        accounts.sort_by(|(a, _), (b, _)| a.cmp(b));
        let mut holds: Vec<_> = self.holds.into_values().filter(|slot| slot.changed).filter_map(|slot| slot.value).collect();
        holds.sort_by(|a, b| (&a.merchant, a.id).cmp(&(&b.merchant, b.id)));
        Changes { accounts, holds }
    }

    /// Records what a move did, so that a repetition in the same batch is known.
    pub(super) fn put_move(&mut self, merchant: &MerchantId, id: MoveId, movements: Vec<Movement>) {
        let key = (merchant.clone(), id);
        self.undo.push(Undo::Move(key.clone()));
        self.moves.insert(key, movements);
    }
}

impl<S: LedgerSource> WorkingSet<S> {
    /// An account; one that nobody made yet has nothing.
    pub(super) fn account(&mut self, key: &AccountKey) -> Result<Account, S::Error> {
        if let Some(slot) = self.accounts.get(key) {
            return Ok(slot.value.unwrap_or_default());
        }
        let value = self.source.account(key)?;
        self.accounts.insert(key.clone(), Slot { value, changed: false });
        Ok(value.unwrap_or_default())
    }

    /// Writes an account that was loaded before.
    pub(super) fn put_account(&mut self, key: &AccountKey, account: Account) {
        let slot = self.accounts.get_mut(key).expect("it was loaded");
        let before = std::mem::replace(slot, Slot { value: Some(account), changed: true });
        self.undo.push(Undo::Account(key.clone(), before));
    }

    pub(super) fn hold(&mut self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, S::Error> {
        let key = (merchant.clone(), id);
        if let Some(slot) = self.holds.get(&key) {
            return Ok(slot.value.clone());
        }
        let value = self.source.hold(merchant, id)?;
        self.holds.insert(key, Slot { value: value.clone(), changed: false });
        Ok(value)
    }

    /// Writes a hold that was loaded before or is new.
    pub(super) fn put_hold(&mut self, hold: Hold) {
        let key = (hold.merchant.clone(), hold.id);
        let before = self.holds.insert(key.clone(), Slot { value: Some(hold), changed: true });
        self.undo.push(Undo::Hold(key, before.unwrap_or(Slot { value: None, changed: false })));
    }

    pub(super) fn applied(&mut self, merchant: &MerchantId, id: MoveId) -> Result<Vec<Movement>, S::Error> {
        match self.moves.get(&(merchant.clone(), id)) {
            Some(movements) => Ok(movements.clone()),
            None => self.source.applied(merchant, id),
        }
    }

    /// The longest expired hold with units on one of these accounts that may be reclaimed and is not among `kept`.
    pub(super) fn next_expired(
        &mut self,
        accounts: &[AccountKey],
        now: Timestamp,
        kept: &HashSet<HoldId>,
    ) -> Result<Option<HoldId>, S::Error> {
        let mut first: Option<Expiry> = None;
        for key in accounts {
            let found = [self.expired_here(key, now, kept), self.expired_in_source(key, now, kept)?];
            first = found.into_iter().flatten().chain(first).min();
        }
        Ok(first.map(|(_, id)| id))
    }

    fn expired_here(&self, key: &AccountKey, now: Timestamp, kept: &HashSet<HoldId>) -> Option<Expiry> {
        let changed = self.holds.values().filter(|slot| slot.changed).filter_map(|slot| slot.value.as_ref());
        changed
            .filter(|hold| hold.may_be_reclaimed(now) && hold.remaining_at(&key.location) > 0)
            .filter(|hold| hold.merchant == key.merchant && hold.sku == key.sku && !kept.contains(&hold.id))
            .map(|hold| (hold.expires_at, hold.id))
            .min()
    }

    fn expired_in_source(&mut self, key: &AccountKey, now: Timestamp, kept: &HashSet<HoldId>) -> Result<Option<Expiry>, S::Error> {
        let Self { source, holds, expired, .. } = self;
        let changed = |id: HoldId| holds.get(&(key.merchant.clone(), id)).is_some_and(|slot| slot.changed);
        let known = expired.entry(key.clone()).or_default();
        while known.rows.get(known.skip).is_some_and(|(_, id)| changed(*id)) {
            known.skip += 1;
        }
        let mut next = known.skip;
        loop {
            while let Some((expires_at, id)) = known.rows.get(next).copied() {
                if expires_at >= now {
                    return Ok(None);
                }
                if !kept.contains(&id) && !changed(id) {
                    return Ok(Some((expires_at, id)));
                }
                next += 1;
            }
            if known.complete_for >= Some(now) {
                return Ok(None);
            }
            let page = source.expired(key, now, known.rows.last().copied(), EXPIRED_PAGE_ROWS)?;
            if page.len() < EXPIRED_PAGE_ROWS as usize {
                known.complete_for = Some(now);
            }
            known.rows.extend(page);
        }
    }
}
