//! Every phase of `bench-orders`, small: it ends by itself, and its last line has all figures.
//!
//! The phase over HTTP runs the `commerce` binary beside it, which `make test` builds for the server's own tests.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

use std::process::Command;

use serde_json::Value;

/// What both stores are measured by.
const OF_BOTH: &[&str] = &[
    "after_200k_orders_per_s",
    "after_200k_p99_ms",
    "cores",
    "fill_orders",
    "fill_orders_per_s",
    "fsync_p50_ms",
    "hot_sku_orders_per_s",
    "hot_sku_to_spread",
    "one_line_orders_per_s",
    "orders_per_s",
    "orders_per_s_1",
    "orders_per_s_256",
    "orders_per_s_8",
    "p50_ms",
    "p50_ms_1",
    "p50_ms_256",
    "p50_ms_8",
    "p99_ms",
    "p99_ms_1",
    "p99_ms_256",
    "p99_ms_8",
    "round_trips_per_order",
];
/// What a file is measured by besides.
const OF_A_FILE: &[&str] = &[
    "baseline_orders_per_s",
    "batch_mean",
    "bytes_per_order",
    "fsyncs",
    "http_orders_per_s",
    "http_p50_ms",
    "http_p99_ms",
    "http_reads_per_s",
    "http_short_orders_per_s",
    "ratio",
    "ratio_twin",
    "twin_orders_per_s",
];

/// The figures of a small run, its name aside.
fn run(store: &str, args: &str) -> serde_json::Map<String, Value> {
    let folder = tempfile::tempdir().unwrap();
    let small = "--warm-up-seconds 0 --seconds 60 --rounds 1 --callers 8 --orders-max 100 --fill-orders 100 --skus 50";
    let mut command = Command::new(env!("CARGO_BIN_EXE_bench-orders"));
    command.args(["--store", store, "--folder"]).arg(folder.path()).args(small.split(' ')).args(args.split_whitespace());
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{err}");
    assert_eq!(folder.path().read_dir().unwrap().count(), 0, "files are left");
    let mut figures: serde_json::Map<String, Value> = serde_json::from_str(out.lines().last().unwrap()).unwrap();
    assert_eq!(figures.remove("store").unwrap(), store);
    figures
}

/// Asserts that these figures were given and no others, each above zero.
fn has(figures: &serde_json::Map<String, Value>, mut names: Vec<&str>) {
    names.sort_unstable();
    assert_eq!(figures.keys().collect::<Vec<_>>(), names);
    for (name, figure) in figures {
        assert!(figure.as_f64().unwrap() > 0.0, "{name} is {figure}");
    }
}

#[test]
fn a_small_run_over_a_file_gives_every_figure() {
    let figures = run("sqlite", "--compare-orders 50");
    has(&figures, [OF_BOTH, OF_A_FILE].concat());
    // two commits for each order, and no more calls of the store than those and what placing reads
    assert!(figures["round_trips_per_order"].as_f64().unwrap() < 4.0, "{figures:?}");
}

#[test]
fn a_small_run_in_memory_gives_every_figure_that_memory_has() {
    has(&run("memory", ""), OF_BOTH.to_vec());
}

#[test]
fn a_phase_can_be_run_alone() {
    let figures = run("memory", "--phase hot");
    has(&figures, vec!["cores", "fsync_p50_ms", "hot_sku_orders_per_s", "hot_sku_to_spread", "one_line_orders_per_s"]);
}
