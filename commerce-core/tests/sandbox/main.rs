//! The sandbox provider: what each token does, and that no sequence of calls breaks the laws of money.

mod laws;
mod support;
mod tokens;
