//! The sandbox provider: what each token does, and that no sequence of calls breaks the laws of money.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

mod laws;
mod support;
mod tokens;
