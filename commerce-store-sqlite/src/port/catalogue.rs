use std::sync::Arc;

use async_trait::async_trait;
use commerce_core::catalogue::Item;
use commerce_core::id::{MerchantId, Sku};
use commerce_core::ports::{Catalogue, Cursor, Page, PortError};
use rusqlite::Connection;

use super::Ports;
use crate::page::{after, page};
use crate::table::items;

const LIST: &str = "items";

#[async_trait]
impl Catalogue for Ports {
    async fn get(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<Item>, PortError> {
        let key = |sku: &Sku| (merchant.clone(), sku.clone());
        let as_of = match self.items.get(skus.iter().map(key)) {
            Ok(known) => return Ok(known),
            Err(as_of) => as_of,
        };
        let (shop, skus) = (merchant.clone(), skus.to_vec());
        let read = move |conn: &Connection| {
            let mut found = Vec::with_capacity(skus.len());
            for sku in &skus {
                found.extend(items::get(conn, &shop, sku)?);
            }
            Ok(found)
        };
        let found = self.readers.read(read).await?;
        self.items.keep(found.iter().map(|item| (key(&item.sku), item.clone())), as_of);
        Ok(found)
    }

    async fn put(&self, merchant: &MerchantId, item: &Item) -> Result<bool, PortError> {
        let (shop, written) = (merchant.clone(), item.clone());
        let (known, key) = (Arc::clone(&self.items), (merchant.clone(), item.sku.clone()));
        self.jobs.write_then(move |conn| items::put(conn, &shop, &written), move || known.forget(&key)).await
    }

    async fn list(&self, merchant: &MerchantId, cursor: Option<&Cursor>, limit: u32) -> Result<Page<Item>, PortError> {
        let [sku] = after(LIST, cursor)?.unwrap_or_default();
        let merchant = merchant.clone();
        let read =
            move |conn: &Connection| page(LIST, limit, |limit| items::list(conn, &merchant, &sku, limit), |item| [item.sku.to_string()]);
        self.readers.read(read).await
    }
}
