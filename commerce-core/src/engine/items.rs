//! The catalogue's operations.

use std::collections::BTreeMap;

use crate::catalogue::Item;
use crate::engine::orders::{list_error, page_limit};
use crate::engine::{Answer, Call, Commerce, Error, How};
use crate::goods::ItemKind;
use crate::id::Sku;
use crate::money::{Currency, Money};
use crate::ports::{Cursor, Page};

/// An item as the catalogue is to have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutItem {
    /// Its SKU.
    pub sku: Sku,
    /// Its title, 1 to 256 characters.
    pub title: String,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// One price per currency, at most 64, none below zero; none: sold only at prices that staff or the pricer sets.
    pub prices: BTreeMap<Currency, Money>,
    /// Whether it can be ordered.
    pub active: bool,
}

impl Commerce {
    /// Writes an item as a whole; [`How::Existing`] if it replaced one. Orders keep the title and prices that they were placed with.
    ///
    /// Writing the same item again changes nothing, so an idempotency key is not needed and not kept.
    ///
    /// # Errors
    /// [`Error::Invalid`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    ///
    /// # Crash
    /// The item is there as it was before or as it is after.
    pub async fn put_catalogue_item(&self, call: &Call, request: PutItem) -> Result<Answer<Item>, Error> {
        let moment = self.inner.moment(call)?;
        let PutItem { sku, title, kind, prices, active } = request;
        let item = Item { sku, title, kind, prices, active, updated_at: moment.now };
        item.check().map_err(|error| Error::invalid(error.field(), error))?;
        let new = self.inner.store.catalogue.put(&call.merchant, &item).await?;
        Ok(Answer { value: item, how: if new { How::Done } else { How::Existing } })
    }

    /// One item of the catalogue.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn get_catalogue_item(&self, call: &Call, sku: &Sku) -> Result<Item, Error> {
        self.catalogued(call, sku).await?.ok_or(Error::NotFound("item"))
    }

    /// All items of the catalogue, by SKU; at most [`crate::engine::PAGE_MAX_ROWS`] at once.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_catalogue(&self, call: &Call, after: Option<&Cursor>, limit: u32) -> Result<Page<Item>, Error> {
        self.inner.store.catalogue.list(&call.merchant, after, page_limit(limit)).await.map_err(list_error)
    }

    pub(super) async fn catalogued(&self, call: &Call, sku: &Sku) -> Result<Option<Item>, Error> {
        Ok(self.inner.store.catalogue.get(&call.merchant, std::slice::from_ref(sku)).await?.pop())
    }
}
