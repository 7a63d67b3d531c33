//! Replays the invoices of a file through the engine, accounts for every line, and reconciles.

use std::error::Error;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use online_retail::audit::{self, Provider};
use online_retail::book::Book;
use online_retail::clerk::Clerk;
use online_retail::plan::Plan;
use online_retail::reader::Rows;
use online_retail::reconcile::Reconciliation;
use online_retail::report::Report;
use online_retail::shop::{Archive, Shop};
use online_retail::tally::Tally;
use online_retail::usage::{Stopwatch, Usage};
use online_retail::verdict::Verdict;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample.csv");

/// Replays a year of invoices of a real shop through the engine, on a durable file, reconciles to the penny, and verifies the file.
///
/// Ends with 0 if the books agree, 1 if they differ, 2 if the file or the store fails.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Invoices to read, .csv or .csv.gz; the sample if not given
    data: Option<PathBuf>,
    /// Where to keep the engine's file, which must not exist; a temporary one if not given
    #[arg(long)]
    store: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { data, store } = Arguments::parse();
    let data = data.unwrap_or_else(|| SAMPLE.into());
    let agreed = read(&data).and_then(|(plan, time)| {
        let runtime = tokio::runtime::Runtime::new()?;
        match store {
            Some(store) => runtime.block_on(replay(plan, &store, time)),
            None => {
                let folder = tempfile::tempdir()?;
                runtime.block_on(replay(plan, &folder.path().join("replay.db"), time))
            }
        }
    });
    match agreed {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _no_terminal = writeln!(io::stderr(), "{error}");
            ExitCode::from(2)
        }
    }
}

/// The plan of a file; an error names the file.
fn read(data: &Path) -> Result<(Plan, Stopwatch), Box<dyn Error>> {
    let mut time = Stopwatch::default();
    let plan = || -> Result<Plan, Box<dyn Error>> {
        let file = File::open(data)?;
        let bar = bar("reading", file.metadata()?.len(), "{bytes}/{total_bytes}");
        let book = Book::read(Rows::new(bar.wrap_read(file))?)?;
        bar.finish_and_clear();
        Ok(Plan::new(book))
    };
    let plan = plan().map_err(|error| format!("{}: {}", data.display(), with_cause(&*error)))?;
    time.lap("read and planned");
    Ok((plan, time))
}

/// Whether every line is accounted for and all books agree.
async fn replay(plan: Plan, store: &Path, mut time: Stopwatch) -> Result<bool, Box<dyn Error>> {
    let plan = Arc::new(plan);
    let shop = Shop::open(store).map_err(|error| with_cause(&error))?;
    let progress = bar("stocking", plan.catalogue().count() as u64, "{pos}/{len} codes");
    shop.stock(&plan, || progress.inc(1)).await?;
    progress.finish_and_clear();
    time.lap("catalogue and stock");

    let progress = bar("replaying", plan.items().len() as u64, "{pos}/{len} invoices, {per_sec}, {eta} left");
    let outcomes = Clerk::new(shop.commerce().clone(), Arc::clone(&plan)).run(|_| progress.inc(1)).await?;
    let sagas_at_work = shop.settle().await?;
    let (ledger, commits) = shop.close().await;
    progress.finish_and_clear();
    time.lap(SELLING);

    // opened again, so that what is counted is what is on disk
    let archive = Archive::open(store).map_err(|error| with_cause(&error))?;
    let tally = Tally::planned(&plan, &outcomes);
    let progress = bar("counting", tally.orders, "{pos}/{len} orders");
    let engine = audit::booked(archive.commerce(), || progress.inc(1)).await?;
    let sagas_stuck = audit::stuck(archive.commerce()).await?;
    progress.finish_and_clear();
    let reconciliation = Reconciliation { plan: tally, engine, provider: Provider::of(&ledger), sagas_at_work, sagas_stuck };
    time.lap("counted");

    let progress = ProgressBar::new_spinner().with_message("verifying");
    progress.enable_steady_tick(Duration::from_millis(100));
    let verified = archive.commerce().verify().await?;
    progress.finish_and_clear();
    archive.close();
    time.lap("verified");

    let usage = Usage { time, selling: SELLING, orders: reconciliation.engine.orders, commits };
    let verdict = Verdict { report: Report::new(&plan, &outcomes), reconciliation, verified };
    write!(io::stdout().lock(), "{verdict}")?;
    write!(io::stderr().lock(), "\n{usage}")?;
    Ok(verdict.is_right())
}

const SELLING: &str = "invoices through the engine";

/// A progress bar, which is only seen on a terminal.
fn bar(name: &'static str, length: u64, counts: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(&format!("{{msg}} {{wide_bar}} {counts}")).expect("a valid template");
    ProgressBar::new(length).with_style(style).with_message(name)
}

fn with_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => format!("{error}: {}", with_cause(cause)),
        None => error.to_string(),
    }
}
