//! Whole-store reads, for `verify`.

use async_trait::async_trait;

use crate::id::MerchantId;
use crate::ports::{Cursor, OrderRow, Page, PaymentRow, PortError, RefundRow, ReturnRow, ShipmentRow};
use crate::stock::{Account, AccountKey, Hold};

/// Reads everything that a store holds, page by page, over all merchants. Each list is ordered by merchant and id.
#[async_trait]
pub trait Audit: Send + Sync + 'static {
    /// All stock accounts.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_accounts(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError>;

    /// All holds, ended ones included.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_holds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError>;

    /// All order rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_orders(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderRow)>, PortError>;

    /// All payment rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_payments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PaymentRow)>, PortError>;

    /// All shipment rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_shipments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ShipmentRow)>, PortError>;

    /// All return rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_returns(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ReturnRow)>, PortError>;

    /// All refund rows.
    ///
    /// # Errors
    /// [`PortError`].
    async fn all_refunds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, RefundRow)>, PortError>;
}
