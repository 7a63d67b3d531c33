//! Each guard of the table: a command that it refuses, by the refusal's code, and next to it one that it lets through.

use commerce_core::fact::FailureCode;
use commerce_core::id::{AttemptId, LineId, PersonalRef, ShipmentId};
use commerce_core::money::{Currency, Money};
use commerce_core::order::{
    Assessment, AttemptOutcome, CancelReason, CapturePolicy, Command, Condition, Edit, GrantRefund, LINE_UNITS_MAX, LINES_MAX, LineChange,
    Pay, RiskVerdict, TEXT_MAX_CHARS, Terms,
};
use commerce_core::quantity::LineQty;
use uuid::Uuid;

use crate::states::{at, return_of, usual};
use crate::support::{Basket, Life, approved, assessment, basket, discount, dispatch, here, money, qty, stocked, units};

/// A row: the guard, what it says to a command, and a command that passes it.
type Row = (&'static str, Result<(), String>, &'static str, Result<(), String>);

fn told(life: &Life, command: Command) -> Result<(), String> {
    life.judge(command).map(drop).map_err(|refusal| refusal.code().to_owned())
}

fn check(rows: Vec<Row>) {
    for (guard, refused, code, accepted) in rows {
        assert_eq!(refused, Err(code.to_owned()), "{guard}: refused");
        assert_eq!(accepted, Ok(()), "{guard}: accepted");
    }
}

fn in_state(state: &str, command: impl FnOnce(&Life) -> Command) -> Result<(), String> {
    let life = at(state);
    let command = command(&life);
    told(&life, command)
}

fn placing(basket: Basket) -> Result<(), String> {
    let life = Life::new();
    let place = life.place(basket);
    told(&life, place)
}

#[test]
fn place() {
    let mut dollars = stocked("a", 1, 100);
    dollars.unit_price = Money::from_minor(100, Currency::USD);
    let titled = |chars: usize| {
        let mut line = stocked("a", 1, 100);
        line.title = "x".repeat(chars);
        vec![line]
    };
    let reduced = |by: i64| Basket { adjustments: vec![discount(by)], ..usual() };
    let line_reduced = |by: i64| {
        let mut line = stocked("a", 1, 100);
        line.adjustments = vec![discount(by)];
        basket(vec![line, stocked("b", 1, 500)])
    };
    let many = |count: usize| basket(vec![stocked("a", 1, 1); count]);
    let large = 1_000_000_000_000_000;
    check(vec![
        ("at least one line", placing(many(0)), "line_count", placing(many(1))),
        ("at most so many lines", placing(many(LINES_MAX + 1)), "line_count", placing(many(LINES_MAX))),
        (
            "at most so many units",
            placing(basket(vec![stocked("a", LINE_UNITS_MAX + 1, 1)])),
            "quantity_not_allowed",
            placing(basket(vec![stocked("a", LINE_UNITS_MAX, 1)])),
        ),
        ("one currency", placing(basket(vec![stocked("a", 1, 1), dollars])), "mixed_currencies", placing(usual())),
        ("total not below zero", placing(reduced(-451)), "negative_total", placing(reduced(-450))),
        ("no line below zero", placing(line_reduced(-101)), "negative_total", placing(line_reduced(-100))),
        (
            "amounts that sums can hold",
            placing(basket(vec![stocked("a", 1, large), stocked("a", 1, 1)])),
            "amount_too_large",
            placing(basket(vec![stocked("a", 1, large)])),
        ),
        (
            "texts of bounded length",
            placing(basket(titled(TEXT_MAX_CHARS + 1))),
            "text_not_allowed",
            placing(basket(titled(TEXT_MAX_CHARS))),
        ),
        ("placed once", in_state("P", |l| l.place(usual())), "order_exists", placing(usual())),
    ]);
}

