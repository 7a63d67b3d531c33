//! Stories of getting paid.

use commerce_core::order::{CancelReason, CapturePolicy, Headline, PaymentStatus, Placement, Terms};
use commerce_core::sandbox::{Decision, Options, Token};
use commerce_core::tender::AttemptState;
use commerce_core::testkit::shop::{Bank, Shop};

use crate::scene::{Scene, basket, discount, refused, units, usual};

const HOUR_S: u64 = 3_600;

#[test]
fn another_card_pays_after_a_decline() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::InsufficientFunds);
    assert_eq!(scene.headline(id), Headline::PaymentFailed);
    assert_eq!((scene.stock("lamp"), scene.stock("shade")), ((100, 4), (100, 1)), "a declined order keeps its stock");
    let paid = scene.pays(id, Token::Visa);
    assert_eq!(paid.order.headline(), Headline::Confirmed);
    assert_eq!(
        scene.story(id),
        ["OrderPlaced", "RiskAssessed", "PaymentStarted", "PaymentFailed", "PaymentStarted", "PaymentAuthorized", "OrderConfirmed"]
    );
    assert_eq!(scene.payments(id).len(), 1, "one payment, two attempts");
    assert_eq!(scene.money(id), (450, 0, 0, 0));
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    assert_eq!(scene.money(id), (450, 450, 0, 0));
    assert_eq!((scene.stock("lamp"), scene.stock("shade")), ((96, 0), (99, 0)));
    scene.rests();
}

/// A 3-D Secure attempt that is abandoned for another card, and approved by its buyer afterwards.
fn approved_after_the_second_card_paid(bank: Bank) -> (Scene, commerce_core::engine::OrderView) {
    let scene = Scene::at(bank);
    let id = scene.usual_paid_with(Token::Action);
    assert_eq!(scene.headline(id), Headline::ActionRequired);
    let first = scene.last_attempt(id);
    let paid = scene.pays(id, Token::Visa);
    assert_eq!(paid.order.headline(), Headline::Confirmed);
    scene.sandbox().act(first, Decision::Approve).unwrap();
    (scene, paid)
}

#[test]
fn an_abandoned_3_d_secure_attempt_approved_after_the_second_card_paid_is_voided() {
    let (scene, paid) = approved_after_the_second_card_paid(Bank::Cards);
    assert_eq!(scene.tells(), 1, "the provider reports the approval");
    assert_eq!(scene.story_after(&paid), ["PaymentAuthorized", "AuthorizationVoided"]);
    assert_eq!(scene.money(paid.id), (900, 0, 450, 0));
    scene.rests();
    scene.ships(paid.id, vec![units(1, 4), units(2, 1)]);
    assert_eq!(scene.money(paid.id), (900, 450, 450, 0));
    scene.completes(paid.id);
    scene.rests();
}

#[test]
fn the_same_late_approval_is_found_by_looking_if_nobody_reports_it() {
    let (scene, paid) = approved_after_the_second_card_paid(Bank::Cards);
    scene.stage.jump_s(10);
    assert_eq!(scene.story_after(&paid), ["PaymentAuthorized", "AuthorizationVoided"]);
    assert_eq!(scene.money(paid.id), (900, 0, 450, 0));
    assert_eq!((scene.tells(), scene.story_after(&paid).len()), (1, 2), "the report comes last and changes nothing");
    scene.rests();
}

#[test]
fn the_same_late_approval_by_a_sale_is_refunded() {
    let (scene, paid) = approved_after_the_second_card_paid(Bank::Sales);
    scene.tells();
    assert_eq!(scene.story_after(&paid), ["PaymentCaptured", "RefundGranted", "RefundIssued"]);
    assert_eq!(scene.money(paid.id), (900, 900, 0, 450));
    assert_eq!(scene.order(paid.id).order.kept(), 450);
    scene.rests();
}

#[test]
fn a_buyer_who_acts_in_time_pays_with_the_first_card() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Action);
    scene.sandbox().act(scene.last_attempt(id), Decision::Approve).unwrap();
    scene.tells();
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    let id = scene.usual_paid_with(Token::Action);
    scene.sandbox().act(scene.last_attempt(id), Decision::Decline).unwrap();
    scene.tells();
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::PaymentFailed, (0, 0, 0, 0)));
    scene.rests();
}

