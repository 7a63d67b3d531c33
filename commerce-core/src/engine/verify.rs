//! Proves the whole store: every stream against what is derived from it, and the conservation of stock and money.

mod findings;
mod order;
mod replay;
mod report;

use futures::StreamExt;

use crate::engine::{Commerce, Error};
use crate::id::MerchantId;
use crate::ports::{LIMIT_MAX_ROWS, Store};

use findings::Findings;
pub use report::{Check, DIFFERENCES_MAX, Difference, MoneySums, Unsettled, VerifyReport};

/// Subjects that are read at once.
const AT_ONCE_MAX: usize = 16;

impl Commerce {
    /// Walks over the whole store, of all merchants, and checks all of it: see [`Check`].
    ///
    /// It only reads. A subject that differs is read again: a difference is reported once two reads in a row found the same, so a store
    /// that is in use can be verified too. What changed every time it was read is not judged, and stands in [`VerifyReport::unsettled`];
    /// on a quiet store nothing does.
    ///
    /// # Errors
    /// [`Error::Port`] if the store does not answer. What the store holds and cannot read is a difference, not an error.
    ///
    /// # Cancel safety
    /// It writes nothing.
    pub async fn verify(&self) -> Result<VerifyReport, Error> {
        let mut walk = Walk { store: &self.inner.store, report: VerifyReport::default() };
        walk.orders().await?;
        Ok(walk.finish())
    }
}

/// A walk over a store.
struct Walk<'a> {
    store: &'a Store,
    report: VerifyReport,
}

impl Walk<'_> {
    async fn orders(&mut self) -> Result<(), Error> {
        let store = self.store;
        let mut after = None;
        loop {
            let page = store.audit.all_orders(after.as_ref(), LIMIT_MAX_ROWS).await?;
            let mut reads = futures::stream::iter(page.items)
                .map(async |(merchant, row)| (order::check(store, &merchant, row.id).await, merchant, format!("order/{}", row.id)))
                .buffer_unordered(AT_ONCE_MAX);
            while let Some((found, merchant, subject)) = reads.next().await {
                add(&mut self.report, found?, &merchant, subject);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    fn finish(mut self) -> VerifyReport {
        self.report.differences.sort();
        self.report.unsettled.sort();
        self.report
    }
}

/// Adds what was found about a subject.
fn add(report: &mut VerifyReport, found: Option<Findings>, merchant: &MerchantId, subject: String) {
    let Some(found) = found else {
        report.unsettled.push(Unsettled { merchant: Some(merchant.clone()), subject });
        return;
    };
    for (check, count) in found.looked_at {
        *report.looked_at.entry(check).or_default() += count;
    }
    report.differences_total += found.differences.len() as u64;
    let room = DIFFERENCES_MAX.saturating_sub(report.differences.len());
    report.differences.extend(found.differences.into_iter().take(room));
}
