//! Stock accounts in a map: what a ledger judges by, without a store.

use std::collections::HashMap;
use std::convert::Infallible;

use commerce_core::id::{HoldId, LocationId, MerchantId, MoveId};
use commerce_core::ports::ChangeSet;
use commerce_core::stock::{Account, AccountKey, Changes, Expiry, Hold, Ledger, LedgerSource, Move, Movement};
use commerce_core::time::Timestamp;

/// Accounts that have ample stock, and no holds.
#[derive(Debug, Default)]
pub struct Shelves(HashMap<AccountKey, Account>);

impl Shelves {
    /// The accounts of all SKUs that these sets hold.
    pub fn of(sets: &[ChangeSet]) -> Self {
        let keys = sets.iter().flat_map(|set| &set.moves).filter_map(|one| match one {
            Move::Hold { merchant, sku, .. } => {
                Some(AccountKey { merchant: merchant.clone(), sku: sku.clone(), location: LocationId::default() })
            }
            _ => None,
        });
        Self(keys.map(|key| (key, Account { on_hand: 1_000_000_000, ..Account::default() })).collect())
    }

    /// Judges the moves of a batch of sets, as a store does.
    pub fn judge(&self, sets: &[ChangeSet]) -> Changes {
        let mut ledger = Ledger::new(self);
        for set in sets {
            ledger.apply(&set.partition.merchant, &set.moves, set.now, set.meta.at).expect("ample stock");
        }
        ledger.into_changes()
    }
}

impl LedgerSource for &Shelves {
    type Error = Infallible;

    fn account(&mut self, key: &AccountKey) -> Result<Option<Account>, Infallible> {
        Ok(self.0.get(key).copied())
    }

    fn hold(&mut self, _: &MerchantId, _: HoldId) -> Result<Option<Hold>, Infallible> {
        Ok(None)
    }

    fn expired(&mut self, _: &AccountKey, _: Timestamp, _: Option<Expiry>, _: u32) -> Result<Vec<Expiry>, Infallible> {
        Ok(Vec::new())
    }

    fn applied(&mut self, _: &MerchantId, _: MoveId) -> Result<Vec<Movement>, Infallible> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sets::Placements;

    #[test]
    fn every_move_of_a_batch_holds_a_unit() {
        let sets = Placements::default().batch(8);
        let changes = Shelves::of(&sets).judge(&sets);
        assert_eq!(changes.holds.len(), 24);
        assert_eq!(changes.accounts.iter().map(|(_, account)| account.held).sum::<i64>(), 24);
    }
}
