//! A small catalogue: what can be ordered, and for how much.

use std::collections::BTreeMap;

use crate::goods::ItemKind;
use crate::id::Sku;
use crate::money::{Currency, Money};
use crate::time::Timestamp;

/// One item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its SKU.
    pub sku: Sku,
    /// Its title, 1 to 256 characters.
    pub title: String,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// One price per currency, none below zero.
    pub prices: BTreeMap<Currency, Money>,
    /// Whether it can be ordered.
    pub active: bool,
    /// When it was last written.
    pub updated_at: Timestamp,
}
