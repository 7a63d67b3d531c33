//! The accounts and holds that a batch judges by, read from their tables at most once, and written back once.

use std::cell::RefCell;

use commerce_core::id::{HoldId, MerchantId, MoveId, Sku};
use commerce_core::stock::{Account, AccountKey, Changes, Expiry, Hold, LedgerSource, Movement, MovementKind};
use commerce_core::time::Timestamp;
use foldhash::{HashMap, HashMapExt};

use crate::error::{Result, SqlError};
use crate::recent::{Recent, known_or};
use crate::statements::Statements;
use crate::table::accounts::{self, AccountRow};
use crate::table::holds;
use crate::table::movements::{self, Recorded};

/// What the ledger of one batch reads, inside the transaction of the batch.
#[derive(Clone, Copy)]
pub(crate) struct Shelf<'a, 'conn> {
    conn: &'a Statements<'conn>,
    recent: &'a RefCell<Recent>,
}

impl<'a, 'conn> Shelf<'a, 'conn> {
    pub(crate) const fn new(conn: &'a Statements<'conn>, recent: &'a RefCell<Recent>) -> Self {
        Self { conn, recent }
    }

    /// The accounts of a SKU, by location.
    fn of_sku<T>(&self, key: (MerchantId, Sku), look: impl FnOnce(&mut Vec<AccountRow>) -> T) -> Result<T> {
        let mut recent = self.recent.borrow_mut();
        if let Some(rows) = recent.skus.get_mut(&key) {
            return Ok(look(rows));
        }
        let mut rows = accounts::of_sku(self.conn, &key.0, &key.1)?;
        let found = look(&mut rows);
        recent.skus.put(key, rows);
        Ok(found)
    }

    /// Writes what the batch did to accounts and holds, and its movements.
    pub(crate) fn write(self, changes: Changes, recorded: &[Recorded]) -> Result<()> {
        let before = self.movements_before(recorded)?;
        let ids = self.write_accounts(changes.accounts, recorded)?;
        self.write_holds(changes.holds, recorded)?;
        for (recorded, prev) in recorded.iter().zip(before) {
            let id = ids.get(&recorded.movement.account).ok_or(UNCHANGED)?;
            movements::insert(self.conn, *id, prev, recorded)?;
        }
        Ok(())
    }

    /// Writes the accounts that changed, each with its newest movement; answers the ids of their rows.
    fn write_accounts(&self, changed: Vec<(AccountKey, Account)>, recorded: &[Recorded]) -> Result<HashMap<AccountKey, i64>> {
        let last: HashMap<&AccountKey, i64> = recorded.iter().map(|one| (&one.movement.account, one.seq())).collect();
        let mut ids = HashMap::with_capacity(changed.len());
        for (key, account) in changed {
            let last = last.get(&key).copied();
            let id = self.of_sku(sku_of(&key), |rows| match rows.iter_mut().find(|row| row.key == key) {
                Some(row) => accounts::update(self.conn, row, account, last).map(|()| row.id),
                None => accounts::insert(self.conn, &key, account, last).map(|row| {
                    let id = row.id;
                    rows.push(row);
                    id
                }),
            })??;
            ids.insert(key, id);
        }
        Ok(ids)
    }

    fn write_holds(&self, changed: Vec<Hold>, recorded: &[Recorded]) -> Result<()> {
        // a split hold was placed by several movements, the first of which stands
        let first: HashMap<HoldId, i64> = recorded.iter().rev().filter_map(placement).collect();
        let mut recent = self.recent.borrow_mut();
        for hold in changed {
            match first.get(&hold.id) {
                Some(first) => holds::insert(self.conn, &hold, *first)?,
                None => holds::update(self.conn, &hold)?,
            }
            recent.holds.put((hold.merchant.clone(), hold.id), hold);
        }
        Ok(())
    }

    /// The movement of the same SKU before each of these.
    fn movements_before(&self, recorded: &[Recorded]) -> Result<Vec<Option<i64>>> {
        let mut newest: HashMap<(MerchantId, Sku), Option<i64>> = HashMap::new();
        let before = recorded.iter().map(|one| {
            let sku = sku_of(&one.movement.account);
            let before = match newest.get(&sku) {
                Some(known) => *known,
                None => self.of_sku(sku.clone(), |rows| movements::newest_of(self.conn, rows.iter().filter_map(|row| row.last)))??,
            };
            newest.insert(sku, Some(one.seq()));
            Ok(before)
        });
        before.collect()
    }
}

const UNCHANGED: SqlError = SqlError::Misuse("a movement of an account that the ledger did not change");

fn sku_of(key: &AccountKey) -> (MerchantId, Sku) {
    (key.merchant.clone(), key.sku.clone())
}

/// The hold that a movement placed, and where the movement stands.
fn placement(recorded: &Recorded) -> Option<(HoldId, i64)> {
    let movement = &recorded.movement;
    movement.hold.filter(|_| movement.kind == MovementKind::Held).map(|hold| (hold, recorded.seq()))
}

impl LedgerSource for Shelf<'_, '_> {
    type Error = SqlError;

    fn account(&mut self, key: &AccountKey) -> Result<Option<Account>> {
        self.of_sku(sku_of(key), |rows| rows.iter().find(|row| row.key == *key).map(|row| row.account))
    }

    fn hold(&mut self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>> {
        known_or(&mut self.recent.borrow_mut().holds, (merchant.clone(), id), |_| holds::get(self.conn, merchant, id))
    }

    fn expired(&mut self, key: &AccountKey, now: Timestamp, after: Option<Expiry>, limit: u32) -> Result<Vec<Expiry>> {
        holds::expired_on(self.conn, key, now, after, limit)
    }

    fn applied(&mut self, merchant: &MerchantId, id: MoveId) -> Result<Vec<Movement>> {
        movements::of_move(self.conn, merchant, id)
    }
}
