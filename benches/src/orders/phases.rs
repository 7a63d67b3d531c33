//! The phases of a run, one after another, each on a store of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::by_hand::{Course, Made, baseline, twin};
use super::callers::{Basket, Load, Measured, load};
use super::compare::compare;
use super::http::serve_and_load;
use super::machine::Machine;
use super::shop::Shop;
use super::{Args, BenchError, Phase, Report, StoreKind, progress};

/// Lines of an ordinary order.
const LINES: usize = 3;
/// Callers while many orders are made as fast as can be.
const FILLING: u16 = 256;

/// Runs the phases that are wanted.
///
/// # Errors
/// [`BenchError`], also if an order did not come to what it should.
pub fn run(args: &Args) -> Result<Report, BenchError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(Bench::new(args)?.run())
}

struct Bench<'a> {
    args: &'a Args,
    folder: TempDir,
    files: u32,
    report: Report,
}

impl<'a> Bench<'a> {
    fn new(args: &'a Args) -> Result<Self, BenchError> {
        std::fs::create_dir_all(&args.folder)?;
        let mut folder = tempfile::Builder::new().prefix("bench-orders-").tempdir_in(&args.folder)?;
        folder.disable_cleanup(args.keep);
        Ok(Self { args, folder, files: 0, report: Report::default() })
    }

    async fn run(mut self) -> Result<Report, BenchError> {
        let machine = Machine::look(self.folder.path())?;
        progress(&format!(
            "{} cores; a sync of one page takes {:.3} ms, one in a hundred {:.3} ms; {}",
            machine.cores,
            machine.fsync_p50_ms,
            machine.fsync_p99_ms,
            if cfg!(debug_assertions) { "built without optimization: these are no figures" } else { "optimized build" }
        ));
        self.report.put_text("store", self.args.store.as_str());
        self.report.put_count("cores", machine.cores as u64);
        self.report.put("fsync_p50_ms", machine.fsync_p50_ms);
        if self.args.store == StoreKind::Sqlite {
            Shop::found(&self.template(), self.args.skus).await?;
        }
        if self.args.wants(Phase::Spread) || self.args.wants(Phase::ByHand) {
            self.spread().await?;
        }
        if self.args.wants(Phase::Hot) {
            self.hot().await?;
        }
        if self.args.wants(Phase::After) {
            self.after().await?;
        }
        if self.args.wants(Phase::Callers) {
            self.other_callers().await?;
        }
        if self.args.wants(Phase::Http) && self.args.store == StoreKind::Sqlite {
            self.http().await?;
        }
        Ok(self.report)
    }

    /// The file with the catalogue that the others begin as.
    fn template(&self) -> PathBuf {
        self.folder.path().join("template.db")
    }

    /// A shop without an order, and its file if it has one.
    async fn shop(&mut self) -> Result<(Shop, Option<PathBuf>), BenchError> {
        match self.args.store {
            StoreKind::Memory => Ok((Shop::in_memory(self.args.skus).await?, None)),
            StoreKind::Sqlite => {
                let path = self.fresh_file()?;
                Ok((Shop::at(&path, self.args.skus)?, Some(path)))
            }
        }
    }

    /// A file with the catalogue and no order.
    fn fresh_file(&mut self) -> Result<PathBuf, BenchError> {
        self.files += 1;
        let path = self.folder.path().join(format!("{}.db", self.files));
        std::fs::copy(self.template(), &path)?;
        Ok(path)
    }

    /// A file that is not needed any more.
    fn discard(&self, path: &Path) -> Result<(), BenchError> {
        if !self.args.keep {
            std::fs::remove_file(path)?;
        }
        Ok(())
    }

    fn load(&self, callers: u16, basket: Basket) -> Load {
        Load {
            callers,
            basket,
            warm_up: Duration::from_secs_f64(self.args.warm_up_seconds),
            time: Some(Duration::from_secs_f64(self.args.seconds)),
            orders_max: self.args.orders_max,
            seed: self.args.seed,
        }
    }

