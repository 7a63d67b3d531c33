//! Random lives of orders: whatever is commanded, whatever the provider answers, the laws of money, stock and goods hold, and no order
//! is left in a place from which nothing leads to an end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use commerce_core::goods::ItemKind;
use commerce_core::order::{CancelReason, CapturePolicy, Command, GrantRefund, Line, Order, Placement, ShipmentState, Terms};
use commerce_core::quantity::LineQty;
use commerce_core::tender::RefundState;

use crate::any_command::{any_basket, likely, nonsense};
use crate::events::ORDER_EVENTS;
use crate::support::{dispatch, qty};
use crate::world::{Dice, Mood, No, World};

const RUNS: u64 = 3_000;
const STEPS_MAX: u64 = 60;
const FINISH_STEPS_MAX: usize = 60;

const COMMANDS: [&str; 24] = [
    "Place",
    "Screen",
    "Hold",
    "Resume",
    "Pay",
    "Attempt",
    "Expire",
    "Edit",
    "CancelLines",
    "Cancel",
    "Pack",
    "Unpack",
    "StartCapture",
    "Capture",
    "AuthorizationGone",
    "Dispatch",
    "Deliver",
    "Lose",
    "RequestReturn",
    "ReceiveReturn",
    "RejectReturn",
    "GrantRefund",
    "Refund",
    "Complete",
];

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// Runs one life per seed; a panic is told with its seed and the whole life.
fn for_every_seed(live: impl Fn(u64) -> World) -> BTreeMap<&'static str, u64> {
    let (first, runs) = (env("WALK_SEED", 0), env("WALK_RUNS", RUNS));
    let mut seen = BTreeMap::new();
    for seed in first..first + runs {
        match catch_unwind(AssertUnwindSafe(|| live(seed))) {
            Ok(world) => world.seen.iter().for_each(|(name, count)| *seen.entry(*name).or_default() += count),
            Err(panic) => {
                eprintln!("WALK_SEED={seed} WALK_RUNS=1 repeats this");
                resume_unwind(panic);
            }
        }
    }
    seen
}

/// Places an order; `None` if it was refused.
fn begun(seed: u64) -> Option<World> {
    let mut dice = Dice::new(seed);
    let stock = dice.pick(&[6, 30, 30, 30]).unwrap();
    let mut world = World::new(seed ^ 0xABCD, stock);
    world.life.policy.refund_on_return = dice.chance(80);
    let place = world.life.place(any_basket(&mut dice));
    world.tell(place).ok()?;
    Some(world)
}

fn step(world: &mut World) {
    match world.dice.below(12) {
        0..=4 => {
            world.stir(Mood::Random);
        }
        5 if world.dice.chance(30) => world.rest(Mood::Random),
        6 if world.dice.chance(15) => {
            let stock = world.dice.below(12);
            world.reclaim(stock);
        }
        6 => {
            let hours = world.dice.below(40) * 3_600;
            world.life.now = world.life.now.plus_secs(hours);
        }
        _ => {
            if let Some(command) = likely(&world.life, &mut world.dice) {
                let _refused = world.tell(command);
            }
        }
    }
}

/// A life that keeps its story: a panic prints it.
fn guarded(world: &mut World, live: impl FnOnce(&mut World)) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| live(world))) {
        eprintln!("{}", world.told());
        resume_unwind(panic);
    }
}

#[test]
fn no_life_of_an_order_breaks_a_law_or_ends_in_a_dead_end() {
    let seen = for_every_seed(|seed| {
        let Some(mut world) = begun(seed) else { return World::new(seed, 0) };
        guarded(&mut world, |world| {
            for _ in 0..world.dice.below(STEPS_MAX) {
                step(world);
            }
            world.rest(Mood::Random);
            assert_eq!(world.life.replayed(), *world.order(), "a replay gives another state");
            finish(world);
        });
        world
    });
    for name in ORDER_EVENTS.iter().chain(&COMMANDS) {
        let count = seen.get(name).copied().unwrap_or(0);
        eprintln!("{name:22} {count}");
        assert!(count > 0, "{name} never occurred");
    }
}

