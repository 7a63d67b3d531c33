//! The stories of an order's life, as the deciders tell them.

use commerce_core::fact::{FailureCode, PendingWhy, RefundCause};
use commerce_core::goods::ItemKind;
use commerce_core::id::ReturnId;
use commerce_core::order::{
    CancelReason, CapturePolicy, Command, Condition, Edit, GrantRefund, Headline, LineChange, PaymentStatus, Placement, RiskVerdict,
    ShipmentState, Terms,
};
use commerce_core::tender::AttemptState;

use crate::states::usual;
use crate::support::{
    Basket, Life, action_required, approved, assessment, basket, discount, dispatch, granted, item, money, names, provider, qty,
    reversible, stocked, units, voidable,
};

fn confirmed(basket: Basket) -> Life {
    let mut life = Life::of(basket);
    life.approved();
    assert_eq!(life.order().placement, Placement::Confirmed);
    life
}

fn delivers_and_completes(life: &mut Life) {
    let on_its_way = life.order().shipments.iter().filter(|s| matches!(s.state, ShipmentState::Dispatched(_)));
    for shipment_id in on_its_way.map(|s| s.id).collect::<Vec<_>>() {
        life.does(Command::Deliver { shipment_id });
    }
    life.does(Command::Complete);
}

/// No money and no authorization is left.
fn keeps_nothing(life: &Life) {
    let order = life.order();
    assert_eq!(order.room(), 0, "money is left");
    assert_eq!(order.tenders.attempts.iter().map(|a| voidable(order, a.id)).sum::<i64>(), 0, "an authorization is left");
    assert_eq!(life.replayed(), *order);
}

#[test]
fn another_card_pays_after_a_decline() {
    let mut life = Life::of(usual());
    assert_eq!(names(&life.declined()), ["PaymentFailed"]);
    assert_eq!(life.order().headline(), Headline::PaymentFailed);
    assert_eq!(life.order().stock_need().values().sum::<u64>(), 5, "it keeps its stock");
    life.pays("single");
    assert_eq!(life.order().tenders.attempts[0].payment_id, life.order().tenders.attempts[1].payment_id, "one payment, two attempts");
    assert_eq!(names(&life.approved()), ["PaymentAuthorized", "OrderConfirmed"]);
}

#[test]
fn an_abandoned_3_d_secure_attempt_approved_after_the_second_card_paid_goes_back_whole() {
    let mut life = Life::of(usual());
    life.waits_for(action_required());
    let abandoned = life.last_attempt();
    assert_eq!(life.order().headline(), Headline::ActionRequired);
    assert_eq!(names(&life.pays("multi")), ["PaymentFailed", "PaymentStarted"]);
    assert_eq!(life.order().tenders.attempt(abandoned).unwrap().state, AttemptState::Failed { code: FailureCode::Abandoned });
    life.approved();
    assert_eq!(names(&life.approve(abandoned)), ["PaymentAuthorized"]);
    assert_eq!(life.order().authorized(), 450, "the late approval counts nothing");
    assert_eq!(reversible(life.order()), [abandoned]);
    life.reversed();
    life.ships(vec![units(1, 4), units(2, 1)]);
    delivers_and_completes(&mut life);
    assert_eq!((life.order().kept(), life.order().owed()), (450, 450));
}

#[test]
fn the_same_late_approval_by_a_sale_is_refunded_in_its_commit() {
    let mut life = Life::of(Basket { provider: "sale", ..usual() });
    life.waits_for(action_required());
    let abandoned = life.last_attempt();
    life.pays("multi");
    life.approved();
    let events = life.approve(abandoned);
    assert_eq!(names(&events), ["PaymentCaptured", "RefundGranted"]);
    assert_eq!(granted(&events), [(RefundCause::Surplus, 450)]);
    assert_eq!(life.order().kept(), 0, "nothing of it pays for the order");
}

