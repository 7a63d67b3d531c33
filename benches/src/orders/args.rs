//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Which store is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// The reference store in memory.
    Memory,
    /// One file; what is acknowledged is on disk.
    Sqlite,
}

impl StoreKind {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Sqlite => "sqlite",
        }
    }
}

/// A part of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Phase {
    /// Three lines each, over all SKUs.
    Spread,
    /// The same, and by turns with it the same rows written by hand; of a file alone.
    ByHand,
    /// One line each: all of one SKU, beside all of any.
    Hot,
    /// Three lines each, once many orders are there.
    After,
    /// Three lines each, by fewer and by more callers.
    Callers,
    /// The `commerce` binary over HTTP: orders of three lines and of one, and reads; of a file alone.
    Http,
}

/// Loads an engine with orders: each caller places one, waits until it is confirmed, and places the next.
#[derive(Clone, Debug, Parser)]
#[command(name = "bench-orders")]
pub struct Args {
    /// The store that is loaded.
    #[arg(long, value_enum, default_value_t = StoreKind::Sqlite)]
    pub store: StoreKind,
    /// Run only this phase; may be given again. All by default.
    #[arg(long, value_enum)]
    pub phase: Vec<Phase>,
    /// Seconds that each load is measured for.
    #[arg(long, default_value_t = 6.0)]
    pub seconds: f64,
    /// Seconds of load before each measurement.
    #[arg(long, default_value_t = 1.0)]
    pub warm_up_seconds: f64,
    /// The most orders of each load; past them it ends early.
    #[arg(long)]
    pub orders_max: Option<u64>,
    /// Callers at once.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub callers: u16,
    /// Other numbers of callers for the phase `callers`.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 256])]
    pub other_callers: Vec<u16>,
    /// How often the phases `spread` and `by-hand` are run; their figures are medians.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=99))]
    pub rounds: u16,
    /// Of how many orders every column is compared with those written by hand.
    #[arg(long, default_value_t = 200)]
    pub compare_orders: u32,
    /// Orders that are there before the phase `after` is measured.
    #[arg(long, default_value_t = 200_000)]
    pub fill_orders: u64,
    /// SKUs in the catalogue.
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u16).range(3..=20_000))]
    pub skus: u16,
    /// What the random choice of SKUs begins with.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Keep the files of the run.
    #[arg(long)]
    pub keep: bool,
    /// The server's binary; without it the one beside this program.
    #[arg(long)]
    pub server: Option<PathBuf>,
    /// Where the files of the run go; they are deleted afterwards. Figures depend on how its disk syncs.
    #[arg(long, default_value = "target")]
    pub folder: PathBuf,
}

impl Args {
    /// Whether a phase is wanted.
    pub fn wants(&self, phase: Phase) -> bool {
        self.phase.is_empty() || self.phase.contains(&phase)
    }
}
