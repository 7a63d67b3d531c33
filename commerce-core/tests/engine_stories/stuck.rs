//! Sagas whose step keeps failing: they back off, park, and wait for an operator's word.

use commerce_core::engine::Error;
use commerce_core::fact::FailureCode;
use commerce_core::id::OrderId;
use commerce_core::order::Headline;
use commerce_core::ports::{SagaId, SagaPhase, SagaRow};
use commerce_core::saga::{Event, Task, Verb};
use commerce_core::sandbox::Token;
use commerce_core::tender::{AttemptState, CaptureState, RefundState};
use commerce_core::testkit::shop::Bank;

use crate::line::Mode;
use crate::scene::{Scene, gbp, refused, units, usual};

/// Lets a saga fail until it runs no more; answers the seconds between its tries.
fn fails_until_stuck(scene: &Scene, task: Task) -> Vec<u64> {
    let mut pauses = Vec::new();
    loop {
        let row = scene.saga(task);
        if row.phase != SagaPhase::Running {
            assert_eq!(row.phase, SagaPhase::Stuck, "{row:?}");
            return pauses;
        }
        let due = row.due.expect("a running saga is due");
        let pause = u64::try_from((due.micros() - scene.now().micros()) / 1_000_000).unwrap();
        pauses.push(pause);
        scene.stage.jump_s(pause);
    }
}

/// The stuck saga, the only one.
fn stuck(scene: &Scene) -> SagaRow {
    let rows = scene.sagas(None, Some(SagaPhase::Stuck));
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.into_iter().next().unwrap()
}

fn resolve(scene: &Scene, id: SagaId, verb: Verb) -> Result<SagaRow, Error> {
    let (shop, call, note) = (&scene.shop, &scene.call, Some("seen to it".to_owned()));
    let resolved = scene.run(async {
        match verb {
            Verb::Retry => shop.retry_saga(call, id, note).await,
            Verb::Skip => shop.skip_saga(call, id, note).await,
            Verb::Force => shop.force_saga(call, id, note).await,
            Verb::Abandon => shop.abandon_saga(call, id, note).await,
        }
    });
    scene.stage.rest();
    resolved
}

/// The last words about a saga: got stuck, and what the operator said.
#[track_caller]
fn assert_audited(scene: &Scene, id: SagaId, verb: Verb) {
    let audit = scene.audit(id);
    let [.., Event::SagaStuck { failures, error, .. }, Event::SagaResolved { verb: said, note }] = audit.as_slice() else {
        panic!("{audit:?}")
    };
    assert!(*failures > 0 && !error.is_empty());
    assert_eq!((*said, note.as_deref()), (verb, Some("seen to it")));
}

#[test]
fn a_void_that_keeps_failing_backs_off_and_parks_as_stuck_with_an_event() {
    let scene = Scene::new();
    let id = scene.usual_paid_with(Token::VoidFails);
    scene.cancels(id);
    scene.stage.rest();
    let reverse = Task::Reverse(scene.last_attempt(id));
    let pauses = fails_until_stuck(&scene, reverse);
    let doubling = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512].into_iter().chain([600; 10]).collect::<Vec<u64>>();
    assert_eq!(pauses, doubling, "about two hours");
    let row = stuck(&scene);
    assert_eq!((row.order, row.failures, row.due, row.lease), (Some(id), 21, None, None));
    let audit = scene.audit(row.id);
    let [Event::SagaStuck { kind, failures: 21, error, .. }] = audit.as_slice() else { panic!("{audit:?}") };
    assert_eq!((kind.as_ref(), error.as_str()), ("reverse", "the provider refuses the void: refused"));
    assert_eq!(scene.money(id), (450, 0, 0, 0), "the money is still set aside, and the saga says so");
    // one saga's fault stops no other
    let other = scene.usual_paid_with(Token::Visa);
    scene.ships(other, vec![units(1, 4), units(2, 1)]);
    assert_eq!(scene.money(other), (450, 450, 0, 0));
    scene.check();
}

#[test]
fn a_saga_that_gets_stuck_over_a_lost_answer_says_so_in_its_stream_too() {
    let scene = Scene::configured(|config| config.failures_max = 0);
    scene.begins_to_place(usual().paid_with(Token::TimeoutUnpaid.method()));
    let row = stuck(&scene);
    assert_eq!((row.failures, row.last_error.as_deref()), (1, Some("the provider's answer was lost")));
    let audit = scene.audit(row.id);
    let [Event::SagaStuck { kind, failures: 1, error, .. }] = audit.as_slice() else { panic!("{audit:?}") };
    assert_eq!((kind.as_ref(), error.as_str()), ("collect", "the provider's answer was lost"));
    scene.rests();
}

