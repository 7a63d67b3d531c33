//! Answers of the provider that are lost, late, repeated, or out of order.

use commerce_core::fact::{FailureCode, PendingWhy};
use commerce_core::id::OrderId;
use commerce_core::order::Headline;
use commerce_core::ports::SagaPhase;
use commerce_core::saga::Task;
use commerce_core::sandbox::{Options, Token};
use commerce_core::tender::AttemptState;
use commerce_core::testkit::shop::{Bank, Shop};

use crate::line::{Line, Mode};
use crate::scene::{Scene, units, usual};

fn made(line: &Line) -> Vec<&'static str> {
    line.calls().into_iter().map(|(call, _)| call).collect()
}

fn state(scene: &Scene, id: OrderId) -> AttemptState {
    scene.order(id).order.tenders.attempts[0].state.clone()
}

#[test]
fn a_lost_answer_is_found_by_a_look_up_and_the_card_is_charged_once() {
    let (scene, line) = Scene::with_line(Bank::Cards, |_| {});
    line.set(Mode::LosesAnswers);
    let placing = scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    assert_eq!(state(&scene, id), AttemptState::Open(Some(PendingWhy::Unknown)));
    line.set(Mode::Up);
    scene.stage.jump_s(1);
    assert!(!scene.stage.has(placing), "the buyer waited for the outcome");
    assert_eq!((scene.headline(id), made(&line)), (Headline::Confirmed, vec!["authorize", "look_up"]));
    assert_eq!(scene.money(id), (450, 0, 0, 0));
    scene.rests();
}

#[test]
fn a_lost_call_is_made_again_under_the_same_key() {
    let (scene, line) = Scene::with_line(Bank::Cards, |_| {});
    line.set(Mode::LosesCalls);
    scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    line.set(Mode::Up);
    scene.stage.jump_s(1);
    assert_eq!((scene.headline(id), made(&line)), (Headline::Confirmed, vec!["authorize", "look_up", "authorize"]));
    let keys: Vec<_> = line.calls().into_iter().map(|(_, key)| key).collect();
    assert!(keys.iter().all(|key| *key == keys[0]));
    scene.rests();
}

#[test]
fn a_call_that_was_never_sent_fails_at_once_and_the_buyer_may_pay_again() {
    let (scene, line) = Scene::with_line(Bank::Cards, |_| {});
    line.set(Mode::Down);
    let id = scene.usual_paid_with(Token::Visa);
    assert_eq!(state(&scene, id), AttemptState::Failed { code: FailureCode::NotSent });
    line.set(Mode::Up);
    assert_eq!(scene.pays(id, Token::Visa).order.headline(), Headline::Confirmed);
    scene.rests();
}

/// An order that is cancelled while nobody knows whether its card was charged.
fn cancelled_in_doubt(token: Token) -> (Scene, commerce_core::engine::OrderView) {
    let scene = Scene::new();
    scene.begins_to_place(usual().paid_with(token.method()));
    let id = scene.rows()[0].id;
    assert_eq!(state(&scene, id), AttemptState::Open(Some(PendingWhy::Unknown)));
    let cancelled = scene.cancels(id);
    scene.stage.jump_s(29);
    assert_eq!(scene.story_after(&cancelled), [""; 0], "absence is no proof before the provider has settled");
    scene.stage.jump_s(7);
    (scene, cancelled)
}

#[test]
fn a_timeout_that_turns_out_paid_after_the_order_was_cancelled_is_voided() {
    let (scene, cancelled) = cancelled_in_doubt(Token::TimeoutPaid);
    assert_eq!(scene.story_after(&cancelled), ["PaymentAuthorized", "AuthorizationVoided"]);
    assert_eq!(scene.money(cancelled.id), (450, 0, 450, 0));
    scene.rests();
}

#[test]
fn a_timeout_that_turns_out_unpaid_after_the_order_was_cancelled_is_never_tried_again() {
    let (scene, cancelled) = cancelled_in_doubt(Token::TimeoutUnpaid);
    assert_eq!(scene.story_after(&cancelled), ["PaymentFailed"]);
    assert_eq!(state(&scene, cancelled.id), AttemptState::Failed { code: FailureCode::NotSent });
    assert_eq!(scene.money(cancelled.id), (0, 0, 0, 0));
    scene.rests();
}

#[test]
fn a_timeout_that_turns_out_declined_after_the_order_was_cancelled_is_no_payment() {
    let (scene, cancelled) = cancelled_in_doubt(Token::TimeoutDeclined);
    assert_eq!(scene.story_after(&cancelled), ["PaymentFailed"]);
    assert_eq!(state(&scene, cancelled.id), AttemptState::Failed { code: FailureCode::Declined });
    scene.rests();
}

