//! What operators told consumers of the feed.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::kind::Home;
use super::value::Text;
use super::{Body, Encoded, Fault, Kind, StoredError, event1, read};
use crate::consumer::Event;
use crate::id::ConsumerName;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Reset1<'a> {
    consumer: Text<ConsumerName>,
    positions: Cow<'a, [u64]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

impl Body<'_> for Reset1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let note = self.note.map(Cow::into_owned);
        Ok(Event::ConsumerReset { consumer: self.consumer.0, positions: self.positions.into_owned(), note })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Replayed1<'a> {
    consumer: Text<ConsumerName>,
    shard: u16,
    key: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

impl Body<'_> for Replayed1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let (key, note) = (self.key.into_owned(), self.note.map(Cow::into_owned));
        Ok(Event::ParkedReplayed { consumer: self.consumer.0, shard: self.shard, key, note })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Dropped1<'a> {
    consumer: Text<ConsumerName>,
    shard: u16,
    position: u64,
    key: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

impl Body<'_> for Dropped1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let (key, note) = (self.key.into_owned(), self.note.map(Cow::into_owned));
        Ok(Event::ParkedDropped { consumer: self.consumer.0, shard: self.shard, position: self.position, key, note })
    }
}

/// The body of an event of a consumer's stream, in the newest version of its type.
///
/// # Errors
/// None for any event that exists; the signature is that of all events.
pub fn encode_consumer(event: &Event) -> Result<Encoded, StoredError> {
    let consumer = Text(event.consumer().clone());
    match event {
        Event::ConsumerReset { positions, note, .. } => {
            let (positions, note) = (positions.into(), note.as_ref().map(Cow::from));
            event1(Kind::ConsumerReset, Ok(Reset1 { consumer, positions, note }))
        }
        Event::ParkedReplayed { shard, key, note, .. } => {
            let (key, note) = (key.into(), note.as_ref().map(Cow::from));
            event1(Kind::ParkedReplayed, Ok(Replayed1 { consumer, shard: *shard, key, note }))
        }
        Event::ParkedDropped { shard, position, key, note, .. } => {
            let (key, note) = (key.into(), note.as_ref().map(Cow::from));
            event1(Kind::ParkedDropped, Ok(Dropped1 { consumer, shard: *shard, position: *position, key, note }))
        }
    }
}

/// The event of a consumer's stream in these bytes.
///
/// # Errors
/// [`StoredError`].
pub fn decode_consumer(kind: &str, kind_version: u16, bytes: &[u8]) -> Result<Event, StoredError> {
    let known = Kind::at_home_in(&[Home::Consumer], kind)?;
    let name = known.as_str();
    match (known, kind_version) {
        (Kind::ConsumerReset, 1) => read::<Reset1<'_>>(name, bytes),
        (Kind::ParkedReplayed, 1) => read::<Replayed1<'_>>(name, bytes),
        (Kind::ParkedDropped, 1) => read::<Dropped1<'_>>(name, bytes),
        _ => Err(StoredError::UnknownVersion { kind: name, version: kind_version }),
    }
}
