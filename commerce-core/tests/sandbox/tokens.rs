use commerce_core::fact::FailureCode;
use commerce_core::id::{AttemptId, CaptureId, MerchantId, ProviderRef};
use commerce_core::money::{Currency, Money};
use commerce_core::ports::{CallKey, FactOutcome, LookUp, Outcome, PaymentProvider};
use commerce_core::sandbox::{Decision, NotWaiting, Options, Token};
use commerce_core::time::Timestamp;
use futures::FutureExt;
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::*;

const AUTHORIZE: CallKey = CallKey::Authorize(AttemptId::new(Uuid::from_u128(1)));

fn facts(till: &Till) -> Vec<FactOutcome> {
    till.sandbox.take_reports().into_iter().map(|fact| fact.outcome).collect()
}

#[test]
fn visa_approves_every_call() {
    let till = till(Token::Visa);
    assert_eq!(approved(till.authorize(1, 100)), 100);
    assert_eq!(approved(till.capture(1, 1, 60)), 60);
    assert_eq!(approved(till.refund(1, 1, 10)), 10);
    assert_eq!(approved(till.void(1)), 40);
    assert_eq!((till.net(), till.charges(1)), (50, 1));
    assert_eq!(facts(&till), []);
}

#[test]
fn a_declining_token_declines_for_its_reason_and_for_good() {
    for (token, reason) in [
        (Token::InsufficientFunds, FailureCode::InsufficientFunds),
        (Token::Lost, FailureCode::LostCard),
        (Token::Expired, FailureCode::ExpiredCard),
        (Token::Fraud, FailureCode::SuspectedFraud),
    ] {
        let till = till(token);
        assert_eq!(till.authorize(1, 100), declined(reason));
        assert_eq!(till.authorize(1, 100), declined(reason), "a repeat gets the same answer");
        assert_eq!(till.authorize(2, 100), declined(reason), "another attempt is declined too");
        assert_eq!(found(till.look_up(AUTHORIZE)), declined(reason));
        assert_eq!(till.charges(1) + till.charges(2), 0);
    }
}

#[test]
fn declined_once_declines_the_first_attempt_of_a_payment_and_approves_the_next() {
    let till = till(Token::DeclinedOnce);
    assert_eq!(till.authorize(1, 100), retryable(FailureCode::Declined));
    assert_eq!(till.authorize(1, 100), retryable(FailureCode::Declined), "the attempt itself is over");
    assert_eq!(approved(till.authorize(2, 100)), 100);
    assert_eq!((till.charges(1), till.charges(2)), (0, 1));
}

#[test]
fn action_waits_for_the_buyer_who_approves_or_declines_once() {
    for (decision, charges) in [(Decision::Approve, 1), (Decision::Decline, 0)] {
        let till = till(Token::Action);
        let Outcome::ActionRequired { url } = till.authorize(1, 100) else { panic!("the buyer was not asked") };
        assert!(url.ends_with(&AUTHORIZE.to_string()), "{url}");
        till.wait_s(1_000_000);
        assert_eq!(found(till.look_up(AUTHORIZE)), Outcome::ActionRequired { url }, "it waits for as long as it takes");
        assert_eq!(till.charges(1), 0);

        assert_eq!(till.sandbox.act(attempt(1), decision), Ok(()));
        assert_eq!(till.sandbox.act(attempt(1), decision), Err(NotWaiting { key: AUTHORIZE }));
        let outcome = till.authorize(1, 100);
        assert_eq!(found(till.look_up(AUTHORIZE)), outcome);
        assert_eq!(till.charges(1), charges);
        match (decision, facts(&till).as_slice()) {
            (Decision::Approve, [FactOutcome::Authorized { amount, .. }]) => assert_eq!(*amount, eur(approved(outcome))),
            (Decision::Decline, [FactOutcome::Declined { reason: FailureCode::Declined, .. }]) => {}
            other => panic!("reported otherwise: {other:?}"),
        }
        assert_eq!(facts(&till), [], "a report is taken once");
        assert_eq!(till.sandbox.reports(0).len(), 1, "and can be told again");
    }
}

#[test]
fn pending_is_decided_by_time_and_reported() {
    for (token, charges) in [(Token::Pending, 1), (Token::PendingDeclined, 0)] {
        let till = till(token);
        assert_eq!(till.authorize(1, 100), Outcome::Pending);
        assert_eq!(till.void(1), retryable(FailureCode::Refused), "nothing to void yet, and perhaps later");
        till.wait_s(59);
        assert_eq!(found(till.look_up(AUTHORIZE)), Outcome::Pending);
        assert_eq!(facts(&till), []);
        till.wait_s(1);
        assert_eq!(facts(&till).len(), 1);
        assert_eq!(till.authorize(1, 100), found(till.look_up(AUTHORIZE)));
        assert_eq!(till.charges(1), charges);
    }
}

