//! The change set of a step: progress, parked items and what a projector adds, committed together or not at all.

use super::{Break, ShardRun};
use crate::engine::Error;
use crate::engine::consumer::held::Held;
use crate::engine::consumer::keys::Failed;
use crate::engine::consumer::{Consumer, HandlerError, Projector};
use crate::id::{ConsumerId, MerchantId};
use crate::ports::{
    Actor, ActorKind, ChangeSet, ConsumerAct, ConsumerWrite, EventMeta, FeedItem, Park, Partition, PortError, PortErrorKind, Position,
    Rejection, Root, Verdict,
};

/// How a change set of a projector ended.
pub(super) enum Written {
    Done,
    Refused(HandlerError),
}

impl ShardRun<'_> {
    /// Tries some times to write what an item leads to; the inner answer says whether it is to be parked.
    pub(super) async fn write_some_times(
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
    pub(super) async fn write(
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

    pub(super) async fn commit(&self, set: ChangeSet) -> Result<Written, Break> {
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

    pub(super) fn set(&self, held: &Held, merchant: &MerchantId, to: Position, parked: Vec<Park>, settled: Vec<Position>) -> ChangeSet {
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
}
