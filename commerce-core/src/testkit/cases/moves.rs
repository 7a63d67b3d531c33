use crate::id::{MerchantId, MoveId, Sku};
use crate::ports::{Clock, FeedEntry, LIMIT_MAX_ROWS, Receipt, Rejection, StockSummary};
use crate::quantity::Quantity;
use crate::stock::{Account, Limits, Move, Movement, MovementKind, ShortItem, Split};
use crate::testkit::lab::{account_at, assert_misuse, location, merchant, sku, units, walk};
use crate::testkit::{ChangeSetExt, Lab};

pub(crate) fn adjust(lab: &Lab, item: &Sku, delta: i64) -> Move {
    Move::Adjust { id: lab.id(MoveId::new), account: account_at(item, "default"), delta, reason: "counted".to_owned() }
}

pub(crate) fn configure(lab: &Lab, item: &Sku, limits: Limits) -> Move {
    Move::Configure { id: lab.id(MoveId::new), account: account_at(item, "default"), limits }
}

pub(crate) fn relocate(lab: &Lab, item: &Sku, from: &str, to: &str, qty: u32) -> Move {
    let (from, to) = (location(from), location(to));
    Move::Relocate { id: lab.id(MoveId::new), merchant: MerchantId::default(), sku: item.clone(), from, to, qty: units(qty) }
}

pub(crate) fn counters(account: Account) -> (i64, i64, i64) {
    (account.on_hand, account.held, account.shortfall)
}

pub(crate) fn short(item: &Sku, requested: u64, available: u64) -> Rejection {
    Rejection::Short(vec![ShortItem { sku: item.clone(), requested, available }])
}

/// The movements of a SKU, the oldest first.
pub(crate) async fn movements(lab: &Lab, item: &Sku) -> Vec<Movement> {
    let default = MerchantId::default();
    let mut items =
        walk(LIMIT_MAX_ROWS, async |after, limit| lab.store.stock.movements(&default, item, after, limit).await).await.into_iter();
    let mut found = Vec::new();
    for item in items.by_ref() {
        let FeedEntry::Movement { movement, .. } = item.entry else { panic!("an event among movements: {item:?}") };
        found.push(movement);
    }
    found.reverse();
    found
}

pub async fn units_that_arrive_make_the_account_and_add_up(lab: Lab) {
    let item = sku("A");
    assert_eq!(lab.store.stock.accounts(&MerchantId::default(), std::slice::from_ref(&item)).await.expect("read"), []);
    lab.moved([lab.receive(&item, 3), lab.receive(&item, 4)]).await;
    assert_eq!(lab.account(&item).await, Account { on_hand: 7, ..Account::default() });
}

pub async fn a_movement_records_what_a_move_did_who_caused_it_and_when(lab: Lab) {
    let item = sku("A");
    let receive = lab.receive(&item, 3);
    let Move::Receive { id, account, .. } = receive.clone() else { unreachable!("a receive") };
    let mut set = lab.sku_set(&item).moving(receive);
    set.meta.at = set.now.plus_millis(3);
    let meta = set.meta.clone();
    let Receipt { shard, position, placed } = lab.committed(set).await;
    assert_eq!(placed, []);
    let page = lab.store.stock.movements(&MerchantId::default(), &item, None, 10).await.expect("read");
    assert_eq!((page.items.len(), page.next), (1, None));
    let found = &page.items[0];
    assert_eq!((&found.merchant, found.shard, found.position), (&MerchantId::default(), shard, position));
    let kind = MovementKind::Received;
    let movement = Movement { id, account, kind, on_hand_delta: 3, held_delta: 0, hold: None, limits: None, reason: None, at: meta.at };
    assert_eq!(found.entry, FeedEntry::Movement { movement, actor: meta.actor });
}

pub async fn an_adjustment_counts_anew_and_never_goes_below_zero(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 5)]).await;
    lab.moved([adjust(&lab, &item, -2)]).await;
    assert_eq!(lab.rejected(lab.moving([adjust(&lab, &item, -4)])).await, short(&item, 4, 3));
    lab.moved([adjust(&lab, &item, -3)]).await;
    assert_eq!(counters(lab.account(&item).await), (0, 0, 0));
    lab.moved([adjust(&lab, &item, 9)]).await;
    assert_eq!(counters(lab.account(&item).await), (9, 0, 0));
    assert_eq!(movements(&lab, &item).await[1].reason.as_deref(), Some("counted"));
}

