//! The stock ledger: accounts, holds, and the moves between them, as pure functions.

mod account;
mod hold;
mod ledger;
mod moves;

pub use account::{Account, AccountKey, Limits};
pub use hold::{Hold, Owner, Placed, Placement};
pub use ledger::{
    Applied, CANDIDATES_MAX, COUNTER_MAX_UNITS, Changes, Expiry, LIMIT_MAX_UNITS, Ledger, LedgerSource, MoveError, MoveFault,
    REASON_MAX_CHARS, Refusal, Savepoint,
};
pub use moves::{Move, Movement, MovementKind, ShortItem, Split};
