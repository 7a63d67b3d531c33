//! Each guard, shown false, and told by its code.

use commerce_core::fact::PaymentFact;
use commerce_core::id::{AttemptId, CaptureId};
use commerce_core::money::{Currency, Money};
use commerce_core::payment::{Command, Refusal};
use commerce_core::testkit::given;

use crate::support::{
    Desk, approve, attempt, capture, facts, fail, gbp, give_back, given_back, pend, refund, start, take, take_failed, taken, uuid,
};

fn refused(before: Vec<Command>, command: Command, expected: Refusal, code: &str) {
    given(&Desk, facts(before)).when(command, &()).then_refused(&expected);
    assert_eq!(expected.code(), code);
}

fn set_aside() -> Vec<Command> {
    vec![start(gbp(100)), approve(gbp(100), false)]
}

fn captured(amount: i64) -> Vec<Command> {
    [set_aside(), vec![take(1, Some(amount)), taken(1, true)]].concat()
}

#[test]
fn a_payment_begins_once_and_with_an_amount_above_zero() {
    for amount in [i64::MIN, -1, 0] {
        refused(vec![], start(gbp(amount)), Refusal::NotPositive, "amount_not_positive");
    }
    refused(vec![start(gbp(1))], start(gbp(1)), Refusal::Exists("payment"), "already_exists");
    refused(vec![], fail(), Refusal::NoPayment, "payment_not_found");
}

#[test]
fn a_provider_approves_at_most_what_was_asked_for_in_its_currency() {
    let euros = Money::from_minor(100, Currency::EUR);
    let mixed = Refusal::MixedCurrency { expected: Currency::GBP, actual: Currency::EUR };
    refused(vec![start(gbp(100))], approve(euros, false), mixed, "mixed_currencies");
    refused(vec![start(gbp(100))], approve(gbp(101), false), Refusal::AmountAbove { asked: 101, max: 100 }, "amount_above_limit");
    refused(vec![start(gbp(100))], approve(gbp(0), true), Refusal::NotPositive, "amount_not_positive");
}

#[test]
fn a_capture_waits_for_outcomes_and_takes_at_most_what_is_set_aside() {
    refused(vec![start(gbp(100))], take(1, None), Refusal::Busy, "payment_in_progress");
    refused([set_aside(), vec![take(1, Some(10))]].concat(), take(2, Some(10)), Refusal::Busy, "payment_in_progress");
    refused(set_aside(), take(1, Some(101)), Refusal::AmountAbove { asked: 101, max: 100 }, "amount_above_limit");
    refused(set_aside(), take(1, Some(0)), Refusal::NotPositive, "amount_not_positive");
    refused(captured(100), take(2, None), Refusal::AmountAbove { asked: 0, max: 0 }, "amount_above_limit");
}

#[test]
fn refunds_take_at_most_what_was_captured_and_not_granted_before() {
    refused(captured(60), give_back(1, Some(61)), Refusal::AmountAbove { asked: 61, max: 60 }, "amount_above_limit");
    let half = [captured(60), vec![give_back(1, Some(40))]].concat();
    refused(half.clone(), give_back(2, Some(21)), Refusal::AmountAbove { asked: 21, max: 20 }, "amount_above_limit");
    let told = [half, vec![given_back(1, capture(1))]].concat();
    refused(told, give_back(2, Some(21)), Refusal::AmountAbove { asked: 21, max: 20 }, "amount_above_limit");
    refused(captured(60), give_back(1, Some(-1)), Refusal::NotPositive, "amount_not_positive");
}

#[test]
fn an_id_names_one_capture_or_refund() {
    let both = [captured(60), vec![give_back(1, Some(10))]].concat();
    refused(both.clone(), take(1, Some(1)), Refusal::Exists("capture"), "already_exists");
    refused(both, give_back(1, Some(1)), Refusal::Exists("refund"), "already_exists");
}

#[test]
fn parts_that_the_payment_does_not_have_are_unknown() {
    let other = AttemptId::new(uuid(77));
    let strays = [
        (Command::Gone { attempt_id: other, lapsed: false }, "attempt"),
        (taken(7, false), "capture"),
        (take_failed(7), "capture"),
        (given_back(7, capture(1)), "refund"),
    ];
    for (command, part) in strays {
        refused(set_aside(), command, Refusal::Unknown(part), "unknown_part");
    }
    let granted = [captured(60), vec![give_back(1, None)]].concat();
    refused(granted, given_back(1, capture(8)), Refusal::Unknown("part of the refund"), "unknown_part");
}

#[test]
fn a_sale_is_captured_at_its_approval_under_an_id_of_its_own() {
    let expected =
        PaymentFact::Captured { capture_id: CaptureId::of_sale(attempt()), attempt_id: attempt(), amount: gbp(100), reference: None };
    given(&Desk, facts([start(gbp(100))])).when(approve(gbp(100), true), &()).then([expected]);
}

#[test]
fn a_last_capture_gives_the_rest_of_the_authorization_back() {
    let before = facts([set_aside(), vec![take(1, Some(60))]].concat());
    let paid = PaymentFact::Captured { capture_id: capture(1), attempt_id: attempt(), amount: gbp(60), reference: None };
    let rest = PaymentFact::AuthorizationVoided { attempt_id: attempt(), amount: gbp(40) };
    given(&Desk, before.clone()).when(taken(1, true), &()).then([paid.clone(), rest]);
    given(&Desk, before).when(taken(1, false), &()).then([paid]);
}

#[test]
fn a_refund_that_failed_makes_room_again() {
    let mut commands = captured(60);
    commands.push(give_back(1, None));
    let full = facts(commands.clone());
    given(&Desk, full).when(give_back(2, Some(1)), &()).then_refused(&Refusal::AmountAbove { asked: 1, max: 0 });
    commands.push(crate::support::give_back_failed(1, capture(1)));
    given(&Desk, facts(commands)).when(give_back(2, Some(60)), &()).then_events(|granted| {
        assert!(
            matches!(granted, [PaymentFact::RefundGranted { refund_id, amount, .. }] if *refund_id == refund(2) && amount.minor() == 60)
        );
    });
}

#[test]
fn what_an_attempt_waits_for_is_told_once() {
    use commerce_core::fact::PendingWhy;
    let unknown = PaymentFact::Pending { attempt_id: attempt(), why: PendingWhy::Unknown };
    let story = given(&Desk, facts([start(gbp(1))])).when(pend(PendingWhy::Unknown), &()).then([unknown]);
    story.when(pend(PendingWhy::Unknown), &()).then([]);
}
