//! What the shop sells.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::engine::{Builder, Call, PutItem};
use crate::goods::ItemKind;
use crate::money::{Currency, Money};
use crate::ports::Store;
use crate::sandbox::{Options, Sandbox};
use crate::testkit::lab::{location, sku, units};
use crate::testkit::shop::Bank;
use crate::testkit::{ManualClock, SeededIds};

/// One kind of goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Good {
    /// Its SKU.
    pub sku: &'static str,
    /// How it reaches the buyer.
    pub kind: ItemKind,
    /// What one costs, in pence.
    pub pence: i64,
    /// Locations, and the units that lie there.
    pub stock: &'static [(&'static str, u32)],
}

/// What lies on the shelves when a shop opens. Every price is in pounds.
pub const SHELVES: &[Good] = &[
    Good { sku: "LAMP", kind: ItemKind::Stocked, pence: 1_000, stock: &[("default", 100)] },
    Good { sku: "VASE", kind: ItemKind::Stocked, pence: 333, stock: &[("default", 37)] },
    Good { sku: "LAST", kind: ItemKind::Stocked, pence: 4_999, stock: &[("default", 1)] },
    Good { sku: "BENCH", kind: ItemKind::Stocked, pence: 12_000, stock: &[("default", 3), ("annex", 4)] },
    Good { sku: "GONE", kind: ItemKind::Stocked, pence: 500, stock: &[] },
    Good { sku: "GIFT", kind: ItemKind::Stocked, pence: 0, stock: &[("default", 50)] },
    Good { sku: "CARRIAGE", kind: ItemKind::Unstocked, pence: 495, stock: &[] },
    Good { sku: "EBOOK", kind: ItemKind::Digital, pence: 700, stock: &[] },
];

/// Puts the goods into the catalogue and on the shelves, by an engine of its own.
pub(super) async fn stock(goods: &[Good], store: &Store, clock: &Arc<ManualClock>, ids: &Arc<SeededIds>) {
    let bank = Arc::new(Sandbox::new(clock.clone(), Options::CARDS));
    let builder = Builder::new(store.clone(), clock.clone(), Bank::Cards.provider(), bank).ids(ids.clone());
    let (commerce, _) = builder.build();
    let call = Call::staff("warehouse");
    for good in goods {
        let item = PutItem {
            sku: sku(good.sku),
            title: good.sku.to_lowercase(),
            kind: good.kind,
            prices: BTreeMap::from([(Currency::GBP, Money::from_minor(good.pence, Currency::GBP))]),
            active: true,
        };
        commerce.put_catalogue_item(&call, item).await.expect("an item");
        for (place, count) in good.stock {
            commerce.receive_stock(&call, &sku(good.sku), &location(place), units(*count)).await.expect("units arrive");
        }
    }
}