#[test]
fn a_retried_saga_tries_its_step_again_and_ends_once_nothing_is_left_to_do() {
    let scene = Scene::configured(|config| config.failures_max = 2);
    let id = scene.usual_paid_with(Token::VoidFails);
    scene.cancels(id);
    scene.stage.rest();
    let reverse = Task::Reverse(scene.last_attempt(id));
    fails_until_stuck(&scene, reverse);
    let row = stuck(&scene);
    resolve(&scene, row.id, Verb::Retry).unwrap();
    assert_audited(&scene, row.id, Verb::Retry);
    let again = scene.saga(reverse);
    assert_eq!((again.phase, again.failures), (SagaPhase::Running, 1), "it tried again and failed again");
    fails_until_stuck(&scene, reverse);
    // after a week the authorization lapses by itself
    scene.stage.jump_s(8 * 24 * 3_600);
    assert_eq!(scene.story(id).last(), Some(&"AuthorizationExpired"));
    resolve(&scene, row.id, Verb::Retry).unwrap();
    assert_eq!(scene.saga(reverse).phase, SagaPhase::Done);
    scene.rests();
}

/// A capture, a refund, a void and an authorization that are stuck because the line was down.
fn captures_stuck() -> (Scene, OrderId, Task) {
    let (scene, line) = Scene::with_line(Bank::Cards, |config| config.failures_max = 2);
    let id = scene.usual_paid_with(Token::Visa);
    line.set(Mode::Down);
    scene.packs(id, vec![units(1, 4), units(2, 1)]);
    let capture = Task::Capture(scene.order(id).order.tenders.captures[0].id);
    fails_until_stuck(&scene, capture);
    line.set(Mode::Up);
    (scene, id, capture)
}

fn refund_stuck() -> (Scene, OrderId, Task) {
    let (scene, line) = Scene::with_line(Bank::Cards, |config| config.failures_max = 2);
    let id = scene.usual_paid_with(Token::Visa);
    scene.ships(id, vec![units(1, 4), units(2, 1)]);
    line.set(Mode::Down);
    scene.refunds(id, 20).unwrap();
    let refund = Task::Refund(scene.order(id).order.tenders.refunds[0].id);
    fails_until_stuck(&scene, refund);
    line.set(Mode::Up);
    (scene, id, refund)
}

fn collect_stuck() -> (Scene, OrderId, Task) {
    let (scene, line) = Scene::with_line(Bank::Cards, |config| config.failures_max = 2);
    line.set(Mode::LosesCalls);
    let placing = scene.begins_to_place(usual().paid_with(Token::Visa.method()));
    let id = scene.rows()[0].id;
    let collect = Task::Collect(scene.last_attempt(id));
    line.set(Mode::Down);
    fails_until_stuck(&scene, collect);
    line.set(Mode::Up);
    scene.stage.jump_s(60);
    assert!(!scene.stage.has(placing), "the buyer was answered");
    (scene, id, collect)
}

#[test]
fn a_skipped_capture_counts_as_failed_and_the_order_waits_for_another_card() {
    let (scene, id, capture) = captures_stuck();
    assert_eq!(resolve(&scene, stuck(&scene).id, Verb::Skip).unwrap().phase, SagaPhase::Done);
    assert_audited(&scene, stuck_id(capture), Verb::Skip);
    let order = scene.order(id).order;
    assert_eq!(order.tenders.captures[0].state, CaptureState::Failed { code: FailureCode::Operator });
    assert_eq!((order.headline(), order.due()), (Headline::OnHold, 450));
    scene.rests();
}

#[test]
fn a_forced_capture_counts_as_done() {
    let (scene, id, capture) = captures_stuck();
    assert_eq!(resolve(&scene, stuck(&scene).id, Verb::Force).unwrap().phase, SagaPhase::Done);
    assert_audited(&scene, stuck_id(capture), Verb::Force);
    let order = scene.order(id).order;
    assert_eq!((order.captured(), order.busy()), (450, false), "an operator took the money by hand");
    scene.dispatches(order.shipments[0].id);
    scene.check();
}

