//! Parked items that an operator lets be tried again.

use super::write::Written;
use super::{Break, ShardRun};
use crate::engine::Error;
use crate::engine::consumer::held::{Held, Key};
use crate::engine::consumer::keys::park;
use crate::engine::consumer::{Consumer, Handler, Projector, Work};
use crate::ports::{FeedItem, LIMIT_MAX_ROWS, Position};

impl ShardRun<'_> {
    /// Tries parked items of one key again, in their order.
    pub(super) async fn replay(&self, held: &mut Held) -> Result<(), Break> {
        let Consumer { commerce, config, .. } = self.consumer;
        let store = &commerce.inner.store;
        let rows = store.consumers.parked(&self.parked_query(true), None, LIMIT_MAX_ROWS).await?.items;
        let Some(first) = rows.first() else { return Err(Break::Failed(Error::stored("items that were to be replayed are not parked"))) };
        let key = (first.merchant.clone(), first.key.clone());
        let own = rows.iter().filter(|row| (&row.merchant, &row.key) == (&key.0, &key.1));
        let mut items = Vec::new();
        for row in own.take(config.batch_max_items as usize) {
            let found = store.feed.read(self.shard, Position(row.position.0.saturating_sub(1)), 1, true).await?;
            items.extend(found.into_iter().filter(|item| item.position == row.position));
        }
        let Some(item) = items.first() else { return Err(Break::Failed(Error::stored("a parked item is not in the feed"))) };
        match &self.consumer.work {
            Work::Handle(handler) => self.replay_handled(held, handler.as_ref(), &key, &items).await,
            Work::Project(projector) => self.replay_projected(held, projector.as_ref(), &key, item).await,
        }
    }

    async fn replay_handled(&self, held: &mut Held, handler: &dyn Handler, key: &Key, items: &[FeedItem]) -> Result<(), Break> {
        let parks = self.keeping(held, self.consumer.handle_all(handler, items)).await?;
        let failed = parks.into_iter().find(|park| park.error.is_some());
        let done = items.iter().map(|item| item.position);
        let settled: Vec<Position> = done.take_while(|position| failed.as_ref().is_none_or(|park| *position < park.position)).collect();
        let (count, again) = (settled.len(), failed.is_some());
        let set = self.set(held, &key.0, held.row.position, failed.into_iter().collect(), settled);
        match self.commit(set).await? {
            Written::Done => held.replayed(key, count, again),
            Written::Refused(error) => return Err(Break::Failed(Error::stored(error.text()))),
        }
        Ok(())
    }

    async fn replay_projected(&self, held: &mut Held, projector: &dyn Projector, key: &Key, item: &FeedItem) -> Result<(), Break> {
        let at = held.row.position;
        match self.write_some_times(held, projector, item, (at, Vec::new(), vec![item.position])).await? {
            Ok(()) => held.replayed(key, 1, false),
            Err(failed) => {
                let set = self.set(held, &key.0, at, vec![park(item, Some(failed))], Vec::new());
                if let Written::Refused(error) = self.commit(set).await? {
                    return Err(Break::Failed(Error::stored(error.text())));
                }
                held.replayed(key, 0, true);
            }
        }
        Ok(())
    }
}
