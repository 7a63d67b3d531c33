//! What must be true together, written together.

mod check;

use std::fmt;

use crate::id::{ConsumerId, CustomerId, MerchantId, OrderId, PaymentId, PersonalRef, Sku};
use crate::ports::{ConsumerWrite, EventMeta, NewEvent, SagaWrite, Shard, StreamId, Version, ViewRow};
use crate::stock::Move;
use crate::time::Timestamp;

/// Everything that one decision writes: all of it or nothing.
///
/// It has at least one append, saga write, move or consumer write: that is its proof.
#[derive(Clone, Debug)]
pub struct ChangeSet {
    /// Picks the shard.
    pub partition: Partition,
    /// The clock's time: what the expiry of holds and claims is judged by.
    pub now: Timestamp,
    /// Who, when and why, for every event and movement in it.
    pub meta: EventMeta,
    /// Keys that must be free.
    pub claims: Vec<Claim>,
    /// Sagas begun, moved on or woken.
    pub sagas: Vec<SagaWrite>,
    /// Events, per stream; a stream stands here once.
    pub appends: Vec<Append>,
    /// Stock moves, in order.
    pub moves: Vec<Move>,
    /// Rows of the read models.
    pub views: Vec<ViewRow>,
    /// Personal data.
    pub personal: Vec<PersonalWrite>,
    /// How consumers move on; a consumer and shard stand here once.
    pub consumers: Vec<ConsumerWrite>,
}

impl ChangeSet {
    /// A set with nothing in it yet.
    pub const fn new(partition: Partition, now: Timestamp, meta: EventMeta) -> Self {
        Self {
            partition,
            now,
            meta,
            claims: Vec::new(),
            sagas: Vec::new(),
            appends: Vec::new(),
            moves: Vec::new(),
            views: Vec::new(),
            personal: Vec::new(),
            consumers: Vec::new(),
        }
    }
}

/// What picks the shard of a change set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Partition {
    /// Whose.
    pub merchant: MerchantId,
    /// The root that all of the set belongs to.
    pub root: Root,
}

/// The root of a change set.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Root {
    /// An order, with its payments, shipments, returns and sagas.
    Order(OrderId),
    /// A payment without an order.
    Payment(PaymentId),
    /// A SKU: stock moves without an order.
    Sku(Sku),
    /// A consumer of the feed: its progress, and what operators told it.
    Consumer(ConsumerId),
}

impl Partition {
    /// The shard, of `shards`: FNV-1a over merchant and root, so that every adapter and process agrees.
    pub fn shard(&self, shards: u16) -> Shard {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut eat = |bytes: &[u8]| {
            for byte in bytes {
                hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        eat(self.merchant.as_str().as_bytes());
        match &self.root {
            Root::Order(id) => eat(id.uuid().as_bytes()),
            Root::Payment(id) => eat(id.uuid().as_bytes()),
            Root::Sku(sku) => eat(sku.as_str().as_bytes()),
            Root::Consumer(id) => eat(id.uuid().as_bytes()),
        }
        // the low bits of FNV mix least
        let folded = (hash >> 32) ^ hash;
        Shard(u16::try_from(folded % u64::from(shards.max(1))).unwrap_or(0))
    }
}

/// Events for one stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Append {
    /// The stream.
    pub stream: StreamId,
    /// What it must look like.
    pub expected: Expected,
    /// The events, at least one.
    pub events: Vec<NewEvent>,
}

/// What a stream must look like for an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// It has no events.
    New,
    /// It has exactly this many.
    At(Version),
}

impl Expected {
    /// The version that the stream must have.
    pub const fn version(self) -> Version {
        match self {
            Self::New => Version(0),
            Self::At(version) => version,
        }
    }
}

/// A key that at most one owner has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Which kind of key.
    pub space: ClaimSpace,
    /// The key, unique within merchant and space; at most 512 characters.
    pub key: String,
    /// What has it.
    pub owner: ResourceRef,
    /// Of an idempotency key: the HMAC of the request.
    pub request_hash: Option<[u8; 32]>,
    /// From when on it is free again.
    pub expires_at: Option<Timestamp>,
}

crate::names! {
    /// Which kind of key a claim is on.
    ClaimSpace {
        /// A caller's idempotency key, with principal and operation.
        Idempotency = "idempotency",
        /// A cart, which becomes one order at most.
        Cart = "cart",
        /// A fact that a provider reported.
        ProviderFact = "provider_fact",
        /// A caller's own number of an order.
        OrderNumber = "order_number",
    }
    /// What kind of thing a resource is.
    ResourceKind {
        /// An order.
        Order = "order",
        /// A payment.
        Payment = "payment",
        /// A shipment.
        Shipment = "shipment",
        /// A return.
        Return = "return",
        /// A refund.
        Refund = "refund",
        /// A reservation of stock.
        Reservation = "reservation",
        /// A stock item, by SKU.
        Item = "item",
        /// A cart.
        Cart = "cart",
        /// A saga.
        Saga = "saga",
    }
}

/// Names a resource.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourceRef {
    /// What it is.
    pub kind: ResourceKind,
    /// Its id, as text; at most 64 characters.
    pub id: String,
}

impl fmt::Display for ResourceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.kind, self.id)
    }
}

/// One version of someone's personal data.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalWrite {
    /// Its id; a new version has a new one.
    pub reference: PersonalRef,
    /// Whose it is, if they are known; `erase` deletes by this.
    pub customer: Option<CustomerId>,
    /// What it is kept for, if for an order.
    pub order: Option<OrderId>,
    /// The data, encoded by [`crate::stored`]; at most 64 KiB.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for PersonalWrite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonalWrite({})", self.reference)
    }
}
