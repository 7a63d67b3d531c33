//! The shop of the testkit finds what is wrong with it.

use commerce_core::engine::PutItem;
use commerce_core::goods::ItemKind;
use commerce_core::id::{AttemptId, LocationId, MerchantId, PaymentId, Sku};
use commerce_core::money::{Currency, Money};
use commerce_core::order::Headline;
use commerce_core::ports::{AuthorizeRequest, CallKey, PaymentProvider};
use commerce_core::quantity::Quantity;
use commerce_core::sandbox::Token;
use commerce_core::testkit::shop::{Bank, SHELVES, Shop, Unsettled};
use futures::executor::block_on;

/// What the check finds.
async fn broken(shop: &Shop) -> String {
    shop.broken_laws(Unsettled::default()).await.join("; ")
}

#[test]
fn the_shelves_hold_what_they_say() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        for good in SHELVES {
            let there = good.stock.iter().find(|(place, _)| *place == "default").map_or(0, |(_, units)| i64::from(*units));
            assert_eq!(shop.account(good.sku).await.on_hand, there, "{}", good.sku);
        }
        shop.check().await;
    });
}

#[test]
fn every_bank_takes_and_gives_back_money() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        for bank in Bank::ALL {
            let placed = shop.place_at(*bank, &[("LAMP", 2), ("CARRIAGE", 1), ("EBOOK", 1)]).await;
            assert_eq!(placed.order.headline(), Headline::Confirmed, "{bank}");
            shop.ship_and_deliver(placed.id).await;
            shop.give_back(placed.id, &[(1, 2)]).await;
            assert_eq!(shop.bank(*bank).ledger().totals()[&Currency::GBP].net(), 1_195, "{bank}");
        }
        shop.check().await;
    });
}

#[test]
fn an_impatient_shop_does_its_work_when_it_settles() {
    block_on(async {
        let shop = Shop::in_memory().impatient().open().await;
        let placed = shop.place(&[("LAMP", 1)]).await;
        assert_eq!(placed.order.headline(), Headline::Pending);
        let broken = broken(&shop).await;
        assert!(broken.contains("waiting: 1"), "{broken}");
        shop.settle().await;
        assert_eq!(shop.get(placed.id).await.order.headline(), Headline::Confirmed);
        shop.check().await;
    });
}

#[test]
fn a_crowd_orders_on_real_threads() {
    let shop = block_on(Shop::in_memory().open());
    let placed = shop.crowd(4, async |_| {
        let order = shop.basket(&[("LAMP", 1)]).paid_with(Token::Visa.method());
        shop.commerce.place_order(&shop.call, order).await.expect("there are enough lamps").value
    });
    assert!(placed.iter().all(|view| view.order.headline() == Headline::Confirmed));
    block_on(shop.check());
}

#[test]
fn money_that_a_bank_took_beside_the_engine_is_found() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let attempt = shop.id(AttemptId::new);
        let request = AuthorizeRequest {
            merchant: MerchantId::default(),
            payment: shop.id(PaymentId::new),
            order: None,
            method: Token::Visa.method(),
            amount: Money::from_minor(1, Currency::GBP),
        };
        shop.bank(Bank::Sales).authorize(&CallKey::Authorize(attempt), &request).await.expect("it is sent");
        let broken = broken(&shop).await;
        assert!(broken.contains("unknown to the engine"), "{broken}");
    });
}

#[test]
fn money_that_an_order_has_and_no_bank_is_found() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        shop.place(&[("LAMP", 1)]).await;
        // the banks of another shop know nothing of it
        let other = Shop::over(shop.store.clone(), shop.clock.clone()).seed(8).open().await;
        let broken = broken(&other).await;
        assert!(broken.contains("1000 set aside"), "{broken}");
    });
}

#[test]
fn a_saga_that_waits_is_found_unless_it_is_allowed() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let placed = shop.place_paid(&[("LAMP", 1)], Token::Action).await;
        assert_eq!(placed.order.headline(), Headline::ActionRequired);
        shop.check_but(Unsettled { waiting: 1, stuck: 0 }).await;
        let broken = broken(&shop).await;
        assert!(broken.contains("collect"), "{broken}");
    });
}

#[test]
fn another_process_finds_the_shop_as_the_last_one_left_it() {
    block_on(async {
        let shop = Shop::in_memory().impatient().open().await;
        let placed = shop.place(&[("LAMP", 1)]).await;
        let shop = shop.restarted();
        shop.settle().await;
        // the dead process has it leased
        assert_eq!(shop.get(placed.id).await.order.headline(), Headline::Pending);
        shop.advance(30_001).await;
        assert_eq!(shop.get(placed.id).await.order.headline(), Headline::Confirmed);
        shop.check().await;
    });
}

#[test]
fn goods_may_be_added_to_the_shelves() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let sku = Sku::new("OWL").expect("a valid sku");
        let prices = [(Currency::GBP, Money::from_minor(250, Currency::GBP))].into();
        let owl = PutItem { sku: sku.clone(), title: "owl".to_owned(), kind: ItemKind::Stocked, prices, active: true };
        shop.commerce.put_catalogue_item(&shop.call, owl).await.expect("an item");
        shop.commerce.receive_stock(&shop.call, &sku, &LocationId::default(), Quantity::ONE).await.expect("units");
        assert_eq!(shop.place(&[("OWL", 1)]).await.order.total(), 250);
        shop.check().await;
    });
}
