//! The statuses that simple clients set.

use commerce_core::engine::{Answer, Call, Error, OrderView, PackUnits, Status};
use commerce_core::id::OrderId;
use commerce_core::order::Headline;
use commerce_core::ports::Version;
use commerce_core::testkit::shop::Shop;
use futures::executor::block_on;

async fn set(shop: &Shop, id: OrderId, status: Status, expected: Option<Version>) -> Result<Answer<OrderView>, Error> {
    let call = Call { expected, ..shop.call.clone() };
    shop.run(shop.commerce.set_order_status(&call, id, status)).await
}

fn headline(answer: Result<Answer<OrderView>, Error>) -> Headline {
    answer.expect("the status is set").value.order.headline()
}

#[test]
fn a_status_covers_all_open_units_and_one_that_holds_already_changes_nothing() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = shop.place(&[("LAMP", 3)]).await.id;
        shop.pack_some(id, &[(1, 1)]).await;
        for (status, headline_then) in
            [(Status::Shipped, Headline::Shipped), (Status::Delivered, Headline::Delivered), (Status::Completed, Headline::Completed)]
        {
            assert_eq!(headline(set(&shop, id, status, None).await), headline_then);
            let version = shop.get(id).await.version;
            assert_eq!(headline(set(&shop, id, status, None).await), headline_then);
            assert_eq!(headline(set(&shop, id, status, Some(version)).await), headline_then);
            let stale = set(&shop, id, status, Some(Version(version.0 - 1))).await;
            assert!(stale.is_err(), "{status} of another version");
            assert_eq!(shop.get(id).await.version, version, "{status} again writes nothing");
        }
        assert_eq!(set(&shop, id, Status::Cancelled, None).await.unwrap_err().code(), "illegal_transition");
        let other = shop.place(&[("LAMP", 1)]).await.id;
        assert_eq!(headline(set(&shop, other, Status::Cancelled, None).await), Headline::Cancelled);
        assert_eq!(headline(set(&shop, other, Status::Cancelled, None).await), Headline::Cancelled);
        assert_eq!(set(&shop, other, Status::Shipped, None).await.unwrap_err().code(), "illegal_transition");
    });
}

#[test]
fn an_expected_version_is_met_by_the_first_step_and_not_asked_of_those_that_follow() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let placed = shop.place(&[("LAMP", 3)]).await;
        let stale = set(&shop, placed.id, Status::Shipped, Some(Version(placed.version.0 - 1))).await;
        assert_eq!(stale.unwrap_err().code(), "stale_version");
        assert_eq!(shop.get(placed.id).await.version, placed.version, "a stale request packs nothing");
        assert_eq!(headline(set(&shop, placed.id, Status::Shipped, Some(placed.version)).await), Headline::Shipped);
    });
}

#[test]
fn packing_an_order_that_has_ended_is_refused_for_its_state_not_for_its_stock() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = shop.place(&[("LAMP", 1)]).await.id;
        shop.cancel(id).await;
        let packed = shop.run(shop.commerce.create_shipment(&shop.call, id, PackUnits::default())).await;
        assert_eq!(packed.unwrap_err().code(), "illegal_transition");
    });
}
