//! The stock is the fold of its movements.

use std::collections::BTreeMap;

use super::Books;
use crate::id::HoldId;
use crate::stock::{Account, AccountKey};

pub(super) fn check(books: &Books, broken: &mut Vec<String>) {
    let mut accounts: BTreeMap<&AccountKey, (i64, i64)> = BTreeMap::new();
    let mut holds: BTreeMap<HoldId, i64> = BTreeMap::new();
    for movement in &books.movements {
        let (on_hand, held) = accounts.entry(&movement.account).or_default();
        *on_hand += movement.on_hand_delta;
        *held += movement.held_delta;
        if let Some(hold) = movement.hold {
            *holds.entry(hold).or_default() += movement.held_delta;
        }
    }
    for (key, account) in &books.accounts {
        let placed = books.holds.iter().filter(|hold| hold.merchant == key.merchant && hold.sku == key.sku);
        let placed: i64 = placed.map(|hold| i64::from(hold.remaining_at(&key.location))).sum();
        let folded = accounts.remove(key).unwrap_or_default();
        if (account.on_hand, account.held) != folded || account.held != placed || !lawful(account) {
            let name = format!("{} at {}", key.sku, key.location);
            broken.push(format!("{name}: {account:?}, but its movements sum to {folded:?} and its holds to {placed}"));
        }
    }
    broken.extend(accounts.keys().map(|key| format!("{} at {}: movements without an account", key.sku, key.location)));
    for hold in &books.holds {
        let folded = holds.remove(&hold.id).unwrap_or(0);
        if folded != i64::from(hold.remaining()) {
            broken.push(format!("hold {}: {} remain, but its movements sum to {folded}", hold.id, hold.remaining()));
        }
    }
    broken.extend(holds.keys().map(|id| format!("hold {id}: movements without a hold")));
}

fn lawful(account: &Account) -> bool {
    account.on_hand >= 0 && account.held >= 0 && account.shortfall == (-account.available()).max(0)
}
