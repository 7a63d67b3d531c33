//! The four axes and the headline, as tables: how an order got there, and the words that it is told in.

use commerce_core::fact::PendingWhy;
use commerce_core::id::ReturnId;
use commerce_core::order::{CancelReason, CapturePolicy, Command, Condition};

use crate::states::{STATES, at, return_of, usual};
use crate::support::{Basket, Life, action_required, discount, dispatch, stocked, units};

/// Payment, fulfillment, returns, headline.
fn words(life: &Life) -> [&'static str; 4] {
    let order = life.order();
    [order.payment_status().as_str(), order.fulfillment_status().as_str(), order.return_status().as_str(), order.headline().as_str()]
}

#[test]
fn every_state_has_its_words() {
    #[rustfmt::skip]
    let table = [
        ("P",  ["unpaid",              "unfulfilled",       "none",      "pending"]),
        ("Pb", ["unpaid",              "unfulfilled",       "none",      "pending"]),
        ("Pa", ["unpaid",              "unfulfilled",       "none",      "action_required"]),
        ("Hp", ["unpaid",              "unfulfilled",       "none",      "on_hold"]),
        ("Hc", ["authorized",          "unfulfilled",       "none",      "on_hold"]),
        ("Hs", ["partially_captured",  "partially_shipped", "none",      "on_hold"]),
        ("C",  ["authorized",          "unfulfilled",       "none",      "confirmed"]),
        ("Cu", ["voided",              "unfulfilled",       "none",      "confirmed"]),
        ("Ck", ["authorized",          "unfulfilled",       "none",      "confirmed"]),
        ("Cc", ["authorized",          "unfulfilled",       "none",      "confirmed"]),
        ("Cp", ["partially_captured",  "unfulfilled",       "none",      "confirmed"]),
        ("Cs", ["partially_captured",  "partially_shipped", "none",      "partially_shipped"]),
        ("Cd", ["paid",                "delivered",         "none",      "delivered"]),
        ("Cr", ["paid",                "delivered",         "requested", "delivered"]),
        ("D",  ["paid",                "delivered",         "requested", "completed"]),
        ("X",  ["unpaid",              "unfulfilled",       "none",      "cancelled"]),
        ("R",  ["unpaid",              "unfulfilled",       "none",      "rejected"]),
    ];
    assert_eq!(table.map(|(state, _)| state), STATES[1..]);
    for (state, expected) in table {
        assert_eq!(words(&at(state)), expected, "{state}");
    }
}

fn comes_back(life: &mut Life, line: u32, count: u32) {
    let request = return_of(life, line, count);
    life.does(request);
    let return_id: ReturnId = life.order().returns.last().unwrap().id;
    life.does(Command::ReceiveReturn { return_id, lines: vec![units(line, count)], condition: Condition::Damaged, location: None });
}

#[test]
fn the_payment_axis_follows_the_money() {
    let free = Life::of(Basket { adjustments: vec![discount(-450)], ..usual() });
    assert_eq!(words(&free)[0], "not_required");

    let mut life = at("P");
    life.pays("multi");
    life.declined();
    assert_eq!(words(&life), ["unpaid", "unfulfilled", "none", "payment_failed"]);
    life.pays("multi");
    assert_eq!(words(&life)[3], "pending");
    life.waits_for(PendingWhy::Unknown);
    assert_eq!(words(&life)[3], "pending");
    life.waits_for(action_required());
    assert_eq!(words(&life)[3], "action_required");
    life.approved();
    assert_eq!(words(&life)[0], "authorized");

    let mut life = at("Cd");
    let grant = life.grant(100);
    life.does(Command::GrantRefund(grant));
    assert_eq!(words(&life)[0], "paid", "granted is not yet refunded");
    life.refunded();
    assert_eq!(words(&life)[0], "partially_refunded");
    let grant = life.grant(350);
    life.does(Command::GrantRefund(grant));
    life.refund_fails();
    assert_eq!(words(&life)[0], "partially_refunded");
    let grant = life.grant(350);
    life.does(Command::GrantRefund(grant));
    life.refunded();
    assert_eq!(words(&life), ["refunded", "delivered", "none", "refunded"]);

    let mut life = Life::of(Basket { capture_policy: CapturePolicy::AtConfirm, ..usual() });
    life.approved();
    life.captured();
    assert_eq!(words(&life)[0], "paid");
    let grant = life.grant(450);
    life.does(Command::GrantRefund(grant));
    life.refunded();
    assert_eq!(words(&life), ["refunded", "unfulfilled", "none", "confirmed"], "units are open");
    life.does(Command::Cancel { reason: CancelReason::Customer });
    assert_eq!(words(&life), ["refunded", "unfulfilled", "none", "cancelled"]);
}

