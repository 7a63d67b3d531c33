//! Single moves and small sets, and the shelf that the ledger's tests stand on.

use std::collections::BTreeMap;
use std::convert::Infallible;

use uuid::Uuid;

use super::*;
use crate::id::{LocationId, OrderId, Sku};
use crate::quantity::Quantity;
use crate::stock::{Limits, MovementKind, Owner, Placement, Split};

/// A store's tables, in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Shelf {
    pub(super) accounts: BTreeMap<AccountKey, Account>,
    pub(super) holds: BTreeMap<HoldId, Hold>,
    pub(super) movements: Vec<Movement>,
}

impl LedgerSource for &Shelf {
    type Error = Infallible;

    fn account(&mut self, key: &AccountKey) -> Result<Option<Account>, Infallible> {
        Ok(self.accounts.get(key).copied())
    }

    fn hold(&mut self, _: &MerchantId, id: HoldId) -> Result<Option<Hold>, Infallible> {
        Ok(self.holds.get(&id).cloned())
    }

    fn expired(&mut self, key: &AccountKey, now: Timestamp, after: Option<Expiry>, limit: u32) -> Result<Vec<Expiry>, Infallible> {
        let here = |hold: &&Hold| hold.sku == key.sku && hold.may_be_reclaimed(now) && hold.remaining_at(&key.location) > 0;
        let mut rows: Vec<_> = self.holds.values().filter(here).map(|hold| (hold.expires_at, hold.id)).collect();
        rows.sort();
        rows.retain(|row| Some(*row) > after);
        rows.truncate(limit as usize);
        Ok(rows)
    }

    fn applied(&mut self, _: &MerchantId, id: MoveId) -> Result<Vec<Movement>, Infallible> {
        Ok(self.movements.iter().filter(|one| one.id == id).cloned().collect())
    }
}

impl Shelf {
    pub(super) fn write(&mut self, changes: Changes, movements: Vec<Movement>) {
        self.accounts.extend(changes.accounts);
        self.holds.extend(changes.holds.into_iter().map(|hold| (hold.id, hold)));
        self.movements.extend(movements);
    }

    fn apply(&mut self, now: i64, moves: &[Move]) -> Result<Applied, Refusal<Infallible>> {
        let mut ledger = Ledger::new(&*self);
        let applied = ledger.apply(&MerchantId::default(), moves, Timestamp::from_secs(now), Timestamp::from_secs(now));
        let changes = ledger.into_changes();
        match applied {
            Ok(applied) => {
                self.write(changes, applied.movements.clone());
                Ok(applied)
            }
            Err(refusal) => {
                assert_eq!(changes, Changes::default(), "a refusal leaves nothing to write");
                Err(refusal)
            }
        }
    }

    fn at(&self, place: &str) -> (i64, i64, i64) {
        let account = self.accounts[&key(place)];
        (account.on_hand, account.held, account.shortfall)
    }
}

pub(super) fn key(place: &str) -> AccountKey {
    AccountKey { merchant: MerchantId::default(), sku: sku("mug"), location: place_id(place) }
}

pub(super) fn sku(name: &str) -> Sku {
    Sku::new(name).unwrap()
}

pub(super) fn place_id(name: &str) -> LocationId {
    LocationId::new(name).unwrap()
}

pub(super) fn qty(units: u32) -> Quantity {
    Quantity::new(units).unwrap()
}

pub(super) fn move_id(n: u128) -> MoveId {
    MoveId::new(Uuid::from_u128(n))
}

pub(super) fn hold_id(n: u128) -> HoldId {
    HoldId::new(Uuid::from_u128(n))
}

fn receive(n: u128, place: &str, units: u32) -> Move {
    Move::Receive { id: move_id(n), account: key(place), qty: qty(units) }
}

fn adjust(n: u128, place: &str, delta: i64) -> Move {
    Move::Adjust { id: move_id(n), account: key(place), delta, reason: "count".to_owned() }
}