#[test]
fn a_split_tender_confirms_with_its_last_part_and_captures_the_oldest_first() {
    let scene = Scene::new();
    let id = scene.places(usual()).id;
    let part = scene.pays_part(id, Token::Visa.method(), Some(200)).unwrap();
    assert_eq!((part.order.headline(), part.order.due()), (Headline::Pending, 250));
    assert_eq!(refused(scene.pays_part(id, Token::Visa.method(), Some(251))), "amount_above_limit");
    assert_eq!(scene.pays(id, Token::Twice).order.headline(), Headline::Confirmed);
    assert_eq!(scene.payments(id).len(), 2, "a payment for each card");
    scene.ships(id, vec![units(1, 3)]);
    let captures: Vec<i64> = scene.order(id).order.tenders.captures.iter().map(|capture| capture.amount).collect();
    assert_eq!(captures, [200, 100]);
    scene.tells();
    scene.ships(id, vec![units(1, 1), units(2, 1)]);
    assert_eq!(scene.money(id), (450, 450, 0, 0));
    scene.tells();
    scene.completes(id);
    scene.rests();
}

/// All lamps are ordered, the payment is pending for thirty hours, and the hold ends after a day.
fn hold_expires_before_the_approval(bank: Bank) -> (Scene, commerce_core::engine::OrderView) {
    let scene = Scene::of(bank, Shop::in_memory().banks(|options| Options { pending_s: 30 * 3_600, ..options }));
    let late = scene.places(basket(&[("lamp", 100)]).paid_with(Token::Pending.method()));
    assert_eq!(scene.stock("lamp"), (100, 100));
    assert_eq!(refused(scene.try_place(basket(&[("lamp", 1)]))), "insufficient_stock");
    scene.stage.jump_s(24 * HOUR_S + 10);
    assert_eq!(scene.stock("lamp"), (100, 0), "the sweep reclaimed the hold");
    assert_eq!(scene.headline(late.id), Headline::Pending, "an order whose payment is under way does not expire");
    (scene, late)
}

#[test]
fn a_hold_expired_an_approval_came_late_and_the_stock_is_gone() {
    let (scene, late) = hold_expires_before_the_approval(Bank::Cards);
    let quick = scene.places(basket(&[("lamp", 1)]).paid_with(Token::Visa.method()));
    assert_eq!(quick.order.headline(), Headline::Confirmed);
    scene.stage.jump_s(6 * HOUR_S);
    assert_eq!(scene.story_after(&late), ["PaymentAuthorized", "OrderCancelled", "AuthorizationVoided"]);
    assert_eq!(scene.order(late.id).order.placement, Placement::Cancelled { reason: CancelReason::StockLost });
    assert_eq!((scene.money(late.id), scene.stock("lamp")), ((10_000, 0, 10_000, 0), (100, 1)));
    scene.rests();
}

#[test]
fn a_hold_expired_an_approval_came_late_and_the_stock_is_held_anew() {
    let (scene, late) = hold_expires_before_the_approval(Bank::Cards);
    scene.stage.jump_s(6 * HOUR_S);
    assert_eq!(scene.story_after(&late), ["PaymentAuthorized", "OrderConfirmed"]);
    assert_eq!((scene.money(late.id), scene.stock("lamp")), ((10_000, 0, 0, 0), (100, 100)));
    scene.rests();
}

#[test]
fn a_sale_that_came_too_late_for_the_stock_is_refunded() {
    let (scene, late) = hold_expires_before_the_approval(Bank::Sales);
    scene.places(basket(&[("lamp", 1)]).paid_with(Token::Visa.method()));
    scene.stage.jump_s(6 * HOUR_S);
    assert_eq!(scene.story_after(&late), ["PaymentCaptured", "OrderCancelled", "RefundGranted", "RefundIssued"]);
    assert_eq!(scene.money(late.id), (10_000, 10_000, 0, 10_000));
    scene.rests();
}

#[test]
fn a_sale_only_provider_counts_as_captured_at_approval() {
    let scene = Scene::at(Bank::Sales);
    let id = scene.usual_paid_with(Token::Visa);
    let order = scene.order(id).order;
    assert_eq!((order.headline(), order.payment_status()), (Headline::Confirmed, PaymentStatus::Paid));
    assert_eq!(scene.money(id), (450, 450, 0, 0));
    scene.ships(id, vec![units(1, 2)]);
    assert_eq!(scene.order(id).order.tenders.captures.len(), 1, "nothing is left to capture");
    let less = scene.cancels_lines(id, vec![units(1, 2)]);
    scene.stage.rest();
    assert_eq!(scene.story_after(&less), ["RefundIssued"]);
    assert_eq!(scene.money(id), (450, 450, 0, 200));
    scene.ships(id, vec![units(2, 1)]);
    scene.completes(id);
    assert_eq!((scene.order(id).order.kept(), scene.stock("lamp")), (250, (98, 0)));
    scene.rests();
}

