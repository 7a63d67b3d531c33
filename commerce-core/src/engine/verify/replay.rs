//! Streams, read and folded again.

use crate::engine::Error;
use crate::engine::verify::Check;
use crate::engine::verify::findings::{Notes, unreadable};
use crate::order::{self, Event, Order};
use crate::ports::{LIMIT_MAX_ROWS, Store, Stored, StreamId, StreamName, Version};
use crate::stored;

/// Events of one stream with their envelopes, as far as they can be read and follow on each other.
pub(super) struct Replayed<E, S> {
    pub(super) events: Vec<(Stored, E)>,
    pub(super) state: Option<S>,
    /// Whether all of the stream was read and folded.
    pub(super) whole: bool,
}

impl<E, S> Replayed<E, S> {
    pub(super) fn version(&self) -> Version {
        self.events.last().map_or(Version(0), |(stored, _)| stored.version)
    }
}

/// All events of a stream, and that their versions have no gap; `None` if they cannot be read.
pub(super) async fn read(store: &Store, stream: &StreamId, check: Check, notes: &mut Notes<'_>) -> Result<Option<Vec<Stored>>, Error> {
    let subject = stream.name.to_string();
    let mut all: Vec<Stored> = Vec::new();
    loop {
        let after = all.last().map_or(Version(0), |stored| stored.version);
        let page = match store.journal.load(stream, after, LIMIT_MAX_ROWS).await {
            Err(error) if unreadable(&error) => {
                notes.differ(check, &subject, "events that can be read", &error);
                return Ok(None);
            }
            page => page?,
        };
        let last = page.len() < LIMIT_MAX_ROWS as usize;
        all.extend(page);
        if last {
            break;
        }
    }
    for (stored, version) in all.iter().zip(1..) {
        if stored.version != Version(version) {
            notes.differ(check, &subject, format!("an event of version {version}"), format!("one of version {}", stored.version));
            return Ok(None);
        }
    }
    Ok(Some(all))
}

/// An order's stream, folded as live code folds it.
pub(super) async fn order(store: &Store, stream: &StreamId, notes: &mut Notes<'_>) -> Result<Replayed<Event, Order>, Error> {
    let check = Check::OrderStream;
    let subject = stream.name.to_string();
    notes.look(check, 1);
    let mut replayed = Replayed { events: Vec::new(), state: None, whole: false };
    let Some(all) = read(store, stream, check, notes).await? else { return Ok(replayed) };
    for one in all {
        let what = format!("{} at version {}", one.event.kind, one.version);
        let event = match stored::decode_order(&one.event.kind, one.event.kind_version, &one.event.bytes) {
            Ok(event) => event,
            Err(error) => {
                notes.differ(check, &subject, format!("{what} that can be read"), error);
                return Ok(replayed);
            }
        };
        let mirror = matches!(event, Event::Payment(_));
        if one.event.mirror != mirror {
            notes.differ(check, &subject, format!("{what} with mirror {mirror}"), format!("mirror {}", one.event.mirror));
        }
        match order::evolve(replayed.state.take(), one.meta.at, &event) {
            Ok(state) => replayed.state = Some(state),
            Err(error) => {
                notes.differ(check, &subject, format!("{what} that follows"), error);
                return Ok(replayed);
            }
        }
        replayed.events.push((one, event));
    }
    replayed.whole = true;
    Ok(replayed)
}

/// Whether a stream still ends where it was read to.
pub(super) async fn unmoved(store: &Store, stream: &StreamId, version: Version) -> Result<bool, Error> {
    match store.journal.load(stream, version, 1).await {
        Ok(more) => Ok(more.is_empty()),
        // what cannot be read was told of before
        Err(error) if unreadable(&error) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Names a stream of a merchant.
pub(super) fn stream(merchant: &crate::id::MerchantId, name: StreamName) -> StreamId {
    StreamId { merchant: merchant.clone(), name }
}
