//! What every store refuses of a change set before it reads anything.

use foldhash::{HashSet, HashSetExt};

use super::{Append, ChangeSet, Claim, PersonalWrite};
use crate::ports::{ConsumerAct, ConsumerWrite, EventMeta, PortError, PortErrorKind, Retry, SagaWrite};

const CLAIM_KEY_MAX_CHARS: usize = 512;
const RESOURCE_ID_MAX_CHARS: usize = 64;
const EVENT_KIND_MAX_CHARS: usize = 64;
const SAGA_KIND_MAX_CHARS: usize = 32;
const ACTOR_MAX_CHARS: usize = 128;
const CORRELATION_MAX_CHARS: usize = 128;
const FEED_KEY_MAX_CHARS: usize = 200;
const LAST_ERROR_MAX_CHARS: usize = 1_000;
const PERSONAL_MAX_BYTES: usize = 64 * 1_024;

impl ChangeSet {
    /// Checks what a set must be in itself: it has a proof, its streams, claims and personal references stand in it once and are of
    /// its merchant, and its texts keep their maxima. A store calls it before it judges the set; moves are checked by the ledger.
    ///
    /// # Errors
    /// `Misuse` or `TooLarge`, never to be retried.
    pub fn check(&self) -> Result<(), PortError> {
        if self.appends.is_empty() && self.sagas.is_empty() && self.moves.is_empty() && self.consumers.is_empty() {
            return Err(PortError::misuse("a change set without an append, saga write, move or consumer write"));
        }
        meta(&self.meta)?;
        once("claim", self.claims.iter().map(|claim| (claim.space, &claim.key)))?;
        once("stream", self.appends.iter().map(|append| &append.stream))?;
        once("personal reference", self.personal.iter().map(|write| write.reference))?;
        once("consumer", self.consumers.iter().map(|write| (&write.consumer, write.shard)))?;
        self.claims.iter().try_for_each(claim)?;
        self.sagas.iter().try_for_each(saga)?;
        self.personal.iter().try_for_each(personal)?;
        for append in &self.appends {
            if append.stream.merchant != self.partition.merchant {
                return Err(PortError::misuse("a stream of another merchant"));
            }
            events(append)?;
        }
        self.consumers.iter().try_for_each(consumer)
    }
}

fn meta(meta: &EventMeta) -> Result<(), PortError> {
    text("actor", &meta.actor.id, 0, ACTOR_MAX_CHARS)?;
    meta.correlation.iter().try_for_each(|correlation| text("correlation", correlation, 0, CORRELATION_MAX_CHARS))
}

fn claim(claim: &Claim) -> Result<(), PortError> {
    text("claim key", &claim.key, 1, CLAIM_KEY_MAX_CHARS)?;
    text("claim owner", &claim.owner.id, 1, RESOURCE_ID_MAX_CHARS)
}

fn saga(write: &SagaWrite) -> Result<(), PortError> {
    match write {
        SagaWrite::Insert(new) => text("saga kind", &new.kind.kind, 1, SAGA_KIND_MAX_CHARS),
        SagaWrite::Update(update) => update.last_error.iter().try_for_each(|error| text("last error", error, 0, LAST_ERROR_MAX_CHARS)),
        SagaWrite::Wake { .. } => Ok(()),
    }
}

fn consumer(write: &ConsumerWrite) -> Result<(), PortError> {
    let ConsumerAct::Advance { parked, settled, .. } = &write.act else { return Ok(()) };
    once("position", parked.iter().map(|park| park.position).chain(settled.iter().copied()))?;
    for park in parked {
        text("key", park.key.as_str(), 1, FEED_KEY_MAX_CHARS)?;
        park.error.iter().try_for_each(|error| text("error", error, 0, LAST_ERROR_MAX_CHARS))?;
    }
    Ok(())
}

fn events(append: &Append) -> Result<(), PortError> {
    if append.events.is_empty() {
        return Err(PortError::misuse("an append without events"));
    }
    for event in &append.events {
        text("event type", &event.kind, 1, EVENT_KIND_MAX_CHARS)?;
        if !event.kind.is_ascii() {
            return Err(PortError::misuse("an event type that is not ASCII"));
        }
    }
    Ok(())
}

fn personal(write: &PersonalWrite) -> Result<(), PortError> {
    if write.bytes.len() > PERSONAL_MAX_BYTES {
        return Err(too_large("personal data", write.bytes.len(), PERSONAL_MAX_BYTES, "bytes"));
    }
    Ok(())
}

fn once<T: Eq + std::hash::Hash>(what: &str, mut all: impl Iterator<Item = T>) -> Result<(), PortError> {
    let mut seen = HashSet::new();
    if all.all(|one| seen.insert(one)) { Ok(()) } else { Err(PortError::misuse(format!("a {what} stands in a change set twice"))) }
}

fn text(what: &str, text: &str, min: usize, max: usize) -> Result<(), PortError> {
    let chars = text.chars().count();
    if chars > max {
        Err(too_large(what, chars, max, "characters"))
    } else if chars < min {
        Err(PortError::misuse(format!("an empty {what}")))
    } else if text.contains('\0') {
        Err(PortError::misuse(format!("a {what} with U+0000")))
    } else {
        Ok(())
    }
}

fn too_large(what: &str, actual: usize, max: usize, unit: &str) -> PortError {
    PortError::with(PortErrorKind::TooLarge, Retry::Never, format!("{what} has {actual} {unit}, allowed are {max}"))
}