fn hold(n: u128, units: u32, candidates: &[&str], split: Split, expires_at: i64) -> Move {
    Move::Hold {
        id: hold_id(n),
        merchant: MerchantId::default(),
        owner: Owner::Order(OrderId::new(Uuid::from_u128(n))),
        sku: sku("mug"),
        qty: qty(units),
        candidates: candidates.iter().map(|place| place_id(place)).collect(),
        split,
        expires_at: Timestamp::from_secs(expires_at),
    }
}

fn confirm(n: u128) -> Move {
    Move::Confirm { hold: hold_id(n) }
}

fn fulfill(n: u128, of: u128, place: &str, units: u32) -> Move {
    Move::Fulfill { id: move_id(n), hold: hold_id(of), location: place_id(place), qty: qty(units) }
}

fn release(n: u128, of: u128, place: Option<&str>, units: u32) -> Move {
    Move::Release { id: move_id(n), hold: hold_id(of), location: place.map(place_id), qty: qty(units) }
}

fn configure(n: u128, place: &str, backorder: i64, safety: i64) -> Move {
    Move::Configure { id: move_id(n), account: key(place), limits: Limits { backorder, safety, ..Limits::default() } }
}

fn short(requested: u64, available: u64) -> Refusal<Infallible> {
    Refusal::Short(vec![ShortItem { sku: sku("mug"), requested, available }])
}

fn misuse(index: usize, fault: MoveFault) -> Refusal<Infallible> {
    Refusal::Misuse(MoveError { index, fault })
}

fn placed(placements: &[(&str, u32)]) -> Vec<Placement> {
    placements.iter().map(|(place, remaining)| Placement { location: place_id(place), remaining: *remaining }).collect()
}

fn stocked(x: u32, y: u32) -> Shelf {
    let mut shelf = Shelf::default();
    shelf.apply(0, &[receive(1, "x", x), receive(2, "y", y)]).unwrap();
    shelf
}

#[test]
fn two_holds_of_one_sku_in_a_set_are_one_demand() {
    let mut shelf = stocked(5, 1);
    let both = [hold(10, 3, &["x"], Split::InOrder, 9), hold(11, 3, &["x"], Split::InOrder, 9)];
    assert_eq!(shelf.apply(0, &both), Err(short(6, 5)));
    assert_eq!(shelf.at("x"), (5, 0, 0));
    assert_eq!(shelf.apply(0, &[hold(10, 3, &["x"], Split::InOrder, 9), hold(11, 2, &["x"], Split::InOrder, 9)]).map(|_| ()), Ok(()));
    assert_eq!(shelf.at("x"), (5, 5, 0));
}

#[test]
fn a_hold_of_an_unknown_account_is_short_of_everything() {
    let mut shelf = stocked(5, 1);
    assert_eq!(shelf.apply(0, &[hold(10, 3, &["moon"], Split::InOrder, 9)]), Err(short(3, 0)));
    assert_eq!(shelf.apply(0, &[hold(10, 3, &[], Split::InOrder, 9)]), Err(short(3, 0)), "no candidates: the default location");
    assert!(!shelf.accounts.contains_key(&key("moon")));
}

#[test]
fn a_hold_that_is_gone_is_found_before_stock_that_is_short() {
    let mut shelf = stocked(5, 1);
    let moves = [hold(10, 9, &["x"], Split::InOrder, 9), confirm(10), confirm(77)];
    assert_eq!(shelf.apply(0, &moves), Err(Refusal::Gone(hold_id(77))));
    assert_eq!(shelf.apply(0, &moves[..2]), Err(short(9, 5)));
}

