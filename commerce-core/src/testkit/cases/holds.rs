use crate::id::{HoldId, MerchantId, MoveId, OrderId, Sku};
use crate::ports::Rejection;
use crate::stock::{Hold, Limits, Move, MovementKind, Owner, Placed, Placement, ShortItem, Split};
use crate::testkit::Lab;
use crate::testkit::cases::moves::{configure, counters, movements, short};
use crate::testkit::lab::{location, merchant, sku, units, walk};

async fn stored(lab: &Lab, id: HoldId) -> Hold {
    let hold = lab.store.stock.hold(&MerchantId::default(), id).await.expect("the hold is read");
    hold.unwrap_or_else(|| panic!("there is no hold {id}"))
}

fn placements(parts: &[(&str, u32)]) -> Vec<Placement> {
    parts.iter().map(|(name, remaining)| Placement { location: location(name), remaining: *remaining }).collect()
}

fn gone(hold: HoldId) -> Rejection {
    Rejection::HoldGone { hold }
}

pub async fn a_hold_promises_units_and_reads_back_as_it_was_placed(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 3);
    let Move::Hold { owner, expires_at, .. } = hold.clone() else { unreachable!("a hold") };
    let receipt = lab.moved([lab.receive(&item, 5), hold]).await;
    assert_eq!(receipt.placed, [Placed { hold: id, placements: placements(&[("default", 3)]) }]);
    assert_eq!(counters(lab.account(&item).await), (5, 3, 0));
    let merchant = MerchantId::default();
    let expected = Hold { id, merchant, owner, sku: item, placements: placements(&[("default", 3)]), confirmed: false, expires_at };
    assert_eq!(stored(&lab, id).await, expected);
    assert_eq!(lab.store.stock.hold(&crate::testkit::lab::merchant("other"), id).await.expect("read"), None);
}

pub async fn a_hold_beyond_what_is_available_is_refused_with_the_numbers(lab: Lab) {
    let (some, none) = (sku("A"), sku("B"));
    lab.moved([lab.receive(&some, 5), lab.hold(&some, 2).1]).await;
    assert_eq!(lab.rejected(lab.moving([lab.hold(&some, 4).1])).await, short(&some, 4, 3));
    assert_eq!(lab.rejected(lab.moving([lab.hold(&none, 1).1])).await, short(&none, 1, 0));
    let both = lab.rejected(lab.moving([lab.hold(&some, 9).1, lab.hold(&none, 1).1])).await;
    let item = |sku: &Sku, requested, available| ShortItem { sku: sku.clone(), requested, available };
    assert_eq!(both, Rejection::Short(vec![item(&some, 9, 3), item(&none, 1, 0)]));
}

pub async fn one_sku_on_two_lines_is_one_demand(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 5)]).await;
    let lines = |first, second| lab.moving([lab.hold(&item, first).1, lab.hold(&item, second).1]);
    assert_eq!(lab.rejected(lines(3, 3)).await, short(&item, 6, 5));
    assert_eq!(counters(lab.account(&item).await), (5, 0, 0));
    let receipt = lab.committed(lines(3, 2)).await;
    assert_eq!((receipt.placed.len(), counters(lab.account(&item).await)), (2, (5, 5, 0)));
}

pub async fn the_default_location_serves_a_hold_that_names_none(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive_at(&item, "shop", 5)]).await;
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 1).1])).await, short(&item, 1, 0));
}

pub async fn a_hold_that_may_not_be_split_is_served_by_the_first_location_that_can(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive_at(&item, "a", 2), lab.receive_at(&item, "b", 5), lab.receive_at(&item, "c", 9)]).await;
    let (_, hold) = lab.hold_at(&item, 3, &["a", "b", "c"], Split::Never);
    assert_eq!(lab.moved([hold]).await.placed[0].placements, placements(&[("b", 3)]));
    let (_, too_large) = lab.hold_at(&item, 4, &["a", "b"], Split::Never);
    let Rejection::Short(items) = lab.rejected(lab.moving([too_large])).await else { panic!("expected short stock") };
    assert_eq!((items.len(), items[0].requested), (1, 4));
}

