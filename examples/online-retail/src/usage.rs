//! What a run took: time, memory, commits. Not part of the report, which is the same for the same lines.

use std::fmt;
use std::time::{Duration, Instant};

use commerce_core::commit::CommitCounts;

/// The most memory that this process had at once, in KiB; none where the system does not tell.
pub fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}

/// How long the parts of a run took, one after the other.
#[derive(Debug)]
pub struct Stopwatch {
    began: Instant,
    lap: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Default for Stopwatch {
    fn default() -> Self {
        let now = Instant::now();
        Self { began: now, lap: now, laps: Vec::new() }
    }
}

impl Stopwatch {
    /// Ends a part; the next begins.
    pub fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        self.laps.push((name, now - self.lap));
        self.lap = now;
    }

    /// How long a part took; nothing if there was none of the name.
    pub fn took(&self, name: &str) -> Duration {
        self.laps.iter().filter(|lap| lap.0 == name).map(|lap| lap.1).sum()
    }

    /// How long all parts took.
    pub fn total(&self) -> Duration {
        self.lap - self.began
    }
}

/// What a run took.
#[derive(Debug)]
pub struct Usage {
    /// The parts.
    pub time: Stopwatch,
    /// The part in which orders were placed.
    pub selling: &'static str,
    /// Orders placed in it.
    pub orders: u64,
    /// What the store's committer did.
    pub commits: CommitCounts,
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, took) in &self.time.laps {
            writeln!(f, "{name:<28} {:>7} s", tenths(*took))?;
        }
        writeln!(f, "{:<28} {:>7} s", "elapsed", tenths(self.time.total()))?;
        let millis = self.time.took(self.selling).as_millis().max(1);
        writeln!(f, "{:<28} {:>7}", "orders/s", u128::from(self.orders) * 1_000 / millis)?;
        let CommitCounts { batches, sets, largest_batch_sets } = self.commits;
        writeln!(f, "{:<28} {sets:>7} in {batches} synced batches of up to {largest_batch_sets}", "change sets")?;
        match peak_memory_kib() {
            Some(kib) => writeln!(f, "{:<28} {:>7} MiB", "peak memory", kib.div_ceil(1_024)),
            None => writeln!(f, "{:<28} unknown on this system", "peak memory"),
        }
    }
}

fn tenths(time: Duration) -> String {
    let tenths = time.as_millis() / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole() {
        let mut time = Stopwatch::default();
        time.lap("one");
        time.lap("two");
        time.lap("one");
        assert_eq!(time.took("one") + time.took("two"), time.total());
        assert_eq!(time.took("three"), Duration::ZERO);
        assert_eq!(tenths(Duration::from_millis(61_290)), "61.2");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn linux_tells_the_peak_of_memory() {
        assert!(peak_memory_kib().is_some_and(|kib| kib > 1_000));
    }
}
