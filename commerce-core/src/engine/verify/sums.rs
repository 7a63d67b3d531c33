//! Sums of money, fact by fact, without the folds that live code uses.

use std::collections::BTreeMap;

use crate::engine::verify::report::MoneySums;
use crate::fact::PaymentFact;
use crate::id::{CaptureId, MerchantId};
use crate::money::{Currency, Money};

/// Money in one currency, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    /// Set aside, or taken at once.
    pub(super) authorized: i128,
    pub(super) captured: i128,
    /// Granted back, failed or not.
    pub(super) granted: i128,
    pub(super) refunded: i128,
    /// Granted back and not settled.
    pub(super) refunding: i128,
}

impl Sums {
    pub(super) fn add(&mut self, other: &Self) {
        self.authorized += other.authorized;
        self.captured += other.captured;
        self.granted += other.granted;
        self.refunded += other.refunded;
        self.refunding += other.refunding;
    }

    /// What facts say by themselves; what is refunding takes a fold to know.
    pub(super) fn count(&mut self, fact: &PaymentFact) {
        match fact {
            PaymentFact::Authorized { amount, .. } => self.authorized += i128::from(amount.minor()),
            PaymentFact::Captured { capture_id, attempt_id, amount, .. } => {
                self.captured += i128::from(amount.minor());
                if *capture_id == CaptureId::of_sale(*attempt_id) {
                    self.authorized += i128::from(amount.minor());
                }
            }
            PaymentFact::RefundGranted { amount, .. } => self.granted += i128::from(amount.minor()),
            PaymentFact::RefundIssued { amount, .. } => self.refunded += i128::from(amount.minor()),
            PaymentFact::Started { .. }
            | PaymentFact::Pending { .. }
            | PaymentFact::Failed { .. }
            | PaymentFact::CaptureStarted { .. }
            | PaymentFact::CaptureFailed { .. }
            | PaymentFact::AuthorizationVoided { .. }
            | PaymentFact::AuthorizationExpired { .. }
            | PaymentFact::RefundFailed { .. } => {}
        }
    }

    /// In words, for one currency.
    pub(super) fn words(&self, currency: Currency) -> String {
        let money = |minor| money(minor, currency).to_decimal();
        let (authorized, captured) = (money(self.authorized), money(self.captured));
        format!("authorized {authorized}, captured {captured}, granted back {}, refunded {}", money(self.granted), money(self.refunded))
    }

    pub(super) fn report(&self, currency: Currency) -> MoneySums {
        MoneySums {
            authorized: money(self.authorized, currency),
            captured: money(self.captured, currency),
            refunding: money(self.refunding, currency),
            refunded: money(self.refunded, currency),
        }
    }
}

fn money(minor: i128, currency: Currency) -> Money {
    let clamped = minor.clamp(i128::from(i64::MIN), i128::from(i64::MAX));
    Money::from_minor(i64::try_from(clamped).unwrap_or(i64::MAX), currency)
}

/// The currency of the amounts in a fact, if it has any.
pub(super) const fn currency_of(fact: &PaymentFact) -> Option<Currency> {
    match fact {
        PaymentFact::Started { amount, .. }
        | PaymentFact::Authorized { amount, .. }
        | PaymentFact::CaptureStarted { amount, .. }
        | PaymentFact::Captured { amount, .. }
        | PaymentFact::AuthorizationVoided { amount, .. }
        | PaymentFact::AuthorizationExpired { amount, .. }
        | PaymentFact::RefundGranted { amount, .. }
        | PaymentFact::RefundIssued { amount, .. } => Some(amount.currency()),
        PaymentFact::Pending { .. } | PaymentFact::Failed { .. } | PaymentFact::CaptureFailed { .. } | PaymentFact::RefundFailed { .. } => {
            None
        }
    }
}

/// Sums by merchant and currency.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Book(pub(super) BTreeMap<(MerchantId, Currency), Sums>);

impl Book {
    pub(super) fn of(&mut self, merchant: &MerchantId, currency: Currency) -> &mut Sums {
        self.0.entry((merchant.clone(), currency)).or_default()
    }

    pub(super) fn count(&mut self, merchant: &MerchantId, fact: &PaymentFact) {
        if let Some(currency) = currency_of(fact) {
            self.of(merchant, currency).count(fact);
        }
    }

    pub(super) fn add(&mut self, other: &Self) {
        for ((merchant, currency), sums) in &other.0 {
            self.of(merchant, *currency).add(sums);
        }
    }
}
