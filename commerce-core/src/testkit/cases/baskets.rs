use crate::engine::{Answer, CheckoutCart, How, NewCart, OrderView};
use crate::id::{CartId, CustomerId};
use crate::money::Currency;
use crate::order::Headline;
use crate::ports::ActorKind;
use crate::sandbox::Token;
use crate::testkit::Lab;
use crate::testkit::lab::{sku, units};
use crate::testkit::shop::{Bank, Shop};

const THREADS: usize = 8;

async fn filled(shop: &Shop, customer: Option<&str>, lines: &[(&str, u32)]) -> CartId {
    let customer_id = customer.map(|id| CustomerId::new(id).expect("a customer's id"));
    let cart = shop.commerce.create_cart(&shop.call, NewCart { customer_id, currency: Currency::GBP }).await.expect("a cart").value.id;
    for (item, count) in lines {
        shop.commerce.put_cart_line(&shop.call, cart, &sku(item), units(*count)).await.expect("a line");
    }
    cart
}

async fn lines(shop: &Shop, cart: CartId) -> Vec<(String, u32)> {
    let cart = shop.commerce.get_cart(&shop.call, cart).await.expect("the cart is there");
    cart.lines.iter().map(|line| (line.sku.to_string(), line.qty.get())).collect()
}

pub async fn carts_merged_by_many_at_once_add_up_and_nothing_is_added_twice(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let into = filled(&shop, Some("jane"), &[("LAMP", 1)]).await;
    let mut others = Vec::new();
    for count in 1..=4 {
        others.push(filled(&shop, None, &[("LAMP", count), ("VASE", 1)]).await);
    }
    // each of the others is merged by two at once
    let merged = shop.crowd(THREADS, async |thread| shop.commerce.merge_carts(&shop.call, into, others[thread / 2]).await.is_ok());
    assert_eq!(merged.iter().filter(|merged| **merged).count(), 4, "{merged:?}");
    assert_eq!(lines(&shop, into).await, [("LAMP".to_owned(), 1 + 1 + 2 + 3 + 4), ("VASE".to_owned(), 4)]);
    for other in others {
        assert!(shop.commerce.get_cart(&shop.call, other).await.is_err());
    }
    shop.check().await;
}

pub async fn nobodys_cart_is_merged_into_a_customers_and_another_persons_never(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let [janes, johns, nobodys] = [
        filled(&shop, Some("jane"), &[("LAMP", 1)]).await,
        filled(&shop, Some("john"), &[("LAST", 1)]).await,
        filled(&shop, None, &[("VASE", 2)]).await,
    ];
    let mut jane = shop.call.clone();
    jane.actor.kind = ActorKind::Customer;
    jane.actor.id = "jane".into();
    for call in [&jane, &shop.call] {
        assert!(shop.commerce.merge_carts(call, janes, johns).await.is_err());
    }
    assert!(shop.commerce.get_cart(&jane, johns).await.is_err());
    shop.commerce.merge_carts(&jane, janes, nobodys).await.expect("nobody's cart is hers now");
    assert_eq!(lines(&shop, janes).await, [("LAMP".to_owned(), 1), ("VASE".to_owned(), 2)]);
    assert_eq!(lines(&shop, johns).await, [("LAST".to_owned(), 1)]);
    shop.check().await;
}

pub async fn one_cart_checked_out_by_many_at_once_is_one_order_and_one_answer(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    for round in 0..3 {
        let cart = filled(&shop, None, &[("LAMP", 2), ("CARRIAGE", 1)]).await;
        let answers: Vec<Answer<OrderView>> = shop.crowd(THREADS, async |thread| {
            // some repeat a key, some have their own
            let call = shop.call.clone().with_key(&format!("round {round}, key {}", thread % 3), b"the cart");
            let checkout = CheckoutCart { method: Some(Token::Visa.method()), ..CheckoutCart::default() };
            shop.commerce.checkout_cart(&call, cart, checkout).await.expect("an order")
        });
        assert_eq!(answers.iter().filter(|answer| answer.how == How::Done).count(), 1);
        assert!(answers.iter().all(|answer| answer.value.id == answers[0].value.id));
        assert!(answers.iter().all(|answer| answer.value.order.headline() == Headline::Confirmed));
        assert!(shop.commerce.get_cart(&shop.call, cart).await.is_err(), "the cart is left over");
    }
    assert_eq!(shop.account("LAMP").await.held, 6);
    assert_eq!(shop.bank(Bank::Cards).ledger().entries().len(), 3);
    shop.settle().await;
    shop.check().await;
}
