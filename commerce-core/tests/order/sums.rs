//! What lines and units cost: whatever way an order is taken apart, the parts sum to the whole.

use commerce_core::fact::PaymentFact;
use commerce_core::id::{LineId, ReturnId};
use commerce_core::order::{Command, Condition, Edit, Event, LineChange, LineItem, Order, Refusal};
use proptest::prelude::*;

use crate::support::{Basket, Life, basket, discount, dispatch, money, qty, stocked, units};

/// Lines of up to six units, and an order-level amount that leaves the total at zero or more.
fn priced() -> impl Strategy<Value = (Vec<(u32, i64)>, i64)> {
    let lines = prop::collection::vec((1_u32..=6, 0_i64..=400), 1..=5);
    lines.prop_flat_map(|lines| {
        let gross: i64 = lines.iter().map(|(count, price)| i64::from(*count) * price).sum();
        (Just(lines), -gross..=500)
    })
}

fn items(lines: &[(u32, i64)]) -> Vec<LineItem> {
    lines.iter().map(|(count, price)| stocked("a", *count, *price)).collect()
}

/// Placed, approved in full, confirmed.
fn confirmed(lines: &[(u32, i64)], shared: i64) -> Life {
    let mut life = Life::of(Basket { adjustments: vec![discount(shared)], ..basket(items(lines)) });
    if !life.order().tenders.attempts.is_empty() {
        life.approved();
    }
    life
}

fn totals(order: &Order) -> Vec<i64> {
    order.lines.iter().map(|line| line.cum(line.live())).collect()
}

proptest! {
    #[test]
    fn units_differ_by_one_minor_unit_and_sum_to_their_line((lines, shared) in priced()) {
        let order = confirmed(&lines, shared).order.unwrap();
        let whole: i64 = lines.iter().map(|(count, price)| i64::from(*count) * price).sum::<i64>() + shared;
        prop_assert_eq!(order.total(), whole);
        for line in &order.lines {
            let each: Vec<i64> = (0..line.live()).map(|n| line.cum(n + 1) - line.cum(n)).collect();
            prop_assert_eq!(each.iter().sum::<i64>(), line.cum(line.live()));
            prop_assert!(each.is_sorted_by(|a, b| a >= b), "the first units take the odd ones: {:?}", each);
            prop_assert!(each[0] - each[each.len() - 1] <= 1, "{:?}", each);
        }
    }

    #[test]
    fn a_line_differs_from_its_exact_share_by_less_than_one_minor_unit((lines, shared) in priced()) {
        let order = confirmed(&lines, shared).order.unwrap();
        let gross: i64 = lines.iter().map(|(count, price)| i64::from(*count) * price).sum();
        for (line, (count, price)) in order.lines.iter().zip(&lines) {
            // share * gross against the line's part of the total, both times the sum of weights
            let exact = if gross == 0 { continue } else { (gross + shared) * i64::from(*count) * price };
            prop_assert!((line.cum(line.live()) * gross - exact).abs() < gross, "{:?}", totals(&order));
        }
    }

    #[test]
    fn an_edit_that_changes_no_price_keeps_the_total((lines, shared) in priced(), packed in 0_u32..=6) {
        let mut life = confirmed(&lines, shared);
        let pack = packed.min(lines[0].0);
        if pack > 0 {
            life.ships(vec![units(1, pack)]);
        }
        let (total, fixed) = (life.order().total(), life.order().lines[0].cum(pack));
        let same = |n: u32| LineChange { line_id: LineId(n), qty: Some(qty(lines[n as usize - 1].0)), unit_price: None, adjustments: None };
        let change = (1..=u32::try_from(lines.len()).unwrap()).map(same).collect();
        life.does(Command::Edit(Box::new(Edit { change, ..Edit::default() })));
        prop_assert_eq!(life.order().total(), total);
        prop_assert_eq!(life.order().lines[0].cum(pack), fixed);
    }

    #[test]
    fn an_edit_prices_free_units_anew_and_no_other(
        (lines, shared) in priced(), packed in 1_u32..=6, price in 0_i64..=400, more in 1_u32..=4, added in 0_i64..=50
    ) {
        let mut life = confirmed(&lines, shared);
        let pack = packed.min(lines[0].0);
        life.ships(vec![units(1, pack)]);
        let before = life.order().lines[0].clone();
        let (old_total, free) = (life.order().total(), before.live() - pack);
        let change = LineChange { line_id: LineId(1), qty: Some(qty(before.ordered + more)), unit_price: Some(money(price)), adjustments: None };
        let edit = Edit { add: vec![stocked("b", 1, added)], change: vec![change], ..Edit::default() };
        // what is shared by other free lines may fall short of a price that was lowered
        let Ok(decided) = life.judge(Command::Edit(Box::new(edit))) else { return Ok(()) };
        life.adopt(decided);
        let after = &life.order().lines[0];
        for n in 0..=pack {
            prop_assert_eq!(after.cum(n), before.cum(n), "unit {} has left and keeps its price", n);
        }
        let difference = price * i64::from(free + more) - lines[0].1 * i64::from(free) + added;
        prop_assert_eq!(life.order().total(), old_total + difference);
        prop_assert_eq!(totals(life.order()).iter().sum::<i64>(), life.order().total());
        let told = life.events.iter().rev().find_map(|(_, e)| if let Event::OrderEdited(edited) = e { Some(edited.total.minor()) } else { None });
        prop_assert_eq!(told, Some(life.order().total()));
    }

    #[test]
    fn an_edit_of_the_shared_amounts_says_what_the_whole_order_shares((lines, shared) in priced(), packed in 0_u32..=6, new in -200_i64..=200) {
        let mut life = confirmed(&lines, shared);
        let pack = packed.min(lines[0].0);
        if pack > 0 {
            life.ships(vec![units(1, pack)]);
        }
        let edit = Edit { adjustments: Some(vec![discount(new)]), ..Edit::default() };
        let gross: i64 = lines.iter().map(|(count, price)| i64::from(*count) * price).sum();
        match life.judge(Command::Edit(Box::new(edit))) {
            Ok(decided) => prop_assert_eq!(decided.order.total(), gross + new),
            Err(refusal) => prop_assert!(matches!(refusal, Refusal::NegativeTotal | Refusal::TotalFixed), "{:?}", refusal),
        }
    }

    #[test]
    fn cancellations_captures_and_returns_sum_to_the_whole((lines, shared) in priced(), cuts in prop::collection::vec((1_u32..=5, 0_u32..=6, 0_u32..=6), 0..8)) {
        let mut life = confirmed(&lines, shared);
        let whole = life.order().total();
        let mut cancelled = 0;
        for (n, cancel, ship) in cuts {
            let Some(line) = life.order().line(LineId(n)) else { continue };
            let cancel = cancel.min(line.open());
            let live: u32 = life.order().lines.iter().map(|line| line.live()).sum();
            if cancel > 0 && cancel < live {
                let events = life.does(Command::CancelLines { lines: vec![units(n, cancel)], reason: String::new() });
                let Event::LinesCancelled { value, .. } = &events[0] else { unreachable!() };
                cancelled += value.minor();
            }
            let ship = ship.min(life.order().line(LineId(n)).unwrap().open());
            if ship > 0 {
                life.ships(vec![units(n, ship)]);
            }
        }
        for n in 1..=u32::try_from(lines.len()).unwrap() {
            let open = life.order().line(LineId(n)).unwrap().open();
            if open > 0 {
                life.ships(vec![units(n, open)]);
            }
        }
        prop_assert_eq!(life.order().total() + cancelled, whole);
        prop_assert_eq!(life.order().captured(), life.order().total(), "each shipment captured its share");
        prop_assert_eq!(returned_unit_by_unit(&mut life), whole - cancelled);
        prop_assert_eq!(life.order().room(), 0);
    }
}

