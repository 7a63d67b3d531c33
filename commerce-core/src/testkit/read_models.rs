//! The read models, built from the feed alone: how a consumer folds events and movements into rows of its own.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::engine::{Handler, HandlerError, order_rows, payment_rows};
use crate::fact::PaymentFact;
use crate::id::{MerchantId, OrderId, PaymentId};
use crate::order::{self, Event, Order, Policy};
use crate::payment::{self, Payment};
use crate::ports::{FeedEntry, FeedItem, LIMIT_MAX_ROWS, Position, Shard, Store, Stored, StreamName, Version, ViewRow};
use crate::stock::{Account, AccountKey, Movement};
use crate::stored;
use crate::testkit::lab::walk;

/// Rows of orders, payments, shipments, returns, refunds and stock, folded from the feed by a [`Handler`] that asks for mirrors.
///
/// It stands for a database of the host's own. What comes again is told by what is kept beside each row: of a stream the version, of
/// an account the last position in each shard. So each item counts once, though it is handed over more than once.
#[derive(Debug, Default)]
pub struct ReadModels {
    policy: Policy,
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    orders: BTreeMap<(MerchantId, OrderId), (Order, Version)>,
    payments: BTreeMap<(MerchantId, PaymentId), (Payment, Version)>,
    /// Which order a payment belongs to: the order's stream says so.
    order_of: BTreeMap<(MerchantId, PaymentId), OrderId>,
    accounts: BTreeMap<AccountKey, Level>,
}

#[derive(Debug, Default)]
struct Level {
    account: Account,
    last: BTreeMap<Shard, Position>,
}

/// An event that does not follow on the last one of its stream that was folded.
#[derive(Debug, thiserror::Error)]
#[error("{stream} is at version {known}, and version {told} is told")]
struct Gap {
    stream: StreamName,
    known: Version,
    told: Version,
}

/// Whether an event is the next one of its stream; a repeat is not.
fn is_next(told: &Stored, known: Version) -> Result<bool, Gap> {
    if told.version > Version(known.0 + 1) {
        return Err(Gap { stream: told.stream.name, known, told: told.version });
    }
    Ok(told.version > known)
}

impl Rows {
    fn order(&mut self, id: OrderId, told: &Stored) -> Result<(), HandlerError> {
        let key = (told.stream.merchant.clone(), id);
        let (state, known) = self.orders.get(&key).cloned().map_or((None, Version(0)), |(order, known)| (Some(order), known));
        if !is_next(told, known)? {
            return Ok(());
        }
        let event = stored::decode_order(&told.event.kind, told.event.kind_version, &told.event.bytes)?;
        if let Event::Payment(PaymentFact::Started { payment_id, .. }) = &event {
            self.order_of.insert((key.0.clone(), *payment_id), id);
        }
        let state = order::evolve(state, told.meta.at, &event)?;
        self.orders.insert(key, (state, told.version));
        Ok(())
    }

    fn payment(&mut self, id: PaymentId, told: &Stored) -> Result<(), HandlerError> {
        let key = (told.stream.merchant.clone(), id);
        let (state, known) = self.payments.get(&key).cloned().map_or((None, Version(0)), |(payment, known)| (Some(payment), known));
        if !is_next(told, known)? {
            return Ok(());
        }
        let fact = stored::decode_payment(&told.event.kind, told.event.kind_version, &told.event.bytes)?;
        let state = payment::evolve(state, told.meta.at, &fact)?;
        self.payments.insert(key, (state, told.version));
        Ok(())
    }

    fn movement(&mut self, item: &FeedItem, movement: &Movement) {
        let level = self.accounts.entry(movement.account.clone()).or_default();
        let last = level.last.entry(item.shard).or_default();
        if item.position <= *last {
            return;
        }
        *last = item.position;
        let account = &mut level.account;
        account.on_hand += movement.on_hand_delta;
        account.held += movement.held_delta;
        account.limits = movement.limits.unwrap_or(account.limits);
        account.shortfall = (-account.available()).max(0);
    }
}

