//! The processor time of a process, all threads together, as Linux tells it.

use std::time::Duration;

use crate::orders::BenchError;

/// Linux tells it in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);
/// Fields between the name of the process, which may hold anything, and its time in user mode, which that in the kernel follows.
const FIELDS_BEFORE: usize = 11;

/// What a process has used since it began, in user mode and in the kernel; of this process without a number.
pub(super) fn used(pid: Option<u32>) -> Result<Duration, BenchError> {
    let path = pid.map_or_else(|| "/proc/self/stat".to_owned(), |pid| format!("/proc/{pid}/stat"));
    let stat = std::fs::read_to_string(path)?;
    parse(&stat).ok_or(BenchError::Unreadable(stat))
}

fn parse(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(FIELDS_BEFORE);
    let mut ticks = || fields.next()?.parse::<u32>().ok();
    Some(TICK * (ticks()? + ticks()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_kernel_time_stand_behind_a_name_that_may_hold_anything() {
        let stat = "27419 (a) b 1 2) S 1 2 3 4 5 6 7 8 9 10 530 218 0 0";
        assert_eq!(parse(stat), Some(Duration::from_millis(7_480)));
        for other in ["", "1 (a) S 1 2", "1 (a) S 1 2 3 4 5 6 7 8 9 10 x 218 0"] {
            assert_eq!(parse(other), None, "{other}");
        }
    }
}
