use crate::engine::{EditOrder, Error, NewLine};
use crate::id::LineId;
use crate::order::{Headline, LineChange};
use crate::ports::Version;
use crate::sandbox::Token;
use crate::testkit::Lab;
use crate::testkit::faults::{Fault, Faults, Operation, Plan, Point};
use crate::testkit::lab::{sku, units};
use crate::testkit::shop::Shop;

const THREADS: usize = 8;

fn one_more(item: &str) -> EditOrder {
    EditOrder { add: vec![NewLine::new(sku(item), units(1))], ..EditOrder::default() }
}

pub async fn an_edited_order_goes_on_at_once_as_if_it_had_been_placed_so(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let placed = shop.place(&[("LAMP", 2), ("VASE", 1)]).await;
    let id = placed.id;
    let change = LineChange { line_id: LineId(1), qty: Some(units(3)), unit_price: None, adjustments: None };
    let edit = EditOrder { add: one_more("BENCH").add, change: vec![change], remove: vec![LineId(2)], ..EditOrder::default() };
    let edited = shop.run(shop.commerce.edit_order(&shop.call, id, edit)).await.expect("the order is edited").value;
    // one event, and still confirmed
    assert_eq!((edited.version.0, edited.order.headline()), (placed.version.0 + 1, Headline::Confirmed));
    assert_eq!(edited.order.total(), 3 * 1_000 + 12_000);
    assert_eq!(edited.order.due(), edited.order.total() - (2 * 1_000 + 333));
    assert_eq!((shop.account("LAMP").await.held, shop.account("VASE").await.held, shop.account("BENCH").await.held), (3, 0, 1));
    // another edit, a payment of the difference, the way out
    shop.run(shop.commerce.edit_order(&shop.call, id, one_more("CARRIAGE"))).await.expect("it is edited again");
    shop.pay(id, Token::Visa).await;
    shop.ship_and_deliver(id).await;
    let order = shop.get(id).await.order;
    assert_eq!((order.headline(), order.captured()), (Headline::Delivered, 3 * 1_000 + 12_000 + 495));
    shop.settle().await;
    shop.check().await;
}

pub async fn a_crash_in_an_edit_leaves_the_order_edited_or_not_and_never_between(lab: Lab) {
    let mut shop = Shop::of(&lab).open().await;
    for fault in Fault::ALL {
        let placed = shop.place(&[("LAMP", 1)]).await;
        let faults = Faults::at(Plan { point: Point { operation: Operation::Commit, fault: *fault }, visit: 1 });
        shop = shop.restarted_with(&faults);
        let answer = shop.commerce.edit_order(&shop.call, placed.id, one_more("LAMP")).await;
        assert!(faults.fired(), "{fault}");
        shop = shop.restarted_with(&Faults::none());
        let order = shop.get(placed.id).await.order;
        let lines = order.lines.len();
        assert!(lines == 1 && answer.is_err() || lines == 2, "{fault}: {lines} lines after {answer:?}");
        assert_eq!(order.headline(), Headline::Confirmed, "{fault}");
        // whoever was not answered looks, and goes on
        shop.run(shop.commerce.edit_order(&shop.call, placed.id, one_more("LAMP"))).await.expect("it is edited");
        shop.pay(placed.id, Token::Visa).await;
        shop.ship(placed.id).await;
        assert_eq!(shop.get(placed.id).await.order.captured(), 1_000 * i64::try_from(lines + 1).expect("a few"), "{fault}");
    }
    shop.settle().await;
    shop.check().await;
}

pub async fn edits_by_many_at_once_are_all_there_or_refused(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let placed = shop.order(shop.basket(&[("LAMP", 1)])).await;
    let answers = shop.crowd(THREADS, async |_| shop.commerce.edit_order(&shop.call, placed.id, one_more("LAMP")).await);
    for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(matches!(refusal, Error::Contended), "{refusal:?}");
    }
    let edited = answers.iter().filter(|answer| answer.is_ok()).count();
    assert!(edited > 0);
    assert_eq!(shop.get(placed.id).await.order.lines.len(), 1 + edited);
    assert_eq!(shop.account("LAMP").await.held, 1 + i64::try_from(edited).expect("a few"));
    shop.settle().await;
    shop.check().await;
}

pub async fn of_many_who_saw_one_version_exactly_one_edits_it(lab: Lab) {
    let shop = Shop::of(&lab).open().await;
    let placed = shop.order(shop.basket(&[("LAMP", 1)])).await;
    let mut call = shop.call.clone();
    call.expected = Some(placed.version);
    let answers = shop.crowd(THREADS, async |_| shop.commerce.edit_order(&call, placed.id, one_more("VASE")).await);
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    for refusal in answers.iter().filter_map(|answer| answer.as_ref().err()) {
        assert!(matches!(refusal, Error::Stale { actual } if *actual == Version(placed.version.0 + 1)), "{refusal:?}");
    }
    assert_eq!(shop.account("VASE").await.held, 1);
    shop.settle().await;
    shop.check().await;
}
