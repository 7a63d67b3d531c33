use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;
use commerce_core::ports::{Feed, FeedEntry, FeedItem, PortError, Position, Shard};

use rusqlite::Connection;

use super::Ports;
use crate::page::rows_max;
use crate::table::{events, movements};

#[async_trait]
impl Feed for Ports {
    async fn read(&self, shard: Shard, after: Position, limit: u32, mirrors: bool) -> Result<Vec<FeedItem>, PortError> {
        let limit = rows_max(limit);
        let read = self.readers.read(move |conn| {
            let events = events::feed(conn, shard, after, limit, mirrors)?;
            Ok((events, movements::feed(conn, shard, after, limit)?))
        });
        let (events, mut items) = read.await?;
        items.extend(events.into_iter().map(|event| FeedItem {
            merchant: event.stream.merchant.clone(),
            shard,
            position: event.position,
            entry: FeedEntry::Event(event),
        }));
        items.sort_by_key(|item| item.position);
        items.truncate(limit as usize);
        Ok(items)
    }

    async fn heads(&self) -> Result<Vec<Position>, PortError> {
        let shards = self.shards;
        let head = |conn: &Connection, shard| Ok(events::head(conn, shard)?.max(movements::head(conn, shard)?));
        self.readers.read(move |conn| (0..shards).map(|shard| head(conn, Shard(shard))).collect()).await
    }

    // written out, so that it listens from the call on and not from the first poll
    fn changed<'a, 'async_trait>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        let changed = self.changed.changed();
        Box::pin(async move {
            // a notifier that went away with its store is a change as well
            let _gone = changed.await;
        })
    }
}