#[test]
fn hold_resume_screen_expire() {
    let expire_at = |state: &str, hours: u64| {
        let mut life = at(state);
        life.now = life.now.plus_secs(hours * 3_600);
        told(&life, Command::Expire)
    };
    let mut by_operator = at("P");
    by_operator.does(Command::Hold);
    by_operator.now = by_operator.now.plus_secs(1_000 * 3_600);
    let operator_held = told(&by_operator, Command::Expire);
    let review = || Command::Screen(assessment(RiskVerdict::Review));
    let accept = || Command::Screen(assessment(RiskVerdict::Accept));
    let wordy =
        |reasons, chars| Command::Screen(Assessment { reasons: vec!["x".repeat(chars); reasons], ..assessment(RiskVerdict::Accept) });
    check(vec![
        ("hold: not busy", in_state("Pb", |_| Command::Hold), "payment_in_progress", in_state("Pa", |_| Command::Hold)),
        ("hold: no capture open", in_state("Cc", |_| Command::Hold), "payment_in_progress", in_state("Cp", |_| Command::Hold)),
        ("review: not busy", in_state("Pb", |_| review()), "payment_in_progress", in_state("Pa", |_| review())),
        ("accept: held for review", told(&by_operator, accept()), "illegal_transition", in_state("Hp", |_| accept())),
        ("screen: 20 reasons at most", in_state("P", |_| wordy(21, 1)), "too_many_parts", in_state("P", |_| wordy(20, 1))),
        (
            "screen: bounded reasons",
            in_state("P", |_| wordy(1, TEXT_MAX_CHARS + 1)),
            "text_not_allowed",
            in_state("P", |_| wordy(1, TEXT_MAX_CHARS)),
        ),
        ("expire: not before pay_by", expire_at("P", 23), "not_due", expire_at("P", 24)),
        ("expire: not before the review's end", expire_at("Hp", 71), "not_due", expire_at("Hp", 72)),
        ("expire: not busy", expire_at("Pb", 24), "payment_in_progress", expire_at("Pa", 24)),
        ("expire: not what an operator holds", operator_held, "illegal_transition", told(&by_operator, Command::Resume)),
    ]);
}

#[test]
fn pay_and_outcomes() {
    let pay = |state: &str, amount: Option<i64>| in_state(state, |l| Command::Pay(l.pay("multi", amount)));
    let invoice = |terms| {
        let mut life = Life::of(Basket { terms, ..usual() });
        if terms == Terms::Prepaid {
            life.approved();
        }
        let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
        if terms == Terms::Prepaid {
            life.captures_for(shipment_id);
            life.captured();
        }
        life.does(dispatch(shipment_id));
        life.does(Command::Deliver { shipment_id });
        life.does(Command::Complete);
        let pay = life.pay("multi", None);
        told(&life, Command::Pay(pay))
    };
    let outcome = |amount| in_state("Pb", |l| Command::Attempt { attempt_id: l.last_attempt(), outcome: approved(amount, false) });
    let unknown = in_state("Pb", |_| Command::Attempt { attempt_id: AttemptId::new(Uuid::nil()), outcome: approved(1, false) });
    let declined = AttemptOutcome::Failed { code: FailureCode::Declined, retryable: false };
    let known = in_state("Pb", |l| Command::Attempt { attempt_id: l.last_attempt(), outcome: declined });
    let taken = in_state("Pa", |l| Command::Pay(Pay { attempt_id: l.last_attempt(), ..l.pay("multi", None) }));
    check(vec![
        ("something is due", pay("C", None), "nothing_due", pay("Cu", None)),
        ("at most what is due", pay("P", Some(451)), "amount_above_limit", pay("P", Some(450))),
        ("more than nothing", pay("P", Some(0)), "amount_not_positive", pay("P", Some(1))),
        ("not busy", pay("Pb", None), "payment_in_progress", pay("Pa", None)),
        ("not on hold", pay("Hp", None), "illegal_transition", pay("P", None)),
        ("after completion on invoice only", invoice(Terms::Prepaid), "illegal_transition", invoice(Terms::Invoice)),
        ("an attempt id of its own", taken, "id_taken", pay("Pa", None)),
        ("a known attempt", unknown, "unknown_part", known),
        ("approved: at most what was asked", outcome(451), "amount_above_limit", outcome(450)),
        ("approved: more than nothing", outcome(0), "amount_not_positive", outcome(1)),
    ]);
}

