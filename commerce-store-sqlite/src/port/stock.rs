use std::collections::BTreeSet;

use async_trait::async_trait;
use commerce_core::id::{HoldId, MerchantId, Sku};
use commerce_core::ports::{Cursor, CursorError, FeedItem, Page, PortError, Stock, StockSummary};
use commerce_core::stock::{Account, AccountKey, Hold, Owner};
use commerce_core::time::Timestamp;
use rusqlite::Connection;

use super::Ports;
use crate::page::{after, after_time, page, part, place};
use crate::table::{accounts, holds, movements};

const LIST: &str = "accounts";
const LOW: &str = "low accounts";
const MOVEMENTS: &str = "movements";
const EXPIRED: &str = "expired holds";

type AccountRow = (AccountKey, Account);

impl Ports {
    async fn account_page(
        &self,
        merchant: &MerchantId,
        low: bool,
        cursor: Option<&Cursor>,
        limit: u32,
    ) -> Result<Page<AccountRow>, PortError> {
        let list = if low { LOW } else { LIST };
        let [sku, location] = after(list, cursor)?.unwrap_or_default();
        let merchant = merchant.clone();
        let read = move |conn: &Connection| {
            let rows = |limit| accounts::list(conn, &merchant, (&sku, &location), low, limit);
            page(list, limit, rows, |(key, _)| [key.sku.to_string(), key.location.to_string()])
        };
        self.readers.read(read).await
    }
}

#[async_trait]
impl Stock for Ports {
    async fn accounts(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<AccountRow>, PortError> {
        let skus: BTreeSet<Sku> = skus.iter().cloned().collect();
        let merchant = merchant.clone();
        let read = move |conn: &Connection| {
            let mut found = Vec::new();
            for sku in &skus {
                found.extend(accounts::of_sku(conn, &merchant, sku)?.into_iter().map(|row| (row.key, row.account)));
            }
            Ok(found)
        };
        self.readers.read(read).await
    }

    async fn list(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<AccountRow>, PortError> {
        self.account_page(merchant, false, after, limit).await
    }

    async fn low(&self, merchant: &MerchantId, after: Option<&Cursor>, limit: u32) -> Result<Page<AccountRow>, PortError> {
        self.account_page(merchant, true, after, limit).await
    }

    async fn summary(&self, merchant: &MerchantId) -> Result<StockSummary, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| accounts::summary(conn, &merchant)).await
    }

    async fn hold(&self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| holds::get(conn, &merchant, id)).await
    }

    async fn holds(&self, merchant: &MerchantId, owner: Owner) -> Result<Vec<Hold>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| holds::of_owner(conn, &merchant, owner)).await
    }

    async fn expired(&self, now: Timestamp, cursor: Option<&Cursor>, limit: u32) -> Result<Page<Hold>, PortError> {
        let (at, id, merchant) = after_time(EXPIRED, cursor)?;
        let read = move |conn: &Connection| {
            let rows = |limit| holds::expired(conn, now, (at, id, &merchant), limit);
            page(EXPIRED, limit, rows, |hold| place(hold.expires_at, hold.id.uuid(), &hold.merchant))
        };
        self.readers.read(read).await
    }

    async fn movements(&self, merchant: &MerchantId, sku: &Sku, cursor: Option<&Cursor>, limit: u32) -> Result<Page<FeedItem>, PortError> {
        let from: Option<i64> = after::<1>(MOVEMENTS, cursor)?.map(|[seq]| part(&seq)).transpose()?;
        let (merchant, sku) = (merchant.clone(), sku.clone());
        let read = move |conn: &Connection| {
            let from = match from {
                Some(seq) if !movements::exists(conn, seq)? => return Err(CursorError.into()),
                Some(seq) => Some(seq),
                None => movements::newest(conn, &merchant, &sku)?,
            };
            let rows = |limit| movements::chain(conn, &merchant, &sku, from, limit);
            let next = |(prev, _): &(Option<i64>, FeedItem)| [prev.unwrap_or_default().to_string()];
            Ok(page(MOVEMENTS, limit, rows, next)?.map(|(_, item)| item))
        };
        self.readers.read(read).await
    }
}
