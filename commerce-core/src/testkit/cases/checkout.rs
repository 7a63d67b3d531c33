use crate::engine::{Answer, Error, How, OrderView, PlaceOrder};
use crate::id::{CartId, OrderId};
use crate::money::Currency;
use crate::order::Headline;
use crate::sandbox::Token;
use crate::stock::ShortItem;
use crate::testkit::Lab;
use crate::testkit::faults::{Faults, Operation};
use crate::testkit::lab::sku;
use crate::testkit::shop::{Bank, Shop};

const THREADS: usize = 8;

fn paid(shop: &Shop, lines: &[(&str, u32)]) -> PlaceOrder {
    shop.basket(lines).paid_with(Token::Visa.method())
}

fn short(item: &str, requested: u64, available: u64) -> Vec<ShortItem> {
    vec![ShortItem { sku: sku(item), requested, available }]
}

/// The order that was placed, or `None` if the answer is this refusal; anything else fails the case.
fn won(answer: Result<Answer<OrderView>, Error>, refusal: &[ShortItem]) -> Option<OrderView> {
    match answer {
        Ok(answer) => Some(answer.value),
        Err(Error::Short(items)) => {
            assert_eq!(items, refusal);
            None
        }
        Err(error) => panic!("the engine failed: {error}"),
    }
}

pub async fn of_n_buyers_of_k_units_exactly_k_get_an_order_and_the_others_a_clear_refusal(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let (units, buyers) = (37, 48);
    let refusal = short("VASE", 1, 0);
    let orders = shop.crowd(THREADS, async |_| {
        let mut orders = Vec::new();
        for _ in 0..buyers / THREADS {
            orders.extend(won(shop.commerce.place_order(&shop.call, paid(&shop, &[("VASE", 1)])).await, &refusal));
        }
        orders
    });
    let orders: Vec<OrderView> = orders.into_iter().flatten().collect();
    assert_eq!(orders.len(), units);
    assert!(orders.iter().all(|view| view.order.headline() == Headline::Confirmed));
    let account = shop.account("VASE").await;
    assert_eq!((account.on_hand, account.held), (37, 37));
    assert_eq!(shop.bank(Bank::Cards).ledger().totals()[&Currency::GBP].authorized, 37 * 333);
    shop.settle().await;
    shop.check().await;
}

pub async fn two_processes_never_sell_one_unit_twice(lab: Lab) {
    let shop = Shop::of(&lab).impatient().open().await;
    let other = shop.beside(lab.second.clone());
    let refusal = short("VASE", 2, 1);
    let orders = shop.crowd(THREADS, async |thread| {
        let mine = if thread.is_multiple_of(2) { &shop } else { &other };
        let mut orders = Vec::new();
        for _ in 0..3 {
            orders.extend(won(mine.commerce.place_order(&mine.call, paid(mine, &[("VASE", 2)])).await, &refusal));
        }
        orders.len()
    });
    assert_eq!(orders.into_iter().sum::<usize>(), 18);
    other.settle().await;
    shop.settle().await;
    let account = shop.account("VASE").await;
    assert_eq!((account.on_hand, account.held), (37, 36));
    // what a process remembers may be behind what another did: judged by one that remembers nothing
    shop.restarted().check().await;
}

pub async fn one_sku_on_two_lines_of_an_order_is_one_demand(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    for (lines, refusal) in [
        ([("LAST", 1), ("LAST", 1)], short("LAST", 2, 1)),
        ([("VASE", 20), ("VASE", 18)], short("VASE", 38, 37)),
        ([("GONE", 1), ("GONE", 2)], short("GONE", 3, 0)),
    ] {
        assert!(won(shop.commerce.place_order(&shop.call, paid(&shop, &lines)).await, &refusal).is_none());
    }
    assert_eq!(shop.account("LAST").await.held, 0);
    let refusal = short("VASE", 4, 1);
    let orders = shop.crowd(THREADS, async |_| {
        let mut orders = 0;
        for _ in 0..2 {
            orders +=
                usize::from(won(shop.commerce.place_order(&shop.call, paid(&shop, &[("VASE", 1), ("VASE", 3)])).await, &refusal).is_some());
        }
        orders
    });
    assert_eq!(orders.into_iter().sum::<usize>(), 9);
    shop.settle().await;
    shop.check().await;
}