    /// One load of a fresh shop.
    async fn once(&mut self, what: &str, callers: u16, basket: Basket) -> Result<(Measured, Option<PathBuf>), BenchError> {
        let (shop, path) = self.shop().await?;
        let measured = load(&shop, self.load(callers, basket)).await?;
        shop.close().await?;
        tell(what, &measured);
        Ok((measured, path))
    }

    /// Rounds of the engine, and by turns with it of the rows by hand: machines drift.
    async fn spread(&mut self) -> Result<(), BenchError> {
        let by_hand = self.args.wants(Phase::ByHand) && self.args.store == StoreKind::Sqlite;
        let (mut engine, mut baselines, mut twins) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..self.args.rounds {
            let (measured, path) = self.once("spread", self.args.callers, Basket::Spread(LINES)).await?;
            if let Some(path) = path {
                let bytes = self.growth_per_order(&path)?;
                self.report.put("bytes_per_order", bytes);
                if by_hand {
                    baselines.push(self.by_hand("one transaction per order by hand", &path, baseline).await?);
                    let batch_sets = measured.commits().map_or(1, |commits| commits.sets.div_ceil(commits.batches.max(1)));
                    let what = format!("the engine's commits by hand, {batch_sets} sets in a batch");
                    twins.push(self.by_hand(&what, &path, move |path, course| twin(path, course, batch_sets)).await?);
                }
                self.discard(&path)?;
            }
            engine.push(measured);
        }
        let orders_per_s = median(&engine, Measured::orders_per_s);
        self.report.put("orders_per_s", orders_per_s);
        self.report.put("p50_ms", median(&engine, |round| round.latencies.percentile_ms(50)));
        self.report.put("p99_ms", median(&engine, |round| round.latencies.percentile_ms(99)));
        self.report.put("round_trips_per_order", median(&engine, Measured::calls_per_order));
        if let Some(commits) = engine.last().and_then(Measured::commits) {
            self.report.put_count("fsyncs", commits.syncs);
            self.report.put("batch_mean", commits.batch_mean());
        }
        if by_hand {
            let (baseline, twin) = (median(&baselines, Made::orders_per_s), median(&twins, Made::orders_per_s));
            self.report.put("baseline_orders_per_s", baseline);
            self.report.put("ratio", orders_per_s / baseline);
            self.report.put("twin_orders_per_s", twin);
            self.report.put("ratio_twin", orders_per_s / twin);
        }
        Ok(())
    }

    /// Orders written by hand on a fresh file; its rows are compared with those of the engine.
    async fn by_hand(
        &mut self,
        what: &str,
        engine: &Path,
        write: impl FnOnce(&Path, Course) -> Result<Made, BenchError> + Send + 'static,
    ) -> Result<Made, BenchError> {
        let (path, template, engine) = (self.fresh_file()?, self.template(), engine.to_owned());
        let course = Course::like(&self.load(1, Basket::Spread(LINES)), self.args.skus);
        let sample = self.args.compare_orders;
        let written = path.clone();
        let made = tokio::task::spawn_blocking(move || {
            let made = write(&written, course)?;
            compare(&template, &engine, &written, sample)?;
            Ok::<_, BenchError>(made)
        });
        let made = made.await??;
        progress(&format!("{what}: {:.0} orders/s; the rows are the engine's", made.orders_per_s()));
        self.discard(&path)?;
        Ok(made)
    }

    async fn hot(&mut self) -> Result<(), BenchError> {
        let (spread, _) = self.once("one line, any SKU", self.args.callers, Basket::Spread(1)).await?;
        let (hot, _) = self.once("one line, one SKU", self.args.callers, Basket::Hot).await?;
        self.report.put("one_line_orders_per_s", spread.orders_per_s());
        self.report.put("hot_sku_orders_per_s", hot.orders_per_s());
        self.report.put("hot_sku_to_spread", hot.orders_per_s() / spread.orders_per_s());
        Ok(())
    }