#[test]
fn pending_can_be_settled_before_its_time_and_is_not_decided_again() {
    let till = till(Token::Pending);
    assert_eq!(till.authorize(1, 100), Outcome::Pending);
    assert_eq!(till.sandbox.settle(AUTHORIZE, Decision::Decline), Ok(()));
    till.wait_s(61);
    assert_eq!(found(till.look_up(AUTHORIZE)), declined(FailureCode::Declined));
    assert_eq!((till.charges(1), facts(&till).len()), (0, 1));
    assert_eq!(till.capture(1, 1, 10), declined(FailureCode::AuthorizationGone));
}

#[test]
fn timeout_paid_answers_unknown_and_is_found_approved_once_settled() {
    let till = till(Token::TimeoutPaid);
    assert_eq!(till.authorize(1, 100), Outcome::Unknown);
    till.wait_s(29);
    assert_eq!(till.look_up(AUTHORIZE), LookUp::NotFound, "not found proves nothing before settle_after_s");
    till.wait_s(1);
    assert_eq!(approved(found(till.look_up(AUTHORIZE))), 100);
    assert_eq!(till.charges(1), 1);
}

#[test]
fn timeout_paid_repeated_before_it_is_found_charges_once() {
    let till = till(Token::TimeoutPaid);
    assert_eq!(till.authorize(1, 100), Outcome::Unknown);
    assert_eq!(till.look_up(AUTHORIZE), LookUp::NotFound);
    assert_eq!(approved(till.authorize(1, 100)), 100);
    assert_eq!(approved(found(till.look_up(AUTHORIZE))), 100, "the repeat made it visible");
    assert_eq!(till.charges(1), 1);
}

#[test]
fn timeout_declined_answers_unknown_and_is_found_declined_once_settled() {
    let till = till(Token::TimeoutDeclined);
    assert_eq!(till.authorize(1, 100), Outcome::Unknown);
    assert_eq!(till.look_up(AUTHORIZE), LookUp::NotFound);
    till.wait_s(30);
    assert_eq!(found(till.look_up(AUTHORIZE)), declined(FailureCode::Declined));
    assert_eq!(till.charges(1), 0);
}

#[test]
fn timeout_unpaid_is_never_found_and_a_repeat_arrives() {
    let till = till(Token::TimeoutUnpaid);
    assert_eq!(till.authorize(1, 100), Outcome::Unknown);
    till.wait_s(1_000_000);
    assert_eq!(till.look_up(AUTHORIZE), LookUp::NotFound);
    assert_eq!((till.charges(1), till.net()), (0, 0));
    assert_eq!(approved(till.authorize(1, 100)), 100);
    assert_eq!(approved(till.authorize(1, 100)), 100);
    assert_eq!(till.charges(1), 1);
}

#[test]
fn late_answers_late_on_the_clock() {
    let till = till_with(Token::Late, Options::CARDS, true);
    assert_eq!(approved(till.authorize(1, 100)), 100);
    assert_eq!(till.sandbox.ledger().entries()[0].at, Timestamp::from_secs(10));
    assert_eq!((till.charges(1), facts(&till).len()), (1, 0));
}

#[test]
fn late_dropped_by_its_caller_is_found_pending_then_approved() {
    let till = till(Token::Late);
    let request = authorize_request(1, "sandbox_late", 100);
    assert!(till.sandbox.authorize(&AUTHORIZE, &request).now_or_never().is_none());
    till.wait_s(9);
    assert_eq!(found(till.look_up(AUTHORIZE)), Outcome::Pending);
    till.wait_s(1);
    assert_eq!(approved(found(till.look_up(AUTHORIZE))), 100);
    assert_eq!(till.charges(1), 1);
}

#[test]
fn twice_acts_once_and_tells_twice() {
    let till = till(Token::Twice);
    assert_eq!(approved(till.authorize(1, 100)), 100);
    assert_eq!(approved(till.capture(1, 1, 100)), 100);
    assert_eq!(approved(till.refund(1, 1, 30)), 30);
    let reports = till.sandbox.take_reports();
    let ids: std::collections::HashSet<_> = reports.iter().map(|fact| fact.id.clone()).collect();
    assert_eq!((reports.len(), ids.len()), (3, 3));
    for fact in &reports {
        assert_eq!((&fact.merchant, fact.payment, fact.order.is_some()), (&MerchantId::default(), payment(1), true));
    }
    assert!(matches!(&reports[1].outcome, FactOutcome::Captured { amount, .. } if *amount == eur(100)));
    assert_eq!((till.charges(1), till.net()), (1, 70));
}

