//! An order as code without an engine has it.

use commerce_core::engine::SystemIds;
use commerce_core::id::AttemptId;
use commerce_core::ports::{Clock, Ids};
use commerce_core::saga::Task;
use uuid::Uuid;

use crate::orders::callers::pick_customer;
use crate::orders::shop::PRICE_MINOR;

use super::Course;

const DAY_US: i64 = 24 * 3_600 * 1_000_000;

/// An order with the ids of all that belongs to it, and its times in microseconds.
pub(super) struct Order {
    pub(super) id: Uuid,
    pub(super) payment: Uuid,
    pub(super) attempt: Uuid,
    pub(super) saga: Uuid,
    pub(super) customer: String,
    pub(super) lines: Vec<Line>,
    pub(super) total_minor: i64,
    pub(super) placed_at: i64,
    pub(super) pay_by: i64,
}

/// One unit of a SKU, and what holds it.
pub(super) struct Line {
    pub(super) sku: String,
    pub(super) hold: Uuid,
}

/// The provider's yes.
pub(super) struct Approval {
    pub(super) at: i64,
    pub(super) expires_at: i64,
}

/// Makes orders: the same as the engine is asked for.
pub(super) struct Orders {
    random: fastrand::Rng,
    course: Course,
    ids: SystemIds,
    clock: commerce_core::clock::TokioClock,
    skus: Vec<String>,
}

impl Orders {
    pub(super) fn new(course: Course) -> Self {
        let skus = (0..course.skus).map(|n| crate::orders::shop::sku(n).as_str().to_owned()).collect();
        let random = fastrand::Rng::with_seed(course.seed);
        Self { random, course, ids: SystemIds::default(), clock: commerce_core::clock::TokioClock, skus }
    }

    pub(super) fn fresh(&self) -> Uuid {
        self.ids.uuid7()
    }

    pub(super) fn now(&self) -> i64 {
        self.clock.now().micros()
    }

    pub(super) fn next(&mut self) -> Order {
        let picked = self.course.basket.pick(&mut self.random, self.course.skus);
        let customer = format!("customer-{}", pick_customer(&mut self.random));
        let (id, attempt, payment) = (self.fresh(), self.fresh(), self.fresh());
        let lines: Vec<Line> = picked.into_iter().map(|n| Line { sku: self.skus[usize::from(n)].clone(), hold: self.fresh() }).collect();
        let placed_at = self.now();
        Order {
            id,
            payment,
            attempt,
            saga: Task::Collect(AttemptId::new(attempt)).saga_uuid(),
            customer,
            total_minor: PRICE_MINOR * lines.len() as i64,
            lines,
            placed_at,
            pay_by: placed_at + DAY_US,
        }
    }

    /// The provider says yes at once.
    pub(super) fn approve(&self) -> Approval {
        let at = self.now();
        Approval { at, expires_at: at + 7 * DAY_US }
    }
}
