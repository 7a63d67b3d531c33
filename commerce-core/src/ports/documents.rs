//! Documents beside the journal: personal data and carts.

use std::fmt;

use async_trait::async_trait;

use crate::cart::{Cart, Revision};
use crate::id::{CartId, CustomerId, MerchantId, OrderId, PersonalRef};
use crate::ports::PortError;
use crate::time::Timestamp;

/// One version of someone's personal data, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalRow {
    /// Its id.
    pub reference: PersonalRef,
    /// Whose it is, if they are known.
    pub customer: Option<CustomerId>,
    /// What it is kept for, if for an order.
    pub order: Option<OrderId>,
    /// The data, encoded by [`crate::stored`].
    pub bytes: Vec<u8>,
}

impl fmt::Debug for PersonalRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonalRow({})", self.reference)
    }
}

/// Reads and erases personal data. It is written through the journal.
#[async_trait]
pub trait Personal: Send + Sync + 'static {
    /// One version; none if it was erased.
    ///
    /// # Errors
    /// [`PortError`].
    async fn get(&self, merchant: &MerchantId, reference: PersonalRef) -> Result<Option<PersonalRow>, PortError>;

    /// Deletes all of a customer's rows; answers how many there were.
    ///
    /// # Errors
    /// [`PortError`].
    ///
    /// # Crash
    /// All or none are gone.
    async fn erase(&self, merchant: &MerchantId, customer: &CustomerId) -> Result<u64, PortError>;
}

/// Keeps carts: documents with a revision, never part of a change set.
#[async_trait]
pub trait Carts: Send + Sync + 'static {
    /// One cart, expired ones included.
    ///
    /// # Errors
    /// [`PortError`].
    async fn get(&self, merchant: &MerchantId, id: CartId) -> Result<Option<Cart>, PortError>;

    /// Writes a cart whose stored revision is `expected` (none: it is new); `false`, and nothing written, if it is another.
    ///
    /// # Errors
    /// [`PortError`].
    ///
    /// # Crash
    /// The cart is there as it was before or as it is after.
    async fn put(&self, merchant: &MerchantId, cart: &Cart, expected: Option<Revision>) -> Result<bool, PortError>;

    /// Writes a cart whose stored revision is `expected` and deletes another one whose stored revision is `gone.1`, as one;
    /// `false`, and neither done, if either has another revision or is not there.
    ///
    /// # Errors
    /// [`PortError`]; both being one cart is `Misuse`.
    ///
    /// # Crash
    /// Both are as they were before or as they are after.
    async fn put_and_delete(
        &self,
        merchant: &MerchantId,
        cart: &Cart,
        expected: Revision,
        gone: (CartId, Revision),
    ) -> Result<bool, PortError>;

    /// Deletes a cart; `false` if there was none.
    ///
    /// # Errors
    /// [`PortError`].
    async fn delete(&self, merchant: &MerchantId, id: CartId) -> Result<bool, PortError>;

    /// Deletes up to `limit` carts of all merchants that expired before `now`; answers how many there were.
    ///
    /// # Errors
    /// [`PortError`].
    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, PortError>;
}
