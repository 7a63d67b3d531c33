//! Carts.

use serde::{Deserialize, Serialize};

use super::document::{V1, read_document};
use super::value::{Micros, Text, Units};
use super::{Body, Fault, StoredError, write};
use crate::cart::{Cart, CartLine, Revision};
use crate::id::{CartId, CustomerId, Sku};
use crate::money::Currency;

const KIND: &str = "cart";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body1 {
    v: V1,
    id: Text<CartId>,
    rev: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<Text<CustomerId>>,
    currency: Text<Currency>,
    lines: Vec<Line>,
    created: Micros,
    updated: Micros,
    expires: Micros,
}

/// `[sku, units]`.
#[derive(Serialize, Deserialize)]
struct Line(Text<Sku>, Units);

impl Body<'_> for Body1 {
    type Next = Cart;

    fn upcast(self) -> Result<Cart, Fault> {
        Ok(Cart {
            id: self.id.0,
            revision: Revision(self.rev),
            customer: self.customer.map(|id| id.0),
            currency: self.currency.0,
            lines: self.lines.into_iter().map(|Line(sku, qty)| CartLine { sku: sku.0, qty: qty.0 }).collect(),
            created_at: self.created.0,
            updated_at: self.updated.0,
            expires_at: self.expires.0,
        })
    }
}

/// The bytes of a cart.
///
/// # Errors
/// None for any cart that exists; the signature is that of all documents.
pub fn encode_cart(cart: &Cart) -> Result<Vec<u8>, StoredError> {
    let lines = cart.lines.iter().map(|line| Line(Text(line.sku.clone()), Units(line.qty)));
    let body = Body1 {
        v: V1,
        id: Text(cart.id),
        rev: cart.revision.0,
        customer: cart.customer.clone().map(Text),
        currency: Text(cart.currency),
        lines: lines.collect(),
        created: Micros(cart.created_at),
        updated: Micros(cart.updated_at),
        expires: Micros(cart.expires_at),
    };
    write(KIND, Ok(body))
}

/// The cart of these bytes.
///
/// # Errors
/// [`StoredError::UnknownVersion`] or [`StoredError::Malformed`].
pub fn decode_cart(bytes: &[u8]) -> Result<Cart, StoredError> {
    read_document::<Body1>(KIND, bytes)
}
