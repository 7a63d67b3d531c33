//! One shard of a consumer: leased, read, handled and committed batch by batch.

use std::future::Future;
use std::task::Poll;

use futures::FutureExt;
use futures::future::poll_fn;

use super::held::{Held, Key, key_of};
use super::keys::{Failed, park};
use super::{Consumer, ConsumerError, Handler, HandlerError, Projector, Stopped, Work};
use crate::engine::Error;
use crate::id::{ConsumerId, MerchantId};
use crate::ports::{
    Actor, ActorKind, ChangeSet, ConsumerAct, ConsumerWrite, EventMeta, FeedItem, LIMIT_MAX_ROWS, Park, ParkedQuery, Partition, PortError,
    PortErrorKind, Position, Rejection, Root, Shard, Verdict,
};

/// One shard of a consumer.
pub(super) struct ShardRun<'a> {
    consumer: &'a Consumer,
    shard: Shard,
}

/// What a turn came to.
enum Turn {
    Did,
    /// The feed has nothing more.
    Idle,
}

/// Why a runner lets its shard go.
enum Break {
    /// Another runner has it, or an operator said something.
    Outrun,
    /// The store failed.
    Failed(Error),
    /// More would be parked than may be.
    Full(ConsumerError),
}

impl<E: Into<Error>> From<E> for Break {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// How a change set of a projector ended.
enum Written {
    Done,
    Refused(HandlerError),
}

impl<'a> ShardRun<'a> {
    pub(super) const fn new(consumer: &'a Consumer, shard: Shard) -> Self {
        Self { consumer, shard }
    }

