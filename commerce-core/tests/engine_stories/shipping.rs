//! Stories of goods that leave, come back, and are paid back.

use commerce_core::engine::PackUnits;
use commerce_core::fact::RefundCause;
use commerce_core::id::LocationId;
use commerce_core::order::{CapturePolicy, Condition, Headline, ReturnStatus};
use commerce_core::ports::SagaPhase;
use commerce_core::saga::Task;
use commerce_core::sandbox::Token;

use crate::scene::{Scene, basket, discount, done, refused, sku, units, usual};

#[test]
fn a_partial_shipment_captures_its_share_and_the_rest_is_cancelled() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let first = scene.packs(id, vec![units(1, 2)]);
    assert_eq!(scene.money(id), (450, 200, 0, 0), "packing waits for its share");
    scene.dispatches(first);
    assert_eq!(scene.stock("lamp"), (98, 2));
    let less = scene.cancels_lines(id, vec![units(1, 2), units(2, 1)]);
    scene.stage.rest();
    assert_eq!(scene.story_after(&less), ["AuthorizationVoided"], "what was not captured needs no refund");
    assert_eq!((scene.money(id), less.order.total()), ((450, 200, 250, 0), 200));
    assert_eq!((scene.stock("lamp"), scene.stock("shade")), ((98, 0), (100, 0)));
    scene.delivers(first);
    scene.completes(id);
    scene.rests();
    assert_eq!(
        scene.story(id),
        [
            "OrderPlaced",
            "RiskAssessed",
            "PaymentStarted",
            "PaymentAuthorized",
            "OrderConfirmed",
            "ShipmentCreated",
            "CaptureStarted",
            "PaymentCaptured",
            "ShipmentDispatched",
            "LinesCancelled",
            "AuthorizationVoided",
            "ShipmentDelivered",
            "OrderCompleted"
        ]
    );
}

#[test]
fn a_capture_that_fails_finally_on_the_second_shipment_waits_for_another_card() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::CaptureFailsLater);
    scene.ships(id, vec![units(1, 2)]);
    let second = scene.packs(id, vec![units(1, 2), units(2, 1)]);
    let held = scene.order(id);
    assert_eq!((held.order.headline(), held.order.due()), (Headline::OnHold, 250), "its authorization counts nothing");
    assert_eq!(refused(scene.run(scene.shop.dispatch_shipment(&scene.call, second, None, None))), "illegal_transition");
    assert_eq!(scene.money(id), (450, 200, 0, 0));
    scene.rests();
    scene.resumes(id);
    assert_eq!(refused(scene.run(scene.shop.dispatch_shipment(&scene.call, second, None, None))), "not_captured");
    scene.pays(id, Token::Visa);
    scene.stage.rest();
    assert_eq!(
        scene.story_after(&held),
        ["OrderResumed", "PaymentStarted", "PaymentAuthorized", "CaptureStarted", "PaymentCaptured"],
        "the packed shipment is captured for by itself"
    );
    scene.dispatches(second);
    scene.delivers(second);
    scene.completes(id);
    assert_eq!((scene.order(id).order.kept(), scene.stock("lamp"), scene.stock("shade")), (450, (96, 0), (99, 0)));
    scene.rests();
}

#[test]
fn a_return_of_part_of_a_line_refunds_its_share_of_an_order_level_discount() {
    let scene = Scene::new();
    // 350 less 100: the lamps carry 86 of the discount, the shade 14
    let mut cheap = basket(&[("lamp", 3), ("shade", 1)]).paid_with(Token::Visa.method());
    cheap.adjustments = vec![discount(-100)];
    let id = scene.places(cheap).id;
    scene.ships(id, vec![units(1, 3), units(2, 1)]);
    assert_eq!(scene.money(id), (250, 250, 0, 0));
    let line = scene.order(id).order.lines[0].clone();
    assert_eq!([line.cum(1), line.cum(2), line.cum(3)], [72, 143, 214]);
    let part = scene.asks_to_return(id, vec![units(1, 1)]);
    scene.receives_return(part, Condition::Sellable);
    scene.stage.rest();
    assert_eq!((scene.money(id), scene.stock("lamp")), ((250, 250, 0, 72), (98, 0)));
    assert_eq!(scene.order(id).order.return_status(), ReturnStatus::PartiallyReturned);
    let rest = scene.asks_to_return(id, vec![units(1, 2), units(2, 1)]);
    scene.receives_return(rest, Condition::Damaged);
    scene.stage.rest();
    let order = scene.order(id).order;
    let refunds: Vec<(RefundCause, i64)> = order.tenders.refunds.iter().map(|refund| (refund.cause, refund.standing())).collect();
    assert_eq!(refunds, [(RefundCause::Return, 72), (RefundCause::Return, 178)]);
    assert_eq!((order.headline(), scene.money(id)), (Headline::Refunded, (250, 250, 0, 250)));
    assert_eq!((scene.stock("lamp"), scene.stock("shade")), ((98, 0), (99, 0)), "damaged goods do not go on the shelf");
    scene.rests();
}

