//! What an engine makes of an older state of its store.

use commerce_core::engine::{Error, PackUnits};
use commerce_core::sandbox::Token;
use commerce_core::testkit::shop::{Bank, Shop};
use commerce_store_sqlite::{CopyOptions, SqliteStore, StoreHandle};
use futures::executor::block_on;

use crate::support::Place;

/// Closes the shop, puts back its backup, and opens a shop over that: the clock and the banks are the same.
fn restored(place: &Place, shop: Shop, handle: StoreHandle) -> (Shop, StoreHandle) {
    handle.close();
    SqliteStore::restore(place.file("backup.db"), place.file("restored.db"), CopyOptions::default()).unwrap();
    let (store, handle) = SqliteStore::open(place.file("restored.db"), place.options()).unwrap();
    (shop.beside(store), handle)
}

#[test]
fn a_payment_that_was_made_after_the_backup_is_found_at_the_provider_and_not_made_again() {
    let place = Place::new();
    let (shop, handle) = place.impatient_shop();
    let placed = block_on(shop.commerce.place_order(&shop.call, shop.basket(&[("LAMP", 2)]).paid_with(Token::Visa.method()))).unwrap();
    let (id, attempt) = (placed.value.id, placed.value.order.tenders.attempts[0].id);
    handle.backup(place.file("backup.db"), CopyOptions::default()).unwrap();
    assert_eq!(shop.bank(Bank::Cards).ledger().charges(attempt), 0, "nobody was asked to pay yet");
    block_on(shop.settle());
    assert_eq!(block_on(shop.get(id)).order.headline().as_str(), "confirmed");
    assert_eq!(shop.bank(Bank::Cards).ledger().charges(attempt), 1);

    let (shop, handle) = restored(&place, shop, handle);
    assert_eq!(block_on(shop.get(id)).order.headline().as_str(), "pending");
    block_on(shop.settle());
    assert_eq!(block_on(shop.get(id)).order.headline().as_str(), "confirmed");
    assert_eq!(shop.bank(Bank::Cards).ledger().charges(attempt), 1, "it was looked up under its key");
    block_on(shop.check());
    drop(shop);
    handle.close();
}

#[test]
fn a_capture_that_was_made_after_the_backup_is_found_and_not_made_again() {
    let place = Place::new();
    let (shop, handle) = place.impatient_shop();
    let placed = block_on(shop.commerce.place_order(&shop.call, shop.basket(&[("LAMP", 2)]).paid_with(Token::Visa.method()))).unwrap();
    let (id, payment) = (placed.value.id, placed.value.order.tenders.attempts[0].payment_id);
    block_on(shop.settle());
    block_on(shop.commerce.capture_payment(&shop.call, payment, None)).unwrap();
    handle.backup(place.file("backup.db"), CopyOptions::default()).unwrap();
    block_on(shop.settle());
    assert_eq!(block_on(shop.get(id)).order.captured(), 2_000);
    let (shop, handle) = restored(&place, shop, handle);
    assert_eq!(block_on(shop.get(id)).order.captured(), 0);
    block_on(shop.settle());
    assert_eq!(block_on(shop.get(id)).order.captured(), 2_000);
    block_on(shop.check());
    drop(shop);
    handle.close();
}

#[test]
fn a_capture_that_was_only_decided_after_the_backup_takes_no_more_than_was_approved() {
    let place = Place::new();
    let (shop, handle) = place.impatient_shop();
    let placed = block_on(shop.commerce.place_order(&shop.call, shop.basket(&[("LAMP", 2)]).paid_with(Token::Visa.method()))).unwrap();
    let (id, payment) = (placed.value.id, placed.value.order.tenders.attempts[0].payment_id);
    block_on(shop.settle());
    block_on(shop.commerce.create_shipment(&shop.call, id, PackUnits::default())).unwrap();
    handle.backup(place.file("backup.db"), CopyOptions::default()).unwrap();
    block_on(shop.settle());
    let (shop, handle) = restored(&place, shop, handle);
    block_on(shop.settle());
    let order = block_on(shop.get(id)).order;
    // the provider has the money under a capture that this state does not know: staff compare, nothing is packed off unpaid
    assert_eq!((order.headline().as_str(), order.captured()), ("on_hold", 0));
    let totals: Vec<i128> = shop.bank(Bank::Cards).ledger().payment(payment).values().map(|totals| totals.captured).collect();
    assert_eq!(totals, [2_000]);
    drop(shop);
    handle.close();
}

#[test]
fn what_began_after_the_backup_is_not_known_and_its_key_is_free_again() {
    let place = Place::new();
    let (shop, handle) = place.impatient_shop();
    handle.backup(place.file("backup.db"), CopyOptions::default()).unwrap();
    let call = shop.call.clone().with_key("checkout-1", b"two lamps");
    let place_it = |shop: &Shop| block_on(shop.commerce.place_order(&call, shop.basket(&[("LAMP", 2)]).paid_with(Token::Visa.method())));
    let lost = place_it(&shop).unwrap().value.id;
    block_on(shop.settle());
    let (shop, handle) = restored(&place, shop, handle);
    assert!(matches!(block_on(shop.commerce.get_order(&shop.call, lost)), Err(Error::NotFound(_))));
    let anew = place_it(&shop).unwrap().value.id;
    block_on(shop.settle());
    assert_eq!(block_on(shop.get(anew)).order.headline().as_str(), "confirmed");
    // the bank has both: only a comparison with its statement tells of the first
    let charged: i128 = shop.bank(Bank::Cards).ledger().totals().values().map(|totals| totals.authorized).sum();
    assert_eq!(charged, 4_000);
    drop(shop);
    handle.close();
}