pub async fn an_adjustment_by_nothing_is_misuse(lab: Lab) {
    assert_misuse(lab.commit(lab.moving([adjust(&lab, &sku("A"), 0)])).await);
}

pub async fn units_go_to_another_location_only_if_they_are_not_promised(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 5), lab.hold(&item, 2).1]).await;
    assert_eq!(lab.rejected(lab.moving([relocate(&lab, &item, "default", "shop", 4)])).await, short(&item, 4, 3));
    lab.moved([relocate(&lab, &item, "default", "shop", 3)]).await;
    assert_eq!(counters(lab.account(&item).await), (2, 2, 0));
    assert_eq!(counters(lab.account_at(&item, "shop").await), (3, 0, 0));
    let kinds: Vec<_> = movements(&lab, &item).await.into_iter().map(|m| (m.kind, m.on_hand_delta)).collect();
    assert_eq!(kinds[2..], [(MovementKind::MovedOut, -3), (MovementKind::MovedIn, 3)]);
}

pub async fn units_on_backorder_cannot_go_to_another_location(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 1), configure(&lab, &item, Limits { backorder: 10, ..Limits::default() })]).await;
    assert_eq!(lab.rejected(lab.moving([relocate(&lab, &item, "default", "shop", 2)])).await, short(&item, 2, 1));
}

pub async fn a_set_of_moves_is_applied_as_a_whole_or_not_at_all(lab: Lab) {
    let (plenty, scarce) = (sku("A"), sku("B"));
    lab.moved([lab.receive(&plenty, 5), lab.receive(&scarce, 1)]).await;
    let set = lab.moving([lab.receive(&plenty, 5), lab.hold(&plenty, 7).1, lab.hold(&scarce, 2).1]);
    assert_eq!(lab.rejected(set).await, short(&scarce, 2, 1));
    assert_eq!(counters(lab.account(&plenty).await), (5, 0, 0));
    assert_eq!(counters(lab.account(&scarce).await), (1, 0, 0));
    assert_eq!(movements(&lab, &plenty).await.len(), 1);
}

pub async fn moves_of_a_set_run_in_order(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 2);
    let set = lab.moving([lab.receive(&item, 2), hold, Move::Confirm { hold: id }, lab.fulfill(id, 2)]);
    lab.committed(set).await;
    assert_eq!(counters(lab.account(&item).await), (0, 0, 0));
    let kinds: Vec<_> = movements(&lab, &item).await.into_iter().map(|m| m.kind).collect();
    assert_eq!(kinds, [MovementKind::Received, MovementKind::Held, MovementKind::Fulfilled]);
}

pub async fn a_move_repeated_with_the_same_content_changes_nothing(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold_at(&item, 4, &["default", "shop"], Split::InOrder);
    let moves = [
        lab.receive(&item, 9),
        adjust(&lab, &item, -1),
        configure(&lab, &item, Limits { safety: 1, ..Limits::default() }),
        relocate(&lab, &item, "default", "shop", 2),
        hold,
        Move::Confirm { hold: id },
        lab.fulfill(id, 1),
        lab.release(id, 1),
    ];
    for one in &moves {
        lab.moved([one.clone()]).await;
    }
    let before = (lab.account(&item).await, lab.account_at(&item, "shop").await, movements(&lab, &item).await);
    for one in &moves {
        lab.moved([one.clone()]).await;
        lab.moved([one.clone(), one.clone()]).await;
    }
    lab.moved(moves).await;
    assert_eq!((lab.account(&item).await, lab.account_at(&item, "shop").await, movements(&lab, &item).await), before);
}

pub async fn a_move_repeated_within_its_own_set_applies_once(lab: Lab) {
    let item = sku("A");
    let receive = lab.receive(&item, 3);
    lab.moved([receive.clone(), receive]).await;
    assert_eq!(lab.account(&item).await.on_hand, 3);
}

pub async fn a_move_repeated_with_other_content_is_misuse_and_changes_nothing(lab: Lab) {
    let item = sku("A");
    let (hold_id, hold) = lab.hold(&item, 4);
    let moves = [
        lab.receive(&item, 9),
        adjust(&lab, &item, -1),
        configure(&lab, &item, Limits { safety: 1, ..Limits::default() }),
        relocate(&lab, &item, "default", "shop", 2),
        hold,
        Move::Confirm { hold: hold_id },
        lab.fulfill(hold_id, 1),
        lab.release(hold_id, 1),
    ];
    lab.moved(moves.clone()).await;
    let before = (lab.account(&item).await, movements(&lab, &item).await);
    for one in moves {
        let Some(other) = otherwise(one) else { continue };
        assert_misuse(lab.commit(lab.moving([other.clone()])).await);
        assert_eq!((lab.account(&item).await, movements(&lab, &item).await), before, "{other:?}");
    }
}

