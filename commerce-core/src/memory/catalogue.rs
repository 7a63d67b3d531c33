//! The catalogue.

use async_trait::async_trait;

use super::MemoryStore;
use super::page::{after, page, part};
use crate::catalogue::Item;
use crate::id::{MerchantId, Sku};
use crate::ports::{Catalogue, Cursor, Page, PortError};

const LIST: &str = "items";

#[async_trait]
impl Catalogue for MemoryStore {
    async fn get(&self, merchant: &MerchantId, skus: &[Sku]) -> Result<Vec<Item>, PortError> {
        let state = self.state();
        Ok(skus.iter().filter_map(|sku| state.items.get(&(merchant.clone(), sku.clone())).cloned()).collect())
    }

    async fn put(&self, merchant: &MerchantId, item: &Item) -> Result<bool, PortError> {
        Ok(self.state().items.insert((merchant.clone(), item.sku.clone()), item.clone()).is_none())
    }

    async fn list(&self, merchant: &MerchantId, cursor: Option<&Cursor>, limit: u32) -> Result<Page<Item>, PortError> {
        let last: Option<Sku> = match after::<1>(LIST, cursor)? {
            Some([sku]) => Some(part(&sku)?),
            None => None,
        };
        let state = self.state();
        let own = state.items.iter().filter(|((whose, sku), _)| whose == merchant && last.as_ref().is_none_or(|last| sku > last));
        Ok(page(LIST, limit, own.map(|(_, item)| item.clone()), |item| [item.sku.to_string()]))
    }
}
