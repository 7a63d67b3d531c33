//! The small catalogue.

use async_trait::async_trait;

use crate::catalogue::Item;
use crate::id::{MerchantId, Sku};
use crate::ports::{Cursor, Page, PortError};

/// Keeps items by SKU.
#[async_trait]
pub trait Catalogue: Send + Sync + 'static {
    /// The items of these SKUs, in the order asked for; unknown ones are left out.
    ///
    /// # Errors
    /// [`PortError`].
    async fn get(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<Item>, PortError>;

    /// Writes an item; answers whether it is new.
    ///
    /// # Errors
    /// [`PortError`].
    ///
    /// # Crash
    /// The item is there as it was before or as it is after.
    async fn put(&self, merchant: &MerchantId, item: &Item) -> Result<bool, PortError>;

    /// All items, by SKU.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn list(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<Item>, PortError>;
}
