//! What was found about one subject, and how long it is read until that can be said.

use std::collections::BTreeMap;
use std::future::Future;

use crate::engine::Error;
use crate::engine::verify::sums::Book;
use crate::engine::verify::{Check, Difference};
use crate::id::MerchantId;
use crate::ports::{PortError, PortErrorKind};

/// How often a subject that differs is read, at most.
const READS_MAX: usize = 5;

/// What one look at a subject came to.
pub(super) enum Seen {
    /// What was read belongs together.
    Judged(Findings),
    /// It changed while it was read.
    Moved,
}

/// Rows that belong to something: a list that has more of them has some that nothing knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Owned {
    Order,
    Payment,
    /// Payments whose row names the order that they belong to.
    OrderPayment,
    Shipment,
    Return,
    Refund,
    Saga,
    Hold,
    Personal,
}

/// What was looked at, and what is not as it must be.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) looked_at: BTreeMap<Check, u64>,
    pub(super) differences: Vec<Difference>,
    pub(super) owned: BTreeMap<Owned, u64>,
    pub(super) book: Book,
}

/// Notes findings about the things of one merchant.
pub(super) struct Notes<'a> {
    pub(super) merchant: &'a MerchantId,
    pub(super) findings: Findings,
}

impl<'a> Notes<'a> {
    pub(super) fn new(merchant: &'a MerchantId) -> Self {
        Self { merchant, findings: Findings::default() }
    }

    /// Counts a thing that a check looked at.
    pub(super) fn look(&mut self, check: Check) {
        *self.findings.looked_at.entry(check).or_default() += 1;
    }

    /// Counts a row that belongs to something.
    pub(super) fn owned(&mut self, row: Owned) {
        *self.findings.owned.entry(row).or_default() += 1;
    }

    pub(super) fn differ(&mut self, check: Check, subject: &str, expected: impl ToString, found: impl ToString) {
        self.findings.differences.push(Difference {
            check,
            merchant: Some(self.merchant.clone()),
            subject: subject.to_owned(),
            expected: expected.to_string(),
            found: found.to_string(),
        });
    }

    /// Notes a difference unless both are equal.
    pub(super) fn same<T: PartialEq + ToString>(&mut self, check: Check, subject: &str, what: &str, expected: &T, found: &T) {
        if expected != found {
            self.differ(check, subject, format!("{what} {}", expected.to_string()), format!("{what} {}", found.to_string()));
        }
    }

    /// The value that was read; what cannot be read is a difference, and a store that does not answer is an error.
    pub(super) fn readable<T>(&mut self, check: Check, subject: &str, read: Result<T, PortError>) -> Result<Option<T>, Error> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if unreadable(&error) => {
                self.differ(check, subject, "what can be read", &error);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// A value that may not be there, in words.
pub(super) fn or_none<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "none".to_owned(), |value| value.to_string())
}

/// Whether the store answered that what it holds cannot be read.
pub(super) const fn unreadable(error: &PortError) -> bool {
    matches!(error.kind, PortErrorKind::Corrupt | PortErrorKind::UnknownSchema)
}

/// Reads a subject until it is clean, or two reads in a row find the same; `None` if it kept changing.
pub(super) async fn settled<F>(read: impl Fn() -> F) -> Result<Option<Findings>, Error>
where
    F: Future<Output = Result<Seen, Error>>,
{
    let mut before: Option<Vec<Difference>> = None;
    for _ in 0..READS_MAX {
        let Seen::Judged(mut findings) = read().await? else { continue };
        findings.differences.sort();
        findings.differences.dedup();
        if findings.differences.is_empty() || before.as_ref() == Some(&findings.differences) {
            return Ok(Some(findings));
        }
        before = Some(findings.differences);
    }
    Ok(None)
}
