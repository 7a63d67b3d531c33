//! Laws of the ledger, over arbitrary mixes of moves.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use uuid::Uuid;

use super::tests::{Shelf, hold_id, move_id, place_id, qty, sku};
use super::*;
use crate::id::{LocationId, OrderId, Sku};
use crate::stock::{Limits, MovementKind, Owner, Split};

const SEED: u64 = 20_101_201;
const PLACES: [&str; 3] = ["x", "y", "z"];

/// A move before it knows which ids exist.
#[derive(Clone, Debug)]
struct Seed {
    kind: u8,
    repeat: bool,
    sku: bool,
    place: usize,
    other: usize,
    units: u32,
    of: usize,
    expires: i64,
}

/// Some moves, and what becomes of them.
#[derive(Clone, Debug)]
struct Step {
    moves: Vec<Seed>,
    now: i64,
    undone: bool,
}

fn seeds() -> impl Strategy<Value = Vec<Vec<Step>>> {
    let one = (0..20_u8, proptest::bool::weighted(0.08), any::<bool>(), 0..3_usize, 0..3_usize, 1..12_u32, 0..5_usize, 0..60_i64)
        .prop_map(|(kind, repeat, sku, place, other, units, of, expires)| Seed { kind, repeat, sku, place, other, units, of, expires });
    let step = (prop::collection::vec(one, 1..3), 0..60_i64, proptest::bool::weighted(0.15)).prop_map(|(moves, now, undone)| Step {
        moves,
        now,
        undone,
    });
    prop::collection::vec(prop::collection::vec(step, 1..40), 1..8)
}

/// Turns seeds into moves over the ids issued so far.
#[derive(Default)]
struct Issue {
    next: u128,
    issued: Vec<Move>,
    holds: Vec<(HoldId, LocationId)>,
    confirmed: Vec<(HoldId, LocationId)>,
}

impl Issue {
    fn one(&mut self, seed: &Seed) -> Move {
        if seed.repeat && !self.issued.is_empty() {
            return self.issued[(seed.of * 31 + seed.other) % self.issued.len()].clone();
        }
        self.next += 1;
        let (id, merchant) = (move_id(self.next), MerchantId::default());
        let sku = |which| if which { sku("cup") } else { sku("mug") };
        let (at, to) = (place_id(PLACES[seed.place]), place_id(PLACES[seed.other]));
        let account = AccountKey { merchant: merchant.clone(), sku: sku(seed.sku), location: at.clone() };
        let recent = |of: &[(HoldId, LocationId)]| of.iter().nth_back(seed.of % of.len().max(1)).cloned();
        let (hold, _) = recent(&self.holds).unwrap_or((hold_id(0), at.clone()));
        let made = match seed.kind {
            0 | 1 => Move::Receive { id, account, qty: qty(seed.units * 5) },
            2 => Move::Adjust { id, account, delta: i64::from(seed.units) - 6 + i64::from(seed.units == 6), reason: "count".to_owned() },
            3 => Move::Relocate { id, merchant, sku: sku(seed.sku), from: at, to, qty: qty(seed.units.div_ceil(2)) },
            4 => {
                let (backorder, safety) = (i64::from(seed.units % 5), i64::from(seed.units % 3));
                Move::Configure { id, account, limits: Limits { backorder, safety, ..Limits::default() } }
            }
            5 => Move::Extend { hold, until: Timestamp::from_secs(seed.expires) },
            6 | 7 => {
                self.confirmed.extend(recent(&self.holds));
                Move::Confirm { hold }
            }
            8 | 9 => {
                let (hold, location) = recent(&self.confirmed).unwrap_or((hold, at));
                Move::Fulfill { id, hold, location, qty: qty(seed.units.div_ceil(4)) }
            }
            10 => Move::Release { id, hold, location: Some(at), qty: qty(seed.units.div_ceil(4)) },
            11 => Move::Release { id, hold, location: None, qty: qty(seed.units.div_ceil(3)) },
            12 => Move::Expire { hold },
            _ => {
                self.holds.push((hold_id(self.next), at.clone()));
                let mut candidates = vec![at, to];
                candidates.truncate(1 + seed.of % 2);
                Move::Hold {
                    id: hold_id(self.next),
                    merchant,
                    owner: Owner::Order(OrderId::new(Uuid::from_u128(self.next % 5))),
                    sku: sku(seed.sku),
                    qty: qty(seed.units),
                    candidates,
                    split: [Split::Never, Split::InOrder, Split::Fewest][seed.of % 3],
                    expires_at: Timestamp::from_secs(seed.expires),
                }
            }
        };
        self.issued.push(made.clone());
        made
    }
}

fn kind(one: &Move) -> &'static str {
    match one {
        Move::Receive { .. } => "receive",
        Move::Adjust { .. } => "adjust",
        Move::Relocate { .. } => "relocate",
        Move::Hold { .. } => "hold",
        Move::Extend { .. } => "extend",
        Move::Confirm { .. } => "confirm",
        Move::Fulfill { .. } => "fulfill",
        Move::Release { .. } => "release",
        Move::Expire { .. } => "expire",
        Move::Configure { .. } => "configure",
    }
}

