use commerce_core::engine::{CheckoutCart, Error, How, PlaceOrder};
use commerce_core::goods::ItemKind;
use commerce_core::id::{CartId, ProviderName};
use commerce_core::money::Currency;
use commerce_core::order::{Headline, Terms};
use commerce_core::ports::{OrderQuery, Version};
use commerce_core::sandbox::Token;
use commerce_core::testkit::on_threads;
use commerce_core::testkit::shop::Shop;
use futures::FutureExt;
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::{OddCarts, Oddity, by, came, cart, check_refused, customer, engine_with, expecting, lines, qty, sku};

fn paid() -> CheckoutCart {
    CheckoutCart::default().paid_with(Token::Visa.method())
}

/// How many orders there are.
async fn orders(shop: &Shop) -> usize {
    let query = OrderQuery { merchant: shop.call.merchant.clone(), customer: None, status: None, from: None, to: None };
    shop.commerce.list_orders(&query, None, 200).await.expect("orders are listed").items.len()
}

#[test]
fn a_cart_becomes_the_order_of_its_lines_and_is_gone() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, Some("ann"), &[("LAMP", 2), ("EBOOK", 1)]).await;
        let placed = came(shop.run(shop.commerce.checkout_cart(&shop.call, id, paid())).await, How::Done);
        let order = &placed.order;
        assert_eq!((order.cart_id, &order.customer_id, order.headline()), (Some(id), &Some(customer("ann")), Headline::Confirmed));
        assert_eq!(order.lines.iter().map(|line| (line.sku.as_str(), line.ordered)).collect::<Vec<_>>(), [("LAMP", 2), ("EBOOK", 1)]);
        assert_eq!((order.total(), order.currency), (2_700, Currency::GBP));
        check_refused(shop.commerce.get_cart(&shop.call, id).await, "not_found", None);
        assert_eq!(shop.store.carts.get(&shop.call.merchant, id).await.unwrap(), None);
        shop.settle().await;
        shop.check().await;
    });
}

#[test]
fn the_same_cart_gives_the_order_that_exists_under_any_key() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAMP", 2)]).await;
        let checkout = async |key: Option<&str>, request: CheckoutCart| {
            let call = key.map_or_else(|| shop.call.clone(), |key| shop.call.clone().with_key(key, b"body"));
            shop.run(shop.commerce.checkout_cart(&call, id, request)).await
        };
        let placed = came(checkout(Some("first"), paid()).await, How::Done);
        assert_eq!(came(checkout(Some("first"), paid()).await, How::Replayed).id, placed.id);
        for key in [None, Some("second"), Some("second")] {
            // what else is asked for does not matter: the order stands
            let otherwise = CheckoutCart { number: Some("N-1".to_owned()), ..CheckoutCart::default() };
            assert_eq!(came(checkout(key, otherwise).await, How::Existing), placed);
        }
        let other_body = shop.call.clone().with_key("first", b"another body");
        check_refused(shop.commerce.checkout_cart(&other_body, id, paid()).await, "idempotency_key_reused", None);
        // the same through the order's own door
        let direct = PlaceOrder { cart_id: Some(id), ..shop.basket(&[("VASE", 1)]) };
        assert_eq!(came(shop.run(shop.commerce.place_order(&shop.call, direct)).await, How::Existing), placed);
        assert_eq!(orders(&shop).await, 1);
        shop.check().await;
    });
}

#[test]
fn a_cart_with_the_number_of_its_order_gives_that_order() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let (id, other) = (cart(&shop, None, &[("LAMP", 1)]).await, cart(&shop, None, &[("LAMP", 1)]).await);
        let numbered = |cart| PlaceOrder { cart_id: Some(cart), number: Some("N-1".to_owned()), ..shop.basket(&[("LAMP", 1)]) };
        let placed = came(shop.run(shop.commerce.place_order(&shop.call, numbered(id))).await, How::Done);
        assert_eq!(came(shop.run(shop.commerce.place_order(&shop.call, numbered(id))).await, How::Existing), placed);
        check_refused(shop.run(shop.commerce.place_order(&shop.call, numbered(other))).await, "already_taken", None);
        let keyed = shop.call.clone().with_key("k", b"body");
        let request = CheckoutCart { number: Some("N-1".to_owned()), ..CheckoutCart::default() };
        check_refused(shop.run(shop.commerce.checkout_cart(&keyed, other, request)).await, "already_taken", None);
        // the key and the cart are free still
        let placed = came(shop.run(shop.commerce.checkout_cart(&keyed, other, paid())).await, How::Done);
        assert_eq!(placed.order.cart_id, Some(other));
    });
}