pub async fn a_hold_is_split_over_its_candidates_only_if_no_single_one_can_serve_it(lab: Lab) {
    for (split, expected) in [(Split::InOrder, [("a", 2), ("b", 4)]), (Split::Fewest, [("c", 5), ("b", 1)])] {
        let item = sku(&format!("{split:?}"));
        lab.moved([lab.receive_at(&item, "a", 2), lab.receive_at(&item, "b", 4), lab.receive_at(&item, "c", 5)]).await;
        let (whole, first) = lab.hold_at(&item, 5, &["a", "b", "c"], split);
        assert_eq!(lab.moved([first]).await.placed[0].placements, placements(&[("c", 5)]), "{split:?}");
        lab.moved([lab.release(whole, 5)]).await;
        let (_, hold) = lab.hold_at(&item, 6, &["a", "b", "c"], split);
        let mut found = lab.moved([hold]).await.placed[0].placements.clone();
        let mut expected = placements(&expected);
        found.sort_by(|a, b| a.location.cmp(&b.location));
        expected.sort_by(|a, b| a.location.cmp(&b.location));
        assert_eq!(found, expected, "{split:?}");
    }
}

pub async fn a_location_that_is_no_candidate_serves_nothing(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive_at(&item, "a", 2), lab.receive_at(&item, "b", 9)]).await;
    let (_, hold) = lab.hold_at(&item, 3, &["a", "c"], Split::InOrder);
    assert_eq!(lab.rejected(lab.moving([hold])).await, short(&item, 3, 2));
}

pub async fn a_hold_with_too_many_candidates_is_misuse(lab: Lab) {
    let names: Vec<String> = (0..65).map(|n| format!("l{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, hold) = lab.hold_at(&sku("A"), 1, &names, Split::Never);
    crate::testkit::lab::assert_misuse(lab.commit(lab.moving([hold])).await);
}

pub async fn a_confirmed_hold_stays_and_is_fulfilled_in_parts(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 5);
    lab.moved([lab.receive(&item, 6), hold]).await;
    lab.moved([Move::Confirm { hold: id }]).await;
    assert!(stored(&lab, id).await.confirmed);
    lab.moved([lab.fulfill(id, 2)]).await;
    assert_eq!((counters(lab.account(&item).await), stored(&lab, id).await.remaining()), ((4, 3, 0), 3));
    assert_eq!(lab.rejected(lab.moving([lab.fulfill(id, 4)])).await, gone(id));
    lab.moved([lab.fulfill(id, 3)]).await;
    assert_eq!(counters(lab.account(&item).await), (1, 0, 0));
    assert!(stored(&lab, id).await.is_gone());
    assert_eq!(lab.rejected(lab.moving([lab.fulfill(id, 1)])).await, gone(id));
}

pub async fn an_unconfirmed_hold_is_not_fulfilled(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 5);
    lab.moved([lab.receive(&item, 6), hold]).await;
    assert_eq!(lab.rejected(lab.moving([lab.fulfill(id, 1)])).await, gone(id));
}

pub async fn units_leave_only_a_location_where_they_are_held(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 5);
    lab.moved([lab.receive(&item, 6), lab.receive_at(&item, "shop", 6), hold, Move::Confirm { hold: id }]).await;
    let elsewhere = Move::Fulfill { id: lab.id(MoveId::new), hold: id, location: location("shop"), qty: units(1) };
    assert_eq!(lab.rejected(lab.moving([elsewhere])).await, gone(id));
}

pub async fn a_release_without_a_location_takes_the_last_placement_first(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive_at(&item, "a", 2), lab.receive_at(&item, "b", 3)]).await;
    let (id, hold) = lab.hold_at(&item, 5, &["a", "b"], Split::InOrder);
    lab.moved([hold]).await;
    lab.moved([lab.release(id, 2)]).await;
    assert_eq!(stored(&lab, id).await.placements, placements(&[("a", 2), ("b", 1)]));
    lab.moved([lab.release(id, 2)]).await;
    assert_eq!(stored(&lab, id).await.placements, placements(&[("a", 1), ("b", 0)]));
    assert_eq!((lab.account_at(&item, "a").await.held, lab.account_at(&item, "b").await.held), (1, 0));
}

pub async fn a_release_at_a_location_takes_from_there_alone_and_at_most_what_remains(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive_at(&item, "a", 2), lab.receive_at(&item, "b", 3)]).await;
    let (id, hold) = lab.hold_at(&item, 5, &["a", "b"], Split::InOrder);
    lab.moved([hold]).await;
    let release =
        |place: Option<&str>, qty| Move::Release { id: lab.id(MoveId::new), hold: id, location: place.map(location), qty: units(qty) };
    assert_eq!(lab.rejected(lab.moving([release(Some("a"), 3)])).await, gone(id));
    lab.moved([release(Some("a"), 2)]).await;
    assert_eq!(stored(&lab, id).await.placements, placements(&[("a", 0), ("b", 3)]));
    assert_eq!(lab.rejected(lab.moving([release(None, 4)])).await, gone(id));
}