#[test]
fn a_hold_splits_as_it_allows_and_gives_back_its_last_placement_first() {
    let mut shelf = stocked(2, 4);
    assert_eq!(shelf.apply(0, &[hold(10, 5, &["x", "y"], Split::Never, 9)]), Err(short(5, 4)));
    let applied = shelf.apply(0, &[hold(10, 5, &["x", "y"], Split::InOrder, 9)]).unwrap();
    assert_eq!(applied.placed[0].placements, placed(&[("x", 2), ("y", 3)]));
    shelf.apply(0, &[release(11, 10, None, 4)]).unwrap();
    assert_eq!(shelf.holds[&hold_id(10)].placements, placed(&[("x", 1), ("y", 0)]));
    assert_eq!(shelf.apply(0, &[release(12, 10, Some("y"), 1)]), Err(Refusal::Gone(hold_id(10))));
    let again = shelf.apply(0, &[hold(10, 5, &["x", "y"], Split::InOrder, 9)]).unwrap();
    assert_eq!(again.movements, vec![]);
    assert_eq!(again.placed[0].placements, placed(&[("x", 2), ("y", 3)]), "as it was placed, not as it is");
}

#[test]
fn an_expired_hold_is_reclaimed_only_where_stock_falls_short_and_the_longest_expired_first() {
    let mut shelf = stocked(6, 1);
    shelf.apply(0, &[hold(10, 2, &["x"], Split::Never, 5), hold(11, 2, &["x"], Split::Never, 3)]).unwrap();
    shelf.apply(9, &[hold(12, 2, &["x"], Split::Never, 99)]).unwrap();
    assert_eq!(shelf.at("x"), (6, 6, 0), "two were free, so nothing was reclaimed");
    let applied = shelf.apply(9, &[hold(13, 1, &["x"], Split::Never, 99)]).unwrap();
    assert_eq!(applied.movements[0].kind, MovementKind::Reclaimed);
    assert_eq!(applied.movements[0].hold, Some(hold_id(11)));
    assert_eq!(shelf.apply(9, &[confirm(11)]), Err(Refusal::Gone(hold_id(11))));
    shelf.apply(9, &[confirm(10)]).unwrap();
    assert_eq!(shelf.apply(9, &[hold(14, 2, &["x"], Split::Never, 99)]), Err(short(2, 1)), "what was confirmed late is kept");
}

#[test]
fn a_hold_is_not_reclaimed_in_favor_of_a_set_that_keeps_it() {
    let mut shelf = stocked(2, 1);
    shelf.apply(0, &[hold(10, 2, &["x"], Split::Never, 1)]).unwrap();
    assert_eq!(shelf.apply(9, &[hold(11, 1, &["x"], Split::Never, 99), confirm(10)]), Err(short(1, 0)));
    assert_eq!(shelf.apply(9, &[hold(11, 2, &["x"], Split::Never, 99)]).map(|_| ()), Ok(()));
}

#[test]
fn an_unexpired_or_confirmed_hold_does_not_expire() {
    let mut shelf = stocked(3, 1);
    let expire = |n| Move::Expire { hold: hold_id(n) };
    shelf.apply(0, &[hold(10, 1, &["x"], Split::Never, 5), hold(11, 1, &["x"], Split::Never, 5), confirm(11)]).unwrap();
    assert_eq!(shelf.apply(5, &[expire(10), expire(11), expire(77)]).map(|a| a.movements), Ok(vec![]));
    assert_eq!(shelf.apply(6, &[expire(10), expire(10), expire(11)]).map(|a| a.movements.len()), Ok(1));
    assert_eq!(shelf.at("x"), (3, 1, 0));
}

#[test]
fn an_extended_hold_expires_at_its_new_time_even_an_earlier_one() {
    let mut shelf = stocked(1, 1);
    shelf.apply(0, &[hold(10, 1, &["x"], Split::Never, 50)]).unwrap();
    shelf.apply(0, &[Move::Extend { hold: hold_id(10), until: Timestamp::from_secs(5) }]).unwrap();
    assert_eq!(shelf.apply(6, &[hold(11, 1, &["x"], Split::Never, 99)]).map(|_| ()), Ok(()));
    assert_eq!(shelf.apply(6, &[Move::Extend { hold: hold_id(10), until: Timestamp::from_secs(99) }]), Err(Refusal::Gone(hold_id(10))));
}

