use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::from_secs(1_000);

fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

fn qty(units: u32) -> Quantity {
    Quantity::new(units).unwrap()
}

fn cart(id: u128, customer: Option<&str>, lines: &[(&str, u32)]) -> Cart {
    let customer = customer.map(|name| CustomerId::new(name).unwrap());
    let mut cart = Cart::new(CartId::new(Uuid::from_u128(id)), customer, Currency::GBP, NOW, 60);
    lines.iter().for_each(|(item, units)| cart.put_line(&sku(item), qty(*units)).unwrap());
    cart
}

fn units(cart: &Cart) -> BTreeMap<Sku, u32> {
    cart.lines.iter().map(|line| (line.sku.clone(), line.qty.get())).collect()
}

/// Carts of up to two people and of nobody, with counts near the cap among them.
fn any_cart(id: u128) -> impl Strategy<Value = Cart> {
    let count = prop_oneof![1..9_u32, (LINE_UNITS_MAX - 3)..=LINE_UNITS_MAX];
    let lines = vec((select(vec!["A", "B", "C", "D", "E"]), count), 0..6);
    (select(vec![None, Some("ann"), Some("bob")]), lines).prop_map(move |(customer, lines)| cart(id, customer, &lines))
}

#[test]
fn a_line_is_set_not_added_to_and_keeps_its_place() {
    let mut cart = cart(1, None, &[("B", 2), ("A", 1)]);
    cart.put_line(&sku("B"), qty(7)).unwrap();
    cart.put_line(&sku("b"), qty(1)).unwrap();
    let lines: Vec<_> = cart.lines.iter().map(|line| (line.sku.as_str(), line.qty.get())).collect();
    assert_eq!(lines, [("B", 7), ("A", 1), ("b", 1)]);
    cart.remove_line(&sku("A")).unwrap();
    assert_eq!(cart.remove_line(&sku("A")), Err(Refusal::NoLine(sku("A"))));
    assert_eq!(units(&cart), [(sku("B"), 7), (sku("b"), 1)].into());
}

#[test]
fn a_cart_has_so_many_lines_and_a_line_so_many_units_at_most() {
    let mut full = cart(1, None, &[]);
    for number in 0..LINES_MAX {
        full.put_line(&sku(&format!("sku {number}")), qty(1)).unwrap();
    }
    let before = full.clone();
    assert_eq!(full.put_line(&sku("one more"), qty(1)), Err(Refusal::Full { lines: LINES_MAX + 1 }));
    assert_eq!(full.merge(&cart(2, None, &[("one more", 1), ("and more", 1)])), Err(Refusal::Full { lines: LINES_MAX + 2 }));
    assert_eq!(full.put_line(&sku("sku 0"), qty(LINE_UNITS_MAX + 1)), Err(Refusal::TooMany { units: LINE_UNITS_MAX + 1 }));
    assert_eq!(full, before);
    full.put_line(&sku("sku 0"), qty(LINE_UNITS_MAX)).unwrap();
    full.merge(&cart(2, None, &[("sku 0", 5), ("sku 1", 5)])).unwrap();
    assert_eq!((full.lines[0].qty.get(), full.lines[1].qty.get()), (LINE_UNITS_MAX, 6));
}

#[test]
fn merging_never_takes_another_persons_cart() {
    for (into, from, expect) in [
        (Some("ann"), Some("ann"), Ok(())),
        (Some("ann"), None, Ok(())),
        (None, None, Ok(())),
        (Some("ann"), Some("bob"), Err(Refusal::SomeoneElses)),
        (None, Some("bob"), Err(Refusal::SomeoneElses)),
    ] {
        let mut target = cart(1, into, &[("A", 1)]);
        assert_eq!(target.merge(&cart(2, from, &[("A", 1)])), expect, "{from:?} into {into:?}");
    }
}

#[test]
fn a_cart_is_not_merged_into_itself_or_into_another_currency() {
    let mut target = cart(1, Some("ann"), &[("A", 1)]);
    assert_eq!(target.merge(&target.clone()), Err(Refusal::Itself));
    let euros = Cart { currency: Currency::EUR, ..cart(2, None, &[("A", 1)]) };
    assert_eq!(target.merge(&euros), Err(Refusal::MixedCurrency { into: Currency::GBP, from: Currency::EUR }));
    assert_eq!(target, cart(1, Some("ann"), &[("A", 1)]));
}

#[test]
fn each_write_counts_and_lets_the_cart_live_on() {
    let first = cart(1, None, &[]);
    assert_eq!((first.revision, first.updated_at, first.expires_at), (Revision(1), NOW, NOW.plus_secs(60)));
    assert!(!first.is_expired(NOW.plus_millis(59_999)) && first.is_expired(NOW.plus_secs(60)));
    let next = first.clone().written(NOW.plus_secs(30), 60);
    assert_eq!((next.revision, next.updated_at, next.expires_at), (Revision(2), NOW.plus_secs(30), NOW.plus_secs(90)));
    assert_eq!((next.created_at, next.id), (first.created_at, first.id));
}

proptest! {
    #[test]
    fn a_merge_adds_line_by_line_and_loses_nothing_below_the_cap(into in any_cart(1), from in any_cart(2)) {
        let (a, b) = (units(&into), units(&from));
        let mut merged = into.clone();
        match merged.merge(&from) {
            Ok(()) => {
                prop_assert!(from.customer.is_none() || from.customer == into.customer);
                let of = |units: &BTreeMap<Sku, u32>, item: &Sku| units.get(item).copied().unwrap_or(0);
                let all: BTreeSet<&Sku> = a.keys().chain(b.keys()).collect();
                let sums = all.iter().map(|item| ((*item).clone(), (of(&a, item) + of(&b, item)).min(LINE_UNITS_MAX)));
                prop_assert_eq!(units(&merged), sums.collect::<BTreeMap<_, _>>());
                prop_assert_eq!(merged.lines.len(), all.len());
                let places: Vec<_> = merged.lines.iter().take(into.lines.len()).map(|line| &line.sku).collect();
                prop_assert_eq!(places, into.lines.iter().map(|line| &line.sku).collect::<Vec<_>>());
                prop_assert_eq!((merged.id, &merged.customer, merged.revision), (into.id, &into.customer, into.revision));
            }
            Err(refusal) => {
                prop_assert_eq!(refusal, Refusal::SomeoneElses);
                prop_assert!(from.customer.is_some() && from.customer != into.customer);
                prop_assert_eq!(merged, into);
            }
        }
    }

    #[test]
    fn it_does_not_matter_which_of_two_carts_is_merged_into_which(a in any_cart(1), b in any_cart(2)) {
        let (mut to_a, mut to_b) = (a.clone(), b.clone());
        if let (Ok(()), Ok(())) = (to_a.merge(&b), to_b.merge(&a)) {
            prop_assert_eq!(units(&to_a), units(&to_b));
        } else {
            prop_assert!(a.customer != b.customer);
        }
    }

    #[test]
    fn it_does_not_matter_in_which_order_carts_are_merged(a in any_cart(1), b in any_cart(2), c in any_cart(3)) {
        let anonymous = |cart: &Cart| Cart { customer: None, ..cart.clone() };
        let (mut first, mut second) = (anonymous(&a), anonymous(&a));
        first.merge(&anonymous(&b)).unwrap();
        first.merge(&anonymous(&c)).unwrap();
        second.merge(&anonymous(&c)).unwrap();
        second.merge(&anonymous(&b)).unwrap();
        prop_assert_eq!(units(&first), units(&second));
    }
}
