//! What `verify` found: how much it looked at, by check, and every difference.

use std::collections::BTreeMap;
use std::fmt;

use crate::id::MerchantId;
use crate::money::{Currency, Money};

/// The most differences that a report keeps; more are only counted.
pub const DIFFERENCES_MAX: usize = 10_000;

crate::names! {
    /// What `verify` checks. The names are stable.
    Check {
        /// An order's stream has versions without gaps, its events can be read, and each follows lawfully on those before it.
        OrderStream = "order_stream",
        /// The same of a payment's stream.
        PaymentStream = "payment_stream",
        /// The same of what was recorded about a stuck saga.
        SagaStream = "saga_stream",
        /// The same of what operators told a consumer of the feed.
        ConsumerStream = "consumer_stream",
        /// An order's row shows what its stream says.
        OrderRow = "order_row",
        /// A payment's row shows what its stream says, and the order that the payment belongs to.
        PaymentRow = "payment_row",
        /// A shipment's row shows what its order's stream says.
        ShipmentRow = "shipment_row",
        /// A return's row shows what its order's stream says.
        ReturnRow = "return_row",
        /// A refund's row shows what its payment's stream says.
        RefundRow = "refund_row",
        /// The mirrors in an order's stream are the facts of its payments, each once, in their order.
        OrderMirror = "order_mirror",
        /// Every fact that wants a saga has one, every saga has its fact, and what a saga has done is recorded.
        SagaRow = "saga_row",
        /// Of a payment: `refunded + refunding <= captured <= authorized <= asked for`, counted fact by fact.
        PaymentCaps = "payment_caps",
        /// What an order authorized, captured and refunds is the sum over its payments.
        OrderMoney = "order_money",
        /// What all orders of a merchant captured and refunded in a currency is the sum over all payments of orders.
        MoneyTotals = "money_totals",
        /// An account's counters and limits are the fold of its movements.
        AccountCounters = "account_counters",
        /// An account's `held` is the sum of what is left of the holds there.
        AccountHolds = "account_holds",
        /// What is left of a hold is what its movements leave.
        HoldMovements = "hold_movements",
        /// What is held for an order is what it still owes; a hold belongs to something that exists.
        OrderHolds = "order_holds",
        /// The units that left for an order, and came back into stock from it, are those of its shipments and returns.
        OrderUnits = "order_units",
        /// Personal data that an order names is there and its own, or was erased; all that is there is named by an order.
        PersonalReference = "personal_reference",
        /// What has a key exists.
        ClaimOwner = "claim_owner",
        /// An item of the catalogue can be read and is lawful.
        CatalogueItem = "catalogue_item",
        /// What a consumer parked stands in the feed under its key, and the consumer has come past it.
        ParkedItem = "parked_item",
    }
}

/// One thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difference {
    /// The check that found it.
    pub check: Check,
    /// Whose; none if it could not be told.
    pub merchant: Option<MerchantId>,
    /// What it is about: a stream (`order/{id}`), a row, an account (`stock/{sku}@{location}`), a hold, a saga, a key.
    pub subject: String,
    /// What must be, in words.
    pub expected: String,
    /// What is, in words.
    pub found: String,
}

/// Something that changed every time it was read, so that nothing is said of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unsettled {
    /// Whose; none if it is about the whole store.
    pub merchant: Option<MerchantId>,
    /// What it is about.
    pub subject: String,
}

/// Money of one merchant in one currency, summed over all payments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoneySums {
    /// What was set aside or taken at once, all told.
    pub authorized: Money,
    /// What arrived.
    pub captured: Money,
    /// What was granted back and is not settled.
    pub refunding: Money,
    /// What went back.
    pub refunded: Money,
}

/// What `verify` looked at and found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyReport {
    /// How many things each check looked at; every check stands here.
    pub looked_at: BTreeMap<Check, u64>,
    /// What is not as it must be, the first [`DIFFERENCES_MAX`], sorted.
    pub differences: Vec<Difference>,
    /// How many differences there are.
    pub differences_total: u64,
    /// What changed every time it was read.
    pub unsettled: Vec<Unsettled>,
    /// Money, by merchant and currency.
    pub money: BTreeMap<(MerchantId, Currency), MoneySums>,
}

impl VerifyReport {
    /// Whether nothing is different. What changed while it was read is not counted against it.
    pub const fn is_clean(&self) -> bool {
        self.differences_total == 0
    }
}

impl Default for VerifyReport {
    fn default() -> Self {
        Self {
            looked_at: Check::ALL.iter().map(|check| (*check, 0)).collect(),
            differences: Vec::new(),
            differences_total: 0,
            unsettled: Vec::new(),
            money: BTreeMap::new(),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.check)?;
        if let Some(merchant) = &self.merchant {
            write!(f, "{merchant} ")?;
        }
        write!(f, "{}: expected {}, found {}", self.subject, self.expected, self.found)
    }
}

impl fmt::Display for VerifyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (check, count) in &self.looked_at {
            let found = self.differences.iter().filter(|difference| difference.check == *check).count();
            let verdict = if found == 0 { "ok".to_owned() } else { format!("{found} different") };
            writeln!(f, "{:<20} {count:>10}  {verdict}", check.as_str())?;
        }
        for ((merchant, currency), sums) in &self.money {
            writeln!(
                f,
                "money of {merchant} in {currency}: authorized {}, captured {}, refunding {}, refunded {}",
                sums.authorized, sums.captured, sums.refunding, sums.refunded
            )?;
        }
        for difference in &self.differences {
            writeln!(f, "{difference}")?;
        }
        let kept = self.differences.len() as u64;
        if self.differences_total > kept {
            writeln!(f, "and {} more", self.differences_total - kept)?;
        }
        for one in &self.unsettled {
            let whose = one.merchant.as_ref().map_or_else(String::new, |merchant| format!("{merchant} "));
            writeln!(f, "not judged, for it kept changing: {whose}{}", one.subject)?;
        }
        match self.differences_total {
            0 => write!(f, "clean"),
            1 => write!(f, "1 difference"),
            more => write!(f, "{more} differences"),
        }
    }
}