#[test]
fn a_partial_shipment_captures_its_share_and_the_rest_is_cancelled() {
    let mut life = confirmed(usual());
    life.ships(vec![units(1, 2)]);
    assert_eq!((life.order().captured(), life.order().authorized()), (200, 250));
    let events = life.does(Command::CancelLines { lines: vec![units(1, 2), units(2, 1)], reason: "late".to_owned() });
    assert_eq!(names(&events), ["LinesCancelled"], "what was not captured needs no refund");
    assert_eq!(life.order().total(), 200);
    assert_eq!(reversible(life.order()), [life.last_attempt()], "nothing is open: the rest is given back");
    life.reversed();
    delivers_and_completes(&mut life);
    assert_eq!((life.order().kept(), life.order().owed()), (200, 200));
}

#[test]
fn a_capture_that_fails_finally_on_the_second_shipment_waits_for_another_card() {
    let mut life = confirmed(usual());
    life.ships(vec![units(1, 2)]);
    let second = life.packs(vec![units(1, 2), units(2, 1)]);
    life.captures_for(second);
    life.capture_fails();
    assert_eq!(life.order().headline(), Headline::OnHold);
    assert_eq!((life.order().authorized(), life.order().due()), (0, 250), "its authorization counts nothing");
    assert_eq!(names(&life.does(Command::Resume)), ["OrderResumed"]);
    life.pays("multi");
    life.approved();
    life.captures_for(second);
    life.captured();
    life.does(dispatch(second));
    delivers_and_completes(&mut life);
    assert_eq!((life.order().kept(), life.order().owed()), (450, 450));
}

#[test]
fn an_edit_that_raises_the_total_after_confirmation_waits_for_its_money() {
    let mut life = confirmed(usual());
    let edit = Edit { add: vec![stocked("c", 1, 30)], ..Edit::default() };
    assert_eq!(names(&life.does(Command::Edit(Box::new(edit)))), ["OrderEdited"]);
    assert_eq!((life.order().total(), life.order().due()), (480, 30));
    let pack = life.pack_command(vec![units(1, 1)]);
    assert_eq!(life.refuses(pack).code(), "order_not_covered");
    life.pays("multi");
    assert_ne!(life.order().tenders.attempts[0].payment_id, life.order().tenders.attempts[1].payment_id, "the first payment holds money");
    life.approved();
    life.ships(vec![units(1, 4), units(2, 1), units(3, 1)]);
    assert_eq!(life.order().tenders.captures.iter().map(|c| c.amount).collect::<Vec<_>>(), [450, 30], "oldest first");
    delivers_and_completes(&mut life);
}

#[test]
fn an_edit_that_lowers_the_total_after_capture_refunds_the_excess_and_goodwill_comes_on_top() {
    let mut life = confirmed(Basket { capture_policy: CapturePolicy::AtConfirm, ..usual() });
    life.captured();
    let cheaper = LineChange { line_id: commerce_core::id::LineId(1), qty: None, unit_price: Some(money(80)), adjustments: None };
    let events = life.does(Command::Edit(Box::new(Edit { change: vec![cheaper], ..Edit::default() })));
    assert_eq!(granted(&events), [(RefundCause::Edit, 80)]);
    life.refunded();
    assert_eq!((life.order().kept(), life.order().owed()), (370, 370));
    let grant = life.grant(20);
    assert_eq!(granted(&life.does(Command::GrantRefund(grant))), [(RefundCause::Goodwill, 20)]);
    life.refunded();
    assert_eq!(life.order().payment_status(), PaymentStatus::PartiallyRefunded);
    assert!(life.order().covered(), "goodwill asks for no new money");
    let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
    life.does(dispatch(shipment_id));
    delivers_and_completes(&mut life);
    assert_eq!((life.order().kept(), life.order().room()), (370, 350));
}

