//! Files of an earlier version. The feature `next_schema` makes this crate the release that comes after: `make test` runs both.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

mod golden;
#[cfg(feature = "next_schema")]
mod next;
#[cfg(not(feature = "next_schema"))]
mod present;
