//! Stories of payments without an order, and of an order's payments asked for by their own names.

use commerce_core::engine::{Error, How, PaymentView, ProcessPayment};
use commerce_core::fact::PendingWhy;
use commerce_core::id::PaymentId;
use commerce_core::order::{CapturePolicy, Headline};
use commerce_core::ports::SagaPhase;
use commerce_core::sandbox::{Decision, Token};
use commerce_core::tender::AttemptState;
use commerce_core::testkit::shop::Bank;

use crate::scene::{Scene, done, gbp, refused, units, usual};

fn request(token: Token, capture: bool) -> ProcessPayment {
    ProcessPayment { method: token.method(), provider: None, amount: gbp(300), capture }
}

fn takes(scene: &Scene, token: Token, capture: bool) -> PaymentView {
    done(scene.run(scene.shop.process_payment(&scene.call, request(token, capture))))
}

fn payment(scene: &Scene, id: PaymentId) -> PaymentView {
    scene.run(scene.shop.get_payment(&scene.call, id)).unwrap()
}

/// What the bank did for a payment: set aside, taken, released, paid back.
fn banked(scene: &Scene, id: PaymentId) -> (i128, i128, i128, i128) {
    let totals = scene.ledger().payment(id).get(&crate::scene::CURRENCY).copied().unwrap_or_default();
    (totals.authorized, totals.captured, totals.released, totals.refunded)
}

fn captures(scene: &Scene, id: PaymentId, amount: Option<i64>) -> Result<PaymentView, Error> {
    scene.run(scene.shop.capture_payment(&scene.call, id, amount.map(gbp))).map(|answer| answer.value)
}

#[test]
fn a_payment_is_authorized_captured_in_parts_and_refunded() {
    let scene = Scene::new();
    let id = takes(&scene, Token::Visa, false).payment.id;
    assert_eq!(banked(&scene, id), (300, 0, 0, 0));
    assert_eq!(captures(&scene, id, Some(100)).unwrap().payment.tenders.captured(), 100);
    assert_eq!(refused(captures(&scene, id, Some(201))), "amount_above_limit");
    let back = scene.run(scene.shop.refund_payment(&scene.call, id, Some(gbp(40)))).unwrap().value;
    assert_eq!((back.payment.tenders.refunded(), banked(&scene, id)), (40, (300, 100, 0, 40)));
    let void = scene.run(scene.shop.void_payment(&scene.call, id)).unwrap().value;
    assert_eq!((void.payment.tenders.authorized(), banked(&scene, id)), (0, (300, 100, 200, 40)));
    assert_eq!(scene.run(scene.shop.list_refunds(&scene.call, id)).unwrap().len(), 1);
    scene.rests();
}

#[test]
fn a_payment_that_is_to_be_captured_at_once_is_captured_however_its_approval_comes() {
    let scene = Scene::new();
    assert_eq!(takes(&scene, Token::Visa, true).payment.tenders.captured(), 300);
    let late = takes(&scene, Token::Action, true).payment;
    assert!(matches!(late.tenders.attempts[0].state, AttemptState::Open(Some(PendingWhy::ActionRequired { .. }))));
    scene.sandbox().act(late.tenders.attempts[0].id, Decision::Approve).unwrap();
    assert_eq!(scene.tells(), 1, "the bank reports the approval");
    assert_eq!((payment(&scene, late.id).payment.tenders.captured(), banked(&scene, late.id)), (300, (300, 300, 0, 0)));
    let found = takes(&scene, Token::Action, true).payment;
    scene.sandbox().act(found.tenders.attempts[0].id, Decision::Approve).unwrap();
    scene.stage.jump_s(10);
    assert_eq!(banked(&scene, found.id), (300, 300, 0, 0), "nobody had to report it");
    scene.rests();
}

#[test]
fn a_sale_takes_a_payment_once_whether_it_is_to_be_captured_or_not() {
    let scene = Scene::at(Bank::Sales);
    for capture in [false, true] {
        let id = takes(&scene, Token::Visa, capture).payment.id;
        assert_eq!(banked(&scene, id), (300, 300, 0, 0));
        scene.run(scene.shop.refund_payment(&scene.call, id, None)).unwrap();
        assert_eq!(banked(&scene, id), (300, 300, 0, 300));
    }
    scene.rests();
}

#[test]
fn a_declined_payment_is_no_error_and_keeps_nothing() {
    let scene = Scene::new();
    let declined = takes(&scene, Token::Fraud, true);
    assert_eq!((declined.payment.state().as_str(), banked(&scene, declined.payment.id)), ("failed", (0, 0, 0, 0)));
    assert_eq!(refused(captures(&scene, declined.payment.id, None)), "amount_above_limit");
    scene.rests();
}

#[test]
fn a_payment_taken_twice_under_one_key_is_taken_once() {
    let scene = Scene::new();
    let call = scene.call.clone().with_key("k", b"300");
    let [first, second] = [1, 2].map(|_| scene.run(scene.shop.process_payment(&call, request(Token::Visa, true))).unwrap());
    assert_eq!((first.how, second.how, first.value.payment.id), (How::Done, How::Replayed, second.value.payment.id));
    assert_eq!(banked(&scene, first.value.payment.id), (300, 300, 0, 0));
    scene.rests();
}

#[test]
fn a_manual_order_is_captured_by_its_payments_name_and_the_caller_hears_of_it() {
    let scene = Scene::new();
    let mut by_hand = usual().paid_with(Token::Visa.method());
    by_hand.capture_policy = CapturePolicy::Manual;
    let id = scene.places(by_hand).id;
    scene.ships(id, vec![units(1, 1)]);
    assert_eq!(scene.money(id), (450, 0, 0, 0), "goods leave on trust");
    let name = scene.payments(id)[0].payment.id;
    assert_eq!(captures(&scene, name, Some(100)).unwrap().payment.tenders.captured(), 100);
    assert_eq!(captures(&scene, name, None).unwrap().payment.tenders.captured(), 450);
    let back = scene.run(scene.shop.refund_payment(&scene.call, name, Some(gbp(30)))).unwrap().value;
    assert_eq!((back.payment.tenders.refunded(), scene.money(id)), (30, (450, 450, 0, 30)));
    assert_eq!(refused(scene.run(scene.shop.void_payment(&scene.call, name))), "invalid_value");
    scene.rests();
}

#[test]
fn a_report_ends_the_saga_that_waited_for_it() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::Action);
    scene.sandbox().act(scene.last_attempt(id), Decision::Approve).unwrap();
    scene.tells();
    assert_eq!((scene.headline(id), scene.sagas(None, Some(SagaPhase::Running)).len()), (Headline::Confirmed, 0));
    scene.rests();
}
