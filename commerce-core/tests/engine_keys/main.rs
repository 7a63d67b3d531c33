//! Idempotency keys: every operation that makes or moves something is done once under a key, whoever repeats it, and when.

#[path = "../shared/after_the_look.rs"]
mod after_the_look;
mod scope;
mod twins;
mod waiting;
mod writes;