/// The same id with other content.
fn otherwise(one: Move) -> Option<Move> {
    let more = |qty: Quantity| units(qty.get() + 1);
    Some(match one {
        Move::Receive { id, account, qty } => Move::Receive { id, account, qty: more(qty) },
        Move::Adjust { id, account, delta, reason } => Move::Adjust { id, account, delta: delta - 1, reason },
        Move::Relocate { id, merchant, sku, from, to, qty } => Move::Relocate { id, merchant, sku, from, to, qty: more(qty) },
        Move::Hold { id, merchant, owner, sku, qty, candidates, split, expires_at } => {
            Move::Hold { id, merchant, owner, sku, qty: more(qty), candidates, split, expires_at }
        }
        Move::Fulfill { id, hold, location, qty } => Move::Fulfill { id, hold, location, qty: more(qty) },
        Move::Release { id, hold, location, qty } => Move::Release { id, hold, location, qty: more(qty) },
        Move::Configure { id, account, limits } => Move::Configure { id, account, limits: Limits { safety: limits.safety + 1, ..limits } },
        Move::Extend { .. } | Move::Confirm { .. } | Move::Expire { .. } => return None,
    })
}

pub async fn a_move_id_of_one_kind_is_misuse_in_another(lab: Lab) {
    let item = sku("A");
    let receive = lab.receive(&item, 3);
    let Move::Receive { id, account, .. } = receive.clone() else { unreachable!("a receive") };
    lab.moved([receive]).await;
    let adjustment = Move::Adjust { id, account, delta: 3, reason: "counted".to_owned() };
    assert_misuse(lab.commit(lab.moving([adjustment])).await);
    assert_eq!(lab.account(&item).await.on_hand, 3);
}

pub async fn safety_stock_is_never_promised_and_backorders_are_promised_beyond_what_is_there(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 5), configure(&lab, &item, Limits { safety: 2, ..Limits::default() })]).await;
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 4).1])).await, short(&item, 4, 3));
    lab.moved([lab.hold(&item, 3).1]).await;
    lab.moved([configure(&lab, &item, Limits { backorder: 4, ..Limits::default() })]).await;
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 7).1])).await, short(&item, 7, 6));
    lab.moved([lab.hold(&item, 6).1]).await;
    assert_eq!(counters(lab.account(&item).await), (5, 9, 0));
    assert_eq!(lab.account(&item).await.limits, Limits { backorder: 4, ..Limits::default() });
}

pub async fn backordered_units_leave_only_once_they_are_there(lab: Lab) {
    let item = sku("A");
    let (id, hold) = lab.hold(&item, 3);
    lab.moved([configure(&lab, &item, Limits { backorder: 5, ..Limits::default() }), hold, Move::Confirm { hold: id }]).await;
    lab.moved([lab.receive(&item, 2)]).await;
    assert_eq!(lab.rejected(lab.moving([lab.fulfill(id, 3)])).await, short(&item, 3, 2));
    lab.moved([lab.fulfill(id, 2)]).await;
    assert_eq!(counters(lab.account(&item).await), (0, 1, 0));
}

pub async fn a_fact_that_takes_units_from_under_the_holds_records_a_shortfall_and_units_that_arrive_cover_it(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 10), lab.hold(&item, 8).1]).await;
    lab.moved([adjust(&lab, &item, -5)]).await;
    assert_eq!(counters(lab.account(&item).await), (5, 8, 3));
    assert_eq!(
        movements(&lab, &item).await.last().map(|m| (m.kind, m.on_hand_delta, m.held_delta)),
        Some((MovementKind::StockShort, 0, 0))
    );
    assert_eq!(lab.rejected(lab.moving([lab.hold(&item, 1).1])).await, short(&item, 1, 0));
    lab.moved([lab.receive(&item, 2)]).await;
    assert_eq!(counters(lab.account(&item).await), (7, 8, 1));
    lab.moved([lab.receive(&item, 2)]).await;
    assert_eq!(counters(lab.account(&item).await), (9, 8, 0));
}