#[test]
fn the_fulfillment_axis_follows_the_goods() {
    let mut life = at("C");
    let first = life.ships(vec![units(1, 4)]);
    assert_eq!(words(&life)[1], "partially_shipped");
    life.does(Command::Deliver { shipment_id: first });
    assert_eq!([words(&life)[1], words(&life)[3]], ["partially_delivered"; 2]);
    let second = life.packs(vec![units(2, 1)]);
    life.captures_for(second);
    life.captured();
    assert_eq!(words(&life)[1], "partially_delivered", "packed is not shipped");
    life.does(dispatch(second));
    assert_eq!(words(&life)[1], "partially_delivered", "some has arrived");
    life.does(Command::Deliver { shipment_id: second });
    assert_eq!([words(&life)[1], words(&life)[3]], ["delivered"; 2]);

    let mut life = at("C");
    life.ships(vec![units(1, 4), units(2, 1)]);
    assert_eq!([words(&life)[1], words(&life)[3]], ["shipped"; 2]);

    let mut life = at("Cs");
    life.does(Command::CancelLines { lines: vec![units(1, 2), units(2, 1)], reason: String::new() });
    assert_eq!(words(&life)[1], "shipped", "what was cancelled is not waited for");
}

#[test]
fn the_returns_axis_follows_what_comes_back() {
    let mut life = at("Cd");
    let request = return_of(&life, 2, 1);
    life.does(request);
    assert_eq!(words(&life)[2], "requested");
    let return_id = life.order().returns[0].id;
    life.does(Command::RejectReturn { return_id, reason: String::new() });
    assert_eq!(words(&life)[2], "none");
    comes_back(&mut life, 1, 3);
    assert_eq!([words(&life)[2], words(&life)[3]], ["partially_returned", "delivered"]);
    comes_back(&mut life, 1, 1);
    comes_back(&mut life, 2, 1);
    assert_eq!(words(&life), ["paid", "delivered", "returned", "returned"]);
    life.refunded();
    assert_eq!(words(&life), ["refunded", "delivered", "returned", "refunded"]);
    life.does(Command::Complete);
    assert_eq!(words(&life)[3], "refunded");

    let mut life = at("Cs");
    life.does(Command::Lose { shipment_id: life.last_shipment() });
    assert_eq!(words(&life)[2], "returned", "lost units count as returned");
}

#[test]
fn a_completed_order_that_came_back_unrefunded_is_returned() {
    let mut life = at("C");
    life.policy.refund_on_return = false;
    let shipment_id = life.ships(vec![units(1, 4), units(2, 1)]);
    life.does(Command::Deliver { shipment_id });
    life.does(Command::Complete);
    comes_back(&mut life, 1, 4);
    assert_eq!(words(&life), ["paid", "delivered", "partially_returned", "completed"]);
    comes_back(&mut life, 2, 1);
    assert_eq!(words(&life), ["paid", "delivered", "returned", "returned"]);
}

#[test]
fn an_order_raised_after_it_was_paid_is_partially_captured() {
    let mut life = at("Cd");
    let edit = commerce_core::order::Edit { add: vec![stocked("c", 1, 10)], ..commerce_core::order::Edit::default() };
    life.does(Command::Edit(Box::new(edit)));
    assert_eq!(words(&life), ["partially_captured", "partially_delivered", "none", "partially_delivered"]);
}