#[test]
fn only_a_confirmed_hold_is_fulfilled_and_only_from_what_is_there() {
    let mut shelf = stocked(1, 1);
    shelf.apply(0, &[configure(5, "x", 2, 0), hold(10, 3, &["x"], Split::Never, 9)]).unwrap();
    assert_eq!(shelf.apply(0, &[fulfill(11, 10, "x", 1)]), Err(Refusal::Gone(hold_id(10))));
    shelf.apply(0, &[confirm(10)]).unwrap();
    assert_eq!(shelf.apply(0, &[fulfill(11, 10, "x", 2)]), Err(short(2, 1)));
    assert_eq!(shelf.apply(0, &[fulfill(11, 10, "x", 4)]), Err(Refusal::Gone(hold_id(10))));
    shelf.apply(0, &[fulfill(11, 10, "x", 1)]).unwrap();
    assert_eq!(shelf.apply(0, &[fulfill(11, 10, "x", 1)]).map(|a| a.movements), Ok(vec![]));
    assert_eq!(shelf.at("x"), (0, 2, 0));
}

#[test]
fn a_fact_that_takes_units_from_under_the_holds_is_recorded_as_a_shortfall() {
    let mut shelf = stocked(5, 1);
    shelf.apply(0, &[hold(10, 4, &["x"], Split::Never, 9)]).unwrap();
    let kinds = |applied: Applied| applied.movements.iter().map(|one| one.kind).collect::<Vec<_>>();
    assert_eq!(shelf.apply(0, &[adjust(11, "x", -3)]).map(kinds), Ok(vec![MovementKind::Adjusted, MovementKind::StockShort]));
    assert_eq!(shelf.at("x"), (2, 4, 2));
    assert_eq!(shelf.apply(0, &[adjust(11, "x", -3)]).map(kinds), Ok(vec![]));
    assert_eq!(shelf.apply(0, &[configure(12, "x", 0, 1)]).map(kinds), Ok(vec![MovementKind::Configured, MovementKind::StockShort]));
    assert_eq!(shelf.apply(0, &[receive(13, "x", 2)]).map(kinds), Ok(vec![MovementKind::Received]));
    assert_eq!(shelf.at("x"), (4, 4, 1));
    assert_eq!(shelf.apply(0, &[adjust(14, "x", -5)]), Err(short(5, 4)));
}

#[test]
fn units_that_are_promised_or_on_backorder_do_not_move() {
    let mut shelf = stocked(5, 1);
    let relocate = |n, units| Move::Relocate {
        id: move_id(n),
        merchant: MerchantId::default(),
        sku: sku("mug"),
        from: place_id("x"),
        to: place_id("z"),
        qty: qty(units),
    };
    shelf.apply(0, &[hold(10, 4, &["x"], Split::Never, 9)]).unwrap();
    assert_eq!(shelf.apply(0, &[relocate(11, 2)]), Err(short(2, 1)));
    shelf.apply(0, &[configure(12, "x", 9, 0)]).unwrap();
    assert_eq!(shelf.apply(0, &[relocate(11, 6)]), Err(short(6, 5)));
    shelf.apply(0, &[relocate(11, 5), relocate(11, 5)]).unwrap();
    assert_eq!((shelf.at("x"), shelf.at("z")), ((0, 4, 0), (5, 0, 0)));
}

#[test]
fn an_id_with_other_content_is_misuse() {
    let mut shelf = stocked(5, 1);
    shelf.apply(0, &[hold(10, 2, &["x"], Split::Never, 9), confirm(10), fulfill(11, 10, "x", 1), release(12, 10, None, 1)]).unwrap();
    for (other, id) in [
        (receive(1, "x", 6), 1),
        (receive(1, "y", 5), 1),
        (adjust(1, "x", 5), 1),
        (hold(10, 1, &["x"], Split::Never, 9), 10),
        (hold(1, 5, &["x"], Split::Never, 9), 1),
        (receive(10, "x", 2), 10),
        (fulfill(11, 10, "x", 2), 11),
        (fulfill(12, 10, "x", 1), 12),
        (release(12, 10, Some("y"), 1), 12),
        (release(12, 10, None, 2), 12),
    ] {
        assert_eq!(shelf.apply(0, &[confirm_nothing(), other.clone()]), Err(misuse(1, MoveFault::Repeated(move_id(id)))), "{other:?}");
    }
}

