//! Which waiting sets may be committed together.

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use foldhash::{HashSet, HashSetExt};
use futures::channel::oneshot;

use crate::ports::{ChangeSet, PortError, SagaWrite, Verdict};

/// A change set and the caller who waits for its answer.
pub(super) struct Waiting {
    pub(super) set: ChangeSet,
    /// The call that it came in: sets of one call keep their order.
    pub(super) call: u64,
    /// Hashes of the streams, claims, sagas and consumers that it writes. Two keys with one hash only wait for each other.
    pub(super) keys: Vec<u64>,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// The answer to a set, and the set itself: its caller frees it, so that the next batch need not wait for that.
pub(super) type Answer = (Result<Verdict, PortError>, ChangeSet);

/// Takes the next batch out of the queue: the oldest sets that share no key. A set never overtakes an older one that it shares a key
/// or a call with.
pub(super) fn take(waiting: &mut VecDeque<Waiting>, batch_max_sets: usize) -> Vec<Waiting> {
    let mut batch = Vec::with_capacity(waiting.len().min(batch_max_sets));
    let mut seen = HashSet::new();
    let mut late_calls = HashSet::new();
    let mut later = VecDeque::new();
    while let Some(next) = waiting.pop_front() {
        if batch.len() == batch_max_sets {
            waiting.push_front(next);
            break;
        }
        let late = late_calls.contains(&next.call) || next.keys.iter().any(|key| seen.contains(key));
        // the keys of a set that waits block those behind it as much as the keys of one that goes
        seen.extend(next.keys.iter().copied());
        if late {
            late_calls.insert(next.call);
            later.push_back(next);
        } else {
            batch.push(next);
        }
    }
    while let Some(set) = later.pop_back() {
        waiting.push_front(set);
    }
    batch
}

pub(super) fn keys(set: &ChangeSet) -> Vec<u64> {
    let merchant = &set.partition.merchant;
    let claims = set.claims.iter().map(|claim| hash(&("claim", merchant, claim.space, &claim.key)));
    let streams = set.appends.iter().map(|append| hash(&("stream", &append.stream)));
    let sagas = set.sagas.iter().map(|write| {
        let id = match write {
            SagaWrite::Insert(saga) => saga.id,
            SagaWrite::Update(update) => update.id,
            SagaWrite::Wake { id, .. } => *id,
        };
        hash(&("saga", id))
    });
    let consumers = set.consumers.iter().map(|write| hash(&("consumer", &write.consumer, write.shard)));
    claims.chain(streams).chain(sagas).chain(consumers).collect()
}

fn hash(key: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
