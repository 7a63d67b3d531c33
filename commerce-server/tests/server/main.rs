//! The real binary on a real socket: what it answers, what it refuses, and what is left when it is killed.
#![cfg(feature = "http")]
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

mod backups;
mod bad_requests;
mod beside;
mod chaos;
mod client;
mod command_line;
mod crash;
mod ending;
mod files;
mod process;
mod readme;
mod routes;
mod second;
mod tour;
