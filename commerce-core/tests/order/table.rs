//! The table of the order's life, written by hand: which event may follow in which state, and which command is accepted in which.

use commerce_core::fact::{FailureCode, PaymentFact, PendingWhy, RefundCause, RefundPart};
use commerce_core::id::{AttemptId, CaptureId, LineId, RefundId, ReturnId, ShipmentId};
use commerce_core::order::{
    CancelReason, CaptureOutcome, Command, Condition, Edit, Edited, Event, HoldReason, Order, Placed, Placement, RefundOutcome,
    RiskVerdict, Stage, evolve,
};
use commerce_core::tender::CaptureState;
use uuid::Uuid;

use crate::states::{at, check_grid, return_of, usual};
use crate::support::{Life, approved, assessment, dispatch, here, method, money, provider, stocked, units};
use crate::world::command_name;

/// What a row names in an order: the newest of each, or something that the order does not have.
struct Named {
    attempt: AttemptId,
    capture: CaptureId,
    first_shipment: ShipmentId,
    shipment: ShipmentId,
    return_id: ReturnId,
    refund: RefundId,
}

const NOWHERE: Uuid = Uuid::from_u128(u128::MAX);

impl Named {
    fn in_order(order: Option<&Order>) -> Self {
        Self {
            attempt: order.and_then(|o| o.tenders.attempts.last()).map_or(AttemptId::new(NOWHERE), |a| a.id),
            capture: order.and_then(|o| o.tenders.captures.last()).map_or(CaptureId::new(NOWHERE), |c| c.id),
            first_shipment: order.and_then(|o| o.shipments.first()).map_or(ShipmentId::new(NOWHERE), |s| s.id),
            shipment: order.and_then(|o| o.shipments.last()).map_or(ShipmentId::new(NOWHERE), |s| s.id),
            return_id: order.and_then(|o| o.returns.last()).map_or(ReturnId::new(NOWHERE), |r| r.id),
            refund: order.and_then(|o| o.tenders.refunds.last()).map_or(RefundId::new(NOWHERE), |r| r.id),
        }
    }
}

fn placed(life: &Life) -> Placed {
    let Command::Place(place) = life.place(usual()) else { unreachable!() };
    let lines = place.order.lines.into_iter().zip(1..).map(|(line, n)| commerce_core::order::LineItem { line_id: LineId(n), ..line });
    Placed { lines: lines.collect(), total: money(450), ..place.order }
}

fn edited(order: Option<&Order>) -> Edited {
    let total = money(order.map_or(0, Order::total));
    Edited { added: vec![], changed: vec![], removed: vec![], adjustments: None, personal_ref: None, total }
}

fn payment_fact(name: &str, life: &Life) -> PaymentFact {
    let Named { attempt: attempt_id, capture: capture_id, shipment, refund: refund_id, .. } = Named::in_order(life.order.as_ref());
    let capture = life.order.as_ref().and_then(|o| o.tenders.captures.last());
    let amount = money(1);
    match name {
        "PaymentStarted" => {
            let pay = life.pay("multi", None);
            let (provider, method_ref) = (provider("multi"), method());
            PaymentFact::Started { payment_id: pay.payment_id, attempt_id: pay.attempt_id, provider, method_ref, amount }
        }
        "PaymentPending" => PaymentFact::Pending { attempt_id, why: PendingWhy::Unknown },
        "PaymentAuthorized" => PaymentFact::Authorized { attempt_id, amount, expires_at: None, reference: None },
        "PaymentFailed" => PaymentFact::Failed { attempt_id, code: FailureCode::Declined, retryable: false },
        "CaptureStarted" => {
            PaymentFact::CaptureStarted { capture_id: CaptureId::new(life.uuid()), attempt_id, amount, shipment_id: Some(shipment) }
        }
        "PaymentCaptured" => {
            let amount = money(capture.map_or(1, |c| c.amount));
            PaymentFact::Captured { capture_id, attempt_id, amount, reference: None }
        }
        "CaptureFailed" => PaymentFact::CaptureFailed { capture_id, code: FailureCode::Refused },
        "AuthorizationVoided" => PaymentFact::AuthorizationVoided { attempt_id, amount },
        "AuthorizationExpired" => PaymentFact::AuthorizationExpired { attempt_id, amount },
        "RefundGranted" => {
            let parts = vec![RefundPart { capture_id, amount }];
            let refund_id = RefundId::new(life.uuid());
            PaymentFact::RefundGranted { refund_id, cause: RefundCause::Goodwill, amount, lines: vec![], parts, replaces: None }
        }
        "RefundIssued" => PaymentFact::RefundIssued { refund_id, capture_id, amount: money(5) },
        "RefundFailed" => PaymentFact::RefundFailed { refund_id, capture_id, code: FailureCode::Refused },
        _ => unreachable!("{name}"),
    }
}

