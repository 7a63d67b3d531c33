//! A year of a real shop's invoices as work for the engine: read, classified, planned, driven and accounted for line by line.
//!
//! Data flows one way: `reader` (with `split` and `row`) to `book` (with `classify`) to `plan` (with `matching`) to `drive` to `report`
//! (with `render`). Nothing here but `drive` is asynchronous, and nothing but `reader` does I/O.

pub mod book;
pub mod classify;
pub mod drive;
#[cfg(test)]
mod fixture;
pub mod matching;
pub mod plan;
pub mod price;
pub mod reader;
pub mod render;
pub mod report;
pub mod row;
mod split;