#[test]
fn with_report_all_every_settled_outcome_is_reported() {
    let till = till_with(Token::CaptureFails, Options { report_all: true, ..Options::CARDS }, false);
    till.authorize(1, 100);
    till.capture(1, 1, 100);
    till.void(1);
    till.authorize(1, 100);
    assert!(matches!(
        facts(&till).as_slice(),
        [FactOutcome::Authorized { .. }, FactOutcome::CaptureFailed { reason: FailureCode::Refused }, FactOutcome::Voided { .. }]
    ));
}

#[test]
fn a_short_lived_authorization_lapses_and_says_so() {
    let till = till(Token::ShortLived);
    let Outcome::Approved { expires_at, .. } = till.authorize(1, 100) else { panic!("not approved") };
    assert_eq!(expires_at, Some(Timestamp::from_secs(60)));
    assert_eq!(approved(till.capture(1, 1, 40)), 40);
    till.wait_s(60);
    assert_eq!(till.capture(1, 2, 10), declined(FailureCode::AuthorizationGone));
    assert_eq!(till.void(1), declined(FailureCode::AuthorizationGone));
    assert_eq!(facts(&till), [FactOutcome::Expired { amount: eur(60) }]);
    assert_eq!(till.net(), 40);
}

#[test]
fn an_authorization_lapses_after_its_own_time_and_one_taken_whole_never_does() {
    let till = till(Token::Visa);
    till.authorize(1, 100);
    till.authorize(2, 100);
    till.capture(2, 1, 100);
    till.wait_s(7 * 24 * 3600 - 1);
    assert_eq!(facts(&till), []);
    till.wait_s(1);
    assert_eq!(facts(&till), [FactOutcome::Expired { amount: eur(100) }]);
}

#[test]
fn capture_fails_fails_every_capture_and_keeps_the_authorization() {
    let till = till(Token::CaptureFails);
    till.authorize(1, 100);
    assert_eq!(till.capture(1, 1, 40), declined(FailureCode::Refused));
    assert_eq!(till.capture(1, 2, 40), declined(FailureCode::Refused));
    assert_eq!(approved(till.void(1)), 100);
    assert_eq!(till.net(), 0);
}

#[test]
fn capture_fails_later_approves_the_first_capture_only() {
    let till = till(Token::CaptureFailsLater);
    till.authorize(1, 100);
    assert_eq!(approved(till.capture(1, 1, 40)), 40);
    assert_eq!(till.capture(1, 2, 40), declined(FailureCode::Refused));
    assert_eq!(approved(till.capture(1, 1, 40)), 40, "a repeat of the first is still approved");
    assert_eq!(till.net(), 40);
}

#[test]
fn a_retrying_token_fails_a_key_once_and_approves_its_repeat() {
    let capturing = till(Token::CaptureRetry);
    capturing.authorize(1, 100);
    assert_eq!(capturing.capture(1, 1, 40), retryable(FailureCode::Refused));
    assert_eq!(found(capturing.look_up(CallKey::Capture(capture(1)))), retryable(FailureCode::Refused));
    assert_eq!(approved(capturing.capture(1, 1, 40)), 40);
    assert_eq!(capturing.net(), 40);

    let refunding = till(Token::RefundRetry);
    refunding.authorize(1, 100);
    refunding.capture(1, 1, 100);
    assert_eq!(refunding.refund(1, 1, 100), retryable(FailureCode::Refused));
    assert_eq!(approved(refunding.refund(1, 1, 100)), 100);
    assert_eq!(refunding.net(), 0);

    let voiding = till(Token::VoidRetry);
    voiding.authorize(1, 100);
    assert_eq!(voiding.void(1), retryable(FailureCode::Refused));
    assert_eq!(approved(voiding.void(1)), 100);
    assert_eq!(approved(voiding.void(1)), 100);
}

