//! The read models and claims.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use async_trait::async_trait;
use uuid::Uuid;

use super::MemoryStore;
use super::page::{after, page, part, rows_max};
use crate::id::{MerchantId, OrderId, PaymentId, RefundId, ReturnId, ShipmentId};
use crate::ports::{
    ClaimRow, ClaimSpace, Cursor, OrderQuery, OrderRow, Page, PaymentQuery, PaymentRow, PortError, RefundRow, ReturnRow, ShipmentRow,
    Version, ViewRow, Views,
};
use crate::time::Timestamp;

const ORDERS: &str = "orders";
const PAYMENTS: &str = "payments";
const DUE: &str = "due orders";

/// The rows of the read models, with the orders of their lists.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) orders: BTreeMap<(MerchantId, OrderId), OrderRow>,
    pub(super) payments: BTreeMap<(MerchantId, PaymentId), PaymentRow>,
    pub(super) shipments: BTreeMap<(MerchantId, ShipmentId), ShipmentRow>,
    pub(super) returns: BTreeMap<(MerchantId, ReturnId), ReturnRow>,
    pub(super) refunds: BTreeMap<(MerchantId, RefundId, PaymentId), RefundRow>,
    due: BTreeSet<(Timestamp, MerchantId, OrderId)>,
    orders_by_time: BTreeSet<(MerchantId, Timestamp, OrderId)>,
    payments_by_time: BTreeSet<(MerchantId, Timestamp, PaymentId)>,
}

impl Rows {
    pub(super) fn put(&mut self, merchant: &MerchantId, row: &ViewRow) {
        match row {
            ViewRow::Order(row) => self.put_order(merchant, row),
            ViewRow::Payment(row) => self.put_payment(merchant, row),
            ViewRow::Shipment(row) => drop(self.shipments.insert((merchant.clone(), row.id), row.clone())),
            ViewRow::Return(row) => drop(self.returns.insert((merchant.clone(), row.id), row.clone())),
            ViewRow::Refund(row) => drop(self.refunds.insert((merchant.clone(), row.id, row.payment), row.clone())),
        }
    }

    fn put_order(&mut self, merchant: &MerchantId, row: &OrderRow) {
        if let Some(before) = self.orders.insert((merchant.clone(), row.id), row.clone()) {
            self.orders_by_time.remove(&(merchant.clone(), before.placed_at, row.id));
            if let Some(due) = before.due {
                self.due.remove(&(due, merchant.clone(), row.id));
            }
        }
        self.orders_by_time.insert((merchant.clone(), row.placed_at, row.id));
        if let Some(due) = row.due {
            self.due.insert((due, merchant.clone(), row.id));
        }
    }

    fn put_payment(&mut self, merchant: &MerchantId, row: &PaymentRow) {
        if let Some(before) = self.payments.insert((merchant.clone(), row.id), row.clone()) {
            self.payments_by_time.remove(&(merchant.clone(), before.created_at, row.id));
        }
        self.payments_by_time.insert((merchant.clone(), row.created_at, row.id));
    }
}

/// A place in a list by time: its cursor's, or the end of all time.
fn before<Id>(list: &str, cursor: Option<&Cursor>, id: impl Fn(Uuid) -> Id) -> Result<(Timestamp, Id), PortError> {
    Ok(match after::<2>(list, cursor)? {
        Some([micros, uuid]) => (Timestamp::from_micros(part(&micros)?), id(part(&uuid)?)),
        None => (Timestamp::MAX, id(Uuid::max())),
    })
}

fn key(at: Timestamp, id: Uuid) -> [String; 2] {
    [at.micros().to_string(), id.to_string()]
}