/// The one order that all answers are; exactly one of them made it.
fn the_one(answers: &[Answer<OrderView>], otherwise: How) -> OrderId {
    let id = answers[0].value.id;
    for answer in answers {
        assert_eq!((answer.value.id, answer.value.order.headline()), (id, Headline::Confirmed));
        assert!(answer.how == How::Done || answer.how == otherwise, "{:?}", answer.how);
    }
    assert_eq!(answers.iter().filter(|answer| answer.how == How::Done).count(), 1);
    id
}

pub async fn one_idempotency_key_at_once_makes_one_order_and_gives_all_the_same_answer(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    for round in 0..3 {
        let call = shop.call.clone().with_key(&format!("submit-{round}"), b"two lamps");
        let answers = shop.crowd(THREADS, async |_| shop.commerce.place_order(&call, paid(&shop, &[("LAMP", 2)])).await.expect("an order"));
        let id = the_one(&answers, How::Replayed);
        // long after, and by another process, it is still the same answer
        let later = shop.beside(lab.second.clone());
        let again = later.commerce.place_order(&call, paid(&later, &[("LAMP", 2)])).await.expect("the order");
        assert_eq!((again.how, again.value), (How::Replayed, shop.get(id).await));
    }
    assert_eq!(shop.account("LAMP").await.held, 6);
    assert_eq!(shop.bank(Bank::Cards).ledger().entries().len(), 3);
    shop.settle().await;
    shop.check().await;
}

pub async fn another_request_under_a_used_idempotency_key_is_refused_and_names_what_the_first_made(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let call = shop.call.clone().with_key("submit", b"one lamp");
    let first = shop.run(shop.commerce.place_order(&call, paid(&shop, &[("LAMP", 1)]))).await.expect("an order").value;
    let call = shop.call.clone().with_key("submit", b"two lamps");
    match shop.commerce.place_order(&call, paid(&shop, &[("LAMP", 2)])).await {
        Err(Error::KeyReused { owner }) => assert_eq!(owner.id, first.id.to_string()),
        other => panic!("expected a refusal, got {other:?}"),
    }
    assert_eq!(shop.account("LAMP").await.held, 1);
    shop.settle().await;
    shop.check().await;
}

pub async fn one_cart_at_once_becomes_one_order_and_gives_all_the_same_answer(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    for _ in 0..3 {
        let cart = shop.id(CartId::new);
        let answers = shop.crowd(THREADS, async |_| {
            let order = PlaceOrder { cart_id: Some(cart), ..paid(&shop, &[("LAMP", 1)]) };
            shop.commerce.place_order(&shop.call, order).await.expect("an order")
        });
        the_one(&answers, How::Existing);
    }
    assert_eq!(shop.account("LAMP").await.held, 3);
    assert_eq!(shop.bank(Bank::Cards).ledger().entries().len(), 3);
    shop.settle().await;
    shop.check().await;
}

pub async fn placing_a_paid_order_costs_two_commits_and_one_call_to_the_bank(lab: Lab) {
    let faults = Faults::none();
    let shop = Shop::of(&lab).faults(&faults).open().await;
    let placed = shop.place(&[("LAMP", 2), ("VASE", 1), ("CARRIAGE", 1)]).await;
    assert_eq!(placed.order.headline(), Headline::Confirmed);
    let counted = [Operation::Commit, Operation::Load, Operation::Outcome, Operation::Authorize, Operation::LookUp];
    assert_eq!(counted.map(|operation| faults.visits(operation)), [2, 0, 0, 1, 0]);
    // without a payment there is nothing to wait for
    let placed = shop.order(shop.basket(&[("LAMP", 1)])).await;
    assert_eq!(placed.order.headline(), Headline::Pending);
    assert_eq!(counted.map(|operation| faults.visits(operation)), [3, 0, 0, 1, 0]);
    shop.settle().await;
    shop.check().await;
}