fn event(name: &str, life: &Life) -> Event {
    let order = life.order.as_ref();
    let ids = Named::in_order(order);
    let pending = order.is_some_and(|o| matches!(o.placement, Placement::Pending { .. } | Placement::Held { resume: Stage::Pending, .. }));
    let stage = if pending { Stage::Pending } else { Stage::Confirmed };
    let one = vec![units(1, 1)];
    match name {
        "OrderPlaced" => Event::OrderPlaced(Box::new(placed(life))),
        "RiskAssessed" => Event::RiskAssessed(assessment(RiskVerdict::Accept)),
        "OrderHeld" => Event::OrderHeld { reason: HoldReason::Operator, resume: stage, until: None },
        "OrderResumed" => Event::OrderResumed { to: stage, pay_by: Some(life.now) },
        "OrderConfirmed" => Event::OrderConfirmed,
        "OrderRejected" => Event::OrderRejected { reason: "risk".to_owned() },
        "OrderEdited" => Event::OrderEdited(Box::new(edited(order))),
        "LinesCancelled" => {
            let total = money(order.map_or(0, Order::total) - 100);
            Event::LinesCancelled { lines: one, reason: "less".to_owned(), value: money(100), total }
        }
        "OrderCancelled" => Event::OrderCancelled { reason: CancelReason::Customer },
        "OrderCompleted" => Event::OrderCompleted,
        "ShipmentCreated" => Event::ShipmentCreated { shipment_id: ShipmentId::new(life.uuid()), location: Some(here()), lines: one },
        "ShipmentCancelled" => Event::ShipmentCancelled { shipment_id: ids.shipment },
        "ShipmentDispatched" => Event::ShipmentDispatched { shipment_id: ids.shipment, carrier: None, tracking: None },
        "ShipmentDelivered" => Event::ShipmentDelivered { shipment_id: ids.first_shipment },
        "ShipmentLost" => Event::ShipmentLost { shipment_id: ids.first_shipment },
        "ReturnRequested" => Event::ReturnRequested { return_id: ReturnId::new(life.uuid()), lines: one, reason: "small".to_owned() },
        "ReturnReceived" => {
            Event::ReturnReceived { return_id: ids.return_id, lines: one, condition: Condition::Sellable, location: Some(here()) }
        }
        "ReturnRejected" => Event::ReturnRejected { return_id: ids.return_id, reason: "worn".to_owned() },
        fact => Event::Payment(payment_fact(fact, life)),
    }
}

#[test]
fn every_pair_of_state_and_event_is_legal_or_illegal_as_the_table_says() {
    #[rustfmt::skip]
    let grid = [
        //                      none P Pb Pa  Hp Hc Hs  C Cu Ck Cc Cp Cs Cd Cr  D X R
        ("OrderPlaced",          "x  .  .  .   .  .  .  .  .  .  .  .  .  .  .  . . ."),
        ("RiskAssessed",         ".  x  x  x   x  x  x  x  x  x  x  x  x  x  x  . . ."),
        ("OrderHeld",            ".  x  x  x   .  .  .  x  x  x  x  x  x  x  x  . . ."),
        ("OrderResumed",         ".  .  .  .   x  x  x  .  .  .  .  .  .  .  .  . . ."),
        ("OrderConfirmed",       ".  x  x  x   .  .  .  .  .  .  .  .  .  .  .  . . ."),
        ("OrderRejected",        ".  x  x  x   x  .  .  .  .  .  .  .  .  .  .  . . ."),
        ("OrderEdited",          ".  x  x  x   x  x  x  x  x  x  x  x  x  x  x  . . ."),
        ("LinesCancelled",       ".  x  x  x   x  x  x  x  x  x  x  x  x  .  .  . . ."),
        ("OrderCancelled",       ".  x  x  x   x  x  .  x  x  .  .  .  .  .  .  . . ."),
        ("OrderCompleted",       ".  .  .  .   .  .  .  .  .  .  .  .  .  x  x  . . ."),
        ("PaymentStarted",       ".  x  x  x   .  .  .  x  x  x  x  x  x  x  x  . . ."),
        ("PaymentPending",       ".  .  x  x   .  .  .  .  .  .  .  .  .  .  .  . x x"),
        ("PaymentAuthorized",    ".  .  x  x   .  .  .  .  .  .  .  .  .  .  .  . x x"),
        ("PaymentFailed",        ".  .  x  x   .  .  .  .  .  .  .  .  .  .  .  . x x"),
        ("CaptureStarted",       ".  .  .  .   .  .  .  x  .  x  x  x  x  .  .  . . ."),
        ("PaymentCaptured",      ".  .  .  .   .  .  .  .  .  .  x  .  .  .  .  . . ."),
        ("CaptureFailed",        ".  .  .  .   .  .  .  .  .  .  x  .  .  .  .  . . ."),
        ("AuthorizationVoided",  ".  .  .  .   .  x  x  x  .  x  x  x  x  .  .  . . ."),
        ("AuthorizationExpired", ".  .  .  .   .  x  x  x  .  x  x  x  x  .  .  . . ."),
        ("ShipmentCreated",      ".  .  .  .   .  .  .  x  x  x  x  x  x  .  .  . . ."),
        ("ShipmentCancelled",    ".  .  .  .   .  .  x  .  .  x  x  x  .  .  .  . . ."),
        ("ShipmentDispatched",   ".  .  .  .   .  .  .  .  .  x  x  x  .  .  .  . . ."),
        ("ShipmentDelivered",    ".  .  .  .   .  .  x  .  .  .  .  .  x  .  .  . . ."),
        ("ShipmentLost",         ".  .  .  .   .  .  x  .  .  .  .  .  x  .  .  . . ."),
        ("ReturnRequested",      ".  .  .  .   .  .  x  .  .  .  .  .  x  x  x  x . ."),
        ("ReturnReceived",       ".  .  .  .   .  .  .  .  .  .  .  .  .  .  x  x . ."),
        ("ReturnRejected",       ".  .  .  .   .  .  .  .  .  .  .  .  .  .  x  x . ."),
        ("RefundGranted",        ".  .  .  .   .  .  x  .  .  .  .  x  x  x  x  x . ."),
        ("RefundIssued",         ".  .  .  .   .  .  .  .  .  .  .  .  .  .  x  . . ."),
        ("RefundFailed",         ".  .  .  .   .  .  .  .  .  .  .  .  .  .  x  . . ."),
    ];
    check_grid(&grid, |name, life| {
        let event = event(name, life);
        assert_eq!(event.name(), name);
        evolve(life.order.clone(), life.now, &event).map(drop).map_err(|error| error.to_string())
    });
}

