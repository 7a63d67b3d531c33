//! Carts: documents with a revision.

#[cfg(test)]
mod tests;

use crate::id::{CartId, CustomerId, Sku};
use crate::money::Currency;
use crate::quantity::Quantity;
use crate::time::Timestamp;

/// The most lines that a cart has.
pub const LINES_MAX: usize = 500;
/// The most units that a line of a cart has: as many as a line of an order.
pub const LINE_UNITS_MAX: u32 = 1_000_000;

/// Counts the writes of a document, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl Revision {
    /// The revision of the next write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

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
    /// Its lines, one per SKU, in the order in which they were added; at most [`LINES_MAX`].
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
    /// How many, at most [`LINE_UNITS_MAX`].
    pub qty: Quantity,
}

/// Why a cart refuses a change. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It would have too many lines.
    #[error("the cart would have {lines} lines, at most {LINES_MAX} are allowed")]
    Full {
        /// Lines that it would have.
        lines: usize,
    },
    /// A line would have too many units.
    #[error("{units} units are asked for, at most {LINE_UNITS_MAX} are allowed")]
    TooMany {
        /// Units asked for.
        units: u32,
    },
    /// There is no line of this SKU.
    #[error("the cart has no line of {0}")]
    NoLine(Sku),
    /// A cart cannot be merged into itself.
    #[error("is the cart itself")]
    Itself,
    /// A cart that is somebody's is merged into their own carts alone.
    #[error("is the cart of someone else")]
    SomeoneElses,
    /// The carts are in different currencies.
    #[error("is in {from}, the cart in {into}")]
    MixedCurrency {
        /// The currency of the cart that is merged into.
        into: Currency,
        /// The currency of the cart that would be merged.
        from: Currency,
    },
}

impl Cart {
    /// A cart with nothing in it.
    pub const fn new(id: CartId, customer: Option<CustomerId>, currency: Currency, now: Timestamp, ttl_s: u64) -> Self {
        let expires_at = now.plus_secs(ttl_s);
        Self { id, revision: Revision(1), customer, currency, lines: Vec::new(), created_at: now, updated_at: now, expires_at }
    }

    /// The same cart as it is written next: one revision on, and alive for another `ttl_s` seconds.
    #[must_use]
    pub fn written(self, now: Timestamp, ttl_s: u64) -> Self {
        Self { revision: self.revision.next(), updated_at: now, expires_at: now.plus_secs(ttl_s), ..self }
    }

    /// Whether it is gone, swept or not.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now
    }

    /// Sets how many units of a SKU are in it; a new line comes last.
    ///
    /// # Errors
    /// [`Refusal::TooMany`], [`Refusal::Full`].
    pub fn put_line(&mut self, sku: &Sku, qty: Quantity) -> Result<(), Refusal> {
        if qty.get() > LINE_UNITS_MAX {
            return Err(Refusal::TooMany { units: qty.get() });
        }
        let lines = self.lines.len();
        match self.lines.iter_mut().find(|line| line.sku == *sku) {
            Some(line) => line.qty = qty,
            None if lines >= LINES_MAX => return Err(Refusal::Full { lines: lines + 1 }),
            None => self.lines.push(CartLine { sku: sku.clone(), qty }),
        }
        Ok(())
    }

    /// Takes the line of a SKU out.
    ///
    /// # Errors
    /// [`Refusal::NoLine`].
    pub fn remove_line(&mut self, sku: &Sku) -> Result<(), Refusal> {
        let index = self.lines.iter().position(|line| line.sku == *sku).ok_or_else(|| Refusal::NoLine(sku.clone()))?;
        self.lines.remove(index);
        Ok(())
    }

    /// Adds the lines of another cart, SKU by SKU, each up to [`LINE_UNITS_MAX`] units; its new lines come last.
    ///
    /// A cart that is somebody's is merged into their own carts alone: a person's goods never end in another's cart, nor in
    /// nobody's.
    ///
    /// # Errors
    /// [`Refusal::Itself`], [`Refusal::SomeoneElses`], [`Refusal::MixedCurrency`], [`Refusal::Full`].
    pub fn merge(&mut self, from: &Self) -> Result<(), Refusal> {
        if self.id == from.id {
            return Err(Refusal::Itself);
        }
        if from.customer.is_some() && from.customer != self.customer {
            return Err(Refusal::SomeoneElses);
        }
        if self.currency != from.currency {
            return Err(Refusal::MixedCurrency { into: self.currency, from: from.currency });
        }
        let mut lines = self.lines.clone();
        for added in &from.lines {
            match lines.iter_mut().find(|line| line.sku == added.sku) {
                Some(line) => line.qty = sum(line.qty, added.qty),
                None => lines.push(added.clone()),
            }
        }
        if lines.len() > LINES_MAX {
            return Err(Refusal::Full { lines: lines.len() });
        }
        self.lines = lines;
        Ok(())
    }
}

/// Both counts together, as far as a line goes.
fn sum(a: Quantity, b: Quantity) -> Quantity {
    // both are at most the maximum of a quantity, so that the sum fits; and neither is zero
    Quantity::some((a.get() + b.get()).min(LINE_UNITS_MAX)).unwrap_or(a)
}
