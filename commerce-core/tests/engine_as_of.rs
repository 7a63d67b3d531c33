//! An order as it was, though some of what happened to it was told late and dated back.

use commerce_core::engine::Error;
use commerce_core::order::Headline;
use commerce_core::ports::Clock;
use commerce_core::testkit::shop::Shop;
use commerce_core::time::Timestamp;
use futures::executor::block_on;

#[test]
fn an_order_with_an_event_dated_before_those_it_follows_on_is_read_as_of_any_time() {
    block_on(async {
        let shop = Shop::in_memory().impatient().open().await;
        let placed_at = shop.clock.now();
        let id = shop.order(shop.basket(&[("LAMP", 1)])).await.id;
        let hour_before = Timestamp::from_micros(placed_at.micros() - 3_600_000_000);
        shop.commerce.hold_order(&shop.call.clone().at(hour_before), id).await.unwrap();
        let as_of = async |time| shop.commerce.get_order_as_of(&shop.call, id, time).await;
        // it was not there yet, whatever was dated so
        assert!(matches!(as_of(hour_before).await, Err(Error::NotFound("order"))));
        assert_eq!(as_of(placed_at).await.unwrap().order.headline(), Headline::OnHold);
    });
}