fn command(name: &str, life: &Life) -> Command {
    let ids = Named::in_order(life.order.as_ref());
    let one = vec![units(1, 1)];
    match name {
        "Place" => life.place(usual()),
        "Screen accept" => Command::Screen(assessment(RiskVerdict::Accept)),
        "Screen review" => Command::Screen(assessment(RiskVerdict::Review)),
        "Screen reject" => Command::Screen(assessment(RiskVerdict::Reject)),
        "Hold" => Command::Hold,
        "Resume" => Command::Resume,
        "Pay" => Command::Pay(life.pay("multi", None)),
        "Attempt" => Command::Attempt { attempt_id: ids.attempt, outcome: approved(450, false) },
        "Expire" => Command::Expire,
        "Edit" => Command::Edit(Box::new(Edit { add: vec![stocked("c", 1, 10)], ..Edit::default() })),
        "CancelLines" => Command::CancelLines { lines: one, reason: "less".to_owned() },
        "Cancel" => Command::Cancel { reason: CancelReason::Customer },
        "Pack" => {
            let stock = life.order.as_ref().map(Order::stock_need).unwrap_or_default();
            Command::Pack { shipment_id: ShipmentId::new(life.uuid()), lines: one, location: Some(here()), stock }
        }
        "Unpack" => Command::Unpack { shipment_id: ids.shipment },
        "StartCapture" => Command::StartCapture { shipment_id: None, amount: Some(money(1)) },
        "StartCapture for a shipment" => Command::StartCapture { shipment_id: Some(ids.shipment), amount: None },
        "Capture" => Command::Capture { capture_id: ids.capture, outcome: CaptureOutcome::Done { reference: None } },
        "AuthorizationGone" => Command::AuthorizationGone { attempt_id: ids.attempt, lapsed: false },
        "Dispatch" => dispatch(ids.shipment),
        "Deliver" => Command::Deliver { shipment_id: ids.first_shipment },
        "Lose" => Command::Lose { shipment_id: ids.first_shipment },
        "RequestReturn" => return_of(life, 1, 1),
        "ReceiveReturn" => {
            Command::ReceiveReturn { return_id: ids.return_id, lines: one, condition: Condition::Sellable, location: Some(here()) }
        }
        "RejectReturn" => Command::RejectReturn { return_id: ids.return_id, reason: "worn".to_owned() },
        "GrantRefund" => Command::GrantRefund(life.grant(1)),
        "Refund" => Command::Refund { refund_id: ids.refund, capture_id: ids.capture, outcome: RefundOutcome::Done },
        "Complete" => Command::Complete,
        _ => unreachable!("{name}"),
    }
}