/// What became of the moves of a run, by name.
type Counts = BTreeMap<&'static str, u64>;

fn count(counts: &mut Counts, moves: &[Move], judged: &Result<Applied, Refusal<Infallible>>) {
    match judged {
        Ok(applied) => {
            *counts.entry("accepted").or_default() += 1;
            moves.iter().for_each(|one| *counts.entry(kind(one)).or_default() += 1);
            applied.movements.iter().for_each(|one| *counts.entry(one.kind.as_str()).or_default() += 1);
        }
        Err(Refusal::Gone(_)) => *counts.entry("refused: gone").or_default() += 1,
        Err(Refusal::Short(_)) => *counts.entry("refused: short").or_default() += 1,
        Err(Refusal::Misuse(_)) => *counts.entry("refused: misuse").or_default() += 1,
        Err(Refusal::Source(never)) => match *never {},
    }
}

type Counters = BTreeMap<AccountKey, (i64, i64, Limits)>;
type Remaining = BTreeMap<(HoldId, LocationId), i64>;

/// What the movements alone tell of accounts and holds.
fn fold(shelf: &Shelf) -> (Counters, Remaining) {
    let (mut accounts, mut remaining) = (Counters::new(), Remaining::new());
    for one in &shelf.movements {
        let account = accounts.entry(one.account.clone()).or_default();
        account.0 += one.on_hand_delta;
        account.1 += one.held_delta;
        account.2 = one.limits.unwrap_or(account.2);
        if let Some(hold) = one.hold {
            *remaining.entry((hold, one.account.location.clone())).or_default() += one.held_delta;
        }
    }
    (accounts, remaining)
}

fn check_fold(shelf: &Shelf) {
    let (accounts, remaining) = fold(shelf);
    assert_eq!(accounts.keys().collect::<Vec<_>>(), shelf.accounts.keys().collect::<Vec<_>>());
    for (key, account) in &shelf.accounts {
        assert_eq!((account.on_hand, account.held, account.limits), accounts[key], "{key:?}");
        assert_eq!(account.shortfall, (-account.available()).max(0), "{key:?}");
        assert!(account.on_hand >= 0 && account.held >= 0, "{key:?} {account:?}");
        let here = |hold: &&Hold| hold.sku == key.sku;
        let held: i64 = shelf.holds.values().filter(here).map(|hold| i64::from(hold.remaining_at(&key.location))).sum();
        assert_eq!(account.held, held, "{key:?}");
    }
    let of_holds =
        shelf.holds.values().flat_map(|hold| hold.placements.iter().map(|p| ((hold.id, p.location.clone()), i64::from(p.remaining))));
    assert_eq!(of_holds.collect::<BTreeMap<_, _>>(), remaining);
}

/// A move by itself, judged the long way round. `None`: it repeats an id.
fn naive(shelf: &Shelf, one: &Move, now: Timestamp) -> Option<&'static str> {
    let account = |sku: &Sku, place: &LocationId| {
        let key = AccountKey { merchant: MerchantId::default(), sku: sku.clone(), location: place.clone() };
        shelf.accounts.get(&key).copied().unwrap_or_default()
    };
    let free = |sku: &Sku, place: &LocationId| {
        let back = shelf.holds.values().filter(|h| h.sku == *sku && h.may_be_reclaimed(now)).map(|h| i64::from(h.remaining_at(place)));
        (account(sku, place).available() + back.sum::<i64>()).max(0)
    };
    let used = |id: MoveId| shelf.movements.iter().any(|m| m.id == id);
    let verdict = |good: bool, else_: &'static str| Some(if good { "ok" } else { else_ });
    let left = |id: &HoldId| shelf.holds.get(id).filter(|hold| !hold.is_gone());
    match one {
        Move::Receive { id, .. } | Move::Configure { id, .. } if !used(*id) => Some("ok"),
        Move::Adjust { id, account: key, delta, .. } if !used(*id) => {
            verdict(account(&key.sku, &key.location).on_hand + delta >= 0, "short")
        }
        Move::Relocate { id, from, to, .. } if !used(*id) && from == to => Some("misuse"),
        Move::Relocate { id, sku, from, qty, .. } if !used(*id) => {
            let qty = i64::from(qty.get());
            verdict(account(sku, from).on_hand >= qty && free(sku, from) >= qty, "short")
        }
        Move::Hold { id, sku, qty, candidates, split, .. } if !shelf.holds.contains_key(id) => {
            let candidates: BTreeSet<_> = candidates.iter().collect();
            let qty = i64::from(qty.get());
            let there = candidates.iter().map(|place| free(sku, place));
            verdict(if *split == Split::Never { there.max() >= Some(qty) } else { there.sum::<i64>() >= qty }, "short")
        }
        Move::Extend { hold, .. } | Move::Confirm { hold } => verdict(left(hold).is_some(), "gone"),
        Move::Fulfill { id, hold, location, qty } if !used(*id) => match left(hold) {
            Some(hold) if hold.confirmed && hold.remaining_at(location) >= qty.get() => {
                verdict(account(&hold.sku, location).on_hand >= i64::from(qty.get()), "short")
            }
            _ => Some("gone"),
        },
        Move::Release { id, hold, location, qty } if !used(*id) => {
            let there = |hold: &Hold| location.as_ref().map_or(hold.remaining(), |place| hold.remaining_at(place));
            verdict(left(hold).is_some_and(|hold| there(hold) >= qty.get()), "gone")
        }
        Move::Expire { .. } => Some("ok"),
        _ => None,
    }
}