#[test]
fn one_cart_ordered_by_many_at_once_is_one_order_and_one_answer() {
    for round in 0..10 {
        let shop = block_on(Shop::in_memory().open());
        let id = block_on(cart(&shop, None, &[("LAMP", 2)]));
        let answers = shop.crowd(8, async |thread| {
            // some under one key, some under their own, some under none
            let call = match thread % 4 {
                0 => shop.call.clone(),
                1 => shop.call.clone().with_key(&format!("own {thread} {round}"), b"body"),
                _ => shop.call.clone().with_key("shared", b"body"),
            };
            shop.commerce.checkout_cart(&call, id, paid()).await.unwrap()
        });
        assert_eq!(answers.iter().filter(|answer| answer.how == How::Done).count(), 1);
        assert!(answers.iter().all(|answer| answer.value.id == answers[0].value.id));
        assert!(answers.iter().all(|answer| answer.value.order.headline() == Headline::Confirmed));
        block_on(async {
            assert_eq!(orders(&shop).await, 1);
            assert_eq!(shop.account("LAMP").await.held, 2);
            shop.settle().await;
            shop.check().await;
        });
    }
}

#[test]
fn a_cart_whose_goods_are_short_writes_nothing_and_can_be_ordered_later() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAST", 2)]).await;
        let call = shop.call.clone().with_key("k", b"body");
        let before = shop.commerce.get_cart(&shop.call, id).await.unwrap();
        match shop.commerce.checkout_cart(&call, id, paid()).await {
            Err(Error::Short(short)) => assert_eq!((short[0].requested, short[0].available), (2, 1)),
            other => panic!("{other:?}"),
        }
        assert_eq!((orders(&shop).await, shop.commerce.get_cart(&shop.call, id).await.unwrap()), (0, before));
        came(shop.commerce.put_cart_line(&shop.call, id, &sku("LAST"), qty(1)).await, How::Done);
        came(shop.run(shop.commerce.checkout_cart(&call, id, paid())).await, How::Done);
        shop.check().await;
    });
}

#[test]
fn a_declined_payment_is_an_order_too_and_the_cart_is_gone() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAMP", 1)]).await;
        let declined = CheckoutCart::default().paid_with(Token::InsufficientFunds.method());
        let placed = came(shop.run(shop.commerce.checkout_cart(&shop.call, id, declined)).await, How::Done);
        assert_eq!(placed.order.headline(), Headline::PaymentFailed);
        check_refused(shop.commerce.get_cart(&shop.call, id).await, "not_found", None);
        assert_eq!(shop.pay(placed.id, Token::Visa).await.order.headline(), Headline::Confirmed);
    });
}

#[test]
fn every_bad_checkout_is_refused_by_place_and_leaves_the_cart() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let (engine, call) = (&shop.commerce, &shop.call);
        let nobody = CartId::new(Uuid::from_u128(7));
        check_refused(engine.checkout_cart(call, nobody, paid()).await, "not_found", None);
        let empty = cart(&shop, None, &[]).await;
        check_refused(engine.checkout_cart(call, empty, paid()).await, "invalid_value", Some("/lines"));
        let id = cart(&shop, Some("ann"), &[("LAMP", 1), ("EBOOK", 1)]).await;
        let bobs = CheckoutCart { customer_id: Some(customer("bob")), ..paid() };
        check_refused(engine.checkout_cart(call, id, bobs).await, "invalid_value", Some("/customer_id"));
        let long = CheckoutCart { number: Some("x".repeat(65)), ..paid() };
        check_refused(engine.checkout_cart(call, id, long).await, "invalid_value", Some("/number"));
        let provider = CheckoutCart { provider: Some(ProviderName::new("nobank").unwrap()), ..paid() };
        check_refused(engine.checkout_cart(call, id, provider).await, "unknown_provider", None);
        let invoice = CheckoutCart { terms: Terms::Invoice, ..CheckoutCart::default() };
        check_refused(engine.checkout_cart(&by(&shop, "ann"), id, invoice).await, "invalid_value", Some("/terms"));
        let mut item = engine.get_catalogue_item(call, &sku("EBOOK")).await.unwrap();
        item.prices.clear();
        let put =
            commerce_core::engine::PutItem { sku: item.sku, title: item.title, kind: ItemKind::Digital, prices: item.prices, active: true };
        engine.put_catalogue_item(call, put.clone()).await.unwrap();
        check_refused(engine.checkout_cart(call, id, paid()).await, "no_price", Some("/lines/1/unit_price"));
        engine.put_catalogue_item(call, commerce_core::engine::PutItem { active: false, ..put }).await.unwrap();
        check_refused(engine.checkout_cart(call, id, paid()).await, "unknown_sku", Some("/lines/1/sku"));
        assert_eq!(lines(&engine.get_cart(call, id).await.unwrap()), vec![("LAMP", 1), ("EBOOK", 1)]);
        assert_eq!(orders(&shop).await, 0);
    });
}

