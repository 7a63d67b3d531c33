//! Personal data.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::document::{V1, read_document};
use super::value::Map;
use super::{Body, Fault, StoredError, write};
use crate::personal::{Address, PersonalData};

const KIND: &str = "personal data";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body1<'a> {
    v: V1,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Place<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    metadata: Map<Cow<'a, str>, Cow<'a, str>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Place<'a> {
    line1: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<Cow<'a, str>>,
    city: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<Cow<'a, str>>,
    country: Cow<'a, str>,
}

impl Body<'_> for Body1<'_> {
    type Next = PersonalData;

    fn upcast(self) -> Result<PersonalData, Fault> {
        Ok(PersonalData {
            name: self.name.map(Cow::into_owned),
            email: self.email.map(Cow::into_owned),
            phone: self.phone.map(Cow::into_owned),
            address: self.address.map(Place::address),
            note: self.note.map(Cow::into_owned),
            metadata: self.metadata.0.into_iter().map(|(key, value)| (key.into_owned(), value.into_owned())).collect(),
        })
    }
}

impl<'a> Place<'a> {
    fn of(address: &'a Address) -> Self {
        Self {
            line1: Cow::Borrowed(&address.line1),
            line2: borrowed(address.line2.as_ref()),
            city: Cow::Borrowed(&address.city),
            region: borrowed(address.region.as_ref()),
            postal_code: borrowed(address.postal_code.as_ref()),
            country: Cow::Borrowed(&address.country),
        }
    }

    fn address(self) -> Address {
        Address {
            line1: self.line1.into_owned(),
            line2: self.line2.map(Cow::into_owned),
            city: self.city.into_owned(),
            region: self.region.map(Cow::into_owned),
            postal_code: self.postal_code.map(Cow::into_owned),
            country: self.country.into_owned(),
        }
    }
}

fn borrowed(text: Option<&String>) -> Option<Cow<'_, str>> {
    text.map(|text| Cow::Borrowed(text.as_str()))
}

/// The bytes of personal data; at most 64 KiB if [`PersonalData::check`] accepts it.
///
/// # Errors
/// None for any data that exists; the signature is that of all documents.
pub fn encode_personal(data: &PersonalData) -> Result<Vec<u8>, StoredError> {
    let metadata = data.metadata.iter().map(|(key, value)| (Cow::Borrowed(key.as_str()), Cow::Borrowed(value.as_str())));
    let body = Body1 {
        v: V1,
        name: borrowed(data.name.as_ref()),
        email: borrowed(data.email.as_ref()),
        phone: borrowed(data.phone.as_ref()),
        address: data.address.as_ref().map(Place::of),
        note: borrowed(data.note.as_ref()),
        metadata: Map(metadata.collect()),
    };
    write(KIND, Ok(body))
}

/// The personal data of these bytes, unchecked: what was accepted once stays readable when a maximum shrinks.
///
/// # Errors
/// [`StoredError::UnknownVersion`] or [`StoredError::Malformed`], which repeats nothing of the contents.
pub fn decode_personal(bytes: &[u8]) -> Result<PersonalData, StoredError> {
    read_document::<Body1<'_>>(KIND, bytes).map_err(|error| match error {
        StoredError::Malformed { kind, line, column, source: _ } => StoredError::Malformed { kind, line, column, source: None },
        other => other,
    })
}