pub async fn limits_that_take_units_from_under_the_holds_record_a_shortfall(lab: Lab) {
    let item = sku("A");
    lab.moved([lab.receive(&item, 10), lab.hold(&item, 8).1]).await;
    lab.moved([configure(&lab, &item, Limits { safety: 3, ..Limits::default() })]).await;
    assert_eq!(counters(lab.account(&item).await), (10, 8, 1));
    assert_eq!(movements(&lab, &item).await.last().map(|m| m.kind), Some(MovementKind::StockShort));
    lab.moved([configure(&lab, &item, Limits::default())]).await;
    assert_eq!(counters(lab.account(&item).await), (10, 8, 0));
}

pub async fn limits_below_zero_or_too_large_are_misuse(lab: Lab) {
    for limits in [
        Limits { safety: -1, ..Limits::default() },
        Limits { backorder: -1, ..Limits::default() },
        Limits { reorder_point: Some(-1), ..Limits::default() },
        Limits { reorder_qty: -1, ..Limits::default() },
        Limits { backorder: 1_000_000_001, ..Limits::default() },
        Limits { safety: i64::MAX, ..Limits::default() },
    ] {
        assert_misuse(lab.commit(lab.moving([configure(&lab, &sku("A"), limits)])).await);
    }
}

pub async fn a_move_of_another_merchants_stock_is_misuse(lab: Lab) {
    let item = sku("A");
    let mut account = account_at(&item, "default");
    account.merchant = merchant("other");
    assert_misuse(lab.commit(lab.moving([Move::Receive { id: lab.id(MoveId::new), account, qty: units(1) }])).await);
}

pub async fn the_largest_counts_add_up_without_wrapping(lab: Lab) {
    let item = sku("A");
    let most = Quantity::MAX.get();
    lab.moved((0..5).map(|_| lab.receive(&item, most))).await;
    let (_, hold) = lab.hold(&item, most);
    lab.moved([hold]).await;
    assert_eq!(counters(lab.account(&item).await), (5 * i64::from(most), i64::from(most), 0));
}

