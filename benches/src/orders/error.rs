//! Why a run gives no figures.

use std::path::PathBuf;

use commerce_core::engine;
use commerce_core::order::Headline;
use commerce_store_sqlite::OpenError;

use super::compare::Difference;

/// Why a run gives no figures.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BenchError {
    /// The engine refused or failed.
    #[error("the engine failed")]
    Engine(#[from] engine::Error),
    /// The store's file cannot be opened.
    #[error("the store cannot be opened")]
    Open(#[from] OpenError),
    /// A file of the run cannot be made or read.
    #[error("a file of the run failed")]
    File(#[from] std::io::Error),
    /// A file of the run cannot be read as a database.
    #[error("a database of the run failed")]
    Sql(#[from] rusqlite::Error),
    /// A task of the run panicked.
    #[error("a task of the run panicked")]
    Task(#[from] tokio::task::JoinError),
    /// An order was placed and is not paid.
    #[error("an order came to rest as {0}, not as confirmed")]
    NotConfirmed(Headline),
    /// A write by hand that its guard kept from its row: there is not enough stock, or the order is not as it should be.
    #[error("a guarded statement found no row to write")]
    Unguarded,
    /// What was written by hand is not what the engine writes.
    #[error("the rows differ from those of the engine")]
    Differs(#[from] Difference),
    /// The server's binary cannot be run.
    #[error("there is no server at {binary}: `cargo build --release --bin commerce` makes one, `--server` names another")]
    NoServer {
        /// Where it should be.
        binary: PathBuf,
        /// Why it cannot be run.
        source: std::io::Error,
    },
    /// The server did not begin to listen.
    #[error("the server does not listen; its log: {0}")]
    Unserved(String),
    /// The server refused what it should have done.
    #[error("the server answered {status}: {body}")]
    Answered {
        /// The status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The server's answer has no known form, or is not of a confirmed order.
    #[error("the server's answer is no confirmed order: {0}")]
    Unreadable(String),
    /// No order was done within the time.
    #[error("no order was done within the measured time: give more seconds")]
    NothingMeasured,
}
