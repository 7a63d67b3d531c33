//! Pages and frames that are not what was written, whoever reads them.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

#[path = "checked/frames.rs"]
mod frames;
#[path = "checked/left_logs.rs"]
mod left_logs;
#[path = "checked/pages.rs"]
mod pages;
#[path = "checked/support.rs"]
mod support;