/// Sends every unit back on its own; what that refunds.
fn returned_unit_by_unit(life: &mut Life) -> i64 {
    let mut refunded = 0;
    let on_the_way: Vec<_> = life.order().shipments.iter().map(|s| s.id).collect();
    for shipment_id in on_the_way {
        life.does(Command::Deliver { shipment_id });
    }
    for line in life.order().lines.clone() {
        for _ in 0..line.dispatched {
            let (return_id, lines) = (ReturnId::new(life.uuid()), vec![units(line.id.0, 1)]);
            life.does(Command::RequestReturn { return_id, lines: lines.clone(), reason: String::new(), staff: true });
            let events = life.does(Command::ReceiveReturn { return_id, lines, condition: Condition::Damaged, location: None });
            refunded += events
                .iter()
                .map(|event| match event {
                    Event::Payment(PaymentFact::RefundGranted { amount, .. }) => amount.minor(),
                    _ => 0,
                })
                .sum::<i64>();
        }
    }
    refunded
}

#[test]
fn odd_minor_units_go_to_the_first_units_and_the_largest_remainders() {
    let life = confirmed(&[(3, 100), (1, 100), (2, 50)], -100);
    // 400 over weights 300, 100, 100: 240, 80, 80
    assert_eq!(totals(life.order()), [240, 80, 80]);
    let life = confirmed(&[(3, 100), (1, 100), (1, 100)], -1);
    // 499 over 300, 100, 100: 299.4, 99.8, 99.8
    assert_eq!(totals(life.order()), [299, 100, 100]);
    let line = &life.order().lines[0];
    assert_eq!((0..=3).map(|n| line.cum(n)).collect::<Vec<_>>(), [0, 100, 200, 299]);
}

#[test]
fn what_is_shared_goes_by_units_where_nothing_has_a_price() {
    let life = confirmed(&[(3, 0), (1, 0)], 40);
    assert_eq!(totals(life.order()), [30, 10]);
}

#[test]
fn a_packed_shipment_is_free_until_it_is_captured_for() {
    let price = |life: &mut Life, price: i64| {
        let change = LineChange { line_id: LineId(1), qty: None, unit_price: Some(money(price)), adjustments: None };
        life.does(Command::Edit(Box::new(Edit { change: vec![change], ..Edit::default() })));
        life.order().total()
    };
    let mut life = confirmed(&[(4, 100)], 0);
    let packed = life.packs(vec![units(1, 2)]);
    assert_eq!(price(&mut life, 90), 360, "nothing is captured: all four are priced anew");
    life.captures_for(packed);
    life.captured();
    assert_eq!(price(&mut life, 50), 280, "two are captured for at 90");
    life.does(dispatch(packed));
    assert_eq!(price(&mut life, 10), 200, "two have left at 90");
}