#[async_trait]
impl Views for MemoryStore {
    async fn order(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<OrderRow>, PortError> {
        Ok(self.state().rows.orders.get(&(merchant.clone(), id)).cloned())
    }

    async fn order_version(&self, merchant: &MerchantId, id: OrderId) -> Result<Option<Version>, PortError> {
        Ok(self.state().rows.orders.get(&(merchant.clone(), id)).map(|row| row.version))
    }

    async fn orders(&self, query: &OrderQuery, cursor: Option<&Cursor>, limit: u32) -> Result<Page<OrderRow>, PortError> {
        let (at, id) = before(ORDERS, cursor, OrderId::new)?;
        let rows = &self.state().rows;
        let wanted = |row: &&OrderRow| {
            (query.customer.is_none() || row.customer == query.customer)
                && query.status.as_ref().is_none_or(|status| row.status == *status)
                && query.from.is_none_or(|from| row.placed_at >= from)
                && query.to.is_none_or(|to| row.placed_at < to)
        };
        let older = rows.orders_by_time.range(..(query.merchant.clone(), at, id)).rev();
        let own = older.take_while(|(merchant, _, _)| *merchant == query.merchant);
        let found = own.filter_map(|(merchant, _, id)| rows.orders.get(&(merchant.clone(), *id))).filter(wanted).cloned();
        Ok(page(ORDERS, limit, found, |row| key(row.placed_at, row.id.uuid())))
    }

    async fn due_orders(&self, now: Timestamp, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderId)>, PortError> {
        let last = match after::<3>(DUE, cursor)? {
            Some([micros, merchant, id]) => Some((Timestamp::from_micros(part(&micros)?), part(&merchant)?, part(&id)?)),
            None => None,
        };
        let rows = &self.state().rows;
        let from = last.map_or(Bound::Unbounded, Bound::Excluded);
        let due = rows.due.range((from, Bound::Unbounded)).take_while(|(due, _, _)| *due <= now);
        let page = page(DUE, limit, due, |(due, merchant, id)| [due.micros().to_string(), merchant.to_string(), id.to_string()]);
        Ok(page.map(|(_, merchant, id)| (merchant.clone(), *id)))
    }

    async fn payment(&self, merchant: &MerchantId, id: PaymentId) -> Result<Option<PaymentRow>, PortError> {
        Ok(self.state().rows.payments.get(&(merchant.clone(), id)).cloned())
    }

    async fn payments(&self, query: &PaymentQuery, cursor: Option<&Cursor>, limit: u32) -> Result<Page<PaymentRow>, PortError> {
        let (at, id) = before(PAYMENTS, cursor, PaymentId::new)?;
        let rows = &self.state().rows;
        let wanted = |row: &&PaymentRow| {
            (query.order.is_none() || row.order == query.order) && query.status.as_ref().is_none_or(|status| row.status == *status)
        };
        let older = rows.payments_by_time.range(..(query.merchant.clone(), at, id)).rev();
        let own = older.take_while(|(merchant, _, _)| *merchant == query.merchant);
        let found = own.filter_map(|(merchant, _, id)| rows.payments.get(&(merchant.clone(), *id))).filter(wanted).cloned();
        Ok(page(PAYMENTS, limit, found, |row| key(row.created_at, row.id.uuid())))
    }

    async fn shipment(&self, merchant: &MerchantId, id: ShipmentId) -> Result<Option<ShipmentRow>, PortError> {
        Ok(self.state().rows.shipments.get(&(merchant.clone(), id)).cloned())
    }

    async fn return_of_goods(&self, merchant: &MerchantId, id: ReturnId) -> Result<Option<ReturnRow>, PortError> {
        Ok(self.state().rows.returns.get(&(merchant.clone(), id)).cloned())
    }

    async fn refund(&self, merchant: &MerchantId, id: RefundId) -> Result<Vec<RefundRow>, PortError> {
        let rows = &self.state().rows;
        let first = (merchant.clone(), id, PaymentId::new(Uuid::nil()));
        let last = (merchant.clone(), id, PaymentId::new(Uuid::max()));
        Ok(rows.refunds.range(first..=last).map(|(_, row)| row.clone()).collect())
    }

    async fn claim(&self, merchant: &MerchantId, space: ClaimSpace, key: &str, now: Timestamp) -> Result<Option<ClaimRow>, PortError> {
        let state = self.state();
        Ok(state.living_claim(merchant, space, key, now).cloned())
    }

    async fn sweep_claims(&self, now: Timestamp, limit: u32) -> Result<u64, PortError> {
        let claims = &mut self.state().claims;
        let expired = claims.iter().filter(|(_, claim)| claim.expires_at.is_some_and(|at| at <= now)).take(rows_max(limit));
        let keys: Vec<_> = expired.map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| drop(claims.remove(key)));
        Ok(keys.len() as u64)
    }
}
