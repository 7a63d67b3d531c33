//! Who asks, when, and how often.

use std::sync::Arc;

use crate::id::MerchantId;
use crate::ports::{Actor, ActorKind, Version};
use crate::time::Timestamp;

/// The circumstances of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// Whose shop.
    pub merchant: MerchantId,
    /// Who asks.
    pub actor: Actor,
    /// Ties together what the request causes; at most 128 characters.
    pub correlation: Option<Arc<str>>,
    /// Makes a repeated request do its work once.
    pub idempotency: Option<Idempotency>,
    /// When it happened, if staff tells of the past; not later than now.
    pub at: Option<Timestamp>,
    /// The version that the resource must have.
    pub expected: Option<Version>,
}

/// An idempotency key and what was asked under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// The caller's key, 1 to 255 characters.
    pub key: String,
    /// The request in a canonical form, without card data. Its HMAC is kept, not itself.
    pub body: Vec<u8>,
}

impl Call {
    /// Staff of the default merchant, asking once.
    pub fn staff(id: &str) -> Self {
        Self {
            merchant: MerchantId::default(),
            actor: Actor { kind: ActorKind::Staff, id: id.into() },
            correlation: None,
            idempotency: None,
            at: None,
            expected: None,
        }
    }

    /// The same call under an idempotency key.
    #[must_use]
    pub fn with_key(mut self, key: &str, body: &[u8]) -> Self {
        self.idempotency = Some(Idempotency { key: key.to_owned(), body: body.to_vec() });
        self
    }

    /// The same call, telling of the past.
    #[must_use]
    pub const fn at(mut self, at: Timestamp) -> Self {
        self.at = Some(at);
        self
    }

    /// Whether the caller may set prices, tell of the past, and return after the window.
    pub fn is_staff(&self) -> bool {
        matches!(self.actor.kind, ActorKind::Staff | ActorKind::System)
    }
}

/// What an operation came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<T> {
    /// The resource as it is now.
    pub value: T,
    /// How it came about.
    pub how: How,
}

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum How {
    /// The operation was done now.
    Done,
    /// It was done before under the same idempotency key.
    Replayed,
    /// It was there before: the cart had become this order, or the catalogue had an item of this SKU.
    Existing,
}

impl<T> Answer<T> {
    pub(crate) const fn done(value: T) -> Self {
        Self { value, how: How::Done }
    }

    /// The same answer with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Answer<U> {
        Answer { value: f(self.value), how: self.how }
    }
}
