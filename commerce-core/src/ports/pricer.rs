//! Prices.

use async_trait::async_trait;

use crate::goods::ItemKind;
use crate::id::{CustomerId, MerchantId, Sku};
use crate::money::{Currency, Money};
use crate::order::Adjustment;
use crate::ports::PortError;
use crate::quantity::Quantity;

/// Quotes lines: unit prices and adjustments. The order checks the sums.
#[async_trait]
pub trait Pricer: Send + Sync + 'static {
    /// Quotes.
    ///
    /// # Errors
    /// [`PricerError`].
    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, PricerError>;
}

/// Asks for a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    /// Whose prices.
    pub merchant: MerchantId,
    /// For whom.
    pub customer: Option<CustomerId>,
    /// In which currency.
    pub currency: Currency,
    /// For what.
    pub lines: Vec<QuoteLine>,
}

/// A line to quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub qty: Quantity,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// The catalogue's price in this currency, if it has one.
    pub list_price: Option<Money>,
    /// The price that a caller with the right to do so has set.
    pub set_price: Option<Money>,
}

/// What the lines cost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// One for each line asked for, in order.
    pub lines: Vec<QuotedLine>,
    /// Amounts that belong to the order as a whole.
    pub adjustments: Vec<Adjustment>,
}

/// What a line costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuotedLine {
    /// What one costs.
    pub unit_price: Money,
    /// Amounts that belong to the line as a whole.
    pub adjustments: Vec<Adjustment>,
}

/// Why there is no quote.
#[derive(Debug, thiserror::Error)]
pub enum PricerError {
    /// A line has no price in the currency.
    #[error("{sku} has no price in {currency}")]
    NoPrice {
        /// The line's SKU.
        sku: Sku,
        /// The currency.
        currency: Currency,
    },
    /// The pricer failed.
    #[error("the pricer failed")]
    Failed(#[from] PortError),
}
