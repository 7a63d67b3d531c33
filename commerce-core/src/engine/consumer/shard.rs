//! One shard of a consumer: leased, and kept while turn follows on turn.

mod replay;
mod turn;
mod write;

use std::future::Future;
use std::task::Poll;

use futures::FutureExt;
use futures::future::poll_fn;

use super::held::Held;
use super::{Consumer, ConsumerError, Stopped};
use crate::engine::Error;
use crate::ports::{LIMIT_MAX_ROWS, ParkedQuery, Shard};

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
