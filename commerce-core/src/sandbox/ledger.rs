//! What the sandbox did with money, in the order in which it did it.

use std::collections::{BTreeMap, HashMap};

use crate::id::{AttemptId, CaptureId, MerchantId, PaymentId};
use crate::money::{Currency, Money};
use crate::ports::CallKey;
use crate::time::Timestamp;

crate::names! {
    /// What an entry did.
    EntryKind {
        /// Set money aside.
        Authorized = "authorized",
        /// Took money.
        Captured = "captured",
        /// Gave money back that was set aside.
        Voided = "voided",
        /// Let money go that was set aside: the authorization lapsed, or its only capture took less.
        Lapsed = "lapsed",
        /// Paid taken money back.
        Refunded = "refunded",
    }
}

/// One thing that was done with money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// The call that did it.
    pub key: CallKey,
    /// Whose.
    pub merchant: MerchantId,
    /// The payment that the authorization named.
    pub payment: PaymentId,
    /// The authorization.
    pub attempt: AttemptId,
    /// What was done.
    pub kind: EntryKind,
    /// With how much, above zero.
    pub amount: Money,
}

/// All entries, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    entries: Vec<Entry>,
}

/// Sums in minor units of one currency.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Set aside.
    pub authorized: i128,
    /// Taken.
    pub captured: i128,
    /// Given back before it was taken, or lapsed.
    pub released: i128,
    /// Paid back.
    pub refunded: i128,
}

impl Totals {
    /// Taken and not paid back.
    pub const fn net(&self) -> i128 {
        self.captured - self.refunded
    }

    fn add(&mut self, entry: &Entry) {
        let amount = i128::from(entry.amount.minor());
        match entry.kind {
            EntryKind::Authorized => self.authorized += amount,
            EntryKind::Captured => self.captured += amount,
            EntryKind::Voided | EntryKind::Lapsed => self.released += amount,
            EntryKind::Refunded => self.refunded += amount,
        }
    }
}

/// A law of money that the entries break.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LedgerFault {
    /// An attempt was authorized more than once.
    #[error("attempt {0} was charged more than once")]
    ChargedTwice(AttemptId),
    /// One call did one thing more than once.
    #[error("call {0} acted more than once")]
    ActedTwice(CallKey),
    /// More was taken and released than was authorized.
    #[error("attempt {0} had more taken or released than was authorized")]
    OverAuthorization(AttemptId),
    /// More was paid back than the capture took.
    #[error("capture {0} had more refunded than it took")]
    OverCapture(CaptureId),
    /// One authorization saw two currencies.
    #[error("attempt {0} mixes currencies")]
    MixedCurrencies(AttemptId),
    /// An entry moves no money, or less than none.
    #[error("call {0} moved an amount that is not above zero")]
    NotPositive(CallKey),
}

impl Ledger {
    /// A ledger of these entries, oldest first; [`Ledger::check`] judges it.
    pub fn of(entries: Vec<Entry>) -> Self {
        Self { entries }
    }

    pub(super) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// The entries, oldest first.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// How often an attempt was charged: lawful is at most once.
    pub fn charges(&self, attempt: AttemptId) -> usize {
        self.entries.iter().filter(|e| e.kind == EntryKind::Authorized && e.attempt == attempt).count()
    }

    /// The sums of one payment by currency.
    pub fn payment(&self, payment: PaymentId) -> BTreeMap<Currency, Totals> {
        sums(self.entries.iter().filter(|e| e.payment == payment))
    }

    /// Taken and not paid back of one payment, in minor units of `currency`.
    pub fn net(&self, payment: PaymentId, currency: Currency) -> i128 {
        self.payment(payment).get(&currency).map_or(0, Totals::net)
    }

    /// The sums of everything by currency.
    pub fn totals(&self) -> BTreeMap<Currency, Totals> {
        sums(self.entries.iter())
    }

