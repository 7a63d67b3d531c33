//! The sandbox provider as a process: its protocol, its durable ledger, and what its client says when it is not there.
#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

mod calls;
mod crash;
mod support;