#[test]
fn a_cart_of_nobody_is_ordered_by_whoever_is_named() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAMP", 1)]).await;
        let request = CheckoutCart { customer_id: Some(customer("ann")), ..paid() };
        let placed = came(shop.run(shop.commerce.checkout_cart(&expecting(&shop, 2), id, request)).await, How::Done);
        assert_eq!(placed.order.customer_id, Some(customer("ann")));
    });
}

#[test]
fn a_cart_that_was_left_over_when_it_was_ordered_is_neither_shown_nor_changed_nor_ordered_again() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAMP", 1)]).await;
        let into = cart(&shop, None, &[]).await;
        let kept = shop.commerce.get_cart(&shop.call, id).await.unwrap();
        let failing = engine_with(&shop, OddCarts::that(&shop, Oddity::Fail));
        let placed = came(failing.checkout_cart(&shop.call, id, CheckoutCart::default()).await, How::Done);
        assert_eq!(shop.store.carts.get(&shop.call.merchant, id).await.unwrap(), Some(kept));
        let (engine, call) = (&shop.commerce, &shop.call);
        check_refused(engine.get_cart(call, id).await, "not_found", None);
        for outcome in [
            engine.put_cart_line(call, id, &sku("VASE"), qty(1)).await,
            engine.remove_cart_line(call, id, &sku("LAMP")).await,
            engine.merge_carts(call, id, into).await,
            engine.merge_carts(call, into, id).await,
        ] {
            assert!(matches!(&outcome, Err(Error::Taken { owner }) if owner.id == placed.id.to_string()), "{outcome:?}");
        }
        assert_eq!(came(shop.run(engine.checkout_cart(call, id, paid())).await, How::Existing).id, placed.id);
        assert_eq!(shop.store.carts.get(&shop.call.merchant, id).await.unwrap(), None);
        check_refused(engine.put_cart_line(call, id, &sku("VASE"), qty(1)).await, "already_taken", None);
        assert_eq!(orders(&shop).await, 1);
    });
}

#[test]
fn the_key_that_began_a_cart_begins_no_other_once_it_was_ordered() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let call = shop.call.clone().with_key("k", b"body");
        let id = came(shop.commerce.create_cart(&call, crate::support::new_cart(None)).await, How::Done).id;
        came(shop.commerce.put_cart_line(&shop.call, id, &sku("LAMP"), qty(1)).await, How::Done);
        let placed = came(shop.run(shop.commerce.checkout_cart(&shop.call, id, paid())).await, How::Done);
        let again = shop.commerce.create_cart(&call, crate::support::new_cart(None)).await;
        assert!(matches!(&again, Err(Error::Taken { owner }) if owner.id == placed.id.to_string()), "{again:?}");
    });
}

#[test]
fn a_checkout_that_read_the_cart_before_its_twin_took_it_gives_the_same_order() {
    block_on(async {
        let shop = Shop::in_memory().configure(|config| config.place_wait_ms = 0).open().await;
        for (first, second, how) in [("a", "b", How::Existing), ("c", "c", How::Replayed)] {
            let id = cart(&shop, None, &[("LAMP", 1)]).await;
            let key = |key: &str| shop.call.clone().with_key(key, b"body");
            let (engine, twin_call) = (shop.commerce.clone(), key(first));
            let quicker = async move {
                came(engine.checkout_cart(&twin_call, id, CheckoutCart::default()).await, How::Done);
            };
            let slow = engine_with(&shop, OddCarts::read_then(&shop, quicker.boxed()));
            let answer = came(slow.checkout_cart(&key(second), id, CheckoutCart::default()).await, how);
            assert_eq!(answer.order.cart_id, Some(id));
        }
        assert_eq!(orders(&shop).await, 2);
    });
}

#[test]
fn a_buyer_who_expects_another_revision_is_told_and_nothing_is_ordered() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let id = cart(&shop, None, &[("LAMP", 1)]).await;
        let stale = shop.commerce.checkout_cart(&expecting(&shop, 1), id, paid()).await;
        assert!(matches!(stale, Err(Error::Stale { actual: Version(2) })));
        assert_eq!(orders(&shop).await, 0);
    });
}

#[test]
fn carts_ordered_at_once_never_sell_a_unit_twice() {
    let shop = block_on(Shop::in_memory().open());
    let ids: Vec<CartId> = (0..24).map(|_| block_on(cart(&shop, None, &[("BENCH", 1)]))).collect();
    let short = on_threads(8, async |thread| {
        let mut short = 0;
        for id in ids.iter().skip(thread).step_by(8) {
            match shop.commerce.checkout_cart(&shop.call, *id, CheckoutCart::default()).await {
                Ok(_) => {}
                Err(Error::Short(_)) => short += 1,
                Err(other) => panic!("{other}"),
            }
        }
        short
    });
    block_on(async {
        // three at the default location, four in the annex
        assert_eq!((short.iter().sum::<usize>(), orders(&shop).await), (17, 7));
        shop.check().await;
    });
}
