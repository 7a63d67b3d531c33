//! Orders and payments in memory, loaded from their streams.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::Error;
use crate::engine::holds::BySku;
use crate::fact::PaymentFact;
use crate::id::{MerchantId, OrderId, PaymentId};
use crate::order::{self, Order};
use crate::payment::{self, Payment};
use crate::ports::{Store, Stored, StreamId, StreamName, Version};
use crate::stock::{Hold, Owner};
use crate::stored;
use crate::time::Timestamp;

/// Events read at once.
const LOAD_MAX_EVENTS: u32 = 500;
/// How often an order is read again that others change meanwhile.
const LOAD_TRIES_MAX: usize = 10;

/// An order, and nothing beside it.
#[derive(Clone, Debug)]
pub(super) struct OrderState {
    pub(super) order: Arc<Order>,
    pub(super) version: Version,
}

/// An order with what its decisions need: its payments, and what is held for it.
#[derive(Clone, Debug)]
pub(super) struct OrderRoot {
    pub(super) order: Arc<Order>,
    pub(super) version: Version,
    pub(super) payments: BTreeMap<PaymentId, PaymentRoot>,
    pub(super) holds: Vec<Hold>,
}

/// A payment and its version.
#[derive(Clone, Debug)]
pub(super) struct PaymentRoot {
    pub(super) payment: Payment,
    pub(super) version: Version,
}

/// Reads all of a stream, in order.
pub(super) async fn read_all(store: &Store, stream: &StreamId) -> Result<Vec<Stored>, Error> {
    let mut all = Vec::new();
    loop {
        let after = all.last().map_or(Version(0), |stored: &Stored| stored.version);
        let page = store.journal.load(stream, after, LOAD_MAX_EVENTS).await?;
        let last = page.len() < LOAD_MAX_EVENTS as usize;
        all.extend(page);
        if last {
            return Ok(all);
        }
    }
}

/// The order of stored events, up to and with a time; `None` if there is none by then.
pub(super) fn fold_order(events: &[Stored], until: Option<Timestamp>) -> Result<Option<(Order, Version)>, Error> {
    let mut state = None;
    let mut version = Version(0);
    // what was dated back follows on what came before it all the same
    for stored in events.iter().take_while(|stored| until.is_none_or(|until| stored.meta.at <= until)) {
        let event = stored::decode_order(&stored.event.kind, stored.event.kind_version, &stored.event.bytes).map_err(Error::stored)?;
        state = Some(order::evolve(state, stored.meta.at, &event).map_err(Error::stored)?);
        version = stored.version;
    }
    Ok(state.map(|state| (state, version)))
}

/// The payment of stored facts; `None` if there are none.
pub(super) fn fold_payment(events: &[Stored]) -> Result<Option<PaymentRoot>, Error> {
    let mut state = None;
    let mut version = Version(0);
    for stored in events {
        let fact = stored::decode_payment(&stored.event.kind, stored.event.kind_version, &stored.event.bytes).map_err(Error::stored)?;
        state = Some(payment::evolve(state, stored.meta.at, &fact).map_err(Error::stored)?);
        version = stored.version;
    }
    Ok(state.map(|payment| PaymentRoot { payment, version }))
}

impl OrderState {
    /// Loads an order from its stream alone.
    pub(super) async fn load(store: &Store, merchant: &MerchantId, id: OrderId) -> Result<Option<Self>, Error> {
        let stream = StreamId { merchant: merchant.clone(), name: StreamName::Order(id) };
        let folded = fold_order(&read_all(store, &stream).await?, None)?;
        Ok(folded.map(|(order, version)| Self { order: Arc::new(order), version }))
    }
}

impl OrderRoot {
    /// The order alone.
    pub(super) fn state(&self) -> OrderState {
        OrderState { order: Arc::clone(&self.order), version: self.version }
    }

    /// Loads an order with its payments and holds, all as they were at one moment.
    pub(super) async fn load(store: &Store, merchant: &MerchantId, id: OrderId) -> Result<Option<Self>, Error> {
        let stream = StreamId { merchant: merchant.clone(), name: StreamName::Order(id) };
        for _ in 0..LOAD_TRIES_MAX {
            let Some(root) = Self::load_once(store, &stream, id).await? else { return Ok(None) };
            // what changes an order's payments or holds writes an event of the order with it
            if store.journal.load(&stream, root.version, 1).await?.is_empty() {
                return Ok(Some(root));
            }
        }
        Err(Error::Contended)
    }

    async fn load_once(store: &Store, stream: &StreamId, id: OrderId) -> Result<Option<Self>, Error> {
        let merchant = &stream.merchant;
        let Some((order, version)) = fold_order(&read_all(store, stream).await?, None)? else { return Ok(None) };
        let mut payments = BTreeMap::new();
        for attempt in &order.tenders.attempts {
            if payments.contains_key(&attempt.payment_id) {
                continue;
            }
            let root = PaymentRoot::load(store, merchant, attempt.payment_id).await?;
            payments.insert(attempt.payment_id, root.ok_or_else(|| Error::stored("a payment of the order has no stream"))?);
        }
        let mut holds = store.stock.holds(merchant, Owner::Order(id)).await?;
        holds.retain(|hold| !hold.is_gone());
        Ok(Some(Self { order: Arc::new(order), version, payments, holds }))
    }
}

impl OrderRoot {
    /// Whether something that was held for the order is held no more.
    pub(super) fn reclaimed(&self) -> bool {
        let by_sku = BySku::of(&self.holds);
        self.order.stock_need().iter().any(|(sku, need)| by_sku.left(&self.holds, sku) < *need)
    }
}

impl PaymentRoot {
    pub(super) async fn load(store: &Store, merchant: &MerchantId, id: PaymentId) -> Result<Option<Self>, Error> {
        let stream = StreamId { merchant: merchant.clone(), name: StreamName::Payment(id) };
        fold_payment(&read_all(store, &stream).await?)
    }
}

/// The payments as facts of an order leave them: `facts` name their payment by its attempt, capture or refund.
pub(super) fn record_facts(
    payments: &BTreeMap<PaymentId, PaymentRoot>,
    at: Timestamp,
    facts: &[(PaymentId, PaymentFact)],
) -> Result<BTreeMap<PaymentId, PaymentRoot>, Error> {
    let mut after = payments.clone();
    for (id, fact) in facts {
        let known = after.remove(id);
        let version = known.as_ref().map_or(0, |root| root.version.0);
        let payment = payment::evolve(known.map(|root| root.payment), at, fact).map_err(Error::stored)?;
        after.insert(*id, PaymentRoot { payment, version: Version(version + 1) });
    }
    Ok(after)
}
