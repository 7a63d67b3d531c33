//! The tables of the stock ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use uuid::Uuid;

use super::State;
use crate::id::{HoldId, LocationId, MerchantId, MoveId, Sku};
use crate::ports::{FeedEntry, Position, Shard};
use crate::stock::{Account, AccountKey, Changes, Expiry, Hold, LedgerSource, Movement, Owner};
use crate::time::Timestamp;

/// Accounts and holds, and where their movements stand in the feed.
#[derive(Debug, Default)]
pub(super) struct Books {
    pub(super) accounts: BTreeMap<(MerchantId, Sku), BTreeMap<LocationId, Account>>,
    pub(super) holds: BTreeMap<(MerchantId, HoldId), Hold>,
    // the unconfirmed ones with something left
    open: BTreeSet<(Timestamp, HoldId, MerchantId)>,
    by_owner: BTreeSet<(MerchantId, Owner, HoldId)>,
    by_move: BTreeMap<MoveId, BTreeMap<MerchantId, Vec<(Shard, Position)>>>,
    by_sku: BTreeMap<(MerchantId, Sku), Vec<(Shard, Position)>>,
    by_hold: BTreeMap<(MerchantId, HoldId), Vec<(Shard, Position)>>,
}

impl Books {
    pub(super) fn write(&mut self, changes: Changes) {
        for (key, account) in changes.accounts {
            self.accounts.entry((key.merchant, key.sku)).or_default().insert(key.location, account);
        }
        for hold in changes.holds {
            self.put_hold(hold);
        }
    }

    fn put_hold(&mut self, hold: Hold) {
        let key = (hold.merchant.clone(), hold.id);
        if let Some(before) = self.holds.get(&key) {
            self.open.remove(&(before.expires_at, before.id, before.merchant.clone()));
        }
        if !hold.confirmed && !hold.is_gone() {
            self.open.insert((hold.expires_at, hold.id, hold.merchant.clone()));
        }
        self.by_owner.insert((hold.merchant.clone(), hold.owner, hold.id));
        self.holds.insert(key, hold);
    }

    pub(super) fn moved(&mut self, movement: &Movement, shard: Shard, position: Position) {
        let AccountKey { merchant, sku, .. } = movement.account.clone();
        if let Some(hold) = movement.hold {
            self.by_hold.entry((merchant.clone(), hold)).or_default().push((shard, position));
        }
        self.by_move.entry(movement.id).or_default().entry(merchant.clone()).or_default().push((shard, position));
        self.by_sku.entry((merchant, sku)).or_default().push((shard, position));
    }

    /// The accounts of a merchant, by SKU and location.
    pub(super) fn accounts_of(&self, merchant: &MerchantId) -> impl Iterator<Item = (AccountKey, Account)> {
        self.all_accounts().filter(move |(key, _)| key.merchant == *merchant)
    }

    pub(super) fn all_accounts(&self) -> impl Iterator<Item = (AccountKey, Account)> {
        self.accounts.iter().flat_map(|((merchant, sku), places)| {
            places.iter().map(|(location, account)| {
                let key = AccountKey { merchant: merchant.clone(), sku: sku.clone(), location: location.clone() };
                (key, *account)
            })
        })
    }

    pub(super) fn holds_of(&self, merchant: &MerchantId, owner: Owner) -> Vec<Hold> {
        let from = (merchant.clone(), owner, HoldId::new(Uuid::nil()));
        let own = self.by_owner.range(from..).take_while(|(whose, of, _)| whose == merchant && *of == owner);
        own.filter_map(|(whose, _, id)| self.holds.get(&(whose.clone(), *id)).cloned()).collect()
    }

    /// Unconfirmed holds with something left that expired before `now`, the longest expired first.
    pub(super) fn expired(&self, now: Timestamp) -> impl Iterator<Item = &Hold> {
        let before = self.open.iter().take_while(move |(expires_at, _, _)| *expires_at < now);
        before.filter_map(|(_, id, merchant)| self.holds.get(&(merchant.clone(), *id)))
    }

    /// Where the movements of a SKU stand in the feed, in the order in which they were committed.
    pub(super) fn movements_of(&self, merchant: &MerchantId, sku: &Sku) -> &[(Shard, Position)] {
        self.by_sku.get(&(merchant.clone(), sku.clone())).map_or(&[], Vec::as_slice)
    }

    /// Where the movements of a hold stand in the feed, in the order in which they were committed.
    pub(super) fn movements_of_hold(&self, merchant: &MerchantId, hold: HoldId) -> &[(Shard, Position)] {
        self.by_hold.get(&(merchant.clone(), hold)).map_or(&[], Vec::as_slice)
    }

    /// Where the first movement of a hold stands.
    pub(super) fn placed(&self, merchant: &MerchantId, hold: HoldId) -> Option<(Shard, Position)> {
        self.movements_of_hold(merchant, hold).first().copied()
    }

    /// Where the last movement of a move stands, of whichever merchant.
    pub(super) fn last_of_move(&self, id: MoveId) -> Option<(Shard, Position)> {
        self.by_move.get(&id)?.values().next()?.last().copied()
    }
}

impl State {
    fn movement(&self, (shard, position): (Shard, Position)) -> Option<Movement> {
        match &self.log.item(shard, position)?.entry {
            FeedEntry::Movement { movement, .. } => Some(movement.clone()),
            FeedEntry::Event(_) => None,
        }
    }

    /// The movements of a hold, in the order in which they were committed.
    pub(super) fn movements_of_hold(&self, merchant: &MerchantId, hold: HoldId) -> impl Iterator<Item = Movement> {
        self.books.movements_of_hold(merchant, hold).iter().filter_map(|place| self.movement(*place))
    }
}

impl LedgerSource for &State {
    type Error = Infallible;

    fn account(&mut self, key: &AccountKey) -> Result<Option<Account>, Infallible> {
        let places = self.books.accounts.get(&(key.merchant.clone(), key.sku.clone()));
        Ok(places.and_then(|places| places.get(&key.location)).copied())
    }

    fn hold(&mut self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, Infallible> {
        Ok(self.books.holds.get(&(merchant.clone(), id)).cloned())
    }

    fn expired(&mut self, key: &AccountKey, now: Timestamp, after: Option<Expiry>, limit: u32) -> Result<Vec<Expiry>, Infallible> {
        let here = |hold: &&Hold| hold.merchant == key.merchant && hold.sku == key.sku && hold.remaining_at(&key.location) > 0;
        let rows = self.books.expired(now).filter(here).map(|hold| (hold.expires_at, hold.id));
        Ok(rows.filter(|row| Some(*row) > after).take(limit as usize).collect())
    }

    fn applied(&mut self, merchant: &MerchantId, id: MoveId) -> Result<Vec<Movement>, Infallible> {
        let places = self.books.by_move.get(&id).and_then(|whose| whose.get(merchant)).into_iter().flatten();
        Ok(places.filter_map(|place| self.movement(*place)).collect())
    }
}
