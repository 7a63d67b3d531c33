//! The catalogue: what can be ordered.

use std::collections::BTreeMap;

use commerce_core::catalogue as core;
use commerce_core::engine::{How, PutItem};
use commerce_core::goods;
use commerce_core::money::{Currency, Money};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answered::Answered;
use super::ask::{Ask, Body};
use super::list::{self, CURSOR, LIMIT, List};
use super::number::Amount;
use super::operation::{Area, Failure, Method, Operation, Shape};
use super::place::{At, Read};
use super::word::{ItemKind, Sku, Time};

pub(super) const AREA: Area = Area { name: "catalogue", meaning: "What can be ordered, and for how much.", operations: OPERATIONS };

const OPERATIONS: &[Operation] = &[
    Operation {
        method: Method::Put,
        also: &[(201, "The item, which is new.")],
        body: Some(Shape::of::<PutCatalogueItem>()),
        body_required: true,
        versioned: false,
        keyed: false,
        ..Operation::command(
            "put_catalogue_item",
            "/catalogue/{sku}",
            "Writes an item as a whole. Orders keep the title and the prices that they were placed with",
            ITEM,
            |ask| Box::pin(put_catalogue_item(ask)),
        )
    },
    Operation::get("get_catalogue_item", "/catalogue/{sku}", "One item", ITEM, |ask| Box::pin(get_catalogue_item(ask))),
    Operation {
        query: &[LIMIT, CURSOR],
        ..Operation::get("list_catalogue", "/catalogue", "All items, by SKU", Shape::of::<List<CatalogueItem>>(), |ask| {
            Box::pin(list_catalogue(ask))
        })
    },
];

const ITEM: Shape = Shape::of::<CatalogueItem>();

/// An item as the catalogue is to have it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"title": "Hanging heart", "prices": [{"amount": "2.55", "currency": "GBP"}]}))]
pub struct PutCatalogueItem {
    /// Its title.
    #[schema(min_length = 1, max_length = 256)]
    pub title: String,
    /// How it reaches the buyer; `stocked` if it is left out.
    #[serde(default)]
    pub kind: Option<ItemKind>,
    /// What one costs: at most one price per currency, none below zero. Without any it is sold only at prices that staff sets.
    #[serde(default)]
    #[schema(max_items = 64)]
    pub prices: Vec<Amount>,
    /// Whether it can be ordered; `true` if it is left out.
    #[serde(default = "yes")]
    pub active: bool,
}

const fn yes() -> bool {
    true
}

impl Body for PutCatalogueItem {
    fn take_at(&mut self) -> Option<Time> {
        None
    }
}

/// An item without its SKU.
pub(crate) struct ItemBody {
    title: String,
    kind: goods::ItemKind,
    prices: BTreeMap<Currency, Money>,
    active: bool,
}

impl Read for PutCatalogueItem {
    type Into = ItemBody;

    fn read(self, at: &At<'_>) -> Option<ItemBody> {
        let kind = at.key("kind").maybe(self.kind);
        let list = at.key("prices");
        if self.prices.len() > core::PRICES_MAX {
            list.invalid(format_args!("has {} prices, allowed are {}", self.prices.len(), core::PRICES_MAX));
            return None;
        }
        let mut prices = BTreeMap::new();
        for (index, price) in list.each(self.prices)?.into_iter().enumerate() {
            let price_at = list.index(index);
            if price.minor() < 0 {
                price_at.key("amount").invalid("is below zero");
            }
            if prices.insert(price.currency(), price).is_some() {
                price_at.key("currency").invalid("stands in the list before");
            }
        }
        Some(ItemBody { title: self.title, kind: kind?.unwrap_or(goods::ItemKind::Stocked), prices, active: self.active })
    }
}

/// An item of the catalogue.
#[derive(Serialize, ToSchema)]
pub struct CatalogueItem {
    /// Its SKU.
    pub sku: Sku,
    /// Its title.
    pub title: String,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// What one costs, by currency.
    pub prices: Vec<Amount>,
    /// Whether it can be ordered.
    pub active: bool,
    /// When it was last written.
    pub updated_at: Time,
}

impl From<core::Item> for CatalogueItem {
    fn from(item: core::Item) -> Self {
        Self {
            sku: item.sku.into(),
            title: item.title,
            kind: item.kind.into(),
            prices: item.prices.into_values().map(Into::into).collect(),
            active: item.active,
            updated_at: item.updated_at.into(),
        }
    }
}

async fn put_catalogue_item(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let sku = ask.path("sku")?;
    let (call, ItemBody { title, kind, prices, active }) = ask.told::<PutCatalogueItem>()?;
    let put = ask.commerce.put_catalogue_item(&call, PutItem { sku, title, kind, prices, active }).await?;
    let status = if put.how == How::Done { 201 } else { ask.operation.status };
    Ok(Answered::done(status, &put.map(CatalogueItem::from)))
}

async fn get_catalogue_item(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let item = ask.commerce.get_catalogue_item(&ask.call()?, &ask.path("sku")?).await?;
    Ok(Answered::found(&CatalogueItem::from(item)))
}

async fn list_catalogue(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (after, limit) = ask.page()?;
    let page = ask.commerce.list_catalogue(&ask.call()?, after.as_ref(), limit).await?;
    Ok(list::found(page, CatalogueItem::from))
}