#[test]
fn a_return_of_part_of_a_line_refunds_its_share_of_an_order_level_discount() {
    let mut life = confirmed(Basket { adjustments: vec![discount(-100)], ..basket(vec![stocked("a", 3, 100), stocked("b", 1, 33)]) });
    assert_eq!(life.order().total(), 233);
    let shipment_id = life.ships(vec![units(1, 3), units(2, 1)]);
    life.does(Command::Deliver { shipment_id });
    let mut back = Vec::new();
    for (line, count) in [(1, 1), (1, 2), (2, 1)] {
        let return_id = ReturnId::new(life.uuid());
        let lines = vec![units(line, count)];
        life.does(Command::RequestReturn { return_id, lines: lines.clone(), reason: "too small".to_owned(), staff: false });
        let events = life.does(Command::ReceiveReturn { return_id, lines, condition: Condition::Sellable, location: None });
        back.extend(granted(&events));
        life.refunded();
    }
    // the discount is shared 90 to 10 by largest remainder; 210 over three units
    let line_2 = 233 - 210;
    assert_eq!(back, [(RefundCause::Return, 70), (RefundCause::Return, 140), (RefundCause::Return, line_2)]);
    assert_eq!(life.order().headline(), Headline::Refunded);
    keeps_nothing(&life);
}

#[test]
fn a_hold_expired_an_approval_came_late_and_the_stock_is_gone() {
    let mut life = Life::of(usual());
    life.waits_for(PendingWhy::Pending);
    life.now = life.now.plus_secs(30 * 3_600);
    assert_eq!(life.refuses(Command::Expire).code(), "payment_in_progress");
    life.stock_lost = true;
    assert_eq!(names(&life.approved()), ["PaymentAuthorized", "OrderCancelled"]);
    assert_eq!(life.order().placement, Placement::Cancelled { reason: CancelReason::StockLost });
    life.reversed();
    keeps_nothing(&life);
}

#[test]
fn the_same_late_approval_by_a_sale_is_refunded() {
    let mut life = Life::of(Basket { provider: "sale", ..usual() });
    life.stock_lost = true;
    let events = life.approved();
    assert_eq!(names(&events), ["PaymentCaptured", "OrderCancelled", "RefundGranted"]);
    assert_eq!(granted(&events), [(RefundCause::Cancel, 450)]);
    life.refunded();
    keeps_nothing(&life);
}

#[test]
fn a_review_stops_an_order_and_resume_pays_as_it_was_placed() {
    let mut life = Life::of(Basket { verdict: RiskVerdict::Review, ..usual() });
    assert_eq!(names(&life.events.iter().map(|(_, e)| e.clone()).collect::<Vec<_>>()), ["OrderPlaced", "RiskAssessed", "OrderHeld"]);
    let accept = Command::Screen(assessment(RiskVerdict::Accept));
    assert_eq!(names(&life.does(accept)), ["RiskAssessed", "OrderResumed", "PaymentStarted"]);
    assert_eq!(names(&life.approved()), ["PaymentAuthorized", "OrderConfirmed"]);
    // and again, once it is confirmed
    life.does(Command::Screen(assessment(RiskVerdict::Review)));
    let pack = life.pack_command(vec![units(1, 1)]);
    assert_eq!(life.refuses(pack).code(), "illegal_transition");
    assert_eq!(names(&life.does(Command::Resume)), ["OrderResumed"]);
    assert_eq!(life.order().headline(), Headline::Confirmed);
}

#[test]
fn a_split_tender_confirms_with_its_last_part() {
    let mut life = Life::of(Basket { amount: Some(200), ..usual() });
    assert_eq!(names(&life.approved()), ["PaymentAuthorized"]);
    assert_eq!((life.order().headline(), life.order().due()), (Headline::Pending, 250));
    life.pays("single");
    assert_eq!(names(&life.approved()), ["PaymentAuthorized", "OrderConfirmed"]);
    let first = life.packs(vec![units(1, 1)]);
    life.captures_for(first);
    assert_eq!(life.order().tenders.captures.iter().map(|c| c.amount).collect::<Vec<_>>(), [200, 250], "one provider captures but once");
    life.captured();
    life.does(dispatch(first));
    let rest = life.packs(vec![units(1, 3), units(2, 1)]);
    assert!(life.captures_for(rest).is_empty());
    life.does(dispatch(rest));
    delivers_and_completes(&mut life);
    assert_eq!((life.order().kept(), life.order().owed()), (450, 450));
}

