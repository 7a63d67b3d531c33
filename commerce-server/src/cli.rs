//! The `commerce` binary: its commands, its exit codes, and what it says.

mod copy;
mod log;
mod verify;

use std::error::Error;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use commerce_store_sqlite::SqliteStore;
use tokio::signal::unix::{SignalKind, signal};

use self::log::LogArgs;
use crate::api::contract;
use crate::sandbox::{self, SandboxArgs};
use crate::serve::{self, ServeArgs, ServeError};

/// A commerce engine: orders, stock, payments and returns, kept in one file.
#[derive(Parser, Debug)]
#[command(name = "commerce", version, args_conflicts_with_subcommands = true, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeArgs,
    #[command(flatten)]
    log: LogArgs,
}

const EXIT_CODES: &str =
    "Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 verify, or a backup or restore that verifies, found differences.";
/// The exit code of differences.
const DIFFERENT: u8 = 3;

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve the engine over HTTP on this machine; what is done without a command.
    Serve(ServeArgs),
    /// Make the file, or take it to the present schema version.
    Migrate(MigrateArgs),
    /// Replay every stream against its view, prove the conservation of stock and money, and tell of every difference.
    Verify(VerifyArgs),
    /// Copy the file as it is at this moment, beside a server too; the copy is checked before it gets its name.
    Backup(copy::BackupArgs),
    /// Put a backup where a store is to be, once it is checked and verified.
    Restore(copy::RestoreArgs),
    /// Print the OpenAPI document.
    Openapi,
    /// Run the sandbox payment provider as a process of its own.
    Sandbox(SandboxArgs),
}

#[derive(Args, Clone, Debug)]
struct MigrateArgs {
    /// The file; made if it is not there.
    #[arg(long, env = "COMMERCE_STORE", default_value = "./commerce.db")]
    store: PathBuf,
    /// Shards of the feed of a file that is new; one that exists keeps its own.
    #[arg(long, default_value_t = NonZeroU16::MIN)]
    shards: NonZeroU16,
}

#[derive(Args, Clone, Debug)]
struct VerifyArgs {
    /// The file. A server may have it open, and goes on.
    #[arg(long, env = "COMMERCE_STORE", default_value = "./commerce.db")]
    store: PathBuf,
}

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error("cannot migrate the store")]
    Migrate(#[source] commerce_store_sqlite::OpenError),
    #[error("cannot open the store")]
    Open(#[source] commerce_store_sqlite::OpenError),
    #[error("cannot verify the store")]
    Verify(#[source] commerce_core::engine::Error),
    #[error("no copy was made")]
    Copy(#[source] commerce_store_sqlite::CopyError),
    #[error("a thread ended by itself")]
    Thread(#[source] tokio::task::JoinError),
    #[error(transparent)]
    Sandbox(#[from] sandbox::RunError),
    #[error("cannot write the contract")]
    Contract(#[source] serde_json::Error),
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    #[error("cannot listen to signals, or run at all")]
    System(#[source] io::Error),
}

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    let Cli { command, serve, log } = Cli::parse();
    let done = log::start(log).map_err(Failure::System).and_then(|gathering| {
        let done = run(command.unwrap_or(Command::Serve(serve)));
        drop(gathering);
        done
    });
    match done {
        Ok(code) => code,
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            // nobody may be reading
            let _ = writeln!(io::stderr(), "error: {}", chain(&failure));
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::System)?;
    runtime.block_on(async { outlive_file_limits() })?;
    match command {
        Command::Serve(args) => runtime.block_on(async { Ok::<_, Failure>(serve::serve(&args, listening, signalled()?).await?) })?,
        Command::Migrate(args) => migrate(&args)?,
        Command::Verify(args) => {
            let report = runtime.block_on(verify::verify(&args.store))?;
            print(&format!("{report}\n"))?;
            return Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(DIFFERENT) });
        }
        Command::Backup(args) => return runtime.block_on(copy::backup(args)),
        Command::Restore(args) => return runtime.block_on(copy::restore(args)),
        Command::Openapi => print(&(contract().to_pretty_json().map_err(Failure::Contract)? + "\n"))?,
        Command::Sandbox(args) => runtime.block_on(async { Ok::<_, Failure>(sandbox::run(&args, listening, signalled()?).await?) })?,
    }
    Ok(ExitCode::SUCCESS)
}

fn migrate(args: &MigrateArgs) -> Result<(), Failure> {
    let facts = SqliteStore::migrate(&args.store, args.shards).map_err(Failure::Migrate)?;
    print(&format!("{}: schema version {}, {} shard(s)\n", args.store.display(), facts.schema_version, facts.shards))
}

/// A write beyond the largest size that a file may have is an error like any other, and not the end of the process.
fn outlive_file_limits() -> Result<(), Failure> {
    // who listens once is never ended by the signal, though nobody waits for it
    signal(SignalKind::from_raw(libc::SIGXFSZ)).map(drop).map_err(Failure::System)
}

/// Ends when the process is told to: by SIGINT or SIGTERM. A second signal ends the process at once.
fn signalled() -> Result<impl Future<Output = ()> + Send, Failure> {
    let mut interrupt = signal(SignalKind::interrupt()).map_err(Failure::System)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(Failure::System)?;
    let mut told = async move || {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    };
    Ok(async move {
        told().await;
        tokio::spawn(async move {
            told().await;
            std::process::exit(1);
        });
    })
}

/// The first line on standard output says where the process listens.
fn listening(address: SocketAddr) {
    // nobody may be reading
    let _ = print(&format!("listening on {address}\n"));
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(Failure::Output)
}

fn chain(error: &dyn Error) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
