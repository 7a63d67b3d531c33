use async_trait::async_trait;
use commerce_core::catalogue::Item;
use commerce_core::id::{HoldId, MerchantId, ReturnId, ShipmentId};
use commerce_core::ports::{
    Audit, ClaimEntry, Cursor, LIMIT_MAX_ROWS, OrderRow, Page, PaymentRow, PersonalRow, PortError, RefundRow, ReturnRow, SagaRow,
    ShipmentRow, StreamId, Version,
};
use commerce_core::stock::{Account, AccountKey, Hold, Movement};
use rusqlite::Connection;
use uuid::Uuid;

use super::Ports;
use crate::error::Result as SqlResult;
use crate::page::{after, after_id, page, part};
use crate::table::parcels::{self, Parcel, Way};
use crate::table::{accounts, claims, events, holds, items, movements, orders, payments, personal, refunds, sagas};

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

/// Reads up to so many rows after a merchant and id.
type ReadAfter<T> = fn(&Connection, (&str, Uuid), u32) -> SqlResult<Vec<T>>;

impl Ports {
    /// A page of rows that are ordered by merchant and id.
    async fn all<T: Send + 'static>(
        &self,
        list: &'static str,
        cursor: Option<&Cursor>,
        limit: u32,
        rows: ReadAfter<T>,
        key: fn(&T) -> (&MerchantId, Uuid),
    ) -> Result<Page<T>, PortError> {
        let (merchant, id) = after_id(list, cursor)?;
        let key = move |row: &T| {
            let (merchant, id) = key(row);
            [merchant.to_string(), id.to_string()]
        };
        self.readers.read(move |conn| page(list, limit, |limit| rows(conn, (&merchant, id), limit), key)).await
    }
}

#[async_trait]
impl Audit for Ports {
    async fn all_streams(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(StreamId, Version)>, PortError> {
        let (merchant, id, kind) = match after::<3>(STREAMS, cursor)? {
            Some([merchant, id, kind]) => (merchant, part(&id)?, kind),
            None => (String::new(), Uuid::nil(), String::new()),
        };
        let read = move |conn: &Connection| {
            let rows = |limit| events::streams(conn, (&merchant, id, &kind), limit);
            page(STREAMS, limit, rows, |(stream, _)| {
                let (kind, id) = events::key(stream.name);
                [stream.merchant.to_string(), id.to_string(), kind.to_owned()]
            })
        };
        self.readers.read(read).await
    }

    async fn all_sagas(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError> {
        let last = match after::<1>(SAGAS, cursor)? {
            Some([id]) => part(&id)?,
            None => Uuid::nil(),
        };
        self.readers.read(move |conn| page(SAGAS, limit, |limit| sagas::all(conn, last, limit), |row| [row.id.to_string()])).await
    }

    async fn all_claims(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<ClaimEntry>, PortError> {
        let [merchant, space, key] = after(CLAIMS, cursor)?.unwrap_or_default();
        let read = move |conn: &Connection| {
            let rows = |limit| claims::all(conn, (&merchant, &space, &key), limit);
            page(CLAIMS, limit, rows, |entry| [entry.merchant.to_string(), entry.space.to_string(), entry.key.clone()])
        };
        self.readers.read(read).await
    }

    async fn all_personal(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PersonalRow)>, PortError> {
        self.all(PERSONAL, after, limit, personal::all, |(merchant, row)| (merchant, row.reference.uuid())).await
    }

    async fn all_items(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, Item)>, PortError> {
        let [merchant, sku] = after(ITEMS, cursor)?.unwrap_or_default();
        let read = move |conn: &Connection| {
            let rows = |limit| items::all(conn, (&merchant, &sku), limit);
            page(ITEMS, limit, rows, |(merchant, item)| [merchant.to_string(), item.sku.to_string()])
        };
        self.readers.read(read).await
    }

    async fn movements_of_holds(&self, merchant: &MerchantId, holds: &[HoldId]) -> Result<Vec<Movement>, PortError> {
        if holds.len() > LIMIT_MAX_ROWS as usize {
            return Err(PortError::misuse("too many holds at once"));
        }
        let (merchant, holds) = (merchant.clone(), holds.to_vec());
        let read = move |conn: &Connection| {
            let mut found = Vec::new();
            for hold in holds {
                found.extend(movements::of_hold(conn, &merchant, hold)?);
            }
            Ok(found)
        };
        self.readers.read(read).await
    }

    async fn all_accounts(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(AccountKey, Account)>, PortError> {
        let [merchant, sku, location] = after(ACCOUNTS, cursor)?.unwrap_or_default();
        let read = move |conn: &Connection| {
            let rows = |limit| accounts::all(conn, (&merchant, &sku, &location), limit);
            page(ACCOUNTS, limit, rows, |(key, _)| [key.merchant.to_string(), key.sku.to_string(), key.location.to_string()])
        };
        self.readers.read(read).await
    }

    async fn all_holds(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError> {
        self.all(HOLDS, after, limit, holds::all, |hold| (&hold.merchant, hold.id.uuid())).await
    }

    async fn all_orders(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, OrderRow)>, PortError> {
        self.all(ORDERS, after, limit, orders::all, |(merchant, row)| (merchant, row.id.uuid())).await
    }

    async fn all_payments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, PaymentRow)>, PortError> {
        self.all(PAYMENTS, after, limit, payments::all, |(merchant, row)| (merchant, row.id.uuid())).await
    }

    async fn all_shipments(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ShipmentRow)>, PortError> {
        let rows = |conn: &Connection, after: (&str, Uuid), limit| parcels::all(conn, Way::Shipment, after, limit);
        let page = self.all(SHIPMENTS, after, limit, rows, parcel_key).await?;
        Ok(page.map(|(merchant, (id, order, status))| (merchant, ShipmentRow { id: ShipmentId::new(id), order, status })))
    }

    async fn all_returns(&self, after: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, ReturnRow)>, PortError> {
        let rows = |conn: &Connection, after: (&str, Uuid), limit| parcels::all(conn, Way::Return, after, limit);
        let page = self.all(RETURNS, after, limit, rows, parcel_key).await?;
        Ok(page.map(|(merchant, (id, order, status))| (merchant, ReturnRow { id: ReturnId::new(id), order, status })))
    }

    async fn all_refunds(&self, cursor: Option<&Cursor>, limit: u32) -> Result<Page<(MerchantId, RefundRow)>, PortError> {
        let (merchant, id, payment) = match after::<3>(REFUNDS, cursor)? {
            Some([merchant, id, payment]) => (merchant, part(&id)?, part(&payment)?),
            None => (String::new(), Uuid::nil(), Uuid::nil()),
        };
        let read = move |conn: &Connection| {
            let rows = |limit| refunds::all(conn, (&merchant, id, payment), limit);
            page(REFUNDS, limit, rows, |(merchant, row)| [merchant.to_string(), row.id.to_string(), row.payment.to_string()])
        };
        self.readers.read(read).await
    }
}

fn parcel_key(row: &(MerchantId, Parcel)) -> (&MerchantId, Uuid) {
    (&row.0, row.1.0)
}
