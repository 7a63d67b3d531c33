//! The sandbox provider as a process: its protocol, its durable ledger, and what its client says when it is not there.
#![cfg(feature = "http")]

mod calls;
mod crash;
mod support;