#[test]
fn a_refund_that_failed_is_granted_again() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::RefundFailsOnce);
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    let back = scene.asks_to_return(id, vec![units(1, 1)]);
    scene.receives_return(back, Condition::Sellable);
    scene.stage.rest();
    let order = scene.order(id).order;
    let failed = order.tenders.refunds[0].id;
    assert_eq!((order.room(), scene.money(id)), (450, (450, 450, 0, 0)), "a failed refund restores the room");
    let again = scene.run(scene.shop.refund_order(&scene.call, id, order.money(100), Vec::new(), Some(failed))).unwrap().value;
    assert_eq!(scene.money(id), (450, 450, 0, 100));
    assert!(again.order.tenders.refund(failed).unwrap().replaced);
    assert_eq!(again.order.tenders.refunds[1].cause, RefundCause::Return, "it inherits the cause");
    let twice = scene.run(scene.shop.refund_order(&scene.call, id, order.money(100), Vec::new(), Some(failed)));
    assert_eq!(refused(twice), "refund_not_replaceable");
    scene.completes(id);
    scene.rests();
}

#[test]
fn a_parcel_that_is_lost_is_refunded_and_its_goods_are_gone() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let parcel = scene.packs(id, vec![units(1, 4)]);
    scene.dispatches(parcel);
    scene.run(scene.shop.lose_shipment(&scene.call, parcel)).unwrap();
    scene.stage.rest();
    assert_eq!((scene.money(id), scene.stock("lamp")), ((450, 400, 0, 400), (96, 0)));
    scene.ships(id, vec![units(2, 1)]);
    scene.completes(id);
    assert_eq!(scene.money(id), (450, 450, 0, 400));
    scene.rests();
}

#[test]
fn money_captured_for_a_shipment_that_was_unpacked_serves_the_next() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Visa);
    let first = scene.packs(id, vec![units(1, 2)]);
    scene.run(scene.shop.cancel_shipment(&scene.call, first)).unwrap();
    scene.ships(id, vec![units(1, 3)]);
    assert_eq!(scene.money(id), (450, 300, 0, 0), "only what 200 do not pay for");
    scene.ships(id, vec![units(1, 1), units(2, 1)]);
    scene.completes(id);
    assert_eq!((scene.money(id), scene.stock("lamp")), ((450, 450, 0, 0), (96, 0)));
    scene.rests();
}

#[test]
fn units_that_are_given_up_are_never_those_that_are_packed() {
    let scene = Scene::new();
    // three benches stand here, four in the annex: the order is held at both places
    let id = scene.places(basket(&[("BENCH", 3), ("BENCH", 3)]).paid_with(Token::Visa.method())).id;
    let at = |place: &str| {
        let item = scene.run(scene.shop.get_item(&scene.call, &sku("BENCH"))).unwrap();
        let level = item.levels.into_iter().find(|level| level.location.as_str() == place).unwrap();
        (level.account.on_hand, level.account.held)
    };
    assert_eq!((at("default"), at("annex")), ((3, 3), (4, 3)));
    let annex = PackUnits { lines: vec![units(1, 3)], location: Some(LocationId::new("annex").unwrap()) };
    let parcel = done(scene.run(scene.shop.create_shipment(&scene.call, id, annex))).shipment.id;
    scene.cancels_lines(id, vec![units(2, 3)]);
    assert_eq!((at("default"), at("annex")), ((3, 0), (4, 3)));
    scene.dispatches(parcel);
    assert_eq!((at("default"), at("annex")), ((3, 0), (1, 0)));
    scene.rests();
}

#[test]
fn packing_more_than_is_open_or_before_it_is_paid_changes_nothing() {
    let scene = Scene::new();
    let id = scene.places(usual()).id;
    assert_eq!(refused(scene.try_pack(id, vec![units(1, 1)])), "illegal_transition");
    scene.pays(id, Token::Visa);
    let before = scene.order(id);
    assert_eq!(refused(scene.try_pack(id, vec![units(1, 5)])), "quantity_not_allowed");
    assert_eq!(refused(scene.try_pack(id, vec![units(3, 1)])), "unknown_line");
    assert_eq!((scene.order(id), scene.stock("lamp")), (before, (100, 4)));
    scene.rests();
}

#[test]
fn an_order_cancelled_while_all_of_its_money_is_captured_leaves_no_saga_that_waits() {
    let scene = Scene::new();
    let mut order = usual().paid_with(Token::CapturePending.method());
    order.capture_policy = CapturePolicy::AtConfirm;
    let id = scene.places(order).id;
    scene.cancels(id);
    let reverse = Task::Reverse(scene.last_attempt(id));
    assert_eq!(scene.saga(reverse).phase, SagaPhase::Running, "nothing is left to void while all is being captured");
    scene.stage.jump_s(60);
    scene.tells();
    assert_eq!(scene.money(id), (450, 450, 0, 450), "what was taken is paid back");
    assert_eq!(scene.saga(reverse).phase, SagaPhase::Done);
    scene.rests();
}
