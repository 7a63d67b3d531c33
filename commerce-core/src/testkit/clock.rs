//! A clock that stands still until a test moves it.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;

use crate::ports::Clock;
use crate::time::Timestamp;

/// A clock that stands still until a test moves it; whoever sleeps wakes when the time has come, and no thread really waits.
pub struct ManualClock {
    face: Mutex<Face>,
    fell_asleep: Condvar,
}

struct Face {
    now: Timestamp,
    next_sleeper: u64,
    sleepers: BTreeMap<(Timestamp, u64), Waker>,
}

impl ManualClock {
    /// A clock that shows this time.
    pub const fn at(now: Timestamp) -> Self {
        Self { face: Mutex::new(Face { now, next_sleeper: 0, sleepers: BTreeMap::new() }), fell_asleep: Condvar::new() }
    }

    /// Moves it to a time and wakes whoever waited for it; a time before now changes nothing.
    pub fn set(&self, time: Timestamp) {
        let woken: Vec<Waker> = {
            let mut face = self.face();
            face.now = face.now.max(time);
            let now = face.now;
            let later = face.sleepers.split_off(&(now, u64::MAX));
            std::mem::replace(&mut face.sleepers, later).into_values().collect()
        };
        // outside the lock: a waker may run its task at once, and the task reads the clock
        woken.into_iter().for_each(Waker::wake);
    }

    /// Moves it on by milliseconds.
    pub fn advance_ms(&self, millis: u64) {
        self.set(self.now().plus_millis(millis));
    }

    /// Moves it on by seconds.
    pub fn advance_s(&self, secs: u64) {
        self.set(self.now().plus_secs(secs));
    }

    /// Moves it to the time that the next sleeper waits for; `None`, and nothing moved, if nobody sleeps.
    pub fn advance_to_next_sleeper(&self) -> Option<Timestamp> {
        let next = self.face().sleepers.keys().next().map(|(time, _)| *time)?;
        self.set(next);
        Some(next)
    }

    /// How many sleep now.
    pub fn sleepers(&self) -> usize {
        self.face().sleepers.len()
    }

    /// Blocks this thread until at least so many sleep: how a test waits for its workers to be at rest.
    pub fn wait_for_sleepers(&self, count: usize) {
        let mut face = self.face();
        while face.sleepers.len() < count {
            face = self.fell_asleep.wait(face).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn face(&self) -> MutexGuard<'_, Face> {
        // a panic elsewhere is reported there; the face is whole at every unlock
        self.face.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ManualClock").field("now", &self.face().now).finish_non_exhaustive()
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        self.face().now
    }

    async fn sleep_until(&self, time: Timestamp) {
        Sleep { clock: self, time, place: None }.await;
    }
}

struct Sleep<'a> {
    clock: &'a ManualClock,
    time: Timestamp,
    place: Option<u64>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut face = self.clock.face();
        if face.now >= self.time {
            return Poll::Ready(());
        }
        let place = self.place.unwrap_or(face.next_sleeper);
        face.next_sleeper = face.next_sleeper.max(place + 1);
        face.sleepers.insert((self.time, place), cx.waker().clone());
        drop(face);
        self.place = Some(place);
        self.clock.fell_asleep.notify_all();
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            self.clock.face().sleepers.remove(&(self.time, place));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::executor::block_on;

    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_000);

    #[test]
    fn a_sleeper_wakes_when_the_time_has_come_and_not_before() {
        let clock = ManualClock::at(START);
        let mut sleep = clock.sleep_until(START.plus_millis(10));
        assert_eq!((&mut sleep).now_or_never(), None);
        clock.advance_ms(9);
        assert_eq!(((&mut sleep).now_or_never(), clock.sleepers()), (None, 1));
        clock.advance_ms(1);
        assert_eq!((sleep.now_or_never(), clock.sleepers()), (Some(()), 0));
    }

    #[test]
    fn advancing_wakes_a_sleeper_on_another_thread() {
        let clock = ManualClock::at(START);
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| block_on(clock.sleep_until(START.plus_secs(60))));
            clock.wait_for_sleepers(1);
            assert_eq!(clock.advance_to_next_sleeper(), Some(START.plus_secs(60)));
            sleeper.join().expect("the sleeper wakes");
        });
        assert_eq!(clock.advance_to_next_sleeper(), None);
    }

    #[test]
    fn a_dropped_sleeper_is_forgotten() {
        let clock = ManualClock::at(START);
        let mut sleep = clock.sleep_until(START.plus_secs(1));
        assert_eq!((&mut sleep).now_or_never(), None);
        drop(sleep);
        assert_eq!(clock.sleepers(), 0);
    }

    #[test]
    fn the_clock_never_goes_back() {
        let clock = ManualClock::at(START);
        clock.set(Timestamp::from_secs(1));
        assert_eq!(clock.now(), START);
    }
}