#[test]
fn arbitrary_commands_never_panic_and_many_are_accepted() {
    let told = std::cell::Cell::new((0_u64, 0_u64));
    for_every_seed(|seed| {
        let Some(mut world) = begun(seed) else { return World::new(seed, 0) };
        guarded(&mut world, |world| {
            for _ in 0..world.dice.below(STEPS_MAX) {
                if world.dice.chance(50) {
                    world.stir(Mood::Random);
                }
                let before = world.life.order.clone();
                let command =
                    if world.dice.chance(25) { Some(nonsense(&world.life, &mut world.dice)) } else { likely(&world.life, &mut world.dice) };
                let Some(command) = command else { continue };
                let (accepted, all) = told.get();
                match world.life.judge(command.clone()) {
                    Ok(_) => told.set((accepted + 1, all + 1)),
                    Err(refusal) => {
                        assert_ne!(refusal.code(), "internal", "{command:?} is refused by the fold alone: {refusal:?}");
                        told.set((accepted, all + 1));
                    }
                }
                assert_eq!(before, world.life.order, "judging changes nothing");
                let _refused = world.tell(command);
            }
        });
        world
    });
    let (accepted, all) = told.get();
    eprintln!("{accepted} of {all} arbitrary commands accepted");
    assert!(accepted * 100 >= all * 30, "{accepted} of {all} arbitrary commands accepted");
}

/// From any rest, ordinary commands and a willing provider lead to an end.
fn finish(world: &mut World) {
    world.stock_up();
    for _ in 0..FINISH_STEPS_MAX {
        world.rest(Mood::Kind);
        match next(world) {
            Some(command) => {
                let told = format!("{command:?}");
                match world.tell(command) {
                    Ok(_) => {}
                    Err(No::Short) => panic!("{told} found stock short"),
                    Err(No::Refused(refusal)) => panic!("no way on: {told} was refused: {refusal:?}"),
                }
            }
            None => return check_end(world),
        }
    }
    panic!("no end is reached");
}

fn check_end(world: &World) {
    let order = world.order();
    let failed = order.tenders.refunds.iter().any(|r| r.standing() < r.sum(|_| true));
    match order.placement {
        Placement::Cancelled { .. } | Placement::Rejected { .. } => assert_eq!(order.room(), 0, "an ended order keeps money"),
        Placement::Completed if order.terms == Terms::Prepaid => {
            assert!(order.kept() >= order.owed(), "D keeps {} of {}", order.kept(), order.owed());
            assert!(failed || order.excess() == 0, "D keeps {} of {}", order.kept(), order.owed());
        }
        Placement::Completed => assert!(failed || order.excess() <= 0, "D keeps {} of {}", order.kept(), order.owed()),
        _ => panic!("not an end"),
    }
}

/// What an operator does next to bring the order to its end; `None` at the end.
fn next(world: &mut World) -> Option<Command> {
    let order = world.life.order.clone()?;
    if let Some(again) = replacement(world, &order) {
        return Some(again);
    }
    match &order.placement {
        Placement::Cancelled { .. } | Placement::Rejected { .. } => {
            (order.room() > 0).then(|| Command::GrantRefund(world.life.grant(order.room())))
        }
        Placement::Completed => None,
        Placement::Held { .. } => Some(Command::Resume),
        Placement::Pending { .. } => Some(Command::Pay(world.life.pay("multi", None))),
        Placement::Confirmed => Some(next_of_confirmed(world, &order)),
    }
}

/// Failed refunds that can be granted again.
fn replacement(world: &World, order: &Order) -> Option<Command> {
    let ended = matches!(order.placement, Placement::Cancelled { .. } | Placement::Rejected { .. });
    order.tenders.refunds.iter().filter(|refund| !refund.replaced).find_map(|refund| {
        let failed = refund.sum(|state| matches!(state, RefundState::Failed { .. }));
        let most = if ended || !refund.cause.lowers_kept() { order.room() } else { order.excess() };
        let amount = failed.min(most);
        (amount > 0).then(|| Command::GrantRefund(GrantRefund { replaces: Some(refund.id), ..world.life.grant(amount) }))
    })
}

fn next_of_confirmed(world: &World, order: &Order) -> Command {
    let untouched = order.packed_units() + order.dispatched_units() == 0;
    if untouched && world.life.now.micros() % 3 == 0 {
        return Command::Cancel { reason: CancelReason::Customer };
    }
    let on_trust = order.capture_policy == CapturePolicy::Manual || order.terms == Terms::Invoice;
    if !order.covered() {
        return Command::Pay(world.life.pay("multi", None));
    }
    let open = |line: &&Line| line.kind == ItemKind::Stocked && line.open() > 0;
    if let Some(line) = order.lines.iter().find(open) {
        return world.life.pack_command(vec![LineQty { line_id: line.id, qty: qty(line.open()) }]);
    }
    for shipment in &order.shipments {
        match shipment.state {
            ShipmentState::Packed => {
                assert!(on_trust || order.share_of(shipment) == 0, "ship left {} uncaptured", order.share_of(shipment));
                return dispatch(shipment.id);
            }
            ShipmentState::Dispatched(_) => return Command::Deliver { shipment_id: shipment.id },
            _ => {}
        }
    }
    if order.terms == Terms::Prepaid && order.kept() < order.owed() {
        return Command::StartCapture { shipment_id: None, amount: None };
    }
    Command::Complete
}
