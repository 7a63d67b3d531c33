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
    run_all(&[None], points, scenario)
}

/// As [`sweep`], once for each of these faults, which happens in all of its runs: for points that only a fault leads to.
///
/// # Panics
/// As [`sweep`]; a point must be visited after one of the faults at least.
pub fn sweep_after(first: &[Plan], points: &[Point], scenario: impl Fn(&Faults)) -> SweepReport {
    let first: Vec<Option<Plan>> = first.iter().copied().map(Some).collect();
    run_all(&first, points, scenario)
}

fn run_all(first: &[Option<Plan>], points: &[Point], scenario: impl Fn(&Faults)) -> SweepReport {
    let visits_of = |point: &Point| (*point, first.iter().map(|first| visits_of(*first, *point, &scenario)).sum());
    let visits: BTreeMap<Point, usize> = points.iter().map(visits_of).collect();
    let never: Vec<String> = visits.iter().filter(|(_, visits)| **visits == 0).map(|(point, _)| point.to_string()).collect();
    assert!(never.is_empty(), "the scenario never visits {}", never.join(", "));
    SweepReport { visits }
}

fn visits_of(first: Option<Plan>, point: Point, scenario: impl Fn(&Faults)) -> usize {
    for visit in 1..=VISITS_MAX {
        let plan = Plan { point, visit };
        let faults = Faults::all_of(first.into_iter().chain([plan]));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| scenario(&faults))) {
            let message = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            let first = first.map(|first| format!("{first}, then ")).unwrap_or_default();
            panic!("with {first}{plan}: {}", message.unwrap_or("the scenario panicked"));
        }
        if !faults.happened(plan) {
            return visit - 1;
        }
    }
    panic!("{point} was visited more than {VISITS_MAX} times")
}