#[test]
fn an_unknown_capture_refund_or_void_was_done_and_is_found_once_settled() {
    let check = |till: &Till, key: CallKey, amount: i64| {
        assert_eq!(till.look_up(key), LookUp::NotFound);
        till.wait_s(30);
        assert_eq!(approved(found(till.look_up(key))), amount);
    };
    let capturing = till(Token::CaptureUnknown);
    capturing.authorize(1, 100);
    assert_eq!(capturing.capture(1, 1, 40), Outcome::Unknown);
    check(&capturing, CallKey::Capture(capture(1)), 40);
    assert_eq!(capturing.net(), 40);

    let refunding = till(Token::RefundUnknown);
    refunding.authorize(1, 100);
    refunding.capture(1, 1, 100);
    assert_eq!(refunding.refund(1, 1, 40), Outcome::Unknown);
    check(&refunding, CallKey::Refund(refund(1), capture(1)), 40);
    assert_eq!(refunding.net(), 60);

    let voiding = till(Token::VoidUnknown);
    voiding.authorize(1, 100);
    assert_eq!(voiding.void(1), Outcome::Unknown);
    check(&voiding, CallKey::Void(attempt(1)), 100);
}

#[test]
fn a_pending_capture_keeps_its_money_from_other_calls_until_it_is_decided() {
    let till = till(Token::CapturePending);
    till.authorize(1, 100);
    assert_eq!(till.capture(1, 1, 70), Outcome::Pending);
    assert_eq!(till.capture(1, 2, 70), declined(FailureCode::Refused));
    assert_eq!(till.capture(1, 3, 30), Outcome::Pending);
    assert_eq!(till.void(1), retryable(FailureCode::Refused));
    assert_eq!(till.sandbox.settle(CallKey::Capture(capture(1)), Decision::Decline), Ok(()));
    till.wait_s(60);
    assert_eq!(till.net(), 30);
    assert_eq!(approved(till.void(1)), 70);
    assert!(matches!(facts(&till).as_slice(), [FactOutcome::CaptureFailed { .. }, FactOutcome::Captured { .. }]));
}

#[test]
fn a_pending_refund_keeps_its_money_from_other_refunds_until_it_is_decided() {
    let till = till(Token::RefundPending);
    till.authorize(1, 100);
    till.capture(1, 1, 100);
    assert_eq!(till.refund(1, 1, 70), Outcome::Pending);
    assert_eq!(till.refund(2, 1, 70), declined(FailureCode::Refused));
    assert_eq!(till.sandbox.settle(CallKey::Refund(refund(1), capture(1)), Decision::Decline), Ok(()));
    assert_eq!(till.refund(3, 1, 100), Outcome::Pending);
    till.wait_s(60);
    assert_eq!(till.net(), 0);
    assert!(matches!(facts(&till).as_slice(), [FactOutcome::RefundFailed { .. }, FactOutcome::Refunded { .. }]));
}

#[test]
fn refund_fails_fails_every_refund_and_refund_fails_once_only_the_first() {
    for (token, second) in [(Token::RefundFails, declined(FailureCode::Refused)), (Token::RefundFailsOnce, Outcome::Unknown)] {
        let till = till(token);
        till.authorize(1, 100);
        till.capture(1, 1, 100);
        assert_eq!(till.refund(1, 1, 100), declined(FailureCode::Refused));
        let again = till.refund(2, 1, 100);
        if token == Token::RefundFails {
            assert_eq!(again, second)
        } else {
            assert_eq!(approved(again), 100)
        }
        assert_eq!(till.refund(1, 1, 100), declined(FailureCode::Refused), "the first stays failed");
        assert_eq!(till.net(), if token == Token::RefundFails { 100 } else { 0 });
    }
}

#[test]
fn void_fails_fails_every_void_and_the_authorization_stays() {
    let till = till(Token::VoidFails);
    till.authorize(1, 100);
    assert_eq!(till.void(1), declined(FailureCode::Refused));
    assert_eq!(approved(till.capture(1, 1, 100)), 100);
}

#[test]
fn a_sale_takes_the_money_at_once_and_pays_it_back_by_refund_only() {
    let till = till_with(Token::Visa, Options::SALES, false);
    let Outcome::Approved { expires_at: None, reference: Some(reference), .. } = till.authorize(1, 100) else { panic!("no sale") };
    assert_eq!(till.net(), 100);
    assert_eq!(till.capture(1, 1, 100), declined(FailureCode::Refused));
    assert_eq!(till.void(1), declined(FailureCode::Refused));
    let sale = CaptureId::of_sale(attempt(1));
    let mut request = refund_request(1, sale, 60);
    request.reference = Some(reference);
    assert_eq!(approved(block_on(till.sandbox.refund(&CallKey::Refund(refund(1), sale), &request)).unwrap()), 60);
    assert_eq!(till.refund_of(2, sale, 60), declined(FailureCode::Refused));
    till.wait_s(1_000_000);
    assert_eq!((till.net(), facts(&till).len()), (40, 0));
}

