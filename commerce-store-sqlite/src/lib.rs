//! The embedded store of commerce: every store port on one durable SQLite file, for one process that writes it; others may read beside
//! it.
//!
//! One thread owns the one connection that writes; it commits change sets in groups, and an answer comes after the sync. A few threads
//! read, each from its own connection. Nothing here needs a runtime.

mod batch;
mod checkpoint;
mod connection;
mod copy;
mod error;
mod known;
mod lock;
mod migrate;
mod notify;
mod open;
mod page;
mod port;
mod read;
mod recent;
mod row;
mod shelf;
mod statements;
mod table;
#[cfg(test)]
mod tests;
mod write;

pub use copy::{Copied, CopyError, CopyOptions};
pub use open::{OpenError, SnapshotHandle, SqliteOptions, SqliteStore, StoreHandle};
pub use write::WriteProbe;
