//! The cases of the conformance suite; [`crate::conformance`] names each. The name of a case is a sentence that is true when it passes.

pub mod audit;
pub mod baskets;
pub mod bustle;
pub mod checkout;
pub mod claims;
pub mod consumers;
pub mod consuming;
pub mod contention;
pub mod documents;
pub mod durable;
pub mod edits;
pub mod faults;
pub mod feed;
pub mod holds;
pub mod journal;
pub mod judge;
pub mod late;
pub mod money;
pub mod moves;
pub mod proofs;
pub mod reports;
pub mod sagas;
pub mod tellings;
pub mod verify;
pub mod views;