fn check_naive(shelf: &Shelf, moves: &[Move], now: Timestamp, judged: &Result<Applied, Refusal<Infallible>>) {
    let [one] = moves else { return };
    let expect = naive(shelf, one, now);
    let actual = match judged {
        Ok(_) => "ok",
        Err(Refusal::Gone(_)) => "gone",
        Err(Refusal::Short(items)) => {
            assert!(items.iter().all(|item| item.available < item.requested), "{items:?}");
            "short"
        }
        Err(Refusal::Misuse(_)) => "misuse",
        Err(Refusal::Source(never)) => match *never {},
    };
    assert!(expect.is_none_or(|expect| expect == actual), "{one:?} at {now}: {actual}, expected {expect:?}\n{shelf:#?}");
}

/// What was free of each account does not fall below zero but by a fact.
fn check_not_oversold(before: &Shelf, after: &Shelf, moves: &[Move]) {
    let facts = moves.iter().any(|one| matches!(one, Move::Adjust { .. } | Move::Configure { .. }));
    for (key, account) in after.accounts.iter().filter(|_| !facts) {
        let shortfall = before.accounts.get(key).map_or(0, |account| account.shortfall);
        assert!(account.shortfall <= shortfall, "{key:?} was oversold by {moves:?}");
    }
}

/// Runs batches twice: in one ledger per batch with undone sets between, and set by set without them.
fn run(batches: &[Vec<Step>], counts: &mut Counts) {
    let (mut shelf, mut issue, merchant) = (Shelf::default(), Issue::default(), MerchantId::default());
    for steps in batches {
        let start = shelf.clone();
        let mut batch = Ledger::new(&start);
        let mut movements = Vec::new();
        for step in steps {
            let moves: Vec<_> = step.moves.iter().map(|seed| issue.one(seed)).collect();
            let now = Timestamp::from_secs(step.now);
            let mut alone = Ledger::new(&shelf);
            let judged = alone.apply(&merchant, &moves, now, now);
            let changes = alone.into_changes();
            check_naive(&shelf, &moves, now, &judged);

            let savepoint = batch.savepoint();
            assert_eq!(batch.apply(&merchant, &moves, now, now), judged, "a batch judges as its sets one by one");
            if step.undone {
                batch.rollback(savepoint);
                continue;
            }
            count(counts, &moves, &judged);
            let Ok(applied) = judged else { continue };
            let before = shelf.clone();
            shelf.write(changes, applied.movements.clone());
            movements.extend(applied.movements);
            check_not_oversold(&before, &shelf, &moves);
            check_fold(&shelf);
        }
        let changes = batch.into_changes();
        let mut batched = start.clone();
        batched.write(changes, movements);
        assert_eq!(batched, shelf, "a batch writes what its sets write one by one, and nothing of what was undone");
    }
}

#[test]
fn counters_are_the_fold_of_movements_and_nothing_is_oversold_whatever_the_mix() {
    let mut runner = TestRunner::new(Config { cases: 600, rng_seed: RngSeed::Fixed(SEED), failure_persistence: None, ..Config::default() });
    let counts = std::cell::RefCell::new(Counts::new());
    let outcome = runner.run(&seeds(), |batches| {
        run(&batches, &mut counts.borrow_mut());
        Ok(())
    });
    if let Err(failure) = outcome {
        panic!("seed {SEED}: {failure}");
    }
    let counts = counts.into_inner();
    let kinds = ["receive", "adjust", "relocate", "hold", "extend", "confirm", "fulfill", "release", "expire", "configure"];
    let refusals = ["refused: gone", "refused: short", "refused: misuse"];
    for name in kinds.into_iter().chain(refusals).chain(MovementKind::ALL.iter().map(|kind| kind.as_str())) {
        assert!(counts.get(name).is_some_and(|count| *count > 0), "no {name} in {counts:?}");
    }
    let refused: u64 = refusals.iter().map(|name| counts[name]).sum();
    assert!(counts["accepted"] * 10 >= (counts["accepted"] + refused) * 3, "{counts:?}");
    eprintln!("seed {SEED}, {counts:?}");
}