#[test]
fn every_pair_of_state_and_command_is_accepted_or_refused_as_the_table_says() {
    #[rustfmt::skip]
    let grid = [
        //                             none P Pb Pa  Hp Hc Hs  C Cu Ck Cc Cp Cs Cd Cr  D X R
        ("Place",                       "x  .  .  .   .  .  .  .  .  .  .  .  .  .  .  . . ."),
        ("Screen accept",               ".  x  x  x   x  .  .  .  .  .  .  .  .  .  .  . . ."),
        ("Screen review",               ".  x  .  x   .  .  .  x  x  x  .  x  x  x  x  . . ."),
        ("Screen reject",               ".  x  x  x   x  .  .  .  .  .  .  .  .  .  .  . . ."),
        ("Hold",                        ".  x  .  x   .  .  .  x  x  x  .  x  x  x  x  . . ."),
        ("Resume",                      ".  .  .  .   x  x  x  .  .  .  .  .  .  .  .  . . ."),
        ("Pay",                         ".  x  .  x   .  .  .  .  x  .  .  .  .  .  .  . . ."),
        ("Expire",                      ".  x  .  x   x  .  .  .  .  .  .  .  .  .  .  . . ."),
        ("Edit",                        ".  x  .  x   x  x  x  x  x  x  .  x  x  x  x  . . ."),
        ("CancelLines",                 ".  x  .  x   x  x  x  x  x  x  .  x  x  .  .  . . ."),
        ("Cancel",                      ".  x  x  x   x  x  .  x  x  .  .  .  .  .  .  . . ."),
        ("Pack",                        ".  .  .  .   .  .  .  x  .  x  x  x  x  .  .  . . ."),
        ("Unpack",                      ".  .  .  .   .  .  x  .  .  x  .  x  .  .  .  . . ."),
        ("StartCapture",                ".  .  .  .   .  .  .  x  .  x  .  x  x  .  .  . . ."),
        ("StartCapture for a shipment", ".  .  .  .   .  .  .  .  .  x  .  x  .  .  .  . . ."),
        ("Dispatch",                    ".  .  .  .   .  .  .  .  .  .  .  x  .  .  .  . . ."),
        ("Deliver",                     ".  .  .  .   .  .  x  .  .  .  .  .  x  .  .  . . ."),
        ("Lose",                        ".  .  .  .   .  .  x  .  .  .  .  .  x  .  .  . . ."),
        ("RequestReturn",               ".  .  .  .   .  .  x  .  .  .  .  .  x  x  x  x . ."),
        ("ReceiveReturn",               ".  .  .  .   .  .  .  .  .  .  .  .  .  .  x  x . ."),
        ("RejectReturn",                ".  .  .  .   .  .  .  .  .  .  .  .  .  .  x  x . ."),
        ("GrantRefund",                 ".  .  .  .   .  .  x  .  .  .  .  x  x  x  x  x . ."),
        ("Complete",                    ".  .  .  .   .  .  .  .  .  .  .  .  .  x  .  . . ."),
        // facts: accepted wherever what they speak of is known, with no events if they were told before
        ("Attempt",                     ".  .  x  x   .  x  x  x  x  x  x  x  x  x  x  x x x"),
        ("Capture",                     ".  .  .  .   .  .  x  .  .  .  x  x  x  x  x  x . ."),
        ("AuthorizationGone",           ".  .  x  x   .  x  x  x  x  x  x  x  x  x  x  x x x"),
        ("Refund",                      ".  .  .  .   .  .  .  .  .  .  .  .  .  .  x  . . ."),
    ];
    check_grid(&grid, |name, life| {
        let command = command(name, life);
        assert!(name.starts_with(command_name(&command)), "{name}");
        if name == "Expire" {
            life.now = life.now.plus_secs(100 * 3_600);
        }
        life.judge(command).map(drop).map_err(|refusal| refusal.to_string())
    });
}

#[test]
fn a_fact_told_twice_happens_once() {
    let mut life = at("Cc");
    life.captured();
    let captures = life.order().tenders.captures.clone();
    assert!(captures.iter().all(|c| matches!(c.state, CaptureState::Done { .. })));
    let again = Command::Capture { capture_id: captures[0].id, outcome: CaptureOutcome::Failed { code: FailureCode::Refused } };
    assert!(life.does(again).is_empty());
    let again = Command::Attempt { attempt_id: life.last_attempt(), outcome: approved(450, false) };
    assert!(life.does(again).is_empty());
    let mut life = at("Cr");
    let (refund_id, capture_id) = life.open_refunds()[0];
    life.refunded();
    assert!(life.does(Command::Refund { refund_id, capture_id, outcome: RefundOutcome::Done }).is_empty());
}
