//! The load of `make bench-orders`: callers that each place an order, wait until it is confirmed, and place the next.

mod args;
mod by_hand;
mod callers;
mod compare;
mod counted;
mod error;
mod http;
mod latencies;
mod machine;
mod phases;
mod report;
mod shop;

pub use args::{Args, Phase, StoreKind};
pub use compare::{Difference, compare};
pub use error::BenchError;
pub use phases::run;
pub use report::Report;

/// Says on stderr how far the run has come.
#[expect(clippy::print_stderr, reason = "progress goes to stderr, so that stdout holds the report alone")]
fn progress(text: &str) {
    eprintln!("{text}");
}
