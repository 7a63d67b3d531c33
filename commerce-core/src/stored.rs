//! Stored forms: how events, documents and personal data become bytes, and values again. The only room that knows `serde`.
//!
//! The forms, of version 1:
//! - A body is one JSON object without spaces; the names of its fields are short words. `none`, `false` and empty optional lists are
//!   left out, all else is written.
//! - An id is its hyphenated text, the one spelling that logs, URLs and SQL show too, so that bytes can be searched for it.
//! - A time is a whole number of microseconds since 1970. An amount is a whole number of minor units; the body says its
//!   `currency` once, for all its amounts. Units of lines are pairs: `[line, units]`.
//! - Of an event, type and version stand in the envelope. A document (cart, item, personal data) says its version first: `"v":1`.
//!
//! A version is exact: a field that it does not have, a missing one and a repeated one are refused, never guessed. A version that
//! was ever written stays readable: its struct stays, and `Body::upcast` turns it into the next one, up to the domain's value.
//! The files under `stored/golden` hold each type of each version, and the tests read and write them.

mod cart;
mod consumer;
mod document;
mod fact;
mod item;
mod kind;
mod order;
mod personal;
mod plain;
mod saga;
mod saga_state;
mod value;

#[cfg(test)]
mod tests;

use std::str::Utf8Error;

use serde::{Deserialize, Serialize};

use crate::id::EventId;
use crate::ports::{NewEvent, PortError, PortErrorKind, Retry};

pub use cart::{decode_cart, encode_cart};
pub use consumer::{decode_consumer, encode_consumer};
pub use fact::{decode_payment, encode_payment};
pub use item::{decode_item, encode_item};
pub use kind::Kind;
pub use order::{decode_order, encode_order};
pub use personal::{decode_personal, encode_personal};
pub use saga::{decode_saga, encode_saga};
pub use saga_state::{decode_saga_state, encode_saga_state};

/// Why a value cannot be written, or bytes cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StoredError {
    /// Not a type of event that the stream has.
    #[error("unknown type of event {kind:?}")]
    UnknownKind {
        /// The type's name.
        kind: String,
    },
    /// A version that this release does not know: a newer release wrote it.
    #[error("unknown version {version} of {kind}")]
    UnknownVersion {
        /// The type's name.
        kind: &'static str,
        /// The version found.
        version: u16,
    },
    /// The bytes do not have the form that the version has.
    #[error("{kind} does not have the form of its version, line {line} column {column}")]
    Malformed {
        /// The type's name.
        kind: &'static str,
        /// Line in the bytes, from 1.
        line: usize,
        /// Column in the line, in bytes, from 1.
        column: usize,
        /// What was found; none for personal data, which it would repeat.
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// Fields contradict each other.
    #[error("{kind} contradicts itself: {what}")]
    Contradiction {
        /// The type's name.
        kind: &'static str,
        /// How.
        what: &'static str,
    },
}

impl From<StoredError> for PortError {
    fn from(error: StoredError) -> Self {
        let kind = match &error {
            StoredError::UnknownKind { .. } | StoredError::UnknownVersion { .. } => PortErrorKind::UnknownSchema,
            StoredError::Malformed { .. } | StoredError::Contradiction { .. } => PortErrorKind::Corrupt,
        };
        Self::with(kind, Retry::Never, error)
    }
}

/// An event's body with what its envelope says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// The type.
    pub kind: Kind,
    /// The version of the type that `bytes` are written in.
    pub kind_version: u16,
    /// Whether it is the mirror of a fact whose own place is another stream.
    pub mirror: bool,
    /// The body.
    pub bytes: Vec<u8>,
}

impl Encoded {
    /// The event to append under this id.
    pub fn with_id(self, id: EventId) -> NewEvent {
        NewEvent { id, kind: self.kind.as_str().into(), kind_version: self.kind_version, mirror: self.mirror, bytes: self.bytes }
    }
}

/// One version of a body.
trait Body<'de>: Deserialize<'de> {
    /// The next version of it; of the newest version, the domain's value.
    type Next;

    fn upcast(self) -> Result<Self::Next, Fault>;
}

/// What is wrong with a body whose type the caller knows.
enum Fault {
    Form(serde_json::Error),
    /// Not text; the line and the column where it ceases to be.
    Text(Utf8Error, usize, usize),
    Contradiction(&'static str),
}

impl Fault {
    fn text(bytes: &[u8], error: Utf8Error) -> Self {
        let before = &bytes[..error.valid_up_to()];
        let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let lines = before.iter().filter(|byte| **byte == b'\n').count();
        Self::Text(error, lines + 1, before.len() - line_start + 1)
    }

    fn of(self, kind: &'static str) -> StoredError {
        match self {
            Self::Form(error) => StoredError::Malformed { kind, line: error.line(), column: error.column(), source: Some(Box::new(error)) },
            Self::Text(error, line, column) => StoredError::Malformed { kind, line, column, source: Some(Box::new(error)) },
            Self::Contradiction(what) => StoredError::Contradiction { kind, what },
        }
    }
}

/// Reads a form. That the bytes are text is checked once for all, which is far cheaper than for each string by itself.
fn form<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, Fault> {
    let text = std::str::from_utf8(bytes).map_err(|error| Fault::text(bytes, error))?;
    plain::read(text).map_or_else(|| serde_json::from_str(text).map_err(Fault::Form), Ok)
}

fn read<'de, B: Body<'de>>(kind: &'static str, bytes: &'de [u8]) -> Result<B::Next, StoredError> {
    form::<B>(bytes).and_then(B::upcast).map_err(|fault| fault.of(kind))
}

fn write(kind: &'static str, body: Result<impl Serialize, Fault>) -> Result<Vec<u8>, StoredError> {
    body.and_then(|body| serde_json::to_vec(&body).map_err(Fault::Form)).map_err(|fault| fault.of(kind))
}

/// An event whose type is in version 1.
fn event1(kind: Kind, body: Result<impl Serialize, Fault>) -> Result<Encoded, StoredError> {
    write(kind.as_str(), body).map(|bytes| Encoded { kind, kind_version: 1, mirror: false, bytes })
}
