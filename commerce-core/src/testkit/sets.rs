//! Builds change sets, part by part.

use crate::id::ConsumerName;
use crate::ports::{
    Append, ChangeSet, Claim, ConsumerAct, ConsumerWrite, Expected, NewEvent, PersonalWrite, Position, SagaWrite, Shard, StreamName,
    ViewRow,
};
use crate::ports::{ClaimSpace, ResourceRef, StreamId};
use crate::stock::Move;

/// Adds parts to a change set.
pub trait ChangeSetExt: Sized {
    /// With a claim that never expires and has no request hash.
    #[must_use]
    fn claiming(self, space: ClaimSpace, key: &str, owner: &ResourceRef) -> Self;

    /// With this claim.
    #[must_use]
    fn claim(self, claim: Claim) -> Self;

    /// With a write to a saga.
    #[must_use]
    fn saga(self, write: SagaWrite) -> Self;

    /// With events for a stream of the set's own merchant.
    #[must_use]
    fn append(self, stream: StreamName, expected: Expected, events: Vec<NewEvent>) -> Self;

    /// With a stock move, after those that it has.
    #[must_use]
    fn moving(self, one: Move) -> Self;

    /// With a row of a read model.
    #[must_use]
    fn view(self, row: ViewRow) -> Self;

    /// With personal data.
    #[must_use]
    fn personal(self, write: PersonalWrite) -> Self;

    /// With what becomes of a consumer.
    #[must_use]
    fn consumer(self, consumer: &str, shard: Shard, epoch: u64, act: ConsumerAct) -> Self;

    /// With the progress of a consumer that nobody ever took, and that has this revision.
    #[must_use]
    fn advance(self, consumer: &str, shard: Shard, revision: u64, to: Position) -> Self;
}

impl ChangeSetExt for ChangeSet {
    fn claiming(self, space: ClaimSpace, key: &str, owner: &ResourceRef) -> Self {
        self.claim(Claim { space, key: key.to_owned(), owner: owner.clone(), request_hash: None, expires_at: None })
    }

    fn claim(mut self, claim: Claim) -> Self {
        self.claims.push(claim);
        self
    }

    fn saga(mut self, write: SagaWrite) -> Self {
        self.sagas.push(write);
        self
    }

    fn append(mut self, stream: StreamName, expected: Expected, events: Vec<NewEvent>) -> Self {
        let stream = StreamId { merchant: self.partition.merchant.clone(), name: stream };
        self.appends.push(Append { stream, expected, events });
        self
    }

    fn moving(mut self, one: Move) -> Self {
        self.moves.push(one);
        self
    }

    fn view(mut self, row: ViewRow) -> Self {
        self.views.push(row);
        self
    }

    fn personal(mut self, write: PersonalWrite) -> Self {
        self.personal.push(write);
        self
    }

    fn consumer(mut self, consumer: &str, shard: Shard, epoch: u64, act: ConsumerAct) -> Self {
        let consumer = ConsumerName::new(consumer).expect("a test's consumer is valid");
        self.consumers.push(ConsumerWrite { consumer, shard, epoch, act });
        self
    }

    fn advance(self, consumer: &str, shard: Shard, revision: u64, to: Position) -> Self {
        self.consumer(consumer, shard, 0, ConsumerAct::Advance { revision, to, parked: Vec::new(), settled: Vec::new() })
    }
}
