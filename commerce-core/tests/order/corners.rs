//! Corners of the table that a walk reaches seldom.

use commerce_core::fact::{FailureCode, RefundCause};
use commerce_core::id::ReturnId;
use commerce_core::order::{CancelReason, CaptureOutcome, CapturePolicy, Command, Condition, Edit, Event, Placement, Terms};

use crate::states::{at, usual};
use crate::support::{Basket, Life, action_required, dispatch, granted, money, names, reversible, stocked, units};

/// An order of 450 that left uncaptured, by the caller's will or on invoice.
fn left_unpaid(basket: Basket) -> Life {
    let mut life = Life::of(basket);
    if life.order().terms == Terms::Prepaid {
        life.approved();
    }
    while life.order().due() > 0 && life.order().terms == Terms::Prepaid {
        life.pays("multi");
        life.approved();
    }
    let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
    life.does(dispatch(shipment_id));
    life
}

fn manual() -> Basket {
    Basket { capture_policy: CapturePolicy::Manual, ..usual() }
}

fn comes_back(life: &mut Life, count: u32) -> Vec<Event> {
    let (return_id, lines) = (ReturnId::new(life.uuid()), vec![units(1, count)]);
    life.does(Command::RequestReturn { return_id, lines: lines.clone(), reason: "broken".to_owned(), staff: false });
    life.does(Command::ReceiveReturn { return_id, lines, condition: Condition::Damaged, location: None })
}

fn captures(life: &mut Life, minor: i64) {
    life.does(Command::StartCapture { shipment_id: None, amount: Some(money(minor)) });
    life.captured();
}

#[test]
fn a_command_first_ends_the_attempt_that_waits_for_its_buyer() {
    let events = |command: fn(&mut Life) -> Command| {
        let mut life = at("Pa");
        let command = command(&mut life);
        names(&life.does(command))[0]
    };
    assert_eq!(events(|life| Command::Pay(life.pay("multi", None))), "PaymentFailed");
    assert_eq!(events(|_| Command::Edit(Box::new(Edit { add: vec![stocked("c", 1, 1)], ..Edit::default() }))), "PaymentFailed");
    assert_eq!(events(|_| Command::Cancel { reason: CancelReason::Customer }), "PaymentFailed");
    assert_eq!(events(|_| Command::Hold), "PaymentFailed");
    let expired = |life: &mut Life| {
        life.now = life.now.plus_secs(24 * 3_600);
        Command::Expire
    };
    assert_eq!(events(expired), "PaymentFailed");
}

#[test]
fn an_attempt_that_comes_to_wait_for_its_buyer_after_the_end_is_abandoned_at_once() {
    for state in ["X", "R"] {
        let mut life = at(state);
        assert_eq!(names(&life.waits_for(action_required())), ["PaymentPending", "PaymentFailed"], "{state}");
    }
    assert_eq!(names(&at("Pb").waits_for(action_required())), ["PaymentPending"]);
}

#[test]
fn a_capture_that_fails_ends_the_attempt_that_waits_for_its_buyer() {
    let mut life = at("C");
    life.does(Command::Edit(Box::new(Edit { add: vec![stocked("c", 1, 30)], ..Edit::default() })));
    life.pays("multi");
    life.waits_for(action_required());
    life.does(Command::StartCapture { shipment_id: None, amount: Some(money(100)) });
    let capture_id = life.open_captures()[0];
    let events = life.does(Command::Capture { capture_id, outcome: CaptureOutcome::Failed { code: FailureCode::Refused } });
    assert_eq!(names(&events), ["CaptureFailed", "PaymentFailed", "OrderHeld"]);
}

#[test]
fn cancelling_the_last_lines_cancels_the_order() {
    let mut life = at("C");
    let events = life.does(Command::CancelLines { lines: vec![units(1, 4), units(2, 1)], reason: "late".to_owned() });
    assert_eq!(names(&events), ["OrderCancelled"]);
    assert!(matches!(life.order().placement, Placement::Cancelled { .. }));
    assert_eq!(reversible(life.order()), [life.last_attempt()]);
}