pub async fn a_confirmed_hold_can_be_released(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 5);
    lab.moved([lab.receive(&item, 5), hold, Move::Confirm { hold: id }, lab.release(id, 5)]).await;
    assert_eq!(counters(lab.account(&item).await), (5, 0, 0));
}

pub async fn a_hold_that_never_was_or_has_ended_is_gone_for_every_move(lab: Lab) {
    let item = sku("A");
    let (ended, hold) = lab.hold(&item, 1);
    lab.moved([lab.receive(&item, 1), hold, lab.release(ended, 1)]).await;
    for id in [ended, lab.id(HoldId::new)] {
        let until = lab.any_set().now;
        for one in [Move::Confirm { hold: id }, Move::Extend { hold: id, until }, lab.fulfill(id, 1), lab.release(id, 1)] {
            assert_eq!(lab.rejected(lab.moving([one.clone()])).await, gone(id), "{one:?}");
        }
        lab.committed(lab.moving([lab.receive(&item, 1), Move::Expire { hold: id }])).await;
    }
}

pub async fn an_expired_hold_is_reclaimed_when_availability_falls_short(lab: Lab) {
    let item = sku("A");
    let (first, hold) = lab.hold(&item, 5);
    lab.moved([lab.receive(&item, 5), hold]).await;
    lab.clock.advance_s(3_600);
    // it may be reclaimed after that instant, not in it
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 1).1])).await, short(&item, 1, 0));
    lab.clock.advance_ms(1);
    lab.moved([lab.hold(&item, 1).1]).await;
    assert_eq!(counters(lab.account(&item).await), (5, 1, 0));
    assert!(stored(&lab, first).await.is_gone());
    let until = lab.any_set().now.plus_secs(60);
    assert_eq!(lab.rejected(lab.moving([Move::Extend { hold: first, until }])).await, gone(first));
    assert_eq!(lab.rejected(lab.moving([Move::Confirm { hold: first }])).await, gone(first));
    let last: Vec<_> = movements(&lab, &item).await.into_iter().rev().take(2).map(|m| (m.kind, m.held_delta)).collect();
    assert_eq!(last, [(MovementKind::Held, 1), (MovementKind::Reclaimed, -5)]);
}

pub async fn an_expired_hold_that_was_not_reclaimed_may_still_be_confirmed(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 3);
    lab.moved([lab.receive(&item, 5), hold]).await;
    lab.clock.advance_s(7_200);
    lab.moved([lab.hold(&item, 2).1]).await;
    lab.moved([Move::Confirm { hold: id }]).await;
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 1).1])).await, short(&item, 1, 0));
    assert_eq!(counters(lab.account(&item).await), (5, 5, 0));
}

pub async fn a_confirmed_hold_is_never_reclaimed(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 5);
    lab.moved([lab.receive(&item, 5), hold, Move::Confirm { hold: id }]).await;
    lab.clock.advance_s(1_000_000);
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 1).1])).await, short(&item, 1, 0));
    lab.committed(lab.moving([lab.receive(&sku("B"), 1), Move::Expire { hold: id }])).await;
    assert_eq!(counters(lab.account(&item).await), (5, 5, 0));
}

pub async fn an_extended_hold_lives_until_its_new_time(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 5);
    lab.moved([lab.receive(&item, 5), hold]).await;
    let until = lab.any_set().now.plus_secs(9_000);
    lab.moved([Move::Extend { hold: id, until }, lab.receive(&sku("B"), 1)]).await;
    assert_eq!(stored(&lab, id).await.expires_at, until);
    lab.clock.set(until);
    lab.rejected(lab.moving([lab.hold(&item, 1).1])).await;
    lab.clock.advance_ms(1);
    lab.moved([lab.hold(&item, 1).1]).await;
}

pub async fn the_longest_expired_hold_is_reclaimed_first_and_no_more_than_needed(lab: Lab) {
    let item = sku("A");
    let mut ids = Vec::new();
    lab.moved([lab.receive(&item, 6)]).await;
    for later_s in [20, 0, 10] {
        let (id, mut hold) = lab.hold(&item, 2);
        if let Move::Hold { expires_at, .. } = &mut hold {
            *expires_at = lab.any_set().now.plus_secs(60 + later_s);
        }
        lab.moved([hold]).await;
        ids.push(id);
    }
    lab.clock.advance_s(1_000);
    lab.moved([lab.hold(&item, 3).1]).await;
    let mut left = Vec::new();
    for id in &ids {
        left.push(stored(&lab, *id).await.remaining());
    }
    assert_eq!((left, counters(lab.account(&item).await)), (vec![2, 0, 0], (6, 5, 0)));
}

