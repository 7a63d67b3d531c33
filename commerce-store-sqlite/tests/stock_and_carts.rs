//! Reservations and carts of an engine over a SQLite file: asked for by many threads at once, and there when it is opened again.

use std::path::Path;
use std::sync::Arc;

use commerce_core::engine::{Call, CheckoutCart, How, NewCart, Reserve, ReservedUnits};
use commerce_core::id::{CartId, Sku};
use commerce_core::money::Currency;
use commerce_core::quantity::Quantity;
use commerce_core::testkit::shop::Shop;
use commerce_core::testkit::{ManualClock, on_threads};
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{SqliteOptions, SqliteStore, StoreHandle};
use futures::executor::block_on;
use tempfile::TempDir;

const THREADS: usize = 8;

fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a sku")
}

fn qty(units: u32) -> Quantity {
    Quantity::new(units).expect("a quantity")
}

async fn shop(folder: &Path) -> (Shop, StoreHandle) {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
    let (store, handle) = SqliteStore::open(folder.join("shop.db"), SqliteOptions::new(clock.clone())).expect("a file opens");
    (Shop::over(store, clock).open().await, handle)
}

async fn cart(shop: &Shop, lines: &[(&str, u32)]) -> CartId {
    let request = NewCart { customer_id: None, currency: Currency::GBP };
    let id = shop.commerce.create_cart(&shop.call, request).await.expect("a cart").value.id;
    for (item, units) in lines {
        shop.commerce.put_cart_line(&shop.call, id, &sku(item), qty(*units)).await.expect("a line");
    }
    id
}

#[test]
fn twins_reserve_and_fulfill_once() {
    let folder = TempDir::new().unwrap();
    let (shop, _handle) = block_on(shop(folder.path()));
    let call = shop.call.clone().with_key("k", b"body");
    let made = on_threads(THREADS, async |_| {
        let made = shop.commerce.create_reservation(&call, Reserve::new(sku("LAMP"), qty(5))).await.unwrap();
        shop.commerce.confirm_reservation(&call, made.value.id).await.unwrap();
        let left = shop.commerce.fulfill_reservation(&call, made.value.id, ReservedUnits { location: None, qty: Some(qty(2)) }).await;
        (made.value.id, left.unwrap())
    });
    assert!(made.iter().all(|(id, left)| *id == made[0].0 && left.value.remaining() == 3));
    assert_eq!(made.iter().filter(|(_, left)| left.how == How::Done).count(), 1);
    block_on(async {
        let account = shop.account("LAMP").await;
        assert_eq!((account.on_hand, account.held), (98, 3));
        shop.check().await;
    });
}

#[test]
fn one_cart_merged_and_ordered_by_many_at_once_is_merged_once_and_is_one_order() {
    let folder = TempDir::new().unwrap();
    let (shop, _handle) = block_on(shop(folder.path()));
    let (into, from) = block_on(async { (cart(&shop, &[("LAMP", 1)]).await, cart(&shop, &[("LAMP", 2), ("VASE", 1)]).await) });
    let merged = on_threads(THREADS, async |_| shop.commerce.merge_carts(&shop.call, into, from).await.is_ok());
    assert_eq!(merged.iter().filter(|merged| **merged).count(), 1);
    let answers = on_threads(THREADS, async |thread| {
        let call = shop.call.clone().with_key(&format!("key {}", thread % 3), b"body");
        shop.commerce.checkout_cart(&call, into, CheckoutCart::default()).await.unwrap()
    });
    assert_eq!(answers.iter().filter(|answer| answer.how == How::Done).count(), 1);
    assert!(answers.iter().all(|answer| answer.value == answers[0].value));
    let ordered: Vec<_> = answers[0].value.order.lines.iter().map(|line| (line.sku.as_str(), line.ordered)).collect();
    assert_eq!(ordered, [("LAMP", 3), ("VASE", 1)]);
    block_on(shop.check());
}

#[test]
fn what_was_reserved_and_put_into_a_cart_is_there_when_the_file_is_opened_again() {
    let folder = TempDir::new().unwrap();
    block_on(async {
        let (before, handle) = shop(folder.path()).await;
        let reserved = before.commerce.create_reservation(&before.call, Reserve::new(sku("BENCH"), qty(7))).await.unwrap().value;
        let id = cart(&before, &[("LAMP", 2), ("EBOOK", 1)]).await;
        let filled = before.commerce.get_cart(&before.call, id).await.unwrap();
        drop(before);
        handle.close();
        let (after, _handle) = shop(folder.path()).await;
        let call = Call::staff("till-1");
        assert_eq!(after.commerce.get_reservation(&call, reserved.id).await.unwrap(), reserved);
        assert_eq!(reserved.placements.len(), 2);
        assert_eq!(after.commerce.get_cart(&call, id).await.unwrap(), filled);
    });
}
