//! Carts: documents with a revision.

use crate::id::{CartId, CustomerId, Sku};
use crate::money::Currency;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// Counts the writes of a document, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// A cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cart {
    /// The cart.
    pub id: CartId,
    /// Counts its writes.
    pub revision: Revision,
    /// Whose it is; an anonymous cart is nobody's.
    pub customer: Option<CustomerId>,
    /// The currency that it will be ordered in.
    pub currency: Currency,
    /// Its lines, one per SKU, in the order in which they were added; at most 500.
    pub lines: Vec<CartLine>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last written.
    pub updated_at: Timestamp,
    /// From when on it is gone.
    pub expires_at: Timestamp,
}

/// One line of a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub qty: Quantity,
}
