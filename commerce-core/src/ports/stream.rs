//! Streams and the envelope of their events.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use crate::id::{ConsumerId, EventId, MerchantId, OrderId, PaymentId};
use crate::ports::feed::{Position, Shard};
use crate::ports::saga_rows::SagaId;
use crate::time::Timestamp;

/// Names a stream of events.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId {
    /// Whose.
    pub merchant: MerchantId,
    /// Which.
    pub name: StreamName,
}

/// Names a stream within a merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StreamName {
    /// The life of one order.
    Order(OrderId),
    /// The money of one payment.
    Payment(PaymentId),
    /// What operators, or the engine, decided about one saga that got stuck.
    Saga(SagaId),
    /// What operators told one consumer of the feed.
    Consumer(ConsumerId),
}

impl fmt::Display for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Order(id) => write!(f, "order/{id}"),
            Self::Payment(id) => write!(f, "payment/{id}"),
            Self::Saga(id) => write!(f, "saga/{id}"),
            Self::Consumer(id) => write!(f, "consumer/{id}"),
        }
    }
}

/// How many events a stream has; the first event has version 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An event to append. Adapters store `bytes` and never read them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEvent {
    /// The event.
    pub id: EventId,
    /// Its type's name, such as `OrderPlaced`; ASCII, at most 64 characters.
    pub kind: Cow<'static, str>,
    /// The version of the type that `bytes` are written in.
    pub kind_version: u16,
    /// A copy of a fact whose own place is another stream; the feed delivers it only on request.
    pub mirror: bool,
    /// The body, encoded by [`crate::stored`].
    pub bytes: Vec<u8>,
}

/// Who, when and why: shared by all events and movements of a change set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventMeta {
    /// When it happened, in business time.
    pub at: Timestamp,
    /// Who caused it.
    pub actor: Actor,
    /// Ties together what one request caused; at most 128 characters.
    pub correlation: Option<Arc<str>>,
    /// The event that caused this one, if one did.
    pub causation: Option<EventId>,
}

/// Who caused something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// What they are.
    pub kind: ActorKind,
    /// Their own id, at most 128 characters; no personal data.
    pub id: Arc<str>,
}

crate::names! {
    /// What an actor is.
    ActorKind {
        /// A buyer.
        Customer = "customer",
        /// Someone who works for the merchant.
        Staff = "staff",
        /// The engine itself.
        System = "system",
        /// A payment provider.
        Provider = "provider",
    }
}

/// An event as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its stream.
    pub stream: StreamId,
    /// Its number in the stream, from 1.
    pub version: Version,
    /// Where it stands in the feed.
    pub shard: Shard,
    /// Where it stands in the shard.
    pub position: Position,
    /// The event.
    pub event: NewEvent,
    /// Its envelope.
    pub meta: EventMeta,
}
