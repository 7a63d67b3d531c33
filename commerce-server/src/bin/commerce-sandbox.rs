//! The sandbox payment provider as a process of its own. Its first line on standard output says where it listens.

use std::error::Error;
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use commerce_server::sandbox::{SandboxArgs, run};

/// The sandbox payment provider.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(flatten)]
    sandbox: SandboxArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Cli { sandbox } = Cli::parse();
    let shutdown = async {
        // without a signal handler the process ends by the signal itself
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    match run(&sandbox, listening, shutdown).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn listening(address: SocketAddr) {
    let mut out = std::io::stdout();
    // no one may be reading
    let _ = writeln!(out, "listening on {address}").and_then(|()| out.flush());
}

fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
