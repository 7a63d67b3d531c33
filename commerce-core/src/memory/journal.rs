//! The write path: each set is judged whole, then written whole.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::page::rows_max;
use super::{MemoryStore, State};
use crate::id::MerchantId;
use crate::ports::{
    ChangeSet, ClaimRow, ClaimSpace, Journal, Partition, PersonalRow, PortError, Position, Proof, Receipt, Rejection, Root, SagaId,
    SagaRow, Shard, Stored, StreamId, Verdict, Version,
};
use crate::stock::{Applied, Changes, Ledger, Refusal};
use crate::time::Timestamp;

/// What a set that stands becomes.
struct Judged {
    sagas: BTreeMap<SagaId, SagaRow>,
    applied: Applied,
    changes: Changes,
}

enum Refused {
    Rejected(Box<Rejection>),
    Failed(PortError),
}

impl From<Box<Rejection>> for Refused {
    fn from(rejection: Box<Rejection>) -> Self {
        Self::Rejected(rejection)
    }
}

impl From<Rejection> for Refused {
    fn from(rejection: Rejection) -> Self {
        Self::Rejected(Box::new(rejection))
    }
}

impl State {
    fn commit(&mut self, set: &ChangeSet, shards: u16, clock: Timestamp) -> Result<Verdict, PortError> {
        match self.judge(set, clock) {
            Ok(judged) => Ok(Verdict::Committed(self.write(set, set.partition.shard(shards), judged))),
            Err(Refused::Rejected(rejection)) => Ok(Verdict::Rejected(*rejection)),
            Err(Refused::Failed(error)) => Err(error),
        }
    }

    fn judge(&self, set: &ChangeSet, clock: Timestamp) -> Result<Judged, Refused> {
        set.check().map_err(Refused::Failed)?;
        self.judge_claims(set)?;
        let sagas = self.sagas.judge(set, clock)?;
        self.consumers.judge(set)?;
        for append in &set.appends {
            let actual = self.log.version(&append.stream);
            if actual != append.expected.version() {
                return Err(Rejection::Conflict { stream: append.stream.clone(), actual }.into());
            }
        }
        let mut ledger = Ledger::new(self);
        match ledger.apply(&set.partition.merchant, &set.moves, set.now, set.meta.at) {
            Ok(applied) => Ok(Judged { sagas, applied, changes: ledger.into_changes() }),
            Err(Refusal::Gone(hold)) => Err(Rejection::HoldGone { hold }.into()),
            Err(Refusal::Short(items)) => Err(Rejection::Short(items).into()),
            Err(Refusal::Misuse(error)) => Err(Refused::Failed(PortError::misuse(error))),
            Err(Refusal::Source(never)) => match never {},
        }
    }

    fn judge_claims(&self, set: &ChangeSet) -> Result<(), Box<Rejection>> {
        for claim in &set.claims {
            if let Some(row) = self.living_claim(&set.partition.merchant, claim.space, &claim.key, set.now) {
                let same_request = row.request_hash == claim.request_hash;
                return Err(Box::new(Rejection::Claimed { claim: claim.clone(), owner: row.owner.clone(), same_request }));
            }
        }
        Ok(())
    }

    pub(super) fn living_claim(&self, merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Option<&ClaimRow> {
        let row = self.claims.get(&(merchant.clone(), space, key.to_owned()));
        row.filter(|row| row.expires_at.is_none_or(|expires_at| now < expires_at))
    }

    fn write(&mut self, set: &ChangeSet, shard: Shard, judged: Judged) -> Receipt {
        let merchant = &set.partition.merchant;
        for claim in &set.claims {
            let row = ClaimRow { owner: claim.owner.clone(), request_hash: claim.request_hash, expires_at: claim.expires_at };
            self.claims.insert((merchant.clone(), claim.space, claim.key.clone()), row);
        }
        judged.sagas.into_values().for_each(|row| self.sagas.put(row));
        self.log.append(set, shard);
        for movement in judged.applied.movements {
            let position = self.log.record(set, shard, movement.clone());
            self.books.moved(&movement, shard, position);
        }
        self.books.write(judged.changes);
        set.views.iter().for_each(|row| self.rows.put(merchant, row));
        for one in &set.personal {
            let (reference, customer) = (one.reference, one.customer.clone());
            let row = PersonalRow { reference, customer, order: one.order, bytes: one.bytes.clone() };
            self.personal.insert((merchant.clone(), reference), row);
        }
        self.consumers.write(set);
        Receipt { shard, position: self.log.head(shard), placed: judged.applied.placed }
    }

    fn outcome(&self, proof: &Proof, shards: u16) -> Option<Receipt> {
        let (shard, position) = match proof {
            Proof::Event { stream, version, event } => {
                let stored = self.log.stream(stream).iter().find(|stored| stored.version == *version)?;
                (stored.event.id == *event).then_some((stored.shard, stored.position))?
            }
            Proof::Saga { id, revision } => {
                let row = self.sagas.get(*id).filter(|row| row.revision >= *revision)?;
                self.at_head(shard_of(row, shards))
            }
            Proof::Move { id } => self.books.last_of_move(*id)?,
            Proof::Hold { merchant, id } => self.books.placed(merchant, *id)?,
            Proof::Consumer { consumer, shard, epoch, revision } => {
                let row = self.consumers.row(consumer, *shard);
                (row.epoch == *epoch && row.revision >= *revision).then(|| self.at_head(*shard))?
            }
        };
        Some(Receipt { shard, position, placed: Vec::new() })
    }

    fn at_head(&self, shard: Shard) -> (Shard, Position) {
        (shard, self.log.head(shard))
    }
}

/// The shard of the sets that write a saga.
fn shard_of(row: &SagaRow, shards: u16) -> Shard {
    let root = row.order.map(Root::Order).or(row.payment.map(Root::Payment));
    root.map_or(Shard(0), |root| Partition { merchant: row.merchant.clone(), root }.shard(shards))
}

#[async_trait]
impl Journal for MemoryStore {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        let clock = self.clock.now();
        let (answers, waiting) = {
            let mut state = self.state();
            let answers = batch.iter().map(|set| state.commit(set, self.shards, clock)).collect();
            (answers, state.log.take_waiting())
        };
        for waiting in waiting {
            // who stopped waiting needs no word
            let _ = waiting.send(());
        }
        answers
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        Ok(self.state().outcome(proof, self.shards))
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        let skip = usize::try_from(after.0).unwrap_or(usize::MAX);
        Ok(self.state().log.stream(stream).iter().skip(skip).take(rows_max(limit)).cloned().collect())
    }
}
