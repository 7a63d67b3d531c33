//! Plain defaults of the ports that a host may replace.

use std::sync::Mutex;
use std::sync::PoisonError;

use async_trait::async_trait;
use uuid::{ContextV7, Timestamp as UuidTime, Uuid};

use crate::order::{Assessment, RiskVerdict};
use crate::ports::{Ids, PortError, Pricer, PricerError, Quote, QuoteRequest, QuotedLine, RiskRequest, RiskScreen};

/// Quotes the price that the caller set, else the catalogue's; no adjustments.
#[derive(Clone, Copy, Debug, Default)]
pub struct CatalogPricer;

#[async_trait]
impl Pricer for CatalogPricer {
    async fn quote(&self, request: &QuoteRequest) -> Result<Quote, PricerError> {
        let lines = request.lines.iter().map(|line| {
            let unit_price = line.set_price.or(line.list_price);
            let no_price = || PricerError::NoPrice { sku: line.sku.clone(), currency: request.currency };
            Ok(QuotedLine { unit_price: unit_price.ok_or_else(no_price)?, adjustments: Vec::new() })
        });
        Ok(Quote { lines: lines.collect::<Result<_, PricerError>>()?, adjustments: Vec::new() })
    }
}

/// Accepts every order.
#[derive(Clone, Copy, Debug, Default)]
pub struct AcceptAll;

#[async_trait]
impl RiskScreen for AcceptAll {
    async fn assess(&self, _: &RiskRequest) -> Result<Assessment, PortError> {
        Ok(Assessment { verdict: RiskVerdict::Accept, score: 0, reasons: Vec::new() })
    }
}

/// Makes ids from the system's clock and randomness, in ascending order within the process.
#[derive(Debug)]
pub struct SystemIds(Mutex<ContextV7>);

impl Default for SystemIds {
    fn default() -> Self {
        Self(Mutex::new(ContextV7::new()))
    }
}

impl Ids for SystemIds {
    fn uuid7(&self) -> Uuid {
        let context = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Uuid::new_v7(UuidTime::now(&*context))
    }
}
