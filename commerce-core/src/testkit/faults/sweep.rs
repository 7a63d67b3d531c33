//! Runs one scenario for each thing that can go wrong in it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Faults, Plan, Point};

/// The most visits of one point that a sweep runs.
pub const VISITS_MAX: usize = 1_000;

/// What a sweep ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepReport {
    /// How often each point was visited.
    pub visits: BTreeMap<Point, usize>,
}

impl SweepReport {
    /// How many runs had a fault.
    pub fn runs(&self) -> usize {
        self.visits.values().sum()
    }
}

/// Runs `scenario` anew for the first visit of each point, the second, and so on, until it ends without that visit.
///
/// The scenario wraps its ports in the faults that it is given, drives on (restarting if it [`Faults::crashed`]) until all is at rest,
/// and asserts what must hold.
///
/// # Panics
/// If a run panics, with the plan before its message; if a point is never visited, or more than [`VISITS_MAX`] times.
pub fn sweep(points: &[Point], scenario: impl Fn(&Faults)) -> SweepReport {
    let visits: BTreeMap<Point, usize> = points.iter().map(|point| (*point, visits_of(*point, &scenario))).collect();
    let never: Vec<String> = visits.iter().filter(|(_, visits)| **visits == 0).map(|(point, _)| point.to_string()).collect();
    assert!(never.is_empty(), "the scenario never visits {}", never.join(", "));
    SweepReport { visits }
}

fn visits_of(point: Point, scenario: impl Fn(&Faults)) -> usize {
    for visit in 1..=VISITS_MAX {
        let plan = Plan { point, visit };
        let faults = Faults::at(plan);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| scenario(&faults))) {
            let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            panic!("with {plan}: {}", message.unwrap_or("the scenario panicked"));
        }
        if !faults.fired() {
            return visit - 1;
        }
    }
    panic!("{point} was visited more than {VISITS_MAX} times")
}
