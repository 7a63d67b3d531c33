//! The `commerce` binary.

use std::process::ExitCode;

/// Requests are many small allocations on several threads; only this binary decides who serves them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commerce_server::cli::main()
}