fn change(line: u32, count: Option<u32>, price: Option<i64>) -> Edit {
    let change = LineChange { line_id: LineId(line), qty: count.map(qty), unit_price: price.map(money), adjustments: None };
    Edit { change: vec![change], ..Edit::default() }
}

#[test]
fn edit_and_cancel_lines() {
    let edit = |state: &str, edit: Edit| in_state(state, |_| Command::Edit(Box::new(edit)));
    let reduced = |by: i64| Edit { adjustments: Some(vec![discount(by)]), ..Edit::default() };
    let line_reduced = |by: i64| {
        let mut edit = change(2, None, None);
        edit.change[0].adjustments = Some(vec![discount(by)]);
        edit
    };
    let moved = || Edit { personal_ref: Some(PersonalRef::new(Uuid::nil())), ..Edit::default() };
    let without = |lines: &[u32]| Edit { remove: lines.iter().map(|n| LineId(*n)).collect(), ..Edit::default() };
    let twice = Edit { remove: vec![LineId(1)], ..change(1, Some(2), None) };
    let cancel = |state: &str, lines: Vec<LineQty>| in_state(state, |_| Command::CancelLines { lines, reason: String::new() });
    check(vec![
        ("edit: not busy", edit("Pb", reduced(-1)), "payment_in_progress", edit("Pa", reduced(-1))),
        ("edit: no fewer than packed", edit("Ck", change(1, Some(1), None)), "quantity_not_allowed", edit("Ck", change(1, Some(2), None))),
        (
            "edit: at most so many units",
            edit("P", change(1, Some(1_000_001), None)),
            "quantity_not_allowed",
            edit("P", change(1, Some(9), None)),
        ),
        ("edit: something is left", edit("P", without(&[1, 2])), "nothing_left", edit("P", without(&[1]))),
        ("edit: no part below zero", edit("P", line_reduced(-51)), "negative_total", edit("P", line_reduced(-50))),
        ("edit: no price below zero", edit("P", change(1, None, Some(-1))), "negative_total", edit("P", change(1, None, Some(0)))),
        ("edit: total not below zero", edit("P", reduced(-451)), "negative_total", edit("P", reduced(-450))),
        ("edit: only while a unit is free", edit("Cd", reduced(-1)), "total_fixed", edit("C", reduced(-1))),
        (
            "edit: a price that no free unit has",
            edit("Cd", change(1, None, Some(90))),
            "total_fixed",
            edit("Cd", change(1, None, Some(100))),
        ),
        ("edit: address until packed", edit("Ck", moved()), "address_fixed", edit("C", moved())),
        ("edit: known lines", edit("P", without(&[3])), "unknown_line", edit("P", without(&[2]))),
        ("edit: a line once", edit("P", twice), "line_named_twice", edit("P", change(1, Some(2), None))),
        ("cancel lines: open units", cancel("Ck", vec![units(1, 3)]), "quantity_not_allowed", cancel("Ck", vec![units(1, 2)])),
        ("cancel lines: not busy", cancel("Pb", vec![units(1, 1)]), "payment_in_progress", cancel("Pa", vec![units(1, 1)])),
        ("cancel lines: some", cancel("P", vec![]), "line_count", cancel("P", vec![units(2, 1)])),
        ("cancel lines: a line once", cancel("P", vec![units(1, 1); 2]), "line_named_twice", cancel("P", vec![units(1, 2)])),
        (
            "cancel: nothing packed",
            in_state("Ck", |_| Command::Cancel { reason: CancelReason::Customer }),
            "illegal_transition",
            in_state("C", |_| Command::Cancel { reason: CancelReason::Customer }),
        ),
    ]);
}

