//! Holds against their movements.

use std::collections::BTreeMap;

use crate::engine::Error;
use crate::engine::verify::Check;
use crate::engine::verify::findings::{Notes, or_none};
use crate::id::{HoldId, LocationId};
use crate::ports::{LIMIT_MAX_ROWS, Store};
use crate::stock::{Hold, Movement, MovementKind};

/// A hold with its movements.
pub(super) struct Moved {
    pub(super) hold: Hold,
    pub(super) movements: Vec<Movement>,
}

impl Moved {
    /// Units that left from a location.
    pub(super) fn fulfilled(&self) -> impl Iterator<Item = (&LocationId, i64)> {
        let left = self.movements.iter().filter(|one| one.kind == MovementKind::Fulfilled);
        left.map(|one| (&one.account.location, -one.held_delta))
    }

    pub(super) fn reclaimed(&self) -> bool {
        self.movements.iter().any(|one| one.kind == MovementKind::Reclaimed)
    }
}

/// Reads the movements of holds, and checks each hold against its own; `None` if they cannot be read.
pub(super) async fn with_movements(store: &Store, notes: &mut Notes<'_>, holds: Vec<Hold>) -> Result<Option<Vec<Moved>>, Error> {
    let mut moved: BTreeMap<HoldId, Moved> = BTreeMap::new();
    let ids: Vec<HoldId> = holds.iter().map(|hold| hold.id).collect();
    moved.extend(holds.into_iter().map(|hold| (hold.id, Moved { hold, movements: Vec::new() })));
    for some in ids.chunks(LIMIT_MAX_ROWS as usize) {
        let subject = some.first().map_or_else(String::new, |id| format!("hold/{id}"));
        let found = store.audit.movements_of_holds(notes.merchant, some).await;
        let Some(found) = notes.readable(Check::HoldMovements, &subject, found)? else { return Ok(None) };
        for movement in found {
            if let Some(moved) = movement.hold.and_then(|hold| moved.get_mut(&hold)) {
                moved.movements.push(movement);
            }
        }
    }
    let moved: Vec<Moved> = moved.into_values().collect();
    moved.iter().for_each(|one| check(notes, one));
    Ok(Some(moved))
}

fn check(notes: &mut Notes<'_>, Moved { hold, movements }: &Moved) {
    let (check, subject) = (Check::HoldMovements, format!("hold/{}", hold.id));
    notes.look(check);
    if !movements.iter().any(|one| one.kind == MovementKind::Held) {
        notes.differ(check, &subject, "a movement that held it", "none");
    }
    let mut left: BTreeMap<&LocationId, i64> = BTreeMap::new();
    for one in movements {
        *left.entry(&one.account.location).or_default() += one.held_delta;
        if one.account.sku != hold.sku {
            notes.differ(check, &subject, format!("movements of {}", hold.sku), format!("one of {}", one.account.sku));
        }
        let leaves = if one.kind == MovementKind::Fulfilled { one.held_delta } else { 0 };
        if one.on_hand_delta != leaves {
            let expected = format!("{} of {leaves} units on hand", one.kind);
            notes.differ(check, &subject, expected, format!("{} units", one.on_hand_delta));
        }
    }
    for place in &hold.placements {
        left.entry(&place.location).or_default();
    }
    for (location, left) in left {
        let remaining = i64::from(hold.remaining_at(location));
        if left != remaining {
            notes.differ(check, &subject, format!("{left} remaining at {location}"), format!("{remaining} remaining"));
        }
    }
}

/// A hold's movements of one kind, in words; for a difference.
pub(super) fn places<'a>(units: impl IntoIterator<Item = (String, &'a i64)>) -> String {
    let words: Vec<String> = units.into_iter().filter(|(_, units)| **units != 0).map(|(place, units)| format!("{units} {place}")).collect();
    or_none((!words.is_empty()).then(|| words.join(", ")))
}
