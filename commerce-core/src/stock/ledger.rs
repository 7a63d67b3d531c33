//! The judge of stock moves: what a store runs under its own lock.

mod check;
mod judge;
#[cfg(test)]
mod laws;
mod spread;
#[cfg(test)]
mod tests;
mod working_set;

use crate::id::{HoldId, MerchantId, MoveId};
use crate::stock::{Account, AccountKey, Hold, Move, Movement, Placed, ShortItem};
use crate::time::Timestamp;

use judge::Judge;
use working_set::WorkingSet;

pub use check::{CANDIDATES_MAX, COUNTER_MAX_UNITS, LIMIT_MAX_UNITS, MoveError, MoveFault, REASON_MAX_CHARS};

/// Where a ledger reads what it judges by. A store implements it over its own tables, inside its own transaction.
///
/// A [`Ledger`] asks for each account and hold once, so it does not matter whether the source already shows what the ledger changed.
pub trait LedgerSource {
    /// How reading fails.
    type Error;

    /// One account.
    ///
    /// # Errors
    /// What the store met.
    fn account(&mut self, key: &AccountKey) -> Result<Option<Account>, Self::Error>;

    /// One hold, ended ones included.
    ///
    /// # Errors
    /// What the store met.
    fn hold(&mut self, merchant: &MerchantId, id: HoldId) -> Result<Option<Hold>, Self::Error>;

    /// Up to `limit` unconfirmed holds with units on this account whose `expires_at` is before `now`: by `expires_at`, then by id,
    /// those after `after` alone.
    ///
    /// # Errors
    /// What the store met.
    fn expired(&mut self, key: &AccountKey, now: Timestamp, after: Option<Expiry>, limit: u32) -> Result<Vec<Expiry>, Self::Error>;

    /// The movements that a move recorded, in order; empty if it was never applied. Those of a hold have the hold's id.
    ///
    /// # Errors
    /// What the store met.
    fn applied(&mut self, merchant: &MerchantId, id: MoveId) -> Result<Vec<Movement>, Self::Error>;
}

/// When a hold may be reclaimed, and which: the order in which holds are.
pub type Expiry = (Timestamp, HoldId);

/// Why the moves of a change set do not stand. None of them was applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal<E> {
    /// Nothing, or less than asked for, remains of a hold, or it never was.
    Gone(HoldId),
    /// There is not enough stock; each SKU that is short once, its demands in this set summed.
    Short(Vec<ShortItem>),
    /// A move contradicts itself, or an earlier one under the same id.
    Misuse(MoveError),
    /// The source could not be read.
    Source(E),
}

impl<E> From<E> for Refusal<E> {
    fn from(error: E) -> Self {
        Self::Source(error)
    }
}

/// What the moves of a change set did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// What is to be recorded, in order. Moves that changed nothing have none.
    pub movements: Vec<Movement>,
    /// Where the holds were placed, in the order of their moves; a repeated hold as it was placed the first time.
    pub placed: Vec<Placed>,
}

/// What a batch of change sets left to be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The accounts that changed, or are new, by key: each once.
    pub accounts: Vec<(AccountKey, Account)>,
    /// The holds that changed, or are new, by merchant and id: each once.
    pub holds: Vec<Hold>,
}

/// A state of a ledger to which it can go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Savepoint(usize);

/// Judges the moves of a batch of change sets, in order, over what it loads as it goes: an account that many sets ask for is read once
/// and written once.
///
/// A store makes one per batch, under its own lock; calls [`Ledger::apply`] for each change set that stands so far, and goes back
/// to a [`Savepoint`] if that set fails later; and at last writes [`Ledger::into_changes`].
#[derive(Debug)]
pub struct Ledger<S> {
    set: WorkingSet<S>,
}

impl<S: LedgerSource> Ledger<S> {
    /// A ledger that has loaded nothing yet.
    pub fn new(source: S) -> Self {
        Self { set: WorkingSet::new(source) }
    }

    /// Applies the moves of one change set in order: all, or none.
    ///
    /// `now` judges the expiry of holds; `at` is the business time that the movements carry. Holds that a move needs and that are
    /// not there, or hold too little, are found before stock that is short.
    ///
    /// # Errors
    /// [`Refusal`]; the ledger is as it was before the call.
    pub fn apply(&mut self, merchant: &MerchantId, moves: &[Move], now: Timestamp, at: Timestamp) -> Result<Applied, Refusal<S::Error>> {
        check::moves(merchant, moves).map_err(Refusal::Misuse)?;
        let before = self.savepoint();
        let applied = Judge::new(&mut self.set, merchant, moves, now, at).run(moves);
        if applied.is_err() {
            self.rollback(before);
        }
        applied
    }

    /// The state as it is now.
    pub fn savepoint(&self) -> Savepoint {
        Savepoint(self.set.undo_len())
    }

    /// Takes back everything applied since `to`.
    pub fn rollback(&mut self, to: Savepoint) {
        self.set.rollback(to.0);
    }

    /// What changed and was not taken back.
    pub fn into_changes(self) -> Changes {
        self.set.into_changes()
    }
}
