//! One order through the engine: placed, paid, shipped, delivered, partly returned.

use commerce_core::engine::Check;
use commerce_core::order::Headline;
use commerce_core::testkit::shop::Shop;
use futures::executor::block_on;

#[test]
fn an_order_is_placed_paid_shipped_delivered_and_partly_returned() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let placed = shop.place(&[("LAMP", 3)]).await;
        assert_eq!(placed.order.headline(), Headline::Confirmed);
        shop.ship_and_deliver(placed.id).await;
        shop.give_back(placed.id, &[(1, 1)]).await;
        let order = shop.get(placed.id).await.order;
        assert_eq!((order.captured(), order.refunded()), (3_000, 1_000));
        let account = shop.account("LAMP").await;
        assert_eq!((account.on_hand, account.held), (98, 0));
        shop.check().await;
        let report = shop.commerce.verify().await.unwrap();
        assert!(report.is_clean(), "{report}");
        assert_eq!((report.looked_at[&Check::OrderStream], report.looked_at[&Check::OrderRow]), (1, 1));
    });
}