#[test]
fn an_invoice_is_paid_after_completion() {
    let scene = Scene::new();
    let mut on_invoice = usual();
    on_invoice.terms = Terms::Invoice;
    let id = scene.places(on_invoice).id;
    assert_eq!(scene.story(id), ["OrderPlaced", "RiskAssessed", "OrderConfirmed"]);
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    let unpaid = scene.completes(id);
    assert_eq!((unpaid.order.headline(), unpaid.order.due()), (Headline::Completed, 450));
    assert_eq!(scene.stock("lamp"), (96, 0));
    scene.pays(id, Token::Visa);
    scene.stage.rest();
    assert_eq!(scene.story_after(&unpaid), ["PaymentStarted", "PaymentAuthorized", "CaptureStarted", "PaymentCaptured"]);
    assert_eq!((scene.order(id).order.payment_status(), scene.money(id)), (PaymentStatus::Paid, (450, 450, 0, 0)));
    scene.rests();
}

#[test]
fn an_order_for_nothing_is_confirmed_at_once_and_asks_nobody_for_money() {
    let scene = Scene::new();
    let mut free = usual().paid_with(Token::Visa.method());
    free.adjustments = vec![discount(-450)];
    let id = scene.places(free).id;
    assert_eq!(scene.story(id), ["OrderPlaced", "RiskAssessed", "OrderConfirmed"]);
    assert_eq!(scene.order(id).order.payment_status(), PaymentStatus::NotRequired);
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    scene.completes(id);
    assert_eq!((scene.money(id), scene.stock("lamp")), ((0, 0, 0, 0), (96, 0)));
    scene.rests();
}

#[test]
fn digital_goods_leave_by_themselves_and_take_the_fee_along() {
    let scene = Scene::new();
    let mut songs = basket(&[("song", 2), ("lamp", 1), ("carriage", 1)]).paid_with(Token::Visa.method());
    songs.capture_policy = CapturePolicy::AtConfirm;
    let id = scene.places(songs).id;
    scene.stage.rest();
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
            "ShipmentDelivered"
        ]
    );
    let digital = scene.order(id).order.shipments[0].clone();
    assert_eq!(digital.lines.iter().map(|l| (l.line_id.0, l.qty)).collect::<Vec<_>>(), [(1, 2), (3, 1)]);
    assert_eq!((scene.money(id), scene.stock("lamp")), ((303, 303, 0, 0), (100, 1)), "the lamp waits for hands");
    scene.ships(id, vec![units(2, 1)]);
    scene.completes(id);
    scene.rests();
}

#[test]
fn an_order_cancelled_while_authorize_is_in_flight_gives_its_approval_back() {
    for (bank, events, money) in [
        (Bank::Cards, &["PaymentAuthorized", "AuthorizationVoided"][..], (450, 0, 450, 0)),
        (Bank::Sales, &["PaymentCaptured", "RefundGranted", "RefundIssued"][..], (450, 450, 0, 450)),
    ] {
        let scene = Scene::at(bank);
        let placing = scene.begins_to_place(usual().paid_with(Token::Late.method()));
        let id = scene.rows()[0].id;
        let attempt = scene.order(id).order.tenders.attempts[0].clone();
        assert_eq!(attempt.state, AttemptState::Open(None), "the provider has not answered");
        let cancelled = scene.cancels(id);
        assert_eq!((cancelled.order.headline(), scene.stock("lamp")), (Headline::Cancelled, (100, 0)));
        scene.stage.jump_s(10);
        assert_eq!(scene.story_after(&cancelled), events);
        assert_eq!(scene.money(id), money);
        assert!(!scene.stage.has(placing), "the buyer was answered");
        scene.rests();
    }
}

#[test]
fn an_order_cancelled_before_authorize_was_sent_never_asks_for_money() {
    let scene = Scene::new();
    scene.stage.freeze(scene.workers, true);
    let placing = scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    let cancelled = scene.cancels(id);
    scene.stage.freeze(scene.workers, false);
    scene.stage.rest();
    assert_eq!((scene.story_after(&cancelled), scene.money(id)), (vec!["PaymentFailed"], (0, 0, 0, 0)));
    assert!(!scene.stage.has(placing));
    scene.rests();
}
