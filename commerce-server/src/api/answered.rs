//! An answer as data, whatever door it goes out through.

use commerce_core::engine::{Answer, How};
use commerce_core::ports::Version;
use serde::Serialize;

use super::operation::PREFIX;

/// Room for an order of a few lines.
const BODY_USUAL_BYTES: usize = 2_048;

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answered {
    /// The status of HTTP.
    pub status: u16,
    /// The version of the resource, for `ETag`.
    pub version: Option<u64>,
    /// Where the resource that was made is, for `Location`.
    pub location: Option<String>,
    /// Whether it was done before under the same key, for `Idempotency-Replayed`.
    pub replayed: bool,
    /// The body, as JSON.
    pub body: Vec<u8>,
}

impl Answered {
    /// Something that was read.
    pub(crate) fn found(value: &impl Serialize) -> Self {
        let mut body = Vec::with_capacity(BODY_USUAL_BYTES);
        serde_json::to_writer(&mut body, value).expect("strings, numbers and lists of them are JSON");
        Self { status: 200, version: None, location: None, replayed: false, body }
    }

    /// Something that was done, now or before under the same key.
    pub(super) fn done<T: Serialize>(status: u16, answer: &Answer<T>) -> Self {
        Self { status, replayed: answer.how == How::Replayed, ..Self::found(&answer.value) }
    }

    /// The same, of a resource with a version.
    #[must_use]
    pub(super) fn at_version(self, version: Version) -> Self {
        Self { version: Some(version.0), ..self }
    }

    /// The same, with the place of the resource that was made.
    #[must_use]
    pub(super) fn made_at(self, path: &str) -> Self {
        Self { location: Some(format!("{PREFIX}{path}")), ..self }
    }
}