#[test]
fn pack_and_capture() {
    let pack = |state: &str, count: u32| in_state(state, |l| l.pack_command(vec![units(1, count)]));
    let held = |life: &Life, there: u64| life.order().stock_need().into_keys().map(|sku| (sku, there)).collect();
    let pack_where = |location, there| {
        in_state("Ck", |l| Command::Pack {
            shipment_id: ShipmentId::new(l.uuid()),
            lines: vec![units(1, 1)],
            location,
            stock: held(l, there),
        })
    };
    let taken = in_state("Ck", |l| {
        let Command::Pack { lines, location, stock, .. } = l.pack_command(vec![units(1, 1)]) else { unreachable!() };
        Command::Pack { shipment_id: l.last_shipment(), lines, location, stock }
    });
    let unpack = |state: &str| in_state(state, |l| Command::Unpack { shipment_id: l.last_shipment() });
    let capture = |state: &str, minor: i64| in_state(state, |_| Command::StartCapture { shipment_id: None, amount: Some(money(minor)) });
    let capture_for = |state: &str, id: Option<ShipmentId>| {
        in_state(state, |l| Command::StartCapture { shipment_id: Some(id.unwrap_or(l.last_shipment())), amount: Some(money(1)) })
    };
    let capture_after_cancel = |minor| {
        let mut life = at("C");
        life.does(Command::CancelLines { lines: vec![units(1, 1)], reason: String::new() });
        told(&life, Command::StartCapture { shipment_id: None, amount: Some(money(minor)) })
    };
    check(vec![
        ("pack: covered", pack("Cu", 1), "order_not_covered", pack("C", 1)),
        ("pack: confirmed", pack("Hc", 1), "illegal_transition", pack("C", 1)),
        ("pack: open units", pack("Ck", 3), "quantity_not_allowed", pack("Ck", 2)),
        ("pack: at a location", pack_where(None, 9), "location_needed", pack_where(Some(here()), 9)),
        // two units are packed there already
        ("pack: where the stock is", pack_where(Some(here()), 2), "not_at_location", pack_where(Some(here()), 3)),
        ("pack: a shipment id of its own", taken, "id_taken", pack("Ck", 1)),
        ("unpack: packed", unpack("Cs"), "illegal_transition", unpack("Cp")),
        ("unpack: its capture not open", unpack("Cc"), "capture_in_progress", unpack("Ck")),
        ("capture: not busy", capture("Cc", 1), "payment_in_progress", capture("Cp", 1)),
        ("capture: more than nothing", capture("C", 0), "amount_not_positive", capture("C", 1)),
        ("capture: at most what is authorized", capture("C", 451), "amount_above_limit", capture("C", 450)),
        ("capture: at most what is not kept", capture_after_cancel(351), "amount_above_limit", capture_after_cancel(350)),
        ("capture: a known shipment", capture_for("Ck", Some(ShipmentId::new(Uuid::nil()))), "unknown_part", capture_for("Ck", None)),
        ("capture: a packed shipment", capture_for("Cs", None), "illegal_transition", capture_for("Cp", None)),
        ("capture: not on hold", capture("Hc", 1), "illegal_transition", capture("C", 1)),
    ]);
}

