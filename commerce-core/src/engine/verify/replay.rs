//! Streams, read and folded again.

use std::fmt::Display;

use crate::engine::Error;
use crate::engine::verify::Check;
use crate::engine::verify::findings::{Notes, unreadable};
use crate::fact::PaymentFact;
use crate::order::{self, Event, Order};
use crate::payment::{self, Payment};
use crate::ports::{LIMIT_MAX_ROWS, Store, Stored, StreamId, StreamName, Version};
use crate::stored::{self, StoredError};
use crate::time::Timestamp;

/// A stream that was read and folded as a whole.
pub(super) struct Replayed<E, S> {
    pub(super) events: Vec<(Stored, E)>,
    pub(super) state: S,
}

impl<E, S> Replayed<E, S> {
    pub(super) fn version(&self) -> Version {
        self.events.last().map_or(Version(0), |(stored, _)| stored.version)
    }
}

/// How the events of one kind of stream are read and folded.
struct Fold<E, S> {
    check: Check,
    decode: fn(&str, u16, &[u8]) -> Result<E, StoredError>,
    evolve: fn(Option<S>, Timestamp, &E) -> Result<S, String>,
    mirror: fn(&E) -> bool,
}

/// An order's stream, folded as live code folds it; `None` if it is not lawful.
pub(super) async fn order(store: &Store, stream: &StreamId, notes: &mut Notes<'_>) -> Result<Option<Replayed<Event, Order>>, Error> {
    let fold = Fold {
        check: Check::OrderStream,
        decode: stored::decode_order,
        evolve: |state, at, event| order::evolve(state, at, event).map_err(|error| error.to_string()),
        mirror: |event| matches!(event, Event::Payment(_)),
    };
    replay(store, stream, &fold, notes).await
}

/// A payment's stream, folded as live code folds it; `None` if it is not lawful.
pub(super) async fn payment(
    store: &Store,
    stream: &StreamId,
    notes: &mut Notes<'_>,
) -> Result<Option<Replayed<PaymentFact, Payment>>, Error> {
    let fold = Fold {
        check: Check::PaymentStream,
        decode: stored::decode_payment,
        evolve: |state, at, fact| payment::evolve(state, at, fact).map_err(|error| error.to_string()),
        mirror: |_| false,
    };
    replay(store, stream, &fold, notes).await
}

async fn replay<E, S>(store: &Store, stream: &StreamId, fold: &Fold<E, S>, notes: &mut Notes<'_>) -> Result<Option<Replayed<E, S>>, Error> {
    let check = fold.check;
    let subject = stream.name.to_string();
    notes.look(check);
    let Some(all) = read(store, stream, check, notes).await? else { return Ok(None) };
    let mut state = None;
    let mut events = Vec::with_capacity(all.len());
    for one in all {
        let what = || format!("{} at version {}", one.event.kind, one.version);
        let event = match (fold.decode)(&one.event.kind, one.event.kind_version, &one.event.bytes) {
            Ok(event) => event,
            Err(error) => {
                notes.differ(check, &subject, format!("{} that can be read", what()), error);
                return Ok(None);
            }
        };
        let mirror = (fold.mirror)(&event);
        if one.event.mirror != mirror {
            let name = |mirror| if mirror { "a mirror" } else { "a fact of its own" };
            notes.differ(check, &subject, format!("{} as {}", what(), name(mirror)), name(one.event.mirror));
        }
        match (fold.evolve)(state.take(), one.meta.at, &event) {
            Ok(next) => state = Some(next),
            Err(why) => {
                notes.differ(check, &subject, format!("{} that follows", what()), why);
                return Ok(None);
            }
        }
        events.push((one, event));
    }
    if state.is_none() {
        notes.differ(check, &subject, "events", "none");
    }
    Ok(state.map(|state| Replayed { events, state }))
}

/// All events of a stream, if their versions have no gap; `None` if they have, or cannot be read.
pub(super) async fn read(store: &Store, stream: &StreamId, check: Check, notes: &mut Notes<'_>) -> Result<Option<Vec<Stored>>, Error> {
    let subject = stream.name.to_string();
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let after = all.last().map_or(Version(0), |stored| stored.version);
        let page = store.journal.load(stream, after, LIMIT_MAX_ROWS).await;
        let Some(page) = notes.readable(check, &subject, page)? else { return Ok(None) };
        let last = page.len() < LIMIT_MAX_ROWS as usize;
        all.extend(page);
        if last {
            break;
        }
    }
    for (stored, version) in all.iter().zip(1..) {
        if stored.version != Version(version) {
            let found: &dyn Display = &stored.version;
            notes.differ(check, &subject, format!("an event of version {version}"), format!("version {found}"));
            return Ok(None);
        }
    }
    Ok(Some(all))
}

/// Whether a stream still ends where it was read to.
pub(super) async fn unmoved(store: &Store, stream: &StreamId, version: Version) -> Result<bool, Error> {
    match store.journal.load(stream, version, 1).await {
        Ok(more) => Ok(more.is_empty()),
        // what cannot be read is told of by who reads it
        Err(error) if unreadable(&error) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Whether a stream has any event.
pub(super) async fn exists(store: &Store, stream: &StreamId) -> Result<bool, Error> {
    Ok(!unmoved(store, stream, Version(0)).await?)
}

/// Names a stream of a merchant.
pub(super) fn stream(merchant: &crate::id::MerchantId, name: StreamName) -> StreamId {
    StreamId { merchant: merchant.clone(), name }
}
