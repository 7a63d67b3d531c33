//! `backup` and `restore`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::Args;
use commerce_store_sqlite::{Copied, CopyError, CopyOptions, SqliteStore};
use tokio::runtime::Handle;

use super::verify::verify;
use super::{DIFFERENT, Failure, print};

/// Reports of progress in one copy.
const REPORTS_MAX: u64 = 10;

#[derive(Args, Clone, Debug)]
pub(super) struct BackupArgs {
    /// The copy, which must not be there yet.
    file: PathBuf,
    /// The file. A server may have it open, and goes on.
    #[arg(long, env = "COMMERCE_STORE", default_value = "./commerce.db")]
    store: PathBuf,
    /// Verify the copy as `commerce verify` does, and keep it only if that finds no difference.
    #[arg(long)]
    verify: bool,
}

#[derive(Args, Clone, Debug)]
pub(super) struct RestoreArgs {
    /// The backup, which stays as it is.
    backup: PathBuf,
    /// Where the store is to be. No store may be there: move away what is.
    #[arg(long, env = "COMMERCE_STORE", default_value = "./commerce.db")]
    store: PathBuf,
    /// Restore without looking for differences as `commerce verify` does; damaged pages are looked for all the same.
    #[arg(long)]
    no_verify: bool,
}

pub(super) async fn backup(args: BackupArgs) -> Result<ExitCode, Failure> {
    run("backup", args.verify, move |options| SqliteStore::backup(&args.store, &args.file, options)).await
}

pub(super) async fn restore(args: RestoreArgs) -> Result<ExitCode, Failure> {
    run("restored", !args.no_verify, move |options| SqliteStore::restore(&args.backup, &args.store, options)).await
}

/// Copies on a thread that may block, and tells what the copy holds.
async fn run(
    what: &'static str,
    verified: bool,
    copy: impl FnOnce(CopyOptions<'_>) -> Result<Copied, CopyError> + Send + 'static,
) -> Result<ExitCode, Failure> {
    let runtime = Handle::current();
    let work = move || {
        let began = Instant::now();
        let mut outcome = Ok(());
        let accept = |copy: &Path| {
            outcome = if verified { accept(&runtime, copy) } else { Ok(()) };
            outcome.is_ok()
        };
        let copied = copy(CopyOptions { progress: Box::new(progress()), accept: Box::new(accept), ..CopyOptions::default() });
        outcome?;
        let copied = copied.map_err(Refusal::Copy)?;
        Ok((copied, began.elapsed().as_millis()))
    };
    match tokio::task::spawn_blocking(work).await.map_err(Failure::Thread)? {
        Ok((copied, millis)) => {
            print(&summary(what, verified, &copied, millis))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(Refusal::Different) => Ok(ExitCode::from(DIFFERENT)),
        Err(Refusal::Copy(error)) => Err(Failure::Copy(error)),
        Err(Refusal::Failed(failure)) => Err(failure),
    }
}

/// Why there is no copy.
enum Refusal {
    /// It was verified, and there are differences, which were told.
    Different,
    Copy(CopyError),
    Failed(Failure),
}

/// Verifies a copy before it gets its name.
fn accept(runtime: &Handle, copy: &Path) -> Result<(), Refusal> {
    let report = runtime.block_on(verify(copy)).map_err(Refusal::Failed)?;
    if report.is_clean() {
        return Ok(());
    }
    print(&format!("{report}\n")).map_err(Refusal::Failed)?;
    Err(Refusal::Different)
}

/// Logs how far a copy is.
fn progress() -> impl FnMut(u64, u64) {
    let mut told = 0;
    move |pages, pages_total| {
        let reached = pages.saturating_mul(REPORTS_MAX) / pages_total.max(1);
        if reached > told {
            told = reached;
            tracing::info!(pages, pages_total, "copying");
        }
    }
}

fn summary(what: &str, verified: bool, copied: &Copied, millis: u128) -> String {
    let Copied { path, bytes, schema_version, orders, heads, until } = copied;
    let checked = if verified { "verified" } else { "checked" };
    let until = until.map_or_else(|| "nothing happened yet".to_owned(), |at| format!("up to {at}"));
    let mut text = format!(
        "{what} {}: {orders} orders, {until}, {bytes} bytes, schema version {schema_version}, {checked} in {millis} ms\n",
        path.display()
    );
    for (shard, position) in heads.iter().enumerate() {
        text += &format!("feed of shard {shard}: position {}\n", position.0);
    }
    text
}
