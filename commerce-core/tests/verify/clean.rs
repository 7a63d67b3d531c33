//! A store in which much has happened, and nothing went wrong.

use std::sync::Arc;

use commerce_core::engine::{Check, Commerce, Error, VerifyReport};
use commerce_core::id::CustomerId;
use commerce_core::memory::MemoryStore;
use commerce_core::ports::Clock;
use commerce_core::testkit::ManualClock;
use commerce_core::testkit::shop::Shop;
use commerce_core::time::Timestamp;
use futures::executor::block_on;

/// A bustling shop over a store of so many shards.
pub(crate) async fn bustling(shards: u16) -> Shop {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(1_767_225_600)));
    let store = MemoryStore::open(shards, clock.clone() as Arc<dyn Clock>);
    Shop::over(store, clock).open_and_bustle().await
}

#[track_caller]
fn assert_clean(report: &VerifyReport) {
    assert!(report.is_clean(), "{report}");
    assert!(report.unsettled.is_empty(), "{report}");
}

#[test]
fn a_store_in_which_much_has_happened_is_clean_and_every_check_looked_at_something() {
    for shards in [1, 3] {
        let shop = block_on(bustling(shards));
        let report = block_on(shop.commerce.verify()).unwrap();
        assert_clean(&report);
        for check in Check::ALL {
            assert!(report.looked_at[check] > 0, "{check} looked at nothing:\n{report}");
        }
        assert!(report.looked_at[&Check::OrderStream] >= 50, "{report}");
    }
}

#[test]
fn a_store_is_clean_after_its_customers_were_erased() {
    block_on(async {
        let shop = bustling(1).await;
        let before = shop.commerce.verify().await.unwrap();
        assert_eq!(shop.commerce.erase_customer(&shop.call, &CustomerId::new("bob").unwrap()).await.unwrap(), 2);
        let after = shop.commerce.verify().await.unwrap();
        assert_clean(&after);
        assert_eq!(before, after, "who was erased is still counted");
    });
}

#[test]
fn an_empty_store_is_clean() {
    let clock = Arc::new(ManualClock::at(Timestamp::from_secs(0)));
    let store = MemoryStore::open(2, clock.clone());
    let shop = block_on(Shop::over(store, clock).open());
    assert_clean(&block_on(shop.commerce.verify()).unwrap());
}

#[test]
fn the_future_of_verify_may_run_on_any_thread() {
    fn sendable(_: impl Future<Output = Result<VerifyReport, Error>> + Send) {}
    let ask = |commerce: &Commerce| {
        let commerce = commerce.clone();
        sendable(async move { commerce.verify().await });
    };
    ask(&block_on(Shop::in_memory().open()).commerce);
}
