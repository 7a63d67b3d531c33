//! One life for each place that an order can be in: four units of line 1 at 100, one of line 2 at 50; authorized at once.

use commerce_core::id::ReturnId;
use commerce_core::order::{CancelReason, Command, RiskVerdict};

use crate::support::{Basket, Life, action_required, assessment, basket, dispatch, stocked, units};

pub(crate) const STATES: [&str; 18] =
    ["none", "P", "Pb", "Pa", "Hp", "Hc", "Hs", "C", "Cu", "Ck", "Cc", "Cp", "Cs", "Cd", "Cr", "D", "X", "R"];

pub(crate) fn usual() -> Basket {
    basket(vec![stocked("a", 4, 100), stocked("b", 1, 50)])
}

fn confirmed() -> Life {
    let mut life = Life::of(usual());
    life.approved();
    life
}

fn packed() -> Life {
    let mut life = confirmed();
    life.packs(vec![units(1, 2)]);
    life
}

fn capturing() -> Life {
    let mut life = packed();
    life.captures_for(life.last_shipment());
    life
}

fn delivered() -> Life {
    let mut life = confirmed();
    let shipment_id = life.ships(vec![units(1, 4), units(2, 1)]);
    life.does(Command::Deliver { shipment_id });
    life
}

pub(crate) fn return_of(life: &Life, line: u32, count: u32) -> Command {
    let return_id = ReturnId::new(life.uuid());
    Command::RequestReturn { return_id, lines: vec![units(line, count)], reason: "too small".to_owned(), staff: false }
}

fn returning() -> Life {
    let mut life = delivered();
    let request = return_of(&life, 1, 1);
    life.does(request);
    life
}

/// A life in a state: P pending (b busy, a action required), H held (p for review from pending, c by an operator from confirmed, s with a
/// dispatched and a packed shipment), C confirmed (u uncovered, k packed, c capturing, p packed and captured, s partly dispatched, d all
/// delivered, r with a return and a refund open), D completed with a return open, X and R with an attempt still open.
pub(crate) fn at(state: &str) -> Life {
    let mut life = match state {
        "none" => return Life::new(),
        "P" => Life::of(Basket { method: false, ..usual() }),
        "Hp" => Life::of(Basket { method: false, verdict: RiskVerdict::Review, ..usual() }),
        "Pb" | "Pa" | "X" | "R" => Life::of(usual()),
        "Ck" => packed(),
        "Cc" | "Cp" | "Cs" => capturing(),
        "Cd" => delivered(),
        "Cr" | "D" => returning(),
        _ => confirmed(),
    };
    match state {
        "Pa" => drop(life.waits_for(action_required())),
        "Hc" => drop(life.does(Command::Hold)),
        "Hs" => {
            life.ships(vec![units(1, 1)]);
            life.packs(vec![units(1, 1)]);
            life.does(Command::Hold);
        }
        "Cu" => drop(life.does(Command::AuthorizationGone { attempt_id: life.last_attempt(), lapsed: true })),
        "Cp" => life.captured(),
        "Cs" => {
            life.captured();
            life.does(dispatch(life.last_shipment()));
        }
        "Cr" => {
            let grant = life.grant(5);
            life.does(Command::GrantRefund(grant));
        }
        "D" => drop(life.does(Command::Complete)),
        "X" => drop(life.does(Command::Cancel { reason: CancelReason::Customer })),
        "R" => drop(life.does(Command::Screen(assessment(RiskVerdict::Reject)))),
        _ => {}
    }
    life
}

/// Checks a grid of one row per name: `x` where it holds, `.` where it does not, in the order of [`STATES`].
#[track_caller]
pub(crate) fn check_grid(grid: &[(&'static str, &str)], holds: impl Fn(&str, &mut Life) -> Result<(), String>) {
    let mut wrong = Vec::new();
    for (name, row) in grid {
        let cells: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(cells.len(), STATES.len(), "{name} has a cell per state");
        for (cell, state) in cells.iter().zip(STATES) {
            let found = holds(name, &mut at(state));
            if (*cell == "x") != found.is_ok() {
                wrong.push(format!("{name} in {state}: expected {cell}, found {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
