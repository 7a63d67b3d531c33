//! The same rows as the engine's, written by hand with SQL: what a careful engineer would do instead of taking this engine.
//!
//! [`baseline`] writes each order in a transaction of its own, each row once, over SQLite as it is. [`twin`] writes the engine's two
//! commits of each order, in batches of the engine's size, over the store's layer that checks pages: what the engine costs itself is
//! what it lacks to its twin. Both make the orders on the thread that writes them, without callers, without looking prices up and
//! without asking a provider, which is in their favor.

mod baseline;
mod bodies;
mod connection;
mod course;
mod order;
mod statements;
mod twin;

pub(crate) use baseline::baseline;
pub(crate) use course::{Course, Made};
pub(crate) use twin::twin;