#[test]
fn without_multi_capture_the_first_capture_lets_the_rest_go() {
    let till = till_with(Token::Visa, Options::SINGLE_CAPTURE, false);
    till.authorize(1, 100);
    assert_eq!(approved(till.capture(1, 1, 60)), 60);
    assert_eq!(till.capture(1, 2, 40), declined(FailureCode::AuthorizationGone));
    assert_eq!(till.void(1), declined(FailureCode::AuthorizationGone));
    assert_eq!(till.net(), 60);
}

#[test]
fn after_the_last_capture_only_a_void_touches_the_rest() {
    let till = till(Token::Visa);
    till.authorize(1, 100);
    let mut request = capture_request(1, 60);
    request.last = true;
    assert_eq!(approved(block_on(till.sandbox.capture(&CallKey::Capture(capture(1)), &request)).unwrap()), 60);
    assert_eq!(till.capture(1, 2, 40), declined(FailureCode::AuthorizationGone));
    assert_eq!(approved(till.void(1)), 40);
}

#[test]
fn more_than_is_there_is_refused_whatever_the_engine_asks() {
    let till = till(Token::Visa);
    till.authorize(1, 100);
    assert_eq!(till.capture(1, 1, 101), declined(FailureCode::Refused));
    assert_eq!(approved(till.capture(1, 2, 60)), 60);
    assert_eq!(till.capture(1, 3, 41), declined(FailureCode::Refused));
    assert_eq!(till.refund(1, 2, 61), declined(FailureCode::Refused));
    assert_eq!(approved(till.refund(2, 2, 60)), 60);
    assert_eq!(till.refund(3, 2, 1), declined(FailureCode::Refused));
    for amount in [0, -1] {
        assert_eq!(till.capture(1, 4, amount), declined(FailureCode::Refused));
        assert_eq!(till.authorize(9, amount), declined(FailureCode::Refused));
    }
    let mut dollars = capture_request(1, 10);
    dollars.amount = Money::from_minor(10, Currency::USD);
    let key = CallKey::Capture(capture(5));
    assert_eq!(block_on(till.sandbox.capture(&key, &dollars)).unwrap(), declined(FailureCode::Refused));
    assert_eq!(till.net(), 0);
}

#[test]
fn what_refers_to_nothing_known_is_not_found_and_leaves_its_key_free() {
    let till = till(Token::Visa);
    assert_eq!(till.capture(1, 1, 10), declined(FailureCode::NotFound));
    assert_eq!(till.void(1), declined(FailureCode::NotFound));
    assert_eq!(till.look_up(CallKey::Void(attempt(1))), LookUp::NotFound);
    till.authorize(1, 100);
    assert_eq!(till.refund(1, 1, 10), declined(FailureCode::NotFound));

    let mut stranger = capture_request(1, 10);
    stranger.merchant = MerchantId::new("other").unwrap();
    let mut elsewhere = capture_request(1, 10);
    elsewhere.reference = Some(ProviderRef::new("auth_of_another").unwrap());
    for request in [stranger, elsewhere] {
        let key = CallKey::Capture(capture(1));
        assert_eq!(block_on(till.sandbox.capture(&key, &request)).unwrap(), declined(FailureCode::NotFound));
    }
    assert_eq!(approved(till.capture(1, 1, 10)), 10);
    assert_eq!(approved(till.void(1)), 90);
}

#[test]
fn a_method_that_is_no_token_is_declined() {
    let till = till(Token::Visa);
    let outcome = block_on(till.sandbox.authorize(&AUTHORIZE, &authorize_request(1, "4-2", 100))).unwrap();
    assert_eq!(outcome, declined(FailureCode::InvalidMethod));
}

#[test]
fn another_request_under_a_used_key_is_refused_and_changes_nothing() {
    let till = till(Token::Visa);
    till.authorize(1, 100);
    assert_eq!(till.authorize(1, 101), declined(FailureCode::Refused));
    till.capture(1, 1, 40);
    assert_eq!(till.capture(1, 1, 41), declined(FailureCode::Refused));
    let crossed = block_on(till.sandbox.void(&CallKey::Void(attempt(2)), &void_request(1))).unwrap();
    assert_eq!(crossed, declined(FailureCode::Refused), "a key that names another attempt");
    assert_eq!(approved(till.authorize(1, 100)), 100);
    assert_eq!(till.net(), 40);
}

#[test]
fn every_token_is_a_method_under_its_own_name() {
    for token in Token::ALL {
        assert_eq!(token.method().as_str(), token.as_str());
        assert_eq!(Token::parse(token.as_str()), Some(*token));
    }
}
