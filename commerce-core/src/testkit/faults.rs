//! Faults on demand: what can go wrong between the engine and a port, by name, each as often as wanted.
//!
//! A [`Faults`] wraps ports. It lets every call pass until the one that its [`Plan`] names, and there does what the plan says, once. A
//! crash stops every port that it wraps, until [`Faults::restart`]. [`sweep`] runs one scenario for each point and each visit.

mod journal;
mod point;
mod provider;
mod sagas;
mod sweep;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::ports::{Journal, PaymentProvider, PortError, PortErrorKind, Retry, Sagas, Store};

pub use point::{Fault, Operation, Plan, Point};
pub use sweep::{SweepReport, VISITS_MAX, sweep, sweep_after};

/// Wraps ports and makes them fail as planned. Clones share the plan, the counts and the crash.
#[derive(Clone)]
pub struct Faults(Arc<Mutex<Course>>);

struct Course {
    planned: Vec<Plan>,
    fired: Vec<Plan>,
    crashed: bool,
    visits: Vec<Operation>,
}

impl Faults {
    /// No fault: it counts alone.
    pub fn none() -> Self {
        Self::all_of([])
    }

    /// The fault of this plan, once.
    pub fn at(plan: Plan) -> Self {
        Self::all_of([plan])
    }

    /// The faults of these plans, each once.
    pub fn all_of(plans: impl IntoIterator<Item = Plan>) -> Self {
        let planned = plans.into_iter().collect();
        Self(Arc::new(Mutex::new(Course { planned, fired: Vec::new(), crashed: false, visits: Vec::new() })))
    }

    /// The same journal, with faults.
    pub fn journal(&self, inner: Arc<dyn Journal>) -> Arc<dyn Journal> {
        Arc::new(journal::FaultyJournal { inner, faults: self.clone() })
    }

    /// The same sagas, with faults.
    pub fn sagas(&self, inner: Arc<dyn Sagas>) -> Arc<dyn Sagas> {
        Arc::new(sagas::FaultySagas { inner, faults: self.clone() })
    }

    /// The same provider, with faults.
    pub fn provider(&self, inner: Arc<dyn PaymentProvider>) -> Arc<dyn PaymentProvider> {
        Arc::new(provider::FaultyProvider { inner, faults: self.clone() })
    }

    /// The same store, its journal and its sagas with faults.
    pub fn store(&self, store: Store) -> Store {
        Store { journal: self.journal(store.journal.clone()), sagas: self.sagas(store.sagas.clone()), ..store }
    }

    /// Whether every planned fault has happened.
    pub fn fired(&self) -> bool {
        self.course().planned.is_empty()
    }

    /// Whether this fault was planned and has happened.
    pub fn happened(&self, plan: Plan) -> bool {
        self.course().fired.contains(&plan)
    }

    /// Whether the process is down.
    pub fn crashed(&self) -> bool {
        self.course().crashed
    }

    /// Lets calls pass again after a crash. What the process knew is its host's to throw away.
    pub fn restart(&self) {
        self.course().crashed = false;
    }

    /// How often an operation was called while the process was up.
    pub fn visits(&self, operation: Operation) -> usize {
        self.course().visits.iter().filter(|visited| **visited == operation).count()
    }

    /// What is to happen at this call.
    fn visit(&self, operation: Operation) -> Visit {
        let mut course = self.course();
        if course.crashed {
            return Visit::Down;
        }
        course.visits.push(operation);
        let visit = course.visits.iter().filter(|visited| **visited == operation).count();
        let due = course.planned.iter().position(|plan| plan.point.operation == operation && plan.visit == visit);
        let Some(plan) = due.map(|index| course.planned.remove(index)) else { return Visit::Pass };
        course.crashed = plan.point.fault == Fault::CrashBefore;
        course.fired.push(plan);
        Visit::Fault(plan.point.fault)
    }

    fn crash(&self) {
        self.course().crashed = true;
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        // whole at every unlock; a panic elsewhere is reported there
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let course = self.course();
        f.debug_struct("Faults").field("planned", &course.planned).field("fired", &course.fired).field("crashed", &course.crashed).finish()
    }
}

enum Visit {
    Pass,
    Fault(Fault),
    Down,
}

/// Nothing was written.
fn refused() -> PortError {
    PortError::with(PortErrorKind::Unavailable, Retry::Later, "a planned fault")
}

/// It may have been written.
fn doubtful() -> PortError {
    PortError::with(PortErrorKind::Timeout, Retry::Unknown, "a planned fault")
}

/// The process is down: nobody hears this answer.
fn down() -> PortError {
    PortError::with(PortErrorKind::Unavailable, Retry::Unknown, "a planned crash")
}

/// One write of a port that answers with a [`PortError`]; `call` sends it.
async fn write<T, F>(faults: &Faults, operation: Operation, call: impl Fn() -> F + Send) -> Result<T, PortError>
where
    T: Send,
    F: Future<Output = Result<T, PortError>> + Send,
{
    match faults.visit(operation) {
        Visit::Pass => call().await,
        Visit::Down | Visit::Fault(Fault::CrashBefore) => Err(down()),
        Visit::Fault(Fault::Fail) => Err(refused()),
        Visit::Fault(Fault::LoseRequest) => Err(doubtful()),
        Visit::Fault(Fault::LoseAnswer) => {
            let _lost = call().await;
            Err(doubtful())
        }
        Visit::Fault(Fault::CrashAfter) => {
            let _lost = call().await;
            faults.crash();
            Err(down())
        }
        Visit::Fault(Fault::Repeat) => {
            let first = call().await;
            let _second = call().await;
            first
        }
    }
}

/// One read of a port that answers with a [`PortError`].
async fn read<T>(faults: &Faults, operation: Operation, call: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    match faults.visit(operation) {
        Visit::Pass => call.await,
        Visit::Fault(Fault::Fail) => Err(refused()),
        // a read that is lost, or made twice, is no other than one that fails, or is made once
        Visit::Fault(_) | Visit::Down => Err(down()),
    }
}
