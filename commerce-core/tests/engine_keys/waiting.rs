//! Twins that come while the first is under way wait with it.

use commerce_core::engine::{How, PackUnits, ProcessPayment};
use commerce_core::money::{Currency, Money};
use commerce_core::order::{Headline, PaymentStatus};
use commerce_core::sandbox::Token;
use commerce_core::testkit::shop::Shop;
use futures::executor::block_on;
use futures::future::join;

#[test]
fn the_twin_of_an_order_shows_it_paid() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let call = shop.call.clone().with_key("k", b"body");
        let ask = || shop.commerce.place_order(&call, shop.basket(&[("LAMP", 1)]).paid_with(Token::Visa.method()));
        let (first, twin) = shop.run(join(ask(), ask())).await;
        let (first, twin) = (first.unwrap(), twin.unwrap());
        assert_eq!((first.how, twin.how), (How::Done, How::Replayed));
        assert_eq!(twin.value.order.headline(), Headline::Confirmed);
        assert_eq!(twin.value, first.value);
    });
}

#[test]
fn the_twin_of_a_payment_of_an_order_shows_it_paid() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let order = shop.order(shop.basket(&[("LAMP", 1)])).await.id;
        let call = shop.call.clone().with_key("k", b"body");
        let ask = || shop.commerce.pay_order(&call, order, Token::Visa.method(), None, None);
        let (first, twin) = shop.run(join(ask(), ask())).await;
        assert_eq!(first.unwrap().value.order.headline(), Headline::Confirmed);
        let twin = twin.unwrap();
        assert_eq!((twin.how, twin.value.order.headline()), (How::Replayed, Headline::Confirmed));
    });
}

#[test]
fn the_twin_of_a_shipment_shows_its_share_captured() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let order = shop.place(&[("LAMP", 1)]).await.id;
        let call = shop.call.clone().with_key("k", b"body");
        let ask = async || {
            let made = shop.commerce.create_shipment(&call, order, PackUnits::default()).await.unwrap();
            (made.value.shipment.id, shop.commerce.get_order(&call, order).await.unwrap().order.captured())
        };
        let (first, twin) = shop.run(join(ask(), ask())).await;
        assert_eq!((first.1, twin), (1_000, first));
    });
}

#[test]
fn the_twin_of_a_refund_shows_the_money_gone_back() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let order = shop.place(&[("LAMP", 1)]).await.id;
        shop.ship_and_deliver(order).await;
        let call = shop.call.clone().with_key("k", b"body");
        let amount = Money::from_minor(400, Currency::GBP);
        let ask = || shop.commerce.refund_order(&call, order, amount, Vec::new(), None);
        let (first, twin) = shop.run(join(ask(), ask())).await;
        assert_eq!(first.unwrap().value.order.refunded(), 400);
        let twin = twin.unwrap();
        assert_eq!((twin.how, twin.value.order.refunded()), (How::Replayed, 400));
    });
}

#[test]
fn the_twin_of_a_payment_without_an_order_shows_it_captured_voided_or_gone_back() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let call = shop.call.clone().with_key("k", b"body");
        let (engine, amount) = (&shop.commerce, Money::from_minor(900, Currency::GBP));
        let request = |capture| ProcessPayment { method: Token::Visa.method(), provider: None, amount, capture };
        let (first, twin) =
            shop.run(join(engine.process_payment(&call, request(false)), engine.process_payment(&call, request(false)))).await;
        let (first, twin) = (first.unwrap().value.payment, twin.unwrap().value.payment);
        assert_eq!((first.tenders.authorized(), &twin), (900, &first));

        let (captured, twin) =
            shop.run(join(engine.capture_payment(&call, first.id, None), engine.capture_payment(&call, first.id, None))).await;
        assert_eq!((captured.unwrap().value.payment.tenders.captured(), twin.unwrap().value.payment.tenders.captured()), (900, 900));

        let part = Some(Money::from_minor(300, Currency::GBP));
        let (back, twin) = shop.run(join(engine.refund_payment(&call, first.id, part), engine.refund_payment(&call, first.id, part))).await;
        assert_eq!((back.unwrap().value.payment.tenders.refunded(), twin.unwrap().value.payment.tenders.refunded()), (300, 300));

        let at_once = shop.call.clone().with_key("at once", b"body");
        let (taken, twin) =
            shop.run(join(engine.process_payment(&at_once, request(true)), engine.process_payment(&at_once, request(true)))).await;
        assert_eq!((taken.unwrap().value.payment.tenders.captured(), twin.unwrap().value.payment.tenders.captured()), (900, 900));

        let other = shop.call.clone().with_key("other", b"body");
        let id = shop.run(engine.process_payment(&other, request(false))).await.unwrap().value.payment.id;
        let (void, twin) = shop.run(join(engine.void_payment(&other, id), engine.void_payment(&other, id))).await;
        let left = |money: &commerce_core::tender::Tenders| money.authorized();
        assert_eq!((left(&void.unwrap().value.payment.tenders), left(&twin.unwrap().value.payment.tenders)), (0, 0));
    });
}

#[test]
fn a_capture_by_hand_of_an_orders_payment_waits_for_the_money() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let mut basket = shop.basket(&[("LAMP", 1)]).paid_with(Token::Visa.method());
        basket.capture_policy = commerce_core::order::CapturePolicy::Manual;
        let order = shop.order(basket).await;
        let payment = order.order.tenders.attempts[0].payment_id;
        let captured = shop.run(shop.commerce.capture_payment(&shop.call, payment, None)).await.unwrap();
        assert_eq!(captured.value.payment.tenders.captured(), 1_000);
        assert_eq!(shop.get(order.id).await.order.payment_status(), PaymentStatus::Paid);
    });
}

#[test]
fn a_repeated_request_whose_saga_waits_for_a_buyer_is_answered_at_once() {
    block_on(async {
        let shop = Shop::in_memory().open().await;
        let call = shop.call.clone().with_key("k", b"body");
        let ask = || shop.commerce.place_order(&call, shop.basket(&[("LAMP", 1)]).paid_with(Token::Action.method()));
        let first = shop.run(ask()).await.unwrap();
        assert_eq!(first.value.order.headline(), Headline::ActionRequired);
        // the clock stands still: who waited would wait forever
        let twin = ask().await.unwrap();
        assert_eq!((twin.how, twin.value), (How::Replayed, first.value));
    });
}