pub async fn a_demand_that_stays_short_reclaims_nothing(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 2);
    lab.moved([lab.receive(&item, 2), hold]).await;
    lab.clock.advance_s(7_200);
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 3).1])).await, short(&item, 3, 2));
    assert_eq!((stored(&lab, id).await.remaining(), counters(lab.account(&item).await)), (2, (2, 2, 0)));
}

pub async fn the_sweeper_reclaims_an_expired_hold_and_leaves_a_living_one(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 2);
    lab.moved([lab.receive(&item, 2), hold]).await;
    let expire = || lab.moving([lab.receive(&sku("B"), 1), Move::Expire { hold: id }]);
    lab.committed(expire()).await;
    assert_eq!(stored(&lab, id).await.remaining(), 2);
    lab.clock.advance_s(3_601);
    lab.committed(expire()).await;
    lab.committed(expire()).await;
    assert_eq!((stored(&lab, id).await.remaining(), counters(lab.account(&item).await)), (0, (2, 0, 0)));
}

pub async fn expired_holds_of_all_merchants_are_listed_the_longest_expired_first(lab: Lab) {
    let item = sku("A");
    let (theirs, now) = (merchant("other"), lab.any_set().now);
    let mut ids = Vec::new();
    for (whose, later_s) in [(MerchantId::default(), 30), (theirs, 20), (MerchantId::default(), 10), (MerchantId::default(), 500)] {
        let (id, mut hold) = lab.hold(&item, 1);
        if let Move::Hold { merchant, expires_at, .. } = &mut hold {
            (*merchant, *expires_at) = (whose.clone(), now.plus_secs(later_s));
        }
        let mut set = lab.set_of(&whose, crate::ports::Root::Sku(item.clone()));
        let account = crate::stock::AccountKey { merchant: whose, sku: item.clone(), location: location("default") };
        set.moves = vec![Move::Receive { id: lab.id(MoveId::new), account, qty: units(1) }, hold];
        lab.committed(set).await;
        ids.push(id);
    }
    let (confirmed, hold) = lab.hold(&item, 1);
    lab.moved([lab.receive(&item, 1), hold, Move::Extend { hold: confirmed, until: now }, Move::Confirm { hold: confirmed }]).await;
    let expired = async |at, limit| {
        let holds = walk(limit, async |after, limit| lab.store.stock.expired(at, after, limit).await).await;
        holds.into_iter().map(|hold| hold.id).collect::<Vec<_>>()
    };
    assert_eq!(expired(now.plus_secs(100), 10).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(expired(now.plus_secs(100), 2).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(expired(now.plus_secs(100), 1).await, [ids[2], ids[1], ids[0]]);
    assert_eq!(expired(now.plus_secs(20), 10).await, [ids[2]]);
}

pub async fn the_holds_of_an_owner_are_listed_by_id_ended_ones_included(lab: Lab) {
    let item = sku("A");
    let of = Owner::Order(lab.id(OrderId::new));
    lab.moved([lab.receive(&item, 9), lab.hold(&item, 1).1]).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        let (id, mut hold) = lab.hold(&item, 1);
        if let Move::Hold { owner, .. } = &mut hold {
            *owner = of;
        }
        lab.moved([hold]).await;
        ids.push(id);
    }
    lab.moved([lab.release(ids[1], 1)]).await;
    let found = lab.store.stock.holds(&MerchantId::default(), of).await.expect("read");
    assert_eq!(found.iter().map(|hold| (hold.id, hold.remaining())).collect::<Vec<_>>(), [(ids[0], 1), (ids[1], 0), (ids[2], 1)]);
    assert_eq!(lab.store.stock.holds(&merchant("other"), of).await.expect("read"), []);
}

pub async fn a_hold_whose_account_fell_short_is_still_its_owners(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 4);
    lab.moved([lab.receive(&item, 5), hold]).await;
    lab.moved([configure(&lab, &item, Limits { safety: 3, ..Limits::default() })]).await;
    lab.moved([Move::Confirm { hold: id }, lab.fulfill(id, 4)]).await;
    assert_eq!(counters(lab.account(&item).await), (1, 0, 2));
}

pub async fn a_repeated_hold_is_told_where_it_was_placed_the_first_time(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive_at(&item, "a", 2), lab.receive_at(&item, "b", 3)]).await;
    let (id, hold) = lab.hold_at(&item, 4, &["a", "b"], Split::InOrder);
    let first = lab.moved([hold.clone()]).await.placed;
    lab.moved([lab.release(id, 1), lab.receive_at(&item, "a", 9)]).await;
    let again = lab.moved([hold]).await.placed;
    assert_eq!(again, first);
    assert_eq!(again, [Placed { hold: id, placements: placements(&[("a", 2), ("b", 2)]) }]);
}
