//! Plans the invoices of a file and accounts for every line.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use online_retail::book::Book;
use online_retail::drive::Outcomes;
use online_retail::plan::Plan;
use online_retail::reader::Rows;
use online_retail::report::Report;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/sample.csv");

/// Plans a year of invoices of a real shop and accounts for every line.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Invoices to read, .csv or .csv.gz; the sample if not given
    data: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { data } = Arguments::parse();
    let data = data.unwrap_or_else(|| SAMPLE.into());
    match run(&data) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
            let _ = writeln!(io::stderr(), "{}: {error}{cause}", data.display());
            ExitCode::from(2)
        }
    }
}

/// Whether every line is accounted for.
fn run(data: &Path) -> Result<bool, Box<dyn std::error::Error>> {
    let file = File::open(data)?;
    let bar = ProgressBar::new(file.metadata()?.len());
    bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes}")?);
    bar.set_message("reading");
    let book = Book::read(Rows::new(bar.wrap_read(file))?)?;
    bar.finish_and_clear();
    let plan = Plan::new(book);
    let report = Report::new(&plan, &Outcomes::default());
    write!(io::stdout().lock(), "{report}")?;
    Ok(report.differences().is_empty())
}