#[async_trait]
impl Handler for ReadModels {
    async fn handle(&self, item: &FeedItem) -> Result<(), HandlerError> {
        let mut rows = self.rows();
        match &item.entry {
            FeedEntry::Movement { movement, .. } => rows.movement(item, movement),
            FeedEntry::Event(told) => match told.stream.name {
                StreamName::Order(id) => rows.order(id, told)?,
                StreamName::Payment(id) => rows.payment(id, told)?,
                StreamName::Saga(_) | StreamName::Consumer(_) => {}
            },
        }
        Ok(())
    }
}

impl ReadModels {
    /// Nothing yet, for a feed that an engine with these rules writes.
    pub fn new(policy: Policy) -> Self {
        Self { policy, rows: Mutex::default() }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        // a fold that fails has changed nothing
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Every row of the read models, in words, by its name.
    pub fn folded(&self) -> BTreeMap<String, String> {
        let rows = self.rows();
        let mut all = BTreeMap::new();
        for ((merchant, id), (order, version)) in &rows.orders {
            order_rows(*id, *version, order, &self.policy).iter().for_each(|row| put(&mut all, merchant, row));
        }
        for ((merchant, id), (payment, version)) in &rows.payments {
            let order = rows.order_of.get(&(merchant.clone(), *id)).copied();
            payment_rows(order, *version, payment).iter().for_each(|row| put(&mut all, merchant, row));
        }
        rows.accounts.iter().for_each(|(key, level)| put_account(&mut all, key, &level.account));
        all
    }

    /// Every row of the read models that the commits wrote, in words, by its name.
    ///
    /// # Panics
    /// If the store cannot be read.
    pub async fn written(store: &Store) -> BTreeMap<String, String> {
        let (audit, mut all) = (&store.audit, BTreeMap::new());
        for (merchant, row) in walk(LIMIT_MAX_ROWS, async |after, limit| audit.all_orders(after, limit).await).await {
            put(&mut all, &merchant, &ViewRow::Order(row));
        }
        for (merchant, row) in walk(LIMIT_MAX_ROWS, async |after, limit| audit.all_payments(after, limit).await).await {
            put(&mut all, &merchant, &ViewRow::Payment(row));
        }
        for (merchant, row) in walk(LIMIT_MAX_ROWS, async |after, limit| audit.all_shipments(after, limit).await).await {
            put(&mut all, &merchant, &ViewRow::Shipment(row));
        }
        for (merchant, row) in walk(LIMIT_MAX_ROWS, async |after, limit| audit.all_returns(after, limit).await).await {
            put(&mut all, &merchant, &ViewRow::Return(row));
        }
        for (merchant, row) in walk(LIMIT_MAX_ROWS, async |after, limit| audit.all_refunds(after, limit).await).await {
            put(&mut all, &merchant, &ViewRow::Refund(row));
        }
        for (key, account) in walk(LIMIT_MAX_ROWS, async |after, limit| audit.all_accounts(after, limit).await).await {
            put_account(&mut all, &key, &account);
        }
        all
    }
}

fn put(all: &mut BTreeMap<String, String>, merchant: &MerchantId, row: &ViewRow) {
    let name = match row {
        ViewRow::Order(row) => format!("order/{}", row.id),
        ViewRow::Payment(row) => format!("payment/{}", row.id),
        ViewRow::Shipment(row) => format!("shipment/{}", row.id),
        ViewRow::Return(row) => format!("return/{}", row.id),
        ViewRow::Refund(row) => format!("refund/{} of payment/{}", row.id, row.payment),
    };
    insert(all, format!("{merchant} {name}"), row);
}

fn put_account(all: &mut BTreeMap<String, String>, key: &AccountKey, account: &Account) {
    insert(all, format!("{} stock/{}/{}", key.merchant, key.location, key.sku), account);
}

fn insert(all: &mut BTreeMap<String, String>, name: String, row: &impl Debug) {
    let twin = all.insert(name.clone(), format!("{row:?}"));
    assert_eq!(twin, None, "{name} stands there twice");
}
