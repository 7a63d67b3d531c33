//! The judge of stock moves: what a store runs under its own lock.

use crate::id::{HoldId, MerchantId, MoveId};
use crate::stock::{Account, AccountKey, Hold, Movement};
use crate::time::Timestamp;

/// Where a ledger reads what it judges by. A store implements it over its own tables, inside its own transaction.
pub trait LedgerSource {
    /// How reading fails.
    type Error;

    /// One account.
    ///
    /// # Errors
    /// What the store met.
    fn account(&mut self, key: &AccountKey) -> Result<Option<Account>, Self::Error>;

    /// One hold, ended ones included.
    ///
    /// # Errors
    /// What the store met.
    fn hold(&mut self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, Self::Error>;

    /// The unconfirmed holds with units on this account that expired before `now`, the longest expired first.
    ///
    /// # Errors
    /// What the store met.
    fn expired(&mut self, key: &AccountKey, now: Timestamp) -> Result<Vec<HoldId>, Self::Error>;

    /// The movements that a move recorded, in order; empty if it was never applied.
    ///
    /// # Errors
    /// What the store met.
    fn applied(&mut self, merchant: &MerchantId, id: MoveId) -> Result<Vec<Movement>, Self::Error>;
}