pub async fn accounts_that_are_low_are_listed_and_others_are_not(lab: Lab) {
    let point = |units| Limits { reorder_point: Some(units), ..Limits::default() };
    for (name, on_hand, limits) in [("A", 3, point(3)), ("B", 4, point(3)), ("C", 2, point(3)), ("D", 1, Limits::default())] {
        lab.moved([lab.receive(&sku(name), on_hand), configure(&lab, &sku(name), limits)]).await;
    }
    let low = async |lab: &Lab| {
        let default = MerchantId::default();
        let rows = walk(1, async |after, limit| lab.store.stock.low(&default, after, limit).await).await;
        rows.into_iter().map(|(key, _)| key.sku.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(low(&lab).await, ["A", "C"]);
    lab.moved([lab.hold(&sku("B"), 1).1]).await;
    assert_eq!(low(&lab).await, ["A", "B", "C"]);
    lab.moved([lab.receive(&sku("A"), 1)]).await;
    assert_eq!(low(&lab).await, ["B", "C"]);
}

pub async fn the_summary_sums_over_all_accounts_of_a_merchant(lab: Lab) {
    let default = MerchantId::default();
    assert_eq!(lab.store.stock.summary(&default).await.expect("read"), StockSummary::default());
    lab.moved([lab.receive(&sku("A"), 5), lab.receive_at(&sku("A"), "shop", 2), lab.receive(&sku("B"), 1)]).await;
    lab.moved([lab.hold(&sku("A"), 4).1, lab.hold(&sku("B"), 1).1]).await;
    lab.moved([configure(&lab, &sku("A"), Limits { safety: 1, reorder_point: Some(0), ..Limits::default() })]).await;
    let sums = StockSummary { accounts: 3, skus: 2, on_hand: 8, held: 5, available: 2, low: 1, out: 2 };
    assert_eq!(lab.store.stock.summary(&default).await.expect("read"), sums);
    assert_eq!(lab.store.stock.summary(&merchant("other")).await.expect("read"), StockSummary::default());
}

pub async fn accounts_are_listed_by_sku_and_location_and_asked_for_by_sku(lab: Lab) {
    for (name, place) in [("b", "x"), ("B", "y"), ("a", "z"), ("B", "x"), ("a b", "x")] {
        lab.moved([lab.receive_at(&sku(name), place, 1)]).await;
    }
    let default = MerchantId::default();
    let names = |rows: Vec<(crate::stock::AccountKey, Account)>| {
        rows.into_iter().map(|(key, _)| format!("{}@{}", key.sku, key.location)).collect::<Vec<_>>()
    };
    let all = walk(2, async |after, limit| lab.store.stock.list(&default, after, limit).await).await;
    assert_eq!(names(all), ["B@x", "B@y", "a@z", "a b@x", "b@x"]);
    let asked = lab.store.stock.accounts(&default, &[sku("b"), sku("B"), sku("none")]).await.expect("read");
    assert_eq!(names(asked), ["B@x", "B@y", "b@x"]);
    assert_eq!(lab.store.stock.accounts(&default, &[]).await.expect("read"), []);
}

pub async fn movements_are_listed_from_the_newest_to_the_oldest_of_one_sku_alone(lab: Lab) {
    let (item, other) = (sku("A"), sku("B"));
    let now = lab.clock.now();
    for n in 1..=25 {
        let mut set = lab.sku_set(&item).moving(lab.receive(&item, n)).moving(lab.receive(&other, 1));
        // many of one time: within a shard the position decides
        set.meta.at = now.plus_millis(u64::from(n / 6));
        lab.committed(set).await;
    }
    let default = MerchantId::default();
    let rows = walk(4, async |after, limit| lab.store.stock.movements(&default, &item, after, limit).await).await;
    let deltas: Vec<i64> = rows
        .into_iter()
        .map(|row| match row.entry {
            FeedEntry::Movement { movement, .. } => movement.on_hand_delta,
            FeedEntry::Event(event) => panic!("an event: {event:?}"),
        })
        .collect();
    assert_eq!(deltas, (1..=25).rev().collect::<Vec<_>>());
}

pub async fn movements_of_a_sku_at_several_locations_are_one_list_in_the_order_of_their_commits(lab: Lab) {
    let (item, default) = (sku("A"), MerchantId::default());
    let mut expected = Vec::new();
    for n in 1..=12 {
        let location = ["x", "y", "z"][n as usize * 5 % 3];
        lab.committed(lab.sku_set(&item).moving(lab.receive_at(&item, location, n))).await;
        expected.insert(0, (location.to_owned(), i64::from(n)));
        // two accounts in one set
        let both = [lab.receive_at(&item, "z", 100 + n), lab.receive_at(&item, "x", 200 + n)];
        lab.committed(both.into_iter().fold(lab.sku_set(&item), |set, one| set.moving(one))).await;
        expected.splice(0..0, [("x".to_owned(), i64::from(200 + n)), ("z".to_owned(), i64::from(100 + n))]);
    }
    for limit in [1, 5, LIMIT_MAX_ROWS] {
        let rows = walk(limit, async |after, limit| lab.store.stock.movements(&default, &item, after, limit).await).await;
        let found = rows.into_iter().filter_map(|row| match row.entry {
            FeedEntry::Movement { movement, .. } => Some((movement.account.location.to_string(), movement.on_hand_delta)),
            FeedEntry::Event(_) => None,
        });
        assert_eq!(found.collect::<Vec<_>>(), expected, "pages of {limit}");
    }
}

pub async fn no_merchant_sees_anothers_stock(lab: Lab) {
    let (item, theirs) = (sku("A"), merchant("other"));
    lab.moved([lab.receive(&item, 5)]).await;
    let stock = &lab.store.stock;
    assert_eq!(stock.accounts(&theirs, std::slice::from_ref(&item)).await.expect("read"), []);
    assert_eq!(stock.list(&theirs, None, 10).await.expect("read").items, []);
    assert_eq!(stock.movements(&theirs, &item, None, 10).await.expect("read").items, []);
    let mut account = account_at(&item, "default");
    account.merchant = theirs.clone();
    let root = crate::ports::Root::Sku(item.clone());
    lab.committed(lab.set_of(&theirs, root).moving(Move::Receive { id: lab.id(MoveId::new), account, qty: units(2) })).await;
    assert_eq!(lab.account(&item).await.on_hand, 5);
    assert_eq!(stock.accounts(&theirs, &[item]).await.expect("read")[0].1.on_hand, 2);
}

pub async fn movements_of_a_shard_are_listed_as_they_were_recorded_whatever_their_business_time(lab: Lab) {
    let (item, now) = (sku("A"), lab.clock.now());
    for (qty, at_s) in [(1, 10), (2, 30), (3, 20), (4, 40), (5, 10)] {
        let mut set = lab.sku_set(&item).moving(lab.receive(&item, qty));
        set.meta.at = now.plus_secs(at_s);
        lab.committed(set).await;
    }
    let deltas: Vec<i64> = movements(&lab, &item).await.into_iter().map(|movement| movement.on_hand_delta).collect();
    assert_eq!(deltas, [1, 2, 3, 4, 5]);
}