#[test]
fn a_refund_that_failed_is_granted_again() {
    let mut life = confirmed(Basket { capture_policy: CapturePolicy::AtConfirm, ..usual() });
    life.captured();
    life.does(Command::Cancel { reason: CancelReason::Customer });
    life.refund_fails();
    assert_eq!(life.order().room(), 450, "a failed refund restores the room");
    let failed = life.last_refund();
    let again = GrantRefund { replaces: Some(failed), ..life.grant(450) };
    assert_eq!(granted(&life.does(Command::GrantRefund(again))), [(RefundCause::Cancel, 450)], "it inherits the cause");
    assert!(life.order().tenders.refund(failed).unwrap().replaced);
    life.refunded();
    keeps_nothing(&life);
}

#[test]
fn a_sale_only_provider_counts_as_captured_at_approval() {
    let mut life = Life::of(Basket { provider: "sale", ..usual() });
    assert_eq!(names(&life.approved()), ["PaymentCaptured", "OrderConfirmed"]);
    assert_eq!(life.order().payment_status(), PaymentStatus::Paid);
    let shipment_id = life.packs(vec![units(1, 2)]);
    assert!(life.captures_for(shipment_id).is_empty(), "nothing is left to capture");
    life.does(dispatch(shipment_id));
    let events = life.does(Command::CancelLines { lines: vec![units(1, 2)], reason: "late".to_owned() });
    assert_eq!(granted(&events), [(RefundCause::Cancel, 200)]);
    life.refunded();
    let shipment_id = life.packs(vec![units(2, 1)]);
    life.does(dispatch(shipment_id));
    delivers_and_completes(&mut life);
    assert_eq!((life.order().kept(), life.order().owed()), (250, 250));
}

#[test]
fn digital_goods_leave_by_themselves_and_take_the_fee_along() {
    let lines = vec![item("song", ItemKind::Digital, 2, 99), stocked("a", 1, 100), item("fee", ItemKind::Unstocked, 1, 5)];
    let mut life = Life::of(Basket { capture_policy: CapturePolicy::AtConfirm, ..basket(lines) });
    assert_eq!(names(&life.approved()), ["PaymentAuthorized", "OrderConfirmed", "ShipmentCreated", "CaptureStarted"]);
    let digital = life.order().shipments[0].clone();
    assert_eq!(digital.lines.iter().map(|l| (l.line_id.0, l.qty)).collect::<Vec<_>>(), [(1, 2), (3, 1)]);
    assert_eq!(digital.location, None);
    life.captured();
    life.does(dispatch(digital.id));
    life.does(Command::Deliver { shipment_id: digital.id });
    let shipment_id = life.packs(vec![units(2, 1)]);
    life.does(dispatch(shipment_id));
    delivers_and_completes(&mut life);
    assert_eq!((life.order().kept(), life.order().owed()), (303, 303));
}

#[test]
fn carriage_joins_the_first_parcel() {
    let mut life = confirmed(basket(vec![stocked("a", 2, 100), item("carriage", ItemKind::Unstocked, 1, 5)]));
    assert!(life.order().shipments.is_empty());
    life.packs(vec![units(1, 1)]);
    assert_eq!(life.order().shipments[0].lines.iter().map(|l| (l.line_id.0, l.qty)).collect::<Vec<_>>(), [(1, 1), (2, 1)]);
}

#[test]
fn an_invoice_is_paid_after_completion() {
    let mut life = Life::of(Basket { terms: Terms::Invoice, ..usual() });
    assert_eq!(life.order().headline(), Headline::Confirmed);
    assert!(life.order().tenders.attempts.is_empty(), "nothing is authorized");
    let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
    assert!(life.captures_for(shipment_id).is_empty(), "nothing authorized is no wait");
    life.does(dispatch(shipment_id));
    delivers_and_completes(&mut life);
    assert_eq!((life.order().headline(), life.order().due()), (Headline::Completed, 450));
    life.pays("multi");
    assert_eq!(names(&life.approved()), ["PaymentAuthorized", "CaptureStarted"]);
    life.captured();
    assert_eq!(life.order().payment_status(), PaymentStatus::Paid);
    assert_eq!((life.order().kept(), life.order().owed()), (450, 450));
}

