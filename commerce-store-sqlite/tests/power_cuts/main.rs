//! Power cuts: at any moment, with any part of what was not synced on the disk.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

mod birth;
mod disk;
mod image;
mod sets;
mod shop;
mod support;
