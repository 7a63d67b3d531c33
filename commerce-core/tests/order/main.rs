//! The order's life, judged from outside: `decide` and `evolve` alone, no store, no provider, no clock.
#![expect(clippy::unwrap_used, reason = "a panic of a helper is the failure that its test reports")]

mod any_command;
mod corners;
#[path = "../shared/order_events.rs"]
mod events;
mod folds;
mod guards;
mod states;
mod stories;
mod sums;
mod support;
mod table;
mod walk;
mod world;
