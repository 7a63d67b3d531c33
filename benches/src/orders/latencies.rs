//! How long each order took.

use std::time::Duration;

/// Durations, kept one by one: percentiles are exact.
#[derive(Clone, Debug, Default)]
pub(crate) struct Latencies {
    sorted: Vec<Duration>,
}

impl Latencies {
    pub(crate) fn of(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self { sorted: all }
    }

    pub(crate) fn count(&self) -> u64 {
        self.sorted.len() as u64
    }

    /// The duration that so many hundredths of all do not exceed, in milliseconds; 0 if there are none.
    pub(crate) fn percentile_ms(&self, hundredths: usize) -> f64 {
        let rank = (self.sorted.len() * hundredths).div_ceil(100).max(1);
        self.sorted.get(rank - 1).map_or(0.0, |found| found.as_secs_f64() * 1_000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_latency_that_was_measured() {
        let latencies = Latencies::of((1..=200).rev().map(Duration::from_millis).collect());
        assert_eq!([1, 50, 99, 100].map(|hundredths| latencies.percentile_ms(hundredths)), [2.0, 100.0, 198.0, 200.0]);
        assert_eq!(Latencies::default().percentile_ms(50), 0.0);
    }
}