#[test]
fn a_provider_that_captures_once_gives_the_rest_back_with_a_partial_capture() {
    let mut life = Life::of(Basket { provider: "single", ..manual() });
    life.approved();
    life.does(Command::StartCapture { shipment_id: None, amount: Some(money(100)) });
    let capture_id = life.open_captures()[0];
    let events = life.does(Command::Capture { capture_id, outcome: CaptureOutcome::Done { reference: None } });
    assert_eq!(names(&events), ["PaymentCaptured", "AuthorizationVoided"]);
    assert_eq!((life.order().authorized(), life.order().due()), (0, 350));
}

#[test]
fn what_came_back_before_it_was_paid_is_credited_first_and_only_the_rest_refunded() {
    let mut life = left_unpaid(manual());
    captures(&mut life, 400);
    assert_eq!(granted(&comes_back(&mut life, 1)), [(RefundCause::Return, 50)], "50 of its 100 were never paid");
    assert_eq!((life.order().credited, life.order().owed(), life.order().kept()), (50, 400, 400));
    assert_eq!(granted(&comes_back(&mut life, 1)), [(RefundCause::Return, 100)], "the next was paid");
}

#[test]
fn what_was_lost_before_it_was_paid_is_credited_first_and_only_the_rest_refunded() {
    let mut life = Life::of(manual());
    life.approved();
    for lines in [vec![units(1, 1)], vec![units(1, 3), units(2, 1)]] {
        let shipment_id = life.packs(lines);
        life.does(dispatch(shipment_id));
    }
    captures(&mut life, 400);
    let first = life.order().shipments[0].id;
    assert_eq!(granted(&life.does(Command::Lose { shipment_id: first })), [(RefundCause::Lost, 50)]);
    assert_eq!((life.order().credited, life.order().owed()), (50, 400));
}

#[test]
fn a_surplus_is_granted_once_no_capture_is_open_any_more() {
    let mut life = left_unpaid(Basket { amount: Some(400), ..manual() });
    life.does(Command::StartCapture { shipment_id: None, amount: None });
    comes_back(&mut life, 1);
    assert_eq!(life.order().owed(), 350);
    let open = life.open_captures();
    assert_eq!(open.len(), 2);
    let done = |id| Command::Capture { capture_id: id, outcome: CaptureOutcome::Done { reference: None } };
    assert_eq!(granted(&life.does(done(open[0]))), [], "400 arrived, and another capture is open");
    assert_eq!(granted(&life.does(done(open[1]))), [(RefundCause::Surplus, 100)]);
    assert_eq!((life.order().kept(), life.order().owed()), (350, 350));
}

#[test]
fn an_authorization_is_not_given_back_under_an_open_capture() {
    let mut life = left_unpaid(manual());
    captures(&mut life, 300);
    life.does(Command::StartCapture { shipment_id: None, amount: Some(money(50)) });
    comes_back(&mut life, 2);
    assert!(life.order().kept() >= life.order().owed());
    assert_eq!(reversible(life.order()), []);
    life.captured();
    assert_eq!(reversible(life.order()), [life.last_attempt()]);
    assert_eq!((life.order().kept(), life.order().owed()), (300, 300));
}

#[test]
fn a_shipment_on_invoice_does_not_capture_for_what_was_credited() {
    let mut life = Life::of(Basket { terms: Terms::Invoice, ..usual() });
    let first = life.packs(vec![units(1, 2)]);
    life.does(dispatch(first));
    comes_back(&mut life, 1);
    assert_eq!((life.order().credited, life.order().due()), (100, 350));
    life.pays("multi");
    life.approved();
    let second = life.packs(vec![units(1, 1)]);
    life.captures_for(second);
    assert_eq!(life.order().tenders.captures[0].amount, 200, "three units less the one that came back");
    life.captured();
    assert!(life.order().captured_for().contains(&second));
    let third = life.packs(vec![units(1, 1), units(2, 1)]);
    life.captures_for(third);
    assert_eq!(life.order().tenders.captures[1].amount, 150);
}
