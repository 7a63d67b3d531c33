//! Risk screens.

use async_trait::async_trait;

use crate::id::{CustomerId, MerchantId, OrderId};
use crate::money::Money;
use crate::order::Assessment;
use crate::ports::PortError;

/// Judges the risk of an order before it is placed. One that fails, or takes too long, counts as `review`.
#[async_trait]
pub trait RiskScreen: Send + Sync + 'static {
    /// Judges.
    ///
    /// # Errors
    /// [`PortError`].
    async fn assess(&self, request: &RiskRequest) -> Result<Assessment, PortError>;
}

/// What a screen is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RiskRequest {
    /// Whose order.
    pub merchant: MerchantId,
    /// The order.
    pub order: OrderId,
    /// The customer, if known.
    pub customer: Option<CustomerId>,
    /// What it costs.
    pub total: Money,
    /// Units over all lines.
    pub units: u64,
    /// Where it came from.
    pub channel: String,
}
