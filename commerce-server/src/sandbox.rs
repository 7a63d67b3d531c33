//! The sandbox payment provider as a process of its own, with a durable ledger, and a client for it.
//!
//! [`Desk`] keeps the book and its log, [`Server`] answers HTTP on loopback, [`SandboxClient`] is the provider port over HTTP, and
//! [`run`] is the whole process. [`wire`] holds the protocol, [`LedgerFile`] the log's frames.

mod cli;
mod client;
mod desk;
mod inside;
mod ledger_file;
mod routes;
mod server;
pub mod wire;

pub use cli::{RunError, SandboxArgs, run};
pub use client::{ClientError, SandboxClient};
pub use desk::{Desk, DeskError, OpenError};
pub use ledger_file::{LedgerFile, LedgerFileError};
pub use server::Server;
