//! Loads an engine with orders and tells what it did; the last line of stdout is one JSON object.

use std::error::Error;
use std::process::ExitCode;

use clap::Parser;
use commerce_benches::orders::{Args, run};

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "it reports on stdout and says on stderr why it cannot")]
fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(report) => {
            println!("{}", report.to_json());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("bench-orders: {error}");
            let mut source = error.source();
            while let Some(error) = source {
                eprintln!("  because {error}");
                source = error.source();
            }
            ExitCode::FAILURE
        }
    }
}
