//! Streams and the feed.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use async_trait::async_trait;
use futures::channel::oneshot;

use super::page::rows_max;
use super::{MemoryStore, State};
use crate::ports::{ChangeSet, Feed, FeedEntry, FeedItem, PortError, Position, Shard, Stored, StreamId, Version};
use crate::stock::Movement;

/// What was committed, by shard and by stream.
#[derive(Debug)]
pub(super) struct Log {
    // a position is an index plus one
    shards: Vec<Vec<FeedItem>>,
    streams: BTreeMap<StreamId, Vec<Stored>>,
    waiting: Vec<oneshot::Sender<()>>,
}

impl Log {
    pub(super) fn new(shards: u16) -> Self {
        Self { shards: vec![Vec::new(); usize::from(shards)], streams: BTreeMap::new(), waiting: Vec::new() }
    }

    pub(super) fn stream(&self, stream: &StreamId) -> &[Stored] {
        self.streams.get(stream).map_or(&[], Vec::as_slice)
    }

    /// All streams, each with how many events it has.
    pub(super) fn versions(&self) -> impl Iterator<Item = (&StreamId, Version)> {
        self.streams.iter().map(|(stream, events)| (stream, Version(events.len() as u64)))
    }

    pub(super) fn version(&self, stream: &StreamId) -> Version {
        Version(self.stream(stream).len() as u64)
    }

    pub(super) fn head(&self, shard: Shard) -> Position {
        Position(self.shard(shard).len() as u64)
    }

    pub(super) fn item(&self, shard: Shard, position: Position) -> Option<&FeedItem> {
        self.shard(shard).get(usize::try_from(position.0.checked_sub(1)?).ok()?)
    }

    fn shard(&self, shard: Shard) -> &[FeedItem] {
        self.shards.get(usize::from(shard.0)).map_or(&[], Vec::as_slice)
    }

    /// Appends the events of a set that was judged.
    pub(super) fn append(&mut self, set: &ChangeSet, shard: Shard) {
        for append in &set.appends {
            let mut version = self.version(&append.stream);
            for event in &append.events {
                version = Version(version.0 + 1);
                let position = Position(self.head(shard).0 + 1);
                let (stream, meta) = (append.stream.clone(), set.meta.clone());
                let stored = Stored { stream, version, shard, position, event: event.clone(), meta };
                self.streams.entry(append.stream.clone()).or_default().push(stored.clone());
                self.push(set, shard, FeedEntry::Event(stored));
            }
        }
    }

    /// Records one movement of a set that was judged.
    pub(super) fn record(&mut self, set: &ChangeSet, shard: Shard, movement: Movement) -> Position {
        self.push(set, shard, FeedEntry::Movement { movement, actor: set.meta.actor.clone() })
    }

    fn push(&mut self, set: &ChangeSet, shard: Shard, entry: FeedEntry) -> Position {
        let position = Position(self.head(shard).0 + 1);
        self.shards[usize::from(shard.0)].push(FeedItem { merchant: set.partition.merchant.clone(), shard, position, entry });
        position
    }

    /// Those who wait for a change, to be told once the lock is open.
    pub(super) fn take_waiting(&mut self) -> Vec<oneshot::Sender<()>> {
        std::mem::take(&mut self.waiting)
    }

    fn wait(&mut self) -> oneshot::Receiver<()> {
        self.waiting.retain(|waiting| !waiting.is_canceled());
        let (sender, receiver) = oneshot::channel();
        self.waiting.push(sender);
        receiver
    }
}

impl State {
    fn read(&self, shard: Shard, after: Position, limit: u32, mirrors: bool) -> Vec<FeedItem> {
        let items = self.log.shard(shard).iter().skip(usize::try_from(after.0).unwrap_or(usize::MAX));
        let wanted = |item: &&FeedItem| mirrors || !matches!(&item.entry, FeedEntry::Event(stored) if stored.event.mirror);
        items.filter(wanted).take(rows_max(limit)).cloned().collect()
    }
}

#[async_trait]
impl Feed for MemoryStore {
    async fn read(&self, shard: Shard, after: Position, limit: u32, mirrors: bool) -> Result<Vec<FeedItem>, PortError> {
        Ok(self.state().read(shard, after, limit, mirrors))
    }

    async fn heads(&self) -> Result<Vec<Position>, PortError> {
        let state = self.state();
        Ok((0..self.shards).map(|shard| state.log.head(Shard(shard))).collect())
    }

    // written out, so that it listens from the call on and not from the first poll
    fn changed<'a, 'async_trait>(&'a self) -> Pin<Box<dyn Future<Output = ()> + Send + 'async_trait>>
    where
        'a: 'async_trait,
        Self: 'async_trait,
    {
        let receiver = self.state().log.wait();
        Box::pin(async move {
            // a sender that went away with its store is a change as well
            let _ = receiver.await;
        })
    }
}
