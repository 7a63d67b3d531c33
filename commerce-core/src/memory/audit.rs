//! Whole-store reads.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use async_trait::async_trait;

use super::MemoryStore;
use super::page::{after, page, part};
use crate::id::{LocationId, MerchantId, PaymentId, RefundId, Sku};
use crate::ports::{Audit, Cursor, OrderRow, Page, PaymentRow, PortError, RefundRow, ReturnRow, ShipmentRow};
use crate::stock::{Account, AccountKey, Hold};

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

#[async_trait]
impl Audit for MemoryStore {
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