#[test]
fn a_timeout_of_an_order_that_still_wants_its_money_ends_as_the_provider_says() {
    for (token, headline, authorized) in [
        (Token::TimeoutPaid, Headline::Confirmed, 450),
        (Token::TimeoutUnpaid, Headline::Confirmed, 450),
        (Token::TimeoutDeclined, Headline::PaymentFailed, 0),
    ] {
        let scene = Scene::new();
        let id = scene.usual_paid_with(token);
        assert_eq!((scene.headline(id), scene.money(id)), (headline, (authorized, 0, 0, 0)), "{token}");
        scene.rests();
    }
}

#[test]
fn a_call_that_was_repeated_is_proved_absent_only_once_its_last_try_has_settled() {
    let shop = Shop::in_memory().banks(|options| Options { settle_after_s: 300, ..options });
    let (scene, line) = Scene::with_line_of(Bank::Cards, shop);
    line.set(Mode::LosesCalls);
    scene.begins_to_place(usual().paid_with(Token::TimeoutPaid.method()));
    let id = scene.rows()[0].id;
    scene.stage.pass_s(200);
    line.set(Mode::Up);
    // now a try arrives, the card is charged, its answer is lost, and the order is cancelled
    while scene.money(id).0 == 0 {
        scene.stage.pass_s(1);
    }
    scene.cancels(id);
    scene.stage.pass_s(700);
    assert_eq!(scene.money(id), (450, 0, 450, 0), "the late charge was found and given back");
    scene.rests();
}

#[test]
fn a_late_answer_counts_when_it_comes() {
    let scene = Scene::of(Bank::Cards, Shop::in_memory().banks(|options| Options { late_s: 9, ..options }));
    let began = scene.now();
    let id = scene.usual_paid_with(Token::Late);
    assert_eq!((scene.headline(id), scene.now()), (Headline::Confirmed, began.plus_secs(9)), "the buyer waits up to ten seconds");
    scene.rests();
}

#[test]
fn an_answer_that_takes_longer_than_a_lease_is_waited_for_under_a_renewed_one() {
    let scene = Scene::of(Bank::Cards, Shop::in_memory().banks(|options| Options { late_s: 100, ..options }));
    let id = scene.usual_paid_with(Token::Late);
    assert_eq!(scene.headline(id), Headline::Pending, "the buyer was answered before the provider answered");
    scene.stage.pass_s(60);
    let row = scene.saga(Task::Collect(scene.last_attempt(id)));
    assert_eq!((row.phase, row.epoch), (SagaPhase::Running, 1), "nobody else took it up");
    scene.stage.pass_s(40);
    assert_eq!((scene.headline(id), scene.money(id)), (Headline::Confirmed, (450, 0, 0, 0)));
    scene.rests();
}

#[test]
fn answers_that_are_told_twice_and_in_any_order_count_once() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let scene = Scene::of(Bank::Cards, Shop::in_memory().report_all());
        let id = scene.usual_paid_with(Token::Twice);
        scene.ships(id, vec![units(1, 4), units(2, 1)]);
        scene.refunds(id, 20).unwrap();
        let before = scene.order(id);
        let reports = scene.kit.reports(Bank::Cards);
        assert_eq!(reports.len(), 3, "authorized, captured, refunded");
        for index in order.into_iter().chain(order) {
            scene.run(scene.kit.report(Bank::Cards, &reports[index]));
        }
        assert_eq!((scene.order(id), scene.money(id)), (before, (450, 450, 0, 20)));
        scene.rests();
    }
}

#[test]
fn a_report_that_comes_before_the_calls_own_answer_settles_it() {
    let (scene, line) = Scene::with_line(Bank::Cards, |_| {});
    line.set(Mode::LosesAnswers);
    let placing = scene.begins_to_place(usual().paid_with(Token::Twice.method()));
    let id = scene.rows()[0].id;
    assert_eq!(scene.tells(), 1);
    assert_eq!((scene.headline(id), scene.stage.has(placing)), (Headline::Confirmed, false), "the buyer hears of it");
    line.set(Mode::Up);
    scene.stage.jump_s(1);
    assert_eq!(scene.saga(Task::Collect(scene.last_attempt(id))).phase, SagaPhase::Done);
    scene.rests();
}

#[test]
fn captures_refunds_and_voids_whose_answers_were_lost_are_found_and_done_once() {
    for token in [Token::CaptureUnknown, Token::CaptureRetry, Token::CapturePending, Token::RefundUnknown, Token::RefundRetry] {
        let scene = Scene::new();
        let id = scene.usual_paid_with(token);
        let parcel = scene.packs(id, vec![units(1, 4), units(2, 1)]);
        scene.stage.jump_s(120);
        scene.dispatches(parcel);
        scene.delivers(parcel);
        scene.refunds(id, 20).unwrap();
        scene.stage.jump_s(120);
        assert_eq!(scene.money(id), (450, 450, 0, 20), "{token}");
        scene.rests();
    }
    for token in [Token::VoidUnknown, Token::VoidRetry] {
        let scene = Scene::new();
        let id = scene.usual_paid_with(token);
        scene.cancels(id);
        scene.stage.jump_s(120);
        assert_eq!(scene.money(id), (450, 0, 450, 0), "{token}");
        scene.rests();
    }
}
