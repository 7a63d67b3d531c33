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

/// Most characters of a title.
pub const TITLE_CHARS_MAX: usize = 256;
/// Most prices of an item.
pub const PRICES_MAX: usize = 64;

/// What is wrong with an item.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// The title is blank or too long.
    #[error("has {actual} characters, allowed are 1 to {TITLE_CHARS_MAX}, not all spaces")]
    TitleLength {
        /// Characters found.
        actual: usize,
    },
    /// The title has a control character.
    #[error("has a control character at index {index}")]
    TitleCharacter {
        /// Zero-based index in characters.
        index: usize,
    },
    /// Too many prices.
    #[error("has {actual} prices, at most {PRICES_MAX} are allowed")]
    TooManyPrices {
        /// Prices found.
        actual: usize,
    },
    /// A price below zero.
    #[error("is below zero")]
    NegativePrice {
        /// The currency that it stands under.
        currency: Currency,
    },
    /// A price that is not of the currency that it stands under.
    #[error("is in {price}")]
    MixedPrice {
        /// The currency that it stands under.
        currency: Currency,
        /// The currency that it is in.
        price: Currency,
    },
}

impl ItemError {
    /// Where, as a JSON pointer into the item.
    pub fn field(&self) -> String {
        match self {
            Self::TitleLength { .. } | Self::TitleCharacter { .. } => "/title".to_owned(),
            Self::TooManyPrices { .. } => "/prices".to_owned(),
            Self::NegativePrice { currency } | Self::MixedPrice { currency, .. } => format!("/prices/{currency}"),
        }
    }
}

impl Item {
    /// Checks the title and the prices; an item without a price is sold at prices that staff or the pricer sets.
    ///
    /// # Errors
    /// [`ItemError`] with the first thing that is wrong.
    pub fn check(&self) -> Result<(), ItemError> {
        let actual = self.title.chars().count();
        if actual > TITLE_CHARS_MAX || self.title.trim().is_empty() {
            return Err(ItemError::TitleLength { actual });
        }
        if let Some(index) = self.title.chars().position(char::is_control) {
            return Err(ItemError::TitleCharacter { index });
        }
        if self.prices.len() > PRICES_MAX {
            return Err(ItemError::TooManyPrices { actual: self.prices.len() });
        }
        for (&currency, price) in &self.prices {
            if price.currency() != currency {
                return Err(ItemError::MixedPrice { currency, price: price.currency() });
            }
            if price.minor() < 0 {
                return Err(ItemError::NegativePrice { currency });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lantern() -> Item {
        Item {
            sku: Sku::new("85123A").unwrap(),
            title: "Lantern".to_owned(),
            kind: ItemKind::Stocked,
            prices: [(Currency::GBP, Money::from_minor(255, Currency::GBP))].into(),
            active: true,
            updated_at: Timestamp::from_secs(0),
        }
    }

    fn check(change: impl FnOnce(&mut Item), field: &str, error: ItemError) {
        let mut item = lantern();
        change(&mut item);
        assert_eq!(item.check(), Err(error.clone()));
        assert_eq!(error.field(), field);
    }

    #[test]
    fn an_item_may_be_free_or_without_a_price_and_its_title_may_be_of_any_script() {
        assert_eq!(lantern().check(), Ok(()));
        assert_eq!(Item { prices: BTreeMap::new(), ..lantern() }.check(), Ok(()));
        assert_eq!(Item { prices: [(Currency::GBP, Money::zero(Currency::GBP))].into(), ..lantern() }.check(), Ok(()));
        assert_eq!(Item { title: "灯".repeat(256), ..lantern() }.check(), Ok(()));
    }

    fn priced(item: &mut Item, currency: Currency, price: Money) {
        item.prices.insert(currency, price);
    }

    #[test]
    fn a_refusal_names_the_field() {
        check(|item| item.title = String::new(), "/title", ItemError::TitleLength { actual: 0 });
        check(|item| item.title = "  ".to_owned(), "/title", ItemError::TitleLength { actual: 2 });
        check(|item| item.title = "é".repeat(257), "/title", ItemError::TitleLength { actual: 257 });
        check(|item| item.title = "a\u{0}".to_owned(), "/title", ItemError::TitleCharacter { index: 1 });
        check(|item| item.title = "ab\n".to_owned(), "/title", ItemError::TitleCharacter { index: 2 });
        let (gbp, usd) = (Currency::GBP, Currency::USD);
        check(|item| priced(item, gbp, Money::from_minor(-1, gbp)), "/prices/GBP", ItemError::NegativePrice { currency: gbp });
        check(|item| priced(item, usd, Money::from_minor(1, gbp)), "/prices/USD", ItemError::MixedPrice { currency: usd, price: gbp });
    }
}
