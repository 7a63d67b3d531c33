//! Items of the catalogue.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::document::{V1, read_document};
use super::value::{Map, Micros, Text, is_false, minor};
use super::{Body, Fault, StoredError, write};
use crate::catalogue::Item;
use crate::goods::ItemKind;
use crate::id::Sku;
use crate::money::{Currency, Money};

const KIND: &str = "item";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body1<'a> {
    v: V1,
    sku: Text<Sku>,
    title: Cow<'a, str>,
    kind: Text<ItemKind>,
    /// Minor units by currency.
    prices: Map<Text<Currency>, i64>,
    #[serde(default, skip_serializing_if = "is_false")]
    active: bool,
    updated: Micros,
}

impl Body<'_> for Body1<'_> {
    type Next = Item;

    fn upcast(self) -> Result<Item, Fault> {
        let price = |(Text(currency), minor)| (currency, Money::from_minor(minor, currency));
        Ok(Item {
            sku: self.sku.0,
            title: self.title.into_owned(),
            kind: self.kind.0,
            prices: self.prices.0.into_iter().map(price).collect(),
            active: self.active,
            updated_at: self.updated.0,
        })
    }
}

/// The bytes of an item.
///
/// # Errors
/// [`StoredError::Contradiction`] if a price is not of the currency that it stands under.
pub fn encode_item(item: &Item) -> Result<Vec<u8>, StoredError> {
    write(KIND, body(item))
}

fn body(item: &Item) -> Result<Body1<'_>, Fault> {
    let price = |(currency, price): (&Currency, &Money)| Ok((Text(*currency), minor(*price, *currency)?));
    Ok(Body1 {
        v: V1,
        sku: Text(item.sku.clone()),
        title: Cow::Borrowed(&item.title),
        kind: Text(item.kind),
        prices: Map(item.prices.iter().map(price).collect::<Result<_, Fault>>()?),
        active: item.active,
        updated: Micros(item.updated_at),
    })
}

/// The item of these bytes.
///
/// # Errors
/// [`StoredError::UnknownVersion`] or [`StoredError::Malformed`].
pub fn decode_item(bytes: &[u8]) -> Result<Item, StoredError> {
    read_document::<Body1<'_>>(KIND, bytes)
}
