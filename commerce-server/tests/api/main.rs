//! The api as a door sees it: requests and answers as data, over a shop in memory.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

mod bad_input;
mod contract;
mod door;
mod failures;
mod orders;
mod repeats;
mod schema;
mod stock;
