//! For the tests of adapters and hosts: a manual clock, seeded ids, the conformance suite, injected faults, given/when/then.
//!
//! It uses public items of this crate alone, so that whatever it can do, an adapter outside can do as well.

#[doc(hidden)]
pub mod cases;
mod clock;
mod conformance;
mod decider;
pub mod faults;
mod fixture;
mod ids;
mod lab;
mod read_models;
mod sets;
pub mod shop;
mod stage;
mod threads;

pub use clock::ManualClock;
pub use decider::{Decided, Decider, Given, given};
pub use fixture::{Fixture, run};
pub use ids::{Dice, SeededIds};
pub use lab::Lab;
pub use read_models::ReadModels;
pub use sets::ChangeSetExt;
pub use stage::{Stage, TaskId};
pub use threads::on_threads;
