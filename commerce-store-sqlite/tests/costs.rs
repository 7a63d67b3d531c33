//! What the engine's operations cost over a file, counted by the committer.

use std::sync::Arc;

use commerce_core::order::Headline;
use commerce_core::testkit::ManualClock;
use commerce_core::testkit::shop::Shop;
use commerce_core::time::Timestamp;
use commerce_store_sqlite::{SqliteOptions, SqliteStore};
use futures::executor::block_on;
use tempfile::TempDir;

#[test]
fn placing_a_paid_order_costs_two_change_sets_and_each_step_after_it_one_or_two() {
    let folder = TempDir::new().unwrap();
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_800_000_000)));
    let (store, handle) = SqliteStore::open(folder.path().join("shop.db"), SqliteOptions::new(clock.clone())).unwrap();
    block_on(async {
        let shop = Shop::over(store, clock).open().await;
        let mut before = handle.commit_counts();
        let mut cost = || {
            let now = handle.commit_counts();
            let cost = (now.sets - before.sets, now.batches - before.batches);
            before = now;
            cost
        };
        // the order with its stock and its intent to pay; then what the bank said
        let placed = shop.place(&[("LAMP", 2), ("VASE", 1), ("CARRIAGE", 1)]).await;
        assert_eq!((placed.order.headline(), cost()), (Headline::Confirmed, (2, 2)));
        // the parcel; the capture that it wants; what the bank said; the parcel's saga, which has nothing left to do
        let parcel = shop.pack(placed.id).await;
        shop.settle().await;
        assert_eq!(cost(), (4, 4));
        shop.dispatch(parcel.shipment.id).await;
        assert_eq!(cost(), (1, 1));
        shop.deliver(parcel.shipment.id).await;
        assert_eq!(cost(), (1, 1));
        // the return; its arrival with the refund that it grants; what the bank said
        shop.give_back(placed.id, &[(1, 1)]).await;
        assert_eq!(cost(), (3, 3));
        shop.check().await;
    });
}
