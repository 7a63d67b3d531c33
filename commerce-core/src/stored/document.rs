//! Documents: bodies that say their own version.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Body, StoredError, form, read};

/// `"v":1` at the head of a document.
pub(super) struct V1;

impl Serialize for V1 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(1)
    }
}

impl<'de> Deserialize<'de> for V1 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            1 => Ok(Self),
            _ => Err(serde::de::Error::custom("not version 1")),
        }
    }
}

#[derive(Deserialize)]
struct Head {
    v: u16,
}

/// Reads the newest version at once, and looks at the version by itself only where that fails.
pub(super) fn read_document<'de, B: Body<'de>>(kind: &'static str, bytes: &'de [u8]) -> Result<B::Next, StoredError> {
    read::<B>(kind, bytes).map_err(|error| match form::<Head>(bytes) {
        Ok(Head { v: 1 }) | Err(_) => error,
        Ok(Head { v }) => StoredError::UnknownVersion { kind, version: v },
    })
}
