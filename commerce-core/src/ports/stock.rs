//! Reads of the stock ledger. It is written through the journal.

use async_trait::async_trait;

use crate::id::{HoldId, MerchantId, Sku};
use crate::ports::{Cursor, FeedItem, Page, PortError};
use crate::stock::{Account, AccountKey, Hold, Owner};
use crate::time::Timestamp;

/// Reads accounts, holds and movements.
#[async_trait]
pub trait Stock: Send + Sync + 'static {
    /// All accounts of these SKUs, by SKU and location. An unknown SKU has none.
    ///
    /// # Errors
    /// [`PortError`].
    async fn accounts(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<(AccountKey, Account)>, PortError>;

    /// All accounts, by SKU and location.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn list(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError>;

    /// The accounts at or below their reorder point, by SKU and location.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn low(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError>;

    /// Sums over all accounts.
    ///
    /// # Errors
    /// [`PortError`].
    async fn summary(&self, merchant: &MerchantId) -> Result<StockSummary, PortError>;

    /// One hold, ended ones included.
    ///
    /// # Errors
    /// [`PortError`].
    async fn hold(&self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, PortError>;

    /// The holds of an owner, ended ones included, by id.
    ///
    /// # Errors
    /// [`PortError`].
    async fn holds(&self, merchant: &MerchantId, owner: Owner) -> Result<Vec<Hold>, PortError>;

    /// Unconfirmed holds of all merchants that expired before `now` and still hold something, the longest expired first.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn expired(&self, now: Timestamp, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError>;

    /// The movements of a SKU, the newest first.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn movements(&self, merchant: &MerchantId, sku: &Sku, after: Option<&Cursor>, limit: u32) -> Result<Page<FeedItem>, PortError>;
}

/// Sums over the accounts of a merchant, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StockSummary {
    /// Accounts.
    pub accounts: u64,
    /// Distinct SKUs.
    pub skus: u64,
    /// Units that are there.
    pub on_hand: i64,
    /// Units promised.
    pub held: i64,
    /// Units that can still be promised, over accounts where that is above zero.
    pub available: i64,
    /// Accounts at or below their reorder point.
    pub low: u64,
    /// Accounts with nothing available.
    pub out: u64,
}
