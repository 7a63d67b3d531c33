//! The stock ledger: accounts, holds, and the moves between them, as pure functions.

mod account;
mod hold;
mod ledger;
mod moves;

pub use account::{Account, AccountKey, Limits};
pub use hold::{Hold, Owner, Placement};
pub use ledger::LedgerSource;
pub use moves::{Move, Movement, MovementKind, ShortItem, Split};