#[test]
fn dispatch_deliver_lose() {
    let leave = |state: &str| in_state(state, |l| dispatch(l.last_shipment()));
    let on_trust = |terms, capture_policy| {
        let mut life = Life::of(Basket { terms, capture_policy, ..usual() });
        if terms == Terms::Prepaid {
            life.approved();
        }
        let id = life.packs(vec![units(1, 2)]);
        if terms == Terms::Prepaid {
            life.does(Command::StartCapture { shipment_id: Some(id), amount: Some(money(7)) });
        }
        told(&life, dispatch(id))
    };
    let deliver = |state: &str| in_state(state, |l| Command::Deliver { shipment_id: l.last_shipment() });
    let lose = |state: &str| in_state(state, |l| Command::Lose { shipment_id: l.last_shipment() });
    let mut going_back = at("Cs");
    let request = return_of(&going_back, 1, 1);
    going_back.does(request);
    let lose_returning = told(&going_back, Command::Lose { shipment_id: going_back.last_shipment() });
    check(vec![
        ("dispatch: its share captured", leave("Ck"), "not_captured", leave("Cp")),
        ("dispatch: no capture open", leave("Cc"), "capture_in_progress", leave("Cp")),
        ("dispatch: uncaptured only by the caller's will", leave("Ck"), "not_captured", on_trust(Terms::Prepaid, CapturePolicy::Manual)),
        ("dispatch: uncaptured only on invoice", leave("Ck"), "not_captured", on_trust(Terms::Invoice, CapturePolicy::OnShipment)),
        ("dispatch: packed", leave("Cs"), "illegal_transition", leave("Cp")),
        ("dispatch: not on hold", leave("Hs"), "illegal_transition", leave("Cp")),
        ("deliver: dispatched", deliver("Cp"), "illegal_transition", deliver("Cs")),
        ("lose: not delivered", lose("Cd"), "illegal_transition", lose("Cs")),
        ("lose: no unit going back", lose_returning, "units_going_back", lose("Cs")),
    ]);
}

#[test]
fn returns() {
    let request = |count: u32, days: u64, staff: bool| {
        let mut life = at("Cr");
        life.now = life.now.plus_secs(days * 86_400);
        let Command::RequestReturn { return_id, lines, reason, .. } = return_of(&life, 1, count) else { unreachable!() };
        told(&life, Command::RequestReturn { return_id, lines, reason, staff })
    };
    let receive = |count: u32| {
        in_state("Cr", |l| {
            let return_id = l.order().returns[0].id;
            Command::ReceiveReturn { return_id, lines: vec![units(1, count)], condition: Condition::Damaged, location: None }
        })
    };
    let reject = |times: usize| {
        let mut life = at("Cr");
        let reject = Command::RejectReturn { return_id: life.order().returns[0].id, reason: String::new() };
        (1..times).for_each(|_| drop(life.does(reject.clone())));
        told(&life, reject)
    };
    let taken = in_state("Cr", |l| {
        let return_id = l.order().returns[0].id;
        Command::RequestReturn { return_id, lines: vec![units(1, 1)], reason: String::new(), staff: false }
    });
    check(vec![
        ("request: what was dispatched and is not going back", request(4, 0, false), "quantity_not_allowed", request(3, 0, false)),
        ("request: in the window", request(1, 31, false), "outside_return_window", request(1, 30, false)),
        ("request: in the window, or staff", request(1, 31, false), "outside_return_window", request(1, 31, true)),
        ("request: a return id of its own", taken, "id_taken", request(1, 0, false)),
        ("receive: the rest of the return", receive(2), "quantity_not_allowed", receive(1)),
        ("reject: open", reject(2), "illegal_transition", reject(1)),
    ]);
}

/// A paid order whose total an edit has lowered by 60; the refund of it failed.
fn failed_edit_refund() -> Life {
    let mut life = Life::of(Basket { capture_policy: CapturePolicy::AtConfirm, ..usual() });
    life.approved();
    life.captured();
    life.does(Command::Edit(Box::new(change(1, None, Some(85)))));
    life.refund_fails();
    life
}

