//! What the figures depend on: cores and how fast the disk syncs.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

use super::latencies::Latencies;

/// How many small writes are synced to measure one.
const SYNCS: usize = 100;
/// A page of the store.
const WRITE_BYTES: usize = 4_096;

/// What the figures depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    /// Half of all syncs of one appended page take no longer.
    pub(crate) fsync_p50_ms: f64,
    pub(crate) fsync_p99_ms: f64,
}

impl Machine {
    /// Looks at the machine; syncs a file in the folder that the run uses.
    pub(crate) fn look(folder: &Path) -> std::io::Result<Self> {
        let path = folder.join("fsync");
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        let mut all = Vec::with_capacity(SYNCS);
        for _ in 0..SYNCS {
            let began = Instant::now();
            file.write_all(&[1; WRITE_BYTES])?;
            file.sync_data()?;
            all.push(began.elapsed());
        }
        drop(file);
        std::fs::remove_file(path)?;
        let syncs = Latencies::of(all);
        let cores = std::thread::available_parallelism()?.get();
        Ok(Self { cores, fsync_p50_ms: syncs.percentile_ms(50), fsync_p99_ms: syncs.percentile_ms(99) })
    }
}