    /// Judges the laws of money over all entries, from the entries alone.
    ///
    /// # Errors
    /// The first [`LedgerFault`].
    pub fn check(&self) -> Result<(), LedgerFault> {
        let mut attempts: HashMap<AttemptId, (Currency, Totals)> = HashMap::new();
        let mut captures: HashMap<CaptureId, Totals> = HashMap::new();
        let mut acted = std::collections::HashSet::new();
        for entry in &self.entries {
            if entry.amount.minor() <= 0 {
                return Err(LedgerFault::NotPositive(entry.key));
            }
            if entry.kind == EntryKind::Authorized && attempts.contains_key(&entry.attempt) {
                return Err(LedgerFault::ChargedTwice(entry.attempt));
            }
            if !acted.insert((entry.key, entry.kind)) {
                return Err(LedgerFault::ActedTwice(entry.key));
            }
            let (currency, totals) = attempts.entry(entry.attempt).or_insert((entry.amount.currency(), Totals::default()));
            if *currency != entry.amount.currency() {
                return Err(LedgerFault::MixedCurrencies(entry.attempt));
            }
            totals.add(entry);
            if totals.captured + totals.released > totals.authorized {
                return Err(LedgerFault::OverAuthorization(entry.attempt));
            }
            if let Some(capture) = capture_of(entry) {
                let totals = captures.entry(capture).or_default();
                totals.add(entry);
                if totals.refunded > totals.captured {
                    return Err(LedgerFault::OverCapture(capture));
                }
            }
        }
        Ok(())
    }
}

fn sums<'a>(entries: impl Iterator<Item = &'a Entry>) -> BTreeMap<Currency, Totals> {
    let mut by_currency: BTreeMap<Currency, Totals> = BTreeMap::new();
    for entry in entries {
        by_currency.entry(entry.amount.currency()).or_default().add(entry);
    }
    by_currency
}

fn capture_of(entry: &Entry) -> Option<CaptureId> {
    match (entry.kind, entry.key) {
        (EntryKind::Captured, CallKey::Capture(capture)) | (EntryKind::Refunded, CallKey::Refund(_, capture)) => Some(capture),
        (EntryKind::Captured, CallKey::Authorize(attempt)) => Some(CaptureId::of_sale(attempt)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::id::RefundId;

    fn entry(key: CallKey, kind: EntryKind, minor: i64) -> Entry {
        let (merchant, payment) = (MerchantId::default(), PaymentId::new(Uuid::nil()));
        let amount = Money::from_minor(minor, Currency::EUR);
        Entry { at: Timestamp::from_secs(0), key, merchant, payment, attempt: AttemptId::new(Uuid::nil()), kind, amount }
    }

    #[test]
    fn every_law_of_money_is_judged() {
        let attempt = AttemptId::new(Uuid::nil());
        let [first, second] = [1, 2].map(|n| CaptureId::new(Uuid::from_u128(n)));
        let (authorize, refund) = (CallKey::Authorize(attempt), CallKey::Refund(RefundId::new(Uuid::nil()), first));
        let authorized = entry(authorize, EntryKind::Authorized, 100);
        let captured = entry(CallKey::Capture(first), EntryKind::Captured, 60);
        let check = |entries: &[&Entry]| Ledger::of(entries.iter().map(|e| (*e).clone()).collect()).check();
        let over = entry(CallKey::Capture(second), EntryKind::Captured, 41);
        let void = entry(CallKey::Void(attempt), EntryKind::Voided, 41);
        let mut yen = captured.clone();
        yen.amount = Money::from_minor(60, Currency::JPY);

        assert_eq!(check(&[&authorized, &captured, &entry(refund, EntryKind::Refunded, 60)]), Ok(()));
        assert_eq!(check(&[&authorized, &authorized]), Err(LedgerFault::ChargedTwice(attempt)));
        assert_eq!(check(&[&captured, &authorized]), Err(LedgerFault::OverAuthorization(attempt)));
        assert_eq!(check(&[&authorized, &captured, &over]), Err(LedgerFault::OverAuthorization(attempt)));
        assert_eq!(check(&[&authorized, &captured, &void]), Err(LedgerFault::OverAuthorization(attempt)));
        assert_eq!(check(&[&authorized, &captured, &captured]), Err(LedgerFault::ActedTwice(captured.key)));
        assert_eq!(check(&[&authorized, &captured, &entry(refund, EntryKind::Refunded, 61)]), Err(LedgerFault::OverCapture(first)));
        assert_eq!(check(&[&authorized, &yen]), Err(LedgerFault::MixedCurrencies(attempt)));
        assert_eq!(check(&[&entry(authorize, EntryKind::Authorized, 0)]), Err(LedgerFault::NotPositive(authorize)));
    }
}
