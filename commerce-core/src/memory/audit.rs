//! Whole-store reads.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use async_trait::async_trait;

use super::MemoryStore;
use super::page::{after, page, part};
use crate::catalogue::Item;
use crate::id::{HoldId, LocationId, MerchantId, PaymentId, RefundId, Sku};
use crate::ports::{
    Audit, ClaimEntry, ClaimRow, ClaimSpace, Cursor, CursorError, LIMIT_MAX_ROWS, OrderRow, Page, PaymentRow, PersonalRow, PortError,
    RefundRow, ReturnRow, SagaId, SagaRow, ShipmentRow, StreamId, StreamName, Version,
};
use crate::stock::{Account, AccountKey, Hold, Movement};

const STREAMS: &str = "all streams";
const SAGAS: &str = "all sagas";
const CLAIMS: &str = "all claims";
const PERSONAL: &str = "all personal data";
const ITEMS: &str = "all items";
const ACCOUNTS: &str = "all accounts";
const HOLDS: &str = "all holds";
const ORDERS: &str = "all orders";
const PAYMENTS: &str = "all payments";
const SHIPMENTS: &str = "all shipments";
const RETURNS: &str = "all returns";
const REFUNDS: &str = "all refunds";

/// A page of rows that are kept by merchant and id.
fn rows<Id: Clone + Display + FromStr + Ord, Row: Clone>(
    list: &str,
    all: &BTreeMap<(MerchantId, Id), Row>,
    cursor: Option<&Cursor>,
    limit: u32,
) -> Result<Page<(MerchantId, Row)>, PortError> {
    let last: Option<(MerchantId, Id)> = match after::<2>(list, cursor)? {
        Some([merchant, id]) => Some((part(&merchant)?, part(&id)?)),
        None => None,
    };
    let rest = all.iter().filter(|(key, _)| last.as_ref().is_none_or(|last| *key > last));
    let page = page(list, limit, rest, |((merchant, id), _)| [merchant.to_string(), id.to_string()]);
    Ok(page.map(|((merchant, _), row)| (merchant.clone(), row.clone())))
}

/// The sort key of a stream: merchant, id, and what it is a stream of.
fn stream_key(stream: &StreamId) -> [String; 3] {
    let (id, kind) = match stream.name {
        StreamName::Order(id) => (id.to_string(), "order"),
        StreamName::Payment(id) => (id.to_string(), "payment"),
        StreamName::Saga(id) => (id.to_string(), "saga"),
        StreamName::Consumer(id) => (id.to_string(), "consumer"),
    };
    [stream.merchant.to_string(), id, kind.to_owned()]
}

#[async_trait]
impl Audit for MemoryStore {
    async fn all_streams(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(StreamId, Version)>, PortError> {
        let last = after::<3>(STREAMS, cursor)?;
        let state = self.state();
        let all: BTreeMap<[String; 3], (StreamId, Version)> =
            state.log.versions().map(|(stream, version)| (stream_key(stream), (stream.clone(), version))).collect();
        let rest = all.into_iter().filter(|(key, _)| last.as_ref().is_none_or(|last| key > last));
        Ok(page(STREAMS, limit, rest, |(key, _)| key.clone()).map(|(_, stream)| stream))
    }

    async fn all_sagas(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError> {
        let last: Option<SagaId> = match after::<1>(SAGAS, cursor)? {
            Some([id]) => Some(part(&id)?),
            None => None,
        };
        let state = self.state();
        let rest = state.sagas.all().filter(|row| last.is_none_or(|last| row.id > last)).cloned();
        Ok(page(SAGAS, limit, rest, |row| [row.id.to_string()]))
    }

    async fn all_claims(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<ClaimEntry>, PortError> {
        let last = match after::<3>(CLAIMS, cursor)? {
            Some([merchant, space, key]) => {
                let space = ClaimSpace::parse(&space).ok_or_else(|| PortError::misuse(CursorError))?;
                Some((part::<MerchantId>(&merchant)?, space, key))
            }
            None => None,
        };
        let state = self.state();
        let entry = |((merchant, space, key), row): (&(MerchantId, ClaimSpace, String), &ClaimRow)| ClaimEntry {
            merchant: merchant.clone(),
            space: *space,
            key: key.clone(),
            row: row.clone(),
        };
        let rest = state.claims.iter().filter(|(key, _)| last.as_ref().is_none_or(|last| *key > last)).map(entry);
        Ok(page(CLAIMS, limit, rest, |entry| [entry.merchant.to_string(), entry.space.to_string(), entry.key.clone()]))
    }

    async fn all_personal(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PersonalRow)>, PortError> {
        rows(PERSONAL, &self.state().personal, after, limit)
    }

    async fn all_items(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, Item)>, PortError> {
        rows(ITEMS, &self.state().items, after, limit)
    }

    async fn movements_of_holds(&self, merchant: &MerchantId, holds: &[HoldId]) -> Result<Vec<Movement>, PortError> {
        if holds.len() > LIMIT_MAX_ROWS as usize {
            return Err(PortError::misuse("too many holds at once"));
        }
        let state = self.state();
        Ok(holds.iter().flat_map(|hold| state.movements_of_hold(merchant, *hold)).collect())
    }

    async fn all_accounts(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError> {
        let last = match after::<3>(ACCOUNTS, cursor)? {
            Some([merchant, sku, location]) => Some(AccountKey {
                merchant: part::<MerchantId>(&merchant)?,
                sku: part::<Sku>(&sku)?,
                location: part::<LocationId>(&location)?,
            }),
            None => None,
        };
        let state = self.state();
        let rest = state.books.all_accounts().filter(|(key, _)| last.as_ref().is_none_or(|last| key > last));
        let key = |(key, _): &(AccountKey, Account)| [key.merchant.to_string(), key.sku.to_string(), key.location.to_string()];
        Ok(page(ACCOUNTS, limit, rest, key))
    }

    async fn all_holds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError> {
        Ok(rows(HOLDS, &self.state().books.holds, after, limit)?.map(|(_, hold)| hold))
    }

    async fn all_orders(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderRow)>, PortError> {
        rows(ORDERS, &self.state().rows.orders, after, limit)
    }

    async fn all_payments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PaymentRow)>, PortError> {
        rows(PAYMENTS, &self.state().rows.payments, after, limit)
    }

    async fn all_shipments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ShipmentRow)>, PortError> {
        rows(SHIPMENTS, &self.state().rows.shipments, after, limit)
    }

    async fn all_returns(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ReturnRow)>, PortError> {
        rows(RETURNS, &self.state().rows.returns, after, limit)
    }

    async fn all_refunds(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, RefundRow)>, PortError> {
        let last = match after::<3>(REFUNDS, cursor)? {
            Some([merchant, id, payment]) => Some((part::<MerchantId>(&merchant)?, part::<RefundId>(&id)?, part::<PaymentId>(&payment)?)),
            None => None,
        };
        let state = self.state();
        let rest = state.rows.refunds.iter().filter(|(key, _)| last.as_ref().is_none_or(|last| *key > last));
        let key = |(key, _): &(&(MerchantId, RefundId, PaymentId), &RefundRow)| [key.0.to_string(), key.1.to_string(), key.2.to_string()];
        Ok(page(REFUNDS, limit, rest, key).map(|(key, row)| (key.0.clone(), row.clone())))
    }
}
