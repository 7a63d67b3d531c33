//! Who kills which process when: a plan made from a seed alone, its moments counted in answers and a little more.

use std::time::Duration;

use commerce_core::testkit::Dice;

use crate::chaos::load::{Load, Told};
use crate::chaos::town::Town;

/// Answers between two blows, at most; at none the process that comes back is killed while it takes up what the last one left.
const ANSWERS_MAX: u64 = 60;
/// Microseconds from that answer to the blow, at most: an answer comes at the end of a commit, a blow must meet each part of one.
const MORE_MAX_US: u64 = 5_000;

/// Which processes die.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Victim {
    Shop,
    Bank,
    /// The bank, and with it the shop that waits for it.
    Both,
}

/// One SIGKILL, or two.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Blow {
    /// Answers since the one before.
    pub(crate) after_answers: u64,
    pub(crate) more_us: u64,
    pub(crate) victim: Victim,
}

/// A plan in which the shop is killed so often. Of three times, it dies once by itself, once a little after its bank, once with it.
pub(crate) fn plan(seed: u64, kills: usize) -> Vec<Blow> {
    let mut dice = Dice::new(seed);
    let mut blow = |victim| Blow { after_answers: dice.below(ANSWERS_MAX + 1), more_us: dice.below(MORE_MAX_US + 1), victim };
    let victims = (0..kills).flat_map(|kill| match kill % 3 {
        0 => &[Victim::Shop][..],
        1 => &[Victim::Bank, Victim::Shop],
        _ => &[Victim::Both],
    });
    victims.map(|victim| blow(*victim)).collect()
}

/// Carries a plan out against a town under load; what callers were told meanwhile.
pub(crate) fn strike(town: &mut Town, load: &Load, plan: &[Blow]) -> Vec<Told> {
    // so that the first blow meets orders in every state
    let mut told = load.hear(ANSWERS_MAX);
    for blow in plan {
        told.extend(load.hear(blow.after_answers));
        std::thread::sleep(Duration::from_micros(blow.more_us));
        match blow.victim {
            Victim::Shop => town.kill_shop(),
            Victim::Bank => {
                town.kill_bank();
                continue;
            }
            Victim::Both => {
                town.kill_bank();
                town.kill_shop();
            }
        }
        town.reopen_shop();
    }
    told.extend(load.hear(ANSWERS_MAX));
    told
}

#[test]
fn one_seed_gives_one_plan_and_another_seed_another() {
    assert_eq!(plan(1, 30), plan(1, 30));
    assert_ne!(plan(1, 30), plan(2, 30));
    assert_eq!(plan(1, 30).iter().filter(|blow| blow.victim != Victim::Bank).count(), 30);
}
