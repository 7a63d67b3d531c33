//! What is recorded about stuck sagas.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::kind::Home;
use super::value::Text;
use super::{Body, Encoded, Fault, Kind, StoredError, event1, read};
use crate::saga::{Event, Verb};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stuck1<'a> {
    kind: Cow<'a, str>,
    step: Cow<'a, str>,
    failures: u32,
    error: Cow<'a, str>,
}

impl Body<'_> for Stuck1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        let (kind, step) = (self.kind.into_owned().into(), self.step.into_owned().into());
        Ok(Event::SagaStuck { kind, step, failures: self.failures, error: self.error.into_owned() })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Resolved1<'a> {
    verb: Text<Verb>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
}

impl Body<'_> for Resolved1<'_> {
    type Next = Event;

    fn upcast(self) -> Result<Event, Fault> {
        Ok(Event::SagaResolved { verb: self.verb.0, note: self.note.map(Cow::into_owned) })
    }
}

/// The body of an event of a saga's stream, in the newest version of its type.
///
/// # Errors
/// None for any event that exists; the signature is that of all events.
pub fn encode_saga(event: &Event) -> Result<Encoded, StoredError> {
    match event {
        Event::SagaStuck { kind, step, failures, error } => {
            let (kind, step) = (kind.as_ref().into(), step.as_ref().into());
            event1(Kind::SagaStuck, Ok(Stuck1 { kind, step, failures: *failures, error: error.into() }))
        }
        Event::SagaResolved { verb, note } => {
            event1(Kind::SagaResolved, Ok(Resolved1 { verb: Text(*verb), note: note.as_ref().map(Cow::from) }))
        }
    }
}

/// The event of a saga's stream in these bytes.
///
/// # Errors
/// [`StoredError`].
pub fn decode_saga(kind: &str, kind_version: u16, bytes: &[u8]) -> Result<Event, StoredError> {
    let known = Kind::at_home_in(&[Home::Saga], kind)?;
    let name = known.as_str();
    match (known, kind_version) {
        (Kind::SagaStuck, 1) => read::<Stuck1<'_>>(name, bytes),
        (Kind::SagaResolved, 1) => read::<Resolved1<'_>>(name, bytes),
        _ => Err(StoredError::UnknownVersion { kind: name, version: kind_version }),
    }
}
