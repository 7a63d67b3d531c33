//! A year of a real shop's invoices as work for the engine: read, classified, planned, driven and accounted for line by line.
//!
//! Data flows one way: `reader` (with `split` and `row`) to `book` (with `classify`) to `plan` (with `matching`) to `clerk`, which drives
//! the engine that `shop` opens, to `report`; then `audit` reads back what the engine and its provider booked, and `reconcile` compares it
//! with the plan's `tally`; `verdict` says it all. Left of `clerk` all is pure but `reader`, which reads the file.

pub mod audit;
pub mod book;
pub mod classify;
pub mod clerk;
pub mod drive;
#[cfg(test)]
mod fixture;
pub mod matching;
pub mod plan;
pub mod price;
pub mod reader;
pub mod reconcile;
pub mod render;
pub mod report;
pub mod row;
pub mod shop;
mod split;
pub mod tally;
pub mod usage;
pub mod verdict;
