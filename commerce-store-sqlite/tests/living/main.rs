//! Living with a file: read and copied while it is written.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

mod backup;
mod log;
mod restore;
mod snapshot;
mod support;
