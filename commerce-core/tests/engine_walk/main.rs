//! Random lives of a whole shop: concurrent clients, two processes, crashes, zombies, moody banks, scarce goods and jumps of time. The
//! laws of money, stock and sagas hold whatever happens, and every order can be brought to an end.
#![expect(clippy::unwrap_used, reason = "a panic of a helper is the failure that its test reports")]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use clients::Theme;
use events::ORDER_EVENTS;
use tally::Tally;
use world::World;

mod clients;
#[path = "../shared/order_events.rs"]
mod events;
mod finish;
#[path = "../engine_stories/laws.rs"]
mod laws;
mod sluggish;
mod tally;
mod world;

const RUNS: u64 = 150;
const STEPS_MAX: u64 = 160;

const COMMANDS: [&str; 27] = [
    "place_order",
    "pay_order",
    "process_payment",
    "refund_payment",
    "void_payment",
    "capture_payment",
    "refund_order",
    "edit_order",
    "cancel_order_lines",
    "cancel_order",
    "hold_order",
    "resume_order",
    "screen_order",
    "create_shipment",
    "dispatch_shipment",
    "cancel_shipment",
    "deliver_shipment",
    "lose_shipment",
    "create_return",
    "receive_return",
    "reject_return",
    "set_order_status",
    "complete_order",
    "report_payment",
    "receive_stock",
    "retry_saga",
    "sweep",
];

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn step(world: &mut World) {
    match world.dice.below(40) {
        0 | 1 => world.someone_orders(),
        2..=18 => world.someone_asks(),
        19 => world.someone_pays(),
        20 | 21 => world.someone_decides(),
        22 => world.reports(),
        23..=28 => world.goes_on(),
        29..=32 => world.stage.rest(),
        33 => world.clock().advance_ms(500),
        34 | 35 => {
            let secs = world.dice.below(100);
            world.stage.jump_s(secs);
        }
        36 if world.chance(60) => {
            let hours = if world.theme == Theme::Late { 25 } else { world.dice.below(40) };
            world.stage.jump_s(hours * 3_600);
            // the shelves that were freed meanwhile find new buyers
            (0..world.dice.below(4)).for_each(|_| world.someone_orders());
        }
        36 => world.sweeps(),
        37 if world.chance(30) => world.crash(),
        37 => world.drops_a_request(),
        38 if world.chance(50) => world.freezes(true),
        _ => world.freezes(false),
    }
}

/// One life; its tally.
fn live(seed: u64) -> Tally {
    let mut world = World::new(seed);
    let lived = catch_unwind(AssertUnwindSafe(|| {
        match world.theme {
            Theme::Late => world.late_for_the_last_piece(),
            Theme::GivenUp => world.given_up_in_vain(),
            Theme::Mixed => world.someone_orders(),
        }
        for _ in 0..world.dice.below(STEPS_MAX) {
            step(&mut world);
        }
        world.comes_to_rest();
        world.check();
        world.finishes();
    }));
    if let Err(panic) = lived {
        eprintln!("{}\nENGINE_WALK_SEED={seed} ENGINE_WALK_RUNS=1 repeats this", world.story());
        resume_unwind(panic);
    }
    world.counted()
}

#[test]
fn no_life_of_a_shop_breaks_a_law_or_ends_in_a_dead_end() {
    let (first, runs) = (env("ENGINE_WALK_SEED", 0), env("ENGINE_WALK_RUNS", RUNS));
    eprintln!("seeds {first} to {}", first + runs - 1);
    let mut all = Tally::default();
    for seed in first..first + runs {
        all.add(live(seed));
    }
    all.print();
    if runs >= RUNS {
        let headlines: Vec<&str> = commerce_core::order::Headline::ALL.iter().map(|headline| headline.as_str()).collect();
        let missing = [
            all.missing("command", &COMMANDS),
            all.missing("event", &ORDER_EVENTS),
            all.missing("headline", &headlines),
            all.missing("cancelled", &["customer", "operator", "unpaid", "stock_lost"]),
            all.missing("world", &["crash", "freeze", "thaw", "dropped request", "decision", "stuck saga"]),
        ]
        .concat();
        assert!(missing.is_empty(), "never reached: {missing:?}");
    }
}