#[test]
fn grant_refund() {
    let grant = |amount: i64| in_state("Cp", |l| Command::GrantRefund(l.grant(amount)));
    let for_lines = |amount: i64| in_state("Cd", |l| Command::GrantRefund(GrantRefund { lines: vec![units(1, 2)], ..l.grant(amount) }));
    let again = |life: &Life, amount: i64| {
        told(life, Command::GrantRefund(GrantRefund { replaces: Some(life.order().tenders.refunds[0].id), ..life.grant(amount) }))
    };
    let failed = failed_edit_refund();
    let mut replaced = failed_edit_refund();
    let first = replaced.order().tenders.refunds[0].id;
    let grant_again = GrantRefund { replaces: Some(first), ..replaced.grant(60) };
    replaced.does(Command::GrantRefund(grant_again));
    let mut dearer = failed_edit_refund();
    dearer.does(Command::Edit(Box::new(change(1, None, Some(90)))));
    // the edit granted what was too much then, and that failed as well
    dearer.refund_fails();
    let open = at("Cr");
    let mut arrived = at("Cr");
    arrived.refunded();
    let taken = in_state("Cr", |l| Command::GrantRefund(GrantRefund { refund_id: l.last_refund(), ..l.grant(1) }));
    check(vec![
        ("at most the room", grant(201), "amount_above_limit", grant(200)),
        ("more than nothing", grant(0), "amount_not_positive", grant(1)),
        ("with lines: at most what they paid", for_lines(201), "amount_above_limit", for_lines(200)),
        ("a refund id of its own", taken, "id_taken", grant(1)),
        ("replaces: no part open", again(&open, 5), "refund_not_replaceable", again(&failed, 60)),
        ("replaces: a failed one", again(&arrived, 5), "refund_not_replaceable", again(&failed, 60)),
        ("replaces: once", again(&replaced, 60), "refund_not_replaceable", again(&failed, 60)),
        ("replaces: at most what failed", again(&failed, 61), "amount_above_limit", again(&failed, 60)),
        ("replaces an edit's: at most the excess", again(&dearer, 41), "amount_above_limit", again(&dearer, 40)),
    ]);
}

#[test]
fn complete() {
    let complete = |state: &str| in_state(state, |_| Command::Complete);
    let way_back = |all: bool| {
        let mut life = at("C");
        life.ships(vec![units(1, 4), units(2, 1)]);
        let lines = if all { vec![units(1, 4), units(2, 1)] } else { vec![units(1, 4)] };
        let Command::RequestReturn { return_id, reason, .. } = return_of(&life, 1, 1) else { unreachable!() };
        life.does(Command::RequestReturn { return_id, lines: lines.clone(), reason, staff: false });
        life.does(Command::ReceiveReturn { return_id, lines, condition: Condition::Damaged, location: None });
        life.refunded();
        told(&life, Command::Complete)
    };
    let manual = |captured: bool| {
        let mut life = Life::of(Basket { capture_policy: CapturePolicy::Manual, ..usual() });
        life.approved();
        let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
        life.does(dispatch(shipment_id));
        life.does(Command::Deliver { shipment_id });
        life.does(Command::StartCapture { shipment_id: None, amount: Some(money(if captured { 450 } else { 449 })) });
        life.captured();
        told(&life, Command::Complete)
    };
    let busy = |settled: bool| {
        let mut life = Life::of(Basket { capture_policy: CapturePolicy::Manual, ..usual() });
        life.approved();
        let shipment_id = life.packs(vec![units(1, 4), units(2, 1)]);
        life.does(dispatch(shipment_id));
        life.does(Command::Deliver { shipment_id });
        life.does(Command::StartCapture { shipment_id: None, amount: None });
        if settled {
            life.captured();
        }
        told(&life, Command::Complete)
    };
    let mut lost = at("C");
    let shipment_id = lost.ships(vec![units(1, 4), units(2, 1)]);
    let on_its_way = told(&lost, Command::Complete);
    lost.does(Command::Lose { shipment_id });
    lost.refunded();
    let mut refunding = at("Cr");
    let refund_open = told(&refunding, Command::Complete);
    refunding.refunded();
    check(vec![
        ("no unit open", complete("C"), "not_complete", complete("Cd")),
        ("no unit packed", complete("Cp"), "not_complete", complete("Cd")),
        ("delivered or lost", on_its_way, "not_complete", told(&lost, Command::Complete)),
        ("delivered or wholly returned", way_back(false), "not_complete", way_back(true)),
        ("not busy", busy(false), "not_complete", busy(true)),
        ("no refund open", refund_open, "not_complete", told(&refunding, Command::Complete)),
        ("paid", manual(false), "not_complete", manual(true)),
        ("confirmed", complete("Hs"), "illegal_transition", complete("Cd")),
    ]);
}
