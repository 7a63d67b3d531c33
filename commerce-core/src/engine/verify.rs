//! Proves the whole store: every stream against what is derived from it, and the conservation of stock and money.
//!
//! The feed is read first, in one pass: what all movements and all facts of money sum to. Then each stream is folded anew and
//! compared with everything that is derived from it; then each list is searched for rows that belong to nothing; and at last the
//! counters of the accounts are compared with the movements and the holds.

mod consumers;
mod feed;
mod findings;
mod goods;
mod holds;
mod keys;
mod lists;
mod money;
mod order;
mod payment;
mod replay;
mod report;
mod rows;
mod sagas;
mod stock;
mod sums;

use std::collections::BTreeMap;

use futures::StreamExt;

use crate::engine::{Commerce, Error};
use crate::id::MerchantId;
use crate::ports::{PortError, Store, StreamId, StreamName};

use feed::FeedSums;
use findings::{Findings, Notes, Owned, Seen, settled, unreadable};
use lists::Pages;
pub use report::{Check, DIFFERENCES_MAX, Difference, MoneySums, Unsettled, VerifyReport};
use sums::Book;

/// Subjects that are read at once.
const AT_ONCE_MAX: usize = 16;

impl Commerce {
    /// Walks over the whole store, of all merchants, and checks all of it: see [`Check`]. It only reads, page by page; its memory
    /// grows with the number of accounts, and with the largest order.
    ///
    /// A store that is in use can be verified too: a subject that differs is read again, and a difference is reported once two
    /// reads in a row found the same, or, of an account, once it was read between two of its moves. What changed every time
    /// it was read is not judged; neither are sums of money that differ after anything was committed meanwhile. Both stand in
    /// [`VerifyReport::unsettled`]; of a quiet store nothing does.
    ///
    /// # Errors
    /// [`Error::Port`] if the store does not answer. What the store holds and cannot read is a difference, not an error.
    ///
    /// # Cancel safety
    /// It writes nothing.
    pub async fn verify(&self) -> Result<VerifyReport, Error> {
        let mut walk = Walk::over(&self.inner.store);
        let feed = walk.feed().await?;
        walk.streams().await?;
        walk.rows().await?;
        let held = walk.holds().await?;
        walk.claims().await?;
        walk.items().await?;
        walk.parked().await?;
        walk.totals(&feed).await?;
        walk.accounts(feed, held).await?;
        Ok(walk.finish())
    }
}

/// A walk over a store.
struct Walk<'a> {
    store: &'a Store,
    report: VerifyReport,
    /// Rows that belong to something, by list.
    owned: BTreeMap<Owned, u64>,
    /// What the streams say of money: those of orders, and those of payments without one.
    book: Book,
}

impl<'a> Walk<'a> {
    fn over(store: &'a Store) -> Self {
        Self { store, report: VerifyReport::default(), owned: BTreeMap::new(), book: Book::default() }
    }

    /// Folds every stream, and compares it with what is derived from it.
    async fn streams(&mut self) -> Result<(), Error> {
        let store = self.store;
        let mut pages = Pages::of(Check::OrderStream, "streams");
        while pages.more() {
            let page = store.audit.all_streams(pages.after(), pages.limit()).await;
            let ids = pages.rows(self, page)?;
            let mut reads = futures::stream::iter(ids).map(async |(id, _)| (stream(store, &id).await, id)).buffer_unordered(AT_ONCE_MAX);
            while let Some((found, id)) = reads.next().await {
                self.add(found?, Some(&id.merchant), &id.name.to_string());
            }
        }
        Ok(())
    }