    /// Consumes the shard until told to stop.
    pub(super) async fn run(self, stopped: Stopped) -> Result<(), ConsumerError> {
        while stopped.peek().is_none() {
            let mut held = match self.take().await {
                Ok(Some(held)) => held,
                Ok(None) => {
                    self.pause(&stopped).await;
                    continue;
                }
                Err(error) => {
                    self.warn(&error);
                    self.pause(&stopped).await;
                    continue;
                }
            };
            match self.hold(&mut held, &stopped).await {
                Ok(()) => self.give_back(&held).await,
                Err(Break::Outrun) => {}
                Err(Break::Failed(error)) => {
                    self.warn(&error);
                    self.pause(&stopped).await;
                }
                Err(Break::Full(error)) => {
                    self.give_back(&held).await;
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Consumes the shard to its end.
    pub(super) async fn run_due(self) -> Result<(), ConsumerError> {
        loop {
            let Some(mut held) = self.take().await? else { return Ok(()) };
            loop {
                match self.turn(&mut held).await {
                    Ok(Turn::Did) => {}
                    Ok(Turn::Idle) => {
                        self.give_back(&held).await;
                        return Ok(());
                    }
                    Err(Break::Outrun) => break,
                    Err(Break::Failed(error)) => return Err(error.into()),
                    Err(Break::Full(error)) => {
                        self.give_back(&held).await;
                        return Err(error);
                    }
                }
            }
        }
    }

    fn warn(&self, error: &Error) {
        tracing::warn!(consumer = %self.consumer.name, shard = self.shard.0, %error, "a consumer waits for its store");
    }

    async fn pause(&self, stopped: &Stopped) {
        let clock = &self.consumer.commerce.inner.clock;
        let mut tick = clock.sleep_until(clock.now().plus_millis(self.consumer.config.poll_ms)).fuse();
        let mut stopped = stopped.clone();
        futures::select_biased! { () = stopped => {}, () = tick => {} }
    }

    async fn take(&self) -> Result<Option<Held>, Error> {
        let Consumer { commerce, name, config, worker, .. } = self.consumer;
        let (store, clock) = (&commerce.inner.store, &commerce.inner.clock);
        let renew_at = clock.now().plus_millis(config.lease_ms / 2);
        let Some(row) = store.consumers.take(name, self.shard, *worker, config.lease_ms).await? else { return Ok(None) };
        let query = self.parked_query(false);
        let mut parked = Vec::new();
        let mut after = None;
        loop {
            let page = store.consumers.parked(&query, after.as_ref(), LIMIT_MAX_ROWS).await?;
            parked.extend(page.items);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(Some(Held::new(row, parked, renew_at))),
            }
        }
    }

    fn parked_query(&self, replaying: bool) -> ParkedQuery {
        ParkedQuery { consumer: self.consumer.name.clone(), shard: Some(self.shard), merchant: None, replaying }
    }

    async fn give_back(&self, held: &Held) {
        let consumers = &self.consumer.commerce.inner.store.consumers;
        if let Err(error) = consumers.renew(&self.consumer.name, self.shard, held.row.epoch, 0).await {
            tracing::debug!(consumer = %self.consumer.name, shard = self.shard.0, %error, "a lease was not given back; it will run out");
        }
    }

    /// Turn by turn, until told to stop.
    async fn hold(&self, held: &mut Held, stopped: &Stopped) -> Result<(), Break> {
        let inner = &self.consumer.commerce.inner;
        loop {
            if stopped.peek().is_some() {
                return Ok(());
            }
            // what is committed from here on is told, though it is not read now
            let mut changed = inner.store.feed.changed().fuse();
            if matches!(self.turn(held).await?, Turn::Did) {
                breathe(stopped).await;
                continue;
            }
            let poll_at = inner.clock.now().plus_millis(self.consumer.config.poll_ms);
            let mut tick = inner.clock.sleep_until(poll_at.min(held.renew_at)).fuse();
            let mut over = stopped.clone();
            futures::select_biased! { () = over => return Ok(()), () = changed => {}, () = tick => {} }
            if inner.clock.now() >= held.renew_at {
                self.renew(held).await?;
            }
        }
    }

    async fn renew(&self, held: &mut Held) -> Result<(), Break> {
        let Consumer { commerce, name, config, .. } = self.consumer;
        let renew_at = commerce.inner.clock.now().plus_millis(config.lease_ms / 2);
        if commerce.inner.store.consumers.renew(name, self.shard, held.row.epoch, config.lease_ms).await? {
            held.renew_at = renew_at;
            return Ok(());
        }
        Err(Break::Outrun)
    }

    /// Does work that may take long, and keeps the lease meanwhile; it is dropped when the lease is lost.
    async fn keeping<T>(&self, held: &mut Held, work: impl Future<Output = T>) -> Result<T, Break> {
        let mut work = Box::pin(work.fuse());
        loop {
            let mut tick = self.consumer.commerce.inner.clock.sleep_until(held.renew_at).fuse();
            futures::select_biased! {
                done = work => return Ok(done),
                () = tick => self.renew(held).await?,
            }
        }
    }

    async fn turn(&self, held: &mut Held) -> Result<Turn, Break> {
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

    /// Tries some times to write what an item leads to; the inner answer says whether it is to be parked.
    async fn write_some_times(
        &self,
        held: &mut Held,
        projector: &dyn Projector,
        one: &FeedItem,
        step: (Position, Vec<Park>, Vec<Position>),
    ) -> Result<Result<(), Failed>, Break> {
        let (clock, config) = (&self.consumer.commerce.inner.clock, &self.consumer.config);
        let mut failures = 0;
        loop {
            let Written::Refused(error) = self.write(held, projector, std::slice::from_ref(one), step.clone()).await? else {
                return Ok(Ok(()));
            };
            failures += 1;
            if !error.again() || failures >= config.failures_max {
                let (position, key, error) = (one.position, one.key(), error.text());
                tracing::warn!(consumer = %self.consumer.name, shard = self.shard.0, %position, %key, %error, "an item is parked");
                return Ok(Err(Failed { failures, error }));
            }
            let pause_ms = crate::consumer::backoff_ms(failures, config.backoff_first_ms, config.backoff_max_ms);
            let until = clock.now().plus_millis(pause_ms);
            self.keeping(held, clock.sleep_until(until)).await?;
        }
    }

    /// Asks what items lead to, and commits it with the step.
    async fn write(
        &self,
        held: &mut Held,
        projector: &dyn Projector,
        items: &[FeedItem],
        (to, parks, settled): (Position, Vec<Park>, Vec<Position>),
    ) -> Result<Written, Break> {
        let merchant = items.first().map_or_else(MerchantId::default, |item| item.merchant.clone());
        let mut set = self.set(held, &merchant, to, parks, settled);
        let own = set.consumers.clone();
        let asked = self.consumer.call_in_time(projector.project(items, &mut set));
        if let Err(error) = self.keeping(held, asked).await? {
            return Ok(Written::Refused(error));
        }
        if set.consumers != own || set.partition.merchant != merchant {
            return Ok(Written::Refused(HandlerError::never("the projector changed the consumer's part of the set, or its merchant")));
        }
        self.commit(set).await
    }

    async fn commit(&self, set: ChangeSet) -> Result<Written, Break> {
        match self.consumer.commerce.inner.commit(set).await {
            Ok(Verdict::Committed(_)) => Ok(Written::Done),
            Ok(Verdict::Rejected(Rejection::Outrun { .. })) => Err(Break::Outrun),
            Ok(Verdict::Rejected(rejection)) => {
                Ok(Written::Refused(HandlerError::later(format!("the store refused the set: {rejection:?}"))))
            }
            // the store is well, and the set is not
            Err(Error::Port(error @ PortError { kind: PortErrorKind::Misuse | PortErrorKind::TooLarge, .. })) => {
                Ok(Written::Refused(HandlerError::never(error)))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn set(&self, held: &Held, merchant: &MerchantId, to: Position, parked: Vec<Park>, settled: Vec<Position>) -> ChangeSet {
        let Consumer { commerce, name, .. } = self.consumer;
        let now = commerce.inner.clock.now();
        let actor = Actor { kind: ActorKind::System, id: format!("consumer/{name}").into() };
        let meta = EventMeta { at: now, actor, correlation: None, causation: None };
        let root = Root::Consumer(ConsumerId::of(name));
        let mut set = ChangeSet::new(Partition { merchant: merchant.clone(), root }, now, meta);
        let act = ConsumerAct::Advance { revision: held.row.revision, to, parked, settled };
        set.consumers.push(ConsumerWrite { consumer: name.clone(), shard: self.shard, epoch: held.row.epoch, act });
        set
    }

    /// Tries parked items of one key again, in their order.
    async fn replay(&self, held: &mut Held) -> Result<(), Break> {
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

/// Lets others of this task have their turn, and notes whether the consumer is to stop.
async fn breathe(stopped: &Stopped) {
    let mut stopped = stopped.clone();
    let mut yielded = false;
    poll_fn(|context| {
        if stopped.poll_unpin(context).is_ready() || yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A set is of one merchant.
fn only_of_one_merchant(items: &mut Vec<FeedItem>) {
    if let Some(end) = items.iter().position(|item| item.merchant != items[0].merchant) {
        items.truncate(end);
    }
}