#[test]
fn an_abandoned_capture_stays_open_until_the_provider_reports_it() {
    let (scene, id, capture) = captures_stuck();
    assert_eq!(resolve(&scene, stuck(&scene).id, Verb::Abandon).unwrap().phase, SagaPhase::Abandoned);
    assert_audited(&scene, stuck_id(capture), Verb::Abandon);
    assert!(scene.order(id).order.busy(), "whether the money came is still not known");
    scene.stage.jump_s(24 * 3_600);
    assert_eq!(scene.saga(capture).phase, SagaPhase::Abandoned, "nobody takes it up again");
    scene.check();
}

#[test]
fn a_retried_capture_takes_the_money() {
    let (scene, id, capture) = captures_stuck();
    resolve(&scene, stuck(&scene).id, Verb::Retry).unwrap();
    assert_audited(&scene, stuck_id(capture), Verb::Retry);
    assert_eq!((scene.saga(capture).phase, scene.money(id)), (SagaPhase::Done, (450, 450, 0, 0)));
    scene.rests();
}

#[test]
fn a_skipped_refund_counts_as_failed_and_a_forced_one_as_issued() {
    for (verb, state, room) in
        [(Verb::Skip, RefundState::Failed { code: FailureCode::Operator }, 450), (Verb::Force, RefundState::Issued, 430)]
    {
        let (scene, id, refund) = refund_stuck();
        resolve(&scene, stuck(&scene).id, verb).unwrap();
        assert_audited(&scene, stuck_id(refund), verb);
        let order = scene.order(id).order;
        assert_eq!((order.tenders.refunds[0].parts[0].state, order.room()), (state, room));
        scene.check();
    }
}

#[test]
fn a_skipped_authorization_counts_as_failed_and_another_card_may_pay() {
    let (scene, id, collect) = collect_stuck();
    resolve(&scene, stuck(&scene).id, Verb::Skip).unwrap();
    assert_audited(&scene, stuck_id(collect), Verb::Skip);
    let order = scene.order(id).order;
    assert_eq!(order.tenders.attempts[0].state, AttemptState::Failed { code: FailureCode::Operator });
    assert_eq!(scene.pays(id, Token::Visa).order.headline(), Headline::Confirmed);
    scene.rests();
}

#[test]
fn an_authorization_cannot_be_forced_and_the_refusal_changes_nothing() {
    let (scene, id, collect) = collect_stuck();
    let (before, audit) = (scene.saga(collect), scene.audit(stuck_id(collect)));
    assert_eq!(refused(resolve(&scene, before.id, Verb::Force)), "invalid_value");
    assert_eq!((scene.saga(collect), scene.audit(before.id)), (before, audit));
    assert!(scene.order(id).order.busy());
    scene.check();
}

#[test]
fn only_a_stuck_saga_takes_an_operators_word() {
    let (scene, id, capture) = captures_stuck();
    resolve(&scene, stuck_id(capture), Verb::Retry).unwrap();
    for verb in [Verb::Retry, Verb::Skip, Verb::Force, Verb::Abandon] {
        assert_eq!(refused(resolve(&scene, stuck_id(capture), verb)), "saga_not_stuck", "{verb}");
    }
    let long = scene.shop.retry_saga(&scene.call, stuck_id(capture), Some("x".repeat(501)));
    assert_eq!(refused(scene.run(long)), "invalid_value");
    assert_eq!(scene.order(id).order.captured(), 450);
}

fn stuck_id(task: Task) -> SagaId {
    SagaId(task.saga_uuid())
}

#[test]
fn a_saga_of_a_payment_without_an_order_gets_stuck_and_is_resolved_too() {
    let (scene, line) = Scene::with_line(Bank::Cards, |config| config.failures_max = 2);
    line.set(Mode::LosesCalls);
    let request = commerce_core::engine::ProcessPayment { method: Token::Visa.method(), provider: None, amount: gbp(300), capture: true };
    let payment = scene.run(scene.shop.process_payment(&scene.call, request)).unwrap().value;
    let attempt = payment.payment.tenders.attempts[0].id;
    line.set(Mode::Down);
    fails_until_stuck(&scene, Task::Collect(attempt));
    line.set(Mode::Up);
    resolve(&scene, stuck(&scene).id, Verb::Retry).unwrap();
    let now = scene.run(scene.shop.get_payment(&scene.call, payment.payment.id)).unwrap();
    assert_eq!(now.payment.tenders.captured(), 300, "authorized and captured");
    scene.check();
}