    /// Compares what the streams say of money with what the feed says.
    async fn totals(&mut self, feed: &FeedSums) -> Result<(), Error> {
        let check = Check::MoneyTotals;
        for ((merchant, currency), sums) in &self.book.0 {
            self.report.money.insert((merchant.clone(), *currency), sums.report(*currency));
        }
        let facts_alone = |book: &Book| -> Book {
            let sums = book.0.iter().map(|(key, sums)| (key.clone(), sums::Sums { refunding: 0, ..*sums }));
            Book(sums.collect())
        };
        let (expected, found) = (facts_alone(&self.book), facts_alone(&feed.money));
        let mut all = expected.clone();
        all.add(&found);
        all.0.iter().for_each(|_| self.looked(check));
        if expected == found || !feed.whole {
            return Ok(());
        }
        if !self.report.unsettled.is_empty() || !self.quiet_since(feed).await? {
            self.report.unsettled.push(Unsettled { merchant: None, subject: "sums of money".to_owned() });
            return Ok(());
        }
        for (merchant, currency) in all.0.keys() {
            let of = |book: &Book| book.0.get(&(merchant.clone(), *currency)).copied().unwrap_or_default();
            if of(&expected) != of(&found) {
                let mut notes = Notes::new(merchant);
                let found = format!("the feed: {}", of(&found).words(*currency));
                notes.differ(check, &format!("money/{currency}"), format!("as the streams: {}", of(&expected).words(*currency)), found);
                self.add(Some(notes.findings), Some(merchant), "");
            }
        }
        Ok(())
    }

    /// Adds what was found about a subject.
    fn add(&mut self, found: Option<Findings>, merchant: Option<&MerchantId>, subject: &str) {
        let Some(found) = found else {
            self.report.unsettled.push(Unsettled { merchant: merchant.cloned(), subject: subject.to_owned() });
            return;
        };
        for (check, count) in found.looked_at {
            *self.report.looked_at.entry(check).or_default() += count;
        }
        for (row, count) in found.owned {
            *self.owned.entry(row).or_default() += count;
        }
        self.book.add(&found.book);
        self.report.differences_total += found.differences.len() as u64;
        let room = DIFFERENCES_MAX.saturating_sub(self.report.differences.len());
        self.report.differences.extend(found.differences.into_iter().take(room));
    }

    fn looked(&mut self, check: Check) {
        *self.report.looked_at.entry(check).or_default() += 1;
    }

    /// Notes that something is missing, unless it is there.
    fn unless(&mut self, there: bool, check: Check, merchant: &MerchantId, subject: &str, expected: impl ToString) {
        if !there {
            let mut notes = Notes::new(merchant);
            notes.differ(check, subject, expected, "nothing of the kind");
            self.add(Some(notes.findings), Some(merchant), subject);
        }
    }

    /// A part of a list; one that cannot be read is a difference.
    fn readable<T>(&mut self, check: Check, list: &str, read: Result<T, PortError>) -> Result<Option<T>, Error> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(error) if unreadable(&error) => {
                let (expected, found) = ("what can be read".to_owned(), format!("{error}; the rest was not looked at"));
                let difference = Difference { check, merchant: None, subject: list.to_owned(), expected, found };
                self.add(Some(Findings { differences: vec![difference], ..Findings::default() }), None, list);
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    fn finish(mut self) -> VerifyReport {
        let report = &mut self.report;
        report.differences.sort();
        let kept = report.differences.len();
        report.differences.dedup();
        report.differences_total -= (kept - report.differences.len()) as u64;
        report.unsettled.sort();
        self.report
    }
}

async fn stream(store: &Store, id: &StreamId) -> Result<Option<Findings>, Error> {
    match id.name {
        StreamName::Order(order) => order::check(store, &id.merchant, order).await,
        StreamName::Payment(payment) => payment::alone(store, &id.merchant, payment).await,
        StreamName::Consumer(consumer) => {
            settled(async || {
                let mut notes = Notes::new(&id.merchant);
                consumers::stream(store, &mut notes, consumer).await?;
                Ok(Seen::Judged(notes.findings))
            })
            .await
        }
        StreamName::Saga(saga) => {
            settled(async || {
                let mut notes = Notes::new(&id.merchant);
                sagas::stream(store, &mut notes, saga).await?;
                Ok(Seen::Judged(notes.findings))
            })
            .await
        }
    }
}