fn confirm_nothing() -> Move {
    Move::Expire { hold: hold_id(0) }
}

#[test]
fn extreme_values_are_refused_and_never_overflow() {
    let mut shelf = stocked(5, 1);
    assert_eq!(shelf.apply(0, &[adjust(9, "x", i64::MAX)]), Err(misuse(0, MoveFault::TooMany)));
    assert_eq!(shelf.apply(0, &[adjust(9, "x", i64::MIN)]), Err(short(1 << 63, 5)));
    assert_eq!(shelf.apply(0, &[adjust(9, "x", 0)]), Err(misuse(0, MoveFault::Zero)));
    assert_eq!(shelf.apply(0, &[configure(9, "x", i64::MAX, 0)]), Err(misuse(0, MoveFault::Limits)));
    assert_eq!(shelf.apply(0, &[configure(9, "x", 0, -1)]), Err(misuse(0, MoveFault::Limits)));
    shelf.apply(0, &[adjust(9, "x", COUNTER_MAX_UNITS - 5)]).unwrap();
    let most = Quantity::MAX.get();
    assert_eq!(shelf.apply(0, &[receive(20, "x", most)]), Err(misuse(0, MoveFault::TooMany)));
    let many: Vec<_> = (100..200).map(|n| hold(n, most, &["y"], Split::InOrder, 9)).collect();
    assert_eq!(shelf.apply(0, &many), Err(short(100 * u64::from(most), 1)));
    let places: Vec<String> = (0..65).map(|n| format!("p{n}")).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    assert_eq!(shelf.apply(0, &[hold(10, 1, &places, Split::InOrder, 9)]), Err(misuse(0, MoveFault::Candidates(65))));
    let stranger = MerchantId::new("stranger").unwrap();
    let foreign = Move::Receive { id: move_id(30), account: AccountKey { merchant: stranger.clone(), ..key("x") }, qty: qty(1) };
    assert_eq!(shelf.apply(0, &[foreign]), Err(misuse(0, MoveFault::Merchant(stranger))));
    let long = Move::Adjust { id: move_id(31), account: key("x"), delta: -1, reason: "x".repeat(257) };
    assert_eq!(shelf.apply(0, &[long]), Err(misuse(0, MoveFault::Reason(257))));
}

#[test]
fn more_expired_holds_than_one_page_are_all_reclaimed_and_each_once() {
    let mut shelf = stocked(200, 1);
    let holds: Vec<_> = (1_000..1_200).map(|n| hold(n, 1, &["x"], Split::Never, 1)).collect();
    shelf.apply(0, &holds).unwrap();
    let mut ledger = Ledger::new(&shelf);
    let (merchant, now) = (MerchantId::default(), Timestamp::from_secs(9));
    for n in 0..4 {
        let applied = ledger.apply(&merchant, &[hold(2_000 + n, 50, &["x"], Split::Never, 99)], now, now).unwrap();
        assert_eq!(applied.movements.iter().filter(|one| one.kind == MovementKind::Reclaimed).count(), 50);
        let before = ledger.savepoint();
        assert_eq!(ledger.apply(&merchant, &[hold(3_000, 201, &["x"], Split::Never, 99)], now, now), {
            Err(short(201, 150 - 50 * u64::try_from(n).unwrap()))
        });
        assert_eq!(ledger.savepoint(), before);
    }
    assert_eq!(ledger.into_changes().accounts, vec![(key("x"), Account { on_hand: 200, held: 200, ..Account::default() })]);
}
