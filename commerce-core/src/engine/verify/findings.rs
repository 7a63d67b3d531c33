//! What was found about one subject, and how long it is read until that can be said.

use std::collections::BTreeMap;
use std::future::Future;

use crate::engine::Error;
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

/// What was looked at, and what is not as it must be.
#[derive(Clone, Debug, Default)]
pub(super) struct Findings {
    pub(super) looked_at: BTreeMap<Check, u64>,
    pub(super) differences: Vec<Difference>,
}

impl Findings {
    /// Counts things that a check looked at.
    pub(super) fn look(&mut self, check: Check, count: usize) {
        *self.looked_at.entry(check).or_default() += count as u64;
    }
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

    pub(super) fn look(&mut self, check: Check, count: usize) {
        self.findings.look(check, count);
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
        if findings.differences.is_empty() || before.as_ref() == Some(&findings.differences) {
            return Ok(Some(findings));
        }
        before = Some(findings.differences);
    }
    Ok(None)
}
