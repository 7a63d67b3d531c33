//! The `commerce` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    commerce_server::cli::main()
}
