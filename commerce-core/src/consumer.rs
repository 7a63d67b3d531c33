//! Consumers of the feed: what operators tell them, and how long one waits before it tries an item again.

mod event;

pub use event::{Event, NOTE_CHARS_MAX};

/// Milliseconds to wait after so many failures in a row: `first_ms`, doubled each time, at most `max_ms`.
pub const fn backoff_ms(failures: u32, first_ms: u64, max_ms: u64) -> u64 {
    let doubled = match 1_u64.checked_shl(failures.saturating_sub(1)) {
        Some(factor) => first_ms.saturating_mul(factor),
        None => max_ms,
    };
    if doubled < max_ms { doubled } else { max_ms }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_doubles_up_to_its_maximum_and_never_wraps() {
        let waits: Vec<u64> = (1..=6).map(|failures| backoff_ms(failures, 100, 1_000)).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!([backoff_ms(64, 100, 1_000), backoff_ms(65, 100, 1_000), backoff_ms(u32::MAX, 100, 1_000)], [1_000; 3]);
        assert_eq!(backoff_ms(3, 0, 1_000), 0);
    }
}