#[test]
fn goods_that_came_back_before_the_invoice_was_paid_are_not_owed() {
    let mut life = Life::of(Basket { terms: Terms::Invoice, ..usual() });
    let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
    life.does(dispatch(shipment_id));
    life.does(Command::Deliver { shipment_id });
    let return_id = ReturnId::new(life.uuid());
    let lines = vec![units(1, 1)];
    life.does(Command::RequestReturn { return_id, lines: lines.clone(), reason: "broken".to_owned(), staff: false });
    let events = life.does(Command::ReceiveReturn { return_id, lines, condition: Condition::Damaged, location: None });
    assert_eq!(names(&events), ["ReturnReceived"], "there is nothing to refund");
    assert_eq!((life.order().credited, life.order().due()), (100, 350));
}

#[test]
fn an_order_cancelled_while_authorize_is_in_flight_keeps_nothing_of_its_approval() {
    let mut life = Life::of(usual());
    life.does(Command::Cancel { reason: CancelReason::Customer });
    assert!(life.order().busy(), "the call has no outcome yet");
    assert_eq!(names(&life.approved()), ["PaymentAuthorized"]);
    life.reversed();
    keeps_nothing(&life);
}

#[test]
fn the_same_approval_by_a_sale_goes_back() {
    let mut life = Life::of(Basket { provider: "sale", ..usual() });
    life.does(Command::Cancel { reason: CancelReason::Customer });
    assert_eq!(granted(&life.approved()), [(RefundCause::Surplus, 450)]);
    life.refunded();
    keeps_nothing(&life);
}

#[test]
fn an_order_for_nothing_is_confirmed_at_once() {
    let mut life = Life::of(Basket { adjustments: vec![discount(-450)], ..usual() });
    let events: Vec<_> = life.events.iter().map(|(_, event)| event.clone()).collect();
    assert_eq!(names(&events), ["OrderPlaced", "RiskAssessed", "OrderConfirmed"]);
    assert_eq!(life.order().payment_status(), PaymentStatus::NotRequired);
    let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
    assert!(life.captures_for(shipment_id).is_empty());
    life.does(dispatch(shipment_id));
    delivers_and_completes(&mut life);
    keeps_nothing(&life);
}

#[test]
fn an_order_that_a_screen_turns_down_gives_back_what_it_held() {
    let mut life = Life::of(Basket { amount: Some(200), ..usual() });
    life.approved();
    let reject = Command::Screen(assessment(RiskVerdict::Reject));
    assert_eq!(names(&life.does(reject)), ["RiskAssessed", "OrderRejected"]);
    assert_eq!(life.order().stock_need().len(), 0);
    life.reversed();
    keeps_nothing(&life);
}

#[test]
fn money_captured_for_an_unpacked_shipment_serves_the_next() {
    let mut life = confirmed(usual());
    let first = life.packs(vec![units(1, 2)]);
    life.captures_for(first);
    life.captured();
    life.does(Command::Unpack { shipment_id: first });
    let next = life.packs(vec![units(1, 3)]);
    life.captures_for(next);
    assert_eq!(life.order().tenders.captures.last().unwrap().amount, 100, "only what 200 do not pay for");
}

#[test]
fn a_provider_that_captures_once_captures_all_with_the_first_shipment() {
    let mut life = confirmed(Basket { provider: "single", ..usual() });
    assert_eq!(life.order().tenders.attempts[0].provider, provider("single"));
    let first = life.packs(vec![units(1, 1)]);
    life.captures_for(first);
    assert_eq!(life.order().tenders.captures[0].amount, 450);
    life.captured();
    let events = life.does(Command::Edit(Box::new(Edit {
        change: vec![LineChange { line_id: commerce_core::id::LineId(1), qty: Some(qty(3)), unit_price: None, adjustments: None }],
        ..Edit::default()
    })));
    assert_eq!(granted(&events), [(RefundCause::Edit, 100)]);
}

#[test]
fn an_approval_of_less_than_was_asked_leaves_the_rest_due() {
    let mut life = Life::of(usual());
    life.does(Command::Attempt { attempt_id: life.last_attempt(), outcome: approved(400, false) });
    assert_eq!((life.order().headline(), life.order().due()), (Headline::Pending, 50));
}
