//! The decider of a payment that has no order: its states, its guards, and a walk over arbitrary commands.

mod guards;
mod support;
mod table;
mod walk;
