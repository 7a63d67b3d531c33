//! One turn: items are read, handed over, and the position moves over what is done or parked.

use super::write::Written;
use super::{Break, ShardRun, Turn};
use crate::engine::Error;
use crate::engine::consumer::held::{Held, key_of};
use crate::engine::consumer::keys::park;
use crate::engine::consumer::{Consumer, ConsumerError, Handler, Projector, Work};
use crate::id::MerchantId;
use crate::ports::{FeedItem, Park, Position};

impl ShardRun<'_> {
    pub(super) async fn turn(&self, held: &mut Held) -> Result<Turn, Break> {
        if held.replaying() {
            self.replay(held).await?;
            return Ok(Turn::Did);
        }
        let Consumer { commerce, config, .. } = self.consumer;
        let after = held.row.position;
        let limit = if after < held.singly_until { 1 } else { config.batch_max_items };
        // mirrors too: the position moves over what is not wanted
        let mut items = commerce.inner.store.feed.read(self.shard, after, limit, true).await?;
        if let Work::Project(_) = self.consumer.work {
            only_of_one_merchant(&mut items);
        }
        let Some(to) = items.last().map(|item| item.position) else { return Ok(Turn::Idle) };
        items.retain(|item| self.consumer.wants(item));
        let (behind, free): (Vec<FeedItem>, Vec<FeedItem>) = items.into_iter().partition(|item| held.waits(&key_of(item)));
        let behind: Vec<Park> = behind.iter().map(|item| park(item, None)).collect();
        match &self.consumer.work {
            Work::Handle(handler) => self.handle(held, handler.as_ref(), &free, behind, to).await?,
            Work::Project(projector) => self.project(held, projector.as_ref(), &free, behind, to).await?,
        }
        Ok(Turn::Did)
    }

    async fn handle(
        &self,
        held: &mut Held,
        handler: &dyn Handler,
        free: &[FeedItem],
        behind: Vec<Park>,
        to: Position,
    ) -> Result<(), Break> {
        let mut parks = self.keeping(held, self.consumer.handle_all(handler, free)).await?;
        parks.extend(behind);
        self.advance(held, to, parks).await
    }

    /// Moves the position over what is done and what is parked.
    async fn advance(&self, held: &mut Held, to: Position, parks: Vec<Park>) -> Result<(), Break> {
        self.room(held, &parks)?;
        let set = self.set(held, &MerchantId::default(), to, parks.clone(), Vec::new());
        match self.commit(set).await? {
            Written::Done => held.advanced(to, &parks),
            Written::Refused(error) => return Err(Break::Failed(Error::stored(error.text()))),
        }
        Ok(())
    }

    fn room(&self, held: &Held, parks: &[Park]) -> Result<(), Break> {
        let config = &self.consumer.config;
        let (items, keys) = held.with(parks);
        if !parks.is_empty() && (items > config.parked_max_items || keys > config.parked_max_keys) {
            let consumer = self.consumer.name.clone();
            return Err(Break::Full(ConsumerError::ParkedFull { consumer, shard: self.shard, items, keys }));
        }
        Ok(())
    }

    async fn project(
        &self,
        held: &mut Held,
        projector: &dyn Projector,
        free: &[FeedItem],
        behind: Vec<Park>,
        to: Position,
    ) -> Result<(), Break> {
        match free {
            [] => self.advance(held, to, behind).await,
            [one] => self.project_one(held, projector, one, behind, to).await,
            many => {
                self.room(held, &behind)?;
                if let Written::Refused(error) = self.write(held, projector, many, (to, behind.clone(), Vec::new())).await? {
                    let error = error.text();
                    tracing::debug!(consumer = %self.consumer.name, shard = self.shard.0, %error, "a batch failed; its items are taken one by one");
                    held.singly_until = to;
                } else {
                    held.advanced(to, &behind);
                }
                Ok(())
            }
        }
    }

    async fn project_one(
        &self,
        held: &mut Held,
        projector: &dyn Projector,
        one: &FeedItem,
        mut behind: Vec<Park>,
        to: Position,
    ) -> Result<(), Break> {
        self.room(held, &behind)?;
        match self.write_some_times(held, projector, one, (to, behind.clone(), Vec::new())).await? {
            Ok(()) => {
                held.advanced(to, &behind);
                Ok(())
            }
            Err(failed) => {
                behind.push(park(one, Some(failed)));
                self.advance(held, to, behind).await
            }
        }
    }
}

/// A set is of one merchant.
fn only_of_one_merchant(items: &mut Vec<FeedItem>) {
    if let Some(end) = items.iter().position(|item| item.merchant != items[0].merchant) {
        items.truncate(end);
    }
}
