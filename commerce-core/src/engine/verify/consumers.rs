//! What operators told consumers, and what consumers parked.

use crate::engine::Error;
use crate::engine::verify::findings::{Findings, Notes, Seen, or_none, settled};
use crate::engine::verify::lists::Pages;
use crate::engine::verify::{Check, Walk, replay};
use crate::id::{ConsumerId, ConsumerName};
use crate::ports::{ParkedQuery, ParkedRow, Position, Store, StreamName};
use crate::stored;

/// What was recorded about a consumer.
pub(super) async fn stream(store: &Store, notes: &mut Notes<'_>, id: ConsumerId) -> Result<(), Error> {
    let (check, subject) = (Check::ConsumerStream, format!("consumer/{id}"));
    notes.look(check);
    let stream = replay::stream(notes.merchant, StreamName::Consumer(id));
    let Some(events) = replay::read(store, &stream, check, notes).await? else { return Ok(()) };
    for one in events {
        let what = format!("{} at version {}", one.event.kind, one.version);
        match stored::decode_consumer(&one.event.kind, one.event.kind_version, &one.event.bytes) {
            Ok(event) if ConsumerId::of(event.consumer()) == id => {}
            Ok(event) => notes.differ(check, &subject, format!("{what} of this consumer"), format!("one of {}", event.consumer())),
            Err(error) => {
                notes.differ(check, &subject, format!("{what} that can be read"), error);
                return Ok(());
            }
        }
    }
    Ok(())
}

impl Walk<'_> {
    /// Compares what is parked with the feed, and with how far its consumer is.
    pub(super) async fn parked(&mut self) -> Result<(), Error> {
        let store = self.store;
        let mut names: Vec<ConsumerName> = Vec::new();
        let mut pages = Pages::of(Check::ParkedItem, "consumers");
        while pages.more() {
            let page = store.consumers.list(pages.after(), pages.limit()).await;
            names.extend(pages.rows(self, page)?.into_iter().map(|row| row.consumer));
        }
        names.dedup();
        for consumer in names {
            let query = ParkedQuery { consumer, shard: None, merchant: None, replaying: false };
            let mut pages = Pages::of(Check::ParkedItem, "parked items");
            while pages.more() {
                let page = store.consumers.parked(&query, pages.after(), pages.limit()).await;
                for row in pages.rows(self, page)? {
                    let found = settled(async || Ok(Seen::Judged(one(store, &row).await?))).await?;
                    self.add(found, Some(&row.merchant), &subject(&row));
                }
            }
        }
        Ok(())
    }
}

fn subject(row: &ParkedRow) -> String {
    format!("parked/{}/{}/{}", row.consumer, row.shard.0, row.position)
}

async fn one(store: &Store, row: &ParkedRow) -> Result<Findings, Error> {
    let (check, subject) = (Check::ParkedItem, subject(row));
    let mut notes = Notes::new(&row.merchant);
    notes.look(check);
    // one that was settled or dropped meanwhile was right before
    let now = store.consumers.parked_at(&row.consumer, row.shard, row.position).await;
    let Some(Some(now)) = notes.readable(check, &subject, now)? else { return Ok(notes.findings) };
    let before = Position(row.position.0.saturating_sub(1));
    let found = store.feed.read(row.shard, before, 1, true).await;
    let Some(found) = notes.readable(check, &subject, found)? else { return Ok(notes.findings) };
    let item = found.first().filter(|item| item.position == row.position);
    let name = |merchant: &dyn std::fmt::Display, key: &dyn std::fmt::Display| format!("{key} of {merchant}");
    let there = or_none(item.map(|item| name(&item.merchant, &item.key())));
    notes.same(check, &subject, "item", &there, &name(&now.merchant, &now.key));
    let rows = store.consumers.rows(&row.consumer).await;
    let Some(rows) = notes.readable(check, &subject, rows)? else { return Ok(notes.findings) };
    let at = rows.iter().find(|of| of.shard == row.shard).map(|of| of.position);
    if at.is_none_or(|at| at < row.position) {
        notes.differ(check, &subject, format!("a consumer at {} or beyond", row.position), or_none(at));
    }
    Ok(notes.findings)
}
