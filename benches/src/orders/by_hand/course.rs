//! How long orders are written by hand, and what came of it.

use std::time::{Duration, Instant};

use crate::orders::callers::{Basket, Load};

/// A load without callers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    pub(crate) basket: Basket,
    pub(crate) warm_up: Duration,
    pub(crate) time: Option<Duration>,
    pub(crate) orders_max: Option<u64>,
    pub(crate) seed: u64,
    pub(crate) skus: u16,
}

impl Course {
    /// The same orders for as long as a load of the engine.
    pub(crate) const fn like(load: &Load, skus: u16) -> Self {
        let Load { basket, warm_up, time, orders_max, seed, .. } = *load;
        Self { basket, warm_up, time, orders_max, seed, skus }
    }
}

/// Orders made between the end of the warm-up and the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Made {
    pub(crate) orders: u64,
    pub(crate) time: Duration,
}

impl Made {
    pub(crate) fn orders_per_s(&self) -> f64 {
        self.orders as f64 / self.time.as_secs_f64()
    }
}

/// Counts orders while time goes on.
pub(super) struct Watch {
    course: Course,
    begun: Instant,
    orders: u64,
    /// When the warm-up ended, and how many orders were made by then.
    warm: Option<(Instant, u64)>,
}

impl Watch {
    pub(super) fn start(course: Course) -> Self {
        let begun = Instant::now();
        Self { course, begun, orders: 0, warm: course.warm_up.is_zero().then_some((begun, 0)) }
    }

    /// How many more orders may be made, at most `most`; none once the time is over.
    pub(super) fn next(&mut self, most: u64) -> u64 {
        let now = Instant::now();
        if self.warm.is_none() && now.duration_since(self.begun) >= self.course.warm_up {
            self.warm = Some((now, self.orders));
        }
        let late = |(since, _): (Instant, u64)| self.course.time.is_some_and(|time| now.duration_since(since) >= time);
        if self.warm.is_some_and(late) {
            return 0;
        }
        most.min(self.course.orders_max.map_or(u64::MAX, |max| max.saturating_sub(self.orders)))
    }

    /// So many orders are on disk.
    pub(super) const fn made(&mut self, orders: u64) {
        self.orders += orders;
    }

    pub(super) fn stop(self) -> Made {
        let (since, before) = self.warm.unwrap_or((self.begun, 0));
        Made { orders: self.orders - before, time: since.elapsed() }
    }
}