    async fn after(&mut self) -> Result<(), BenchError> {
        let (shop, _) = self.shop().await?;
        let spread = self.load(self.args.callers, Basket::Spread(LINES));
        let fill = Load { callers: FILLING, warm_up: Duration::ZERO, time: None, orders_max: Some(self.args.fill_orders), ..spread };
        let filled = load(&shop, fill).await?;
        tell("fill", &filled);
        let measured = load(&shop, Load { seed: self.args.seed.wrapping_add(1), ..spread }).await?;
        tell(&format!("after {} orders", self.args.fill_orders), &measured);
        shop.close().await?;
        self.report.put_count("fill_orders", self.args.fill_orders);
        self.report.put("fill_orders_per_s", filled.orders_per_s());
        self.report.put("after_200k_orders_per_s", measured.orders_per_s());
        self.report.put("after_200k_p99_ms", measured.latencies.percentile_ms(99));
        Ok(())
    }

    async fn other_callers(&mut self) -> Result<(), BenchError> {
        for callers in &self.args.other_callers {
            let (measured, _) = self.once(&format!("{callers} callers"), *callers, Basket::Spread(LINES)).await?;
            self.report.put(&format!("orders_per_s_{callers}"), measured.orders_per_s());
            self.report.put(&format!("p50_ms_{callers}"), measured.latencies.percentile_ms(50));
            self.report.put(&format!("p99_ms_{callers}"), measured.latencies.percentile_ms(99));
        }
        Ok(())
    }

    async fn http(&mut self) -> Result<(), BenchError> {
        let beside = || Ok::<_, std::io::Error>(std::env::current_exe()?.with_file_name("commerce"));
        let binary = self.args.server.clone().map_or_else(beside, Ok)?;
        let (path, skus) = (self.fresh_file()?, self.args.skus);
        let load = self.load(self.args.callers, Basket::Spread(LINES));
        let served = tokio::task::spawn_blocking(move || serve_and_load(&binary, &path, &load, skus)).await??;
        for (name, what, answered) in [
            ("http_orders", "orders of three lines", &served.orders),
            ("http_short_orders", "orders in the short form", &served.short_orders),
            ("http_reads", "reads", &served.reads),
        ] {
            let (p50_ms, p99_ms) = (answered.latencies.percentile_ms(50), answered.latencies.percentile_ms(99));
            let (server_us, client_us) = answered.cpu_us();
            progress(&format!(
                "HTTP, {what}: {:.0}/s, p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms; CPU per request: server {server_us:.0} us, client {client_us:.0} us",
                answered.per_s
            ));
            self.report.put(&format!("{name}_per_s"), answered.per_s);
        }
        self.report.put("http_p50_ms", served.orders.latencies.percentile_ms(50));
        self.report.put("http_p99_ms", served.orders.latencies.percentile_ms(99));
        Ok(())
    }

    /// By how many bytes each order made the closed file greater.
    fn growth_per_order(&self, path: &Path) -> Result<f64, BenchError> {
        let orders: i64 = Connection::open(path)?.query_row("SELECT count(*) FROM orders", [], |row| row.get(0))?;
        let grown = std::fs::metadata(path)?.len().saturating_sub(std::fs::metadata(self.template())?.len());
        Ok(grown as f64 / orders as f64)
    }
}

fn tell(what: &str, measured: &Measured) {
    let batches = measured
        .commits()
        .map_or_else(String::new, |commits| format!(", {} sets in {} batches with {} syncs", commits.sets, commits.batches, commits.syncs));
    progress(&format!(
        "{what}: {:.0} orders/s, p50 {:.2} ms, p99 {:.2} ms, {:.1} calls of the store per order{batches}",
        measured.orders_per_s(),
        measured.latencies.percentile_ms(50),
        measured.latencies.percentile_ms(99),
        measured.calls_per_order(),
    ));
}

fn median<T>(rounds: &[T], figure: impl Fn(&T) -> f64) -> f64 {
    let mut all: Vec<f64> = rounds.iter().map(figure).collect();
    all.sort_unstable_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}
