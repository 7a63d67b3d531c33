//! Runs futures on one thread, and lets time pass when none of them can go on.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use commerce_core::ports::Clock;
use commerce_core::testkit::ManualClock;

/// No story waits longer than this for one answer, in seconds of the clock.
const PATIENCE_S: u64 = 3_600;
/// Polls without any time passing after which tasks are taken for a loop that never rests.
const POLLS_MAX: u64 = 1_000_000;

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Flag {
    fn raised() -> Arc<Self> {
        Arc::new(Self(AtomicBool::new(true)))
    }

    fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }

    fn is_raised(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

struct Task {
    id: u64,
    flag: Arc<Flag>,
    frozen: bool,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

/// Names a task on the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TaskId(u64);

/// A scheduler on one thread. Tasks run in the order in which they were spawned.
pub(crate) struct Stage {
    pub clock: Arc<ManualClock>,
    tasks: RefCell<Vec<Task>>,
    spawned: Cell<u64>,
}

impl Stage {
    pub(crate) fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, tasks: RefCell::default(), spawned: Cell::new(0) }
    }

    pub(crate) fn spawn(&self, future: impl Future<Output = ()> + 'static) -> TaskId {
        let id = self.spawned.get();
        self.spawned.set(id + 1);
        self.tasks.borrow_mut().push(Task { id, flag: Flag::raised(), frozen: false, future: Box::pin(future) });
        TaskId(id)
    }

    /// Drops a task where it stands: what a crash of its process does.
    pub(crate) fn kill(&self, id: TaskId) {
        let killed = {
            let mut tasks = self.tasks.borrow_mut();
            tasks.iter().position(|task| task.id == id.0).map(|index| tasks.remove(index))
        };
        drop(killed);
    }

    /// Lets a task stand still, or go on: a process that the machine does not run for a while.
    pub(crate) fn freeze(&self, id: TaskId, frozen: bool) {
        if let Some(task) = self.tasks.borrow_mut().iter_mut().find(|task| task.id == id.0) {
            task.frozen = frozen;
        }
    }

    pub(crate) fn runs(&self, id: TaskId) -> bool {
        self.tasks.borrow().iter().any(|task| task.id == id.0)
    }

    /// Polls one task that can go on; false if there is none.
    fn step(&self) -> bool {
        let mut task = {
            let mut tasks = self.tasks.borrow_mut();
            let ready: Vec<usize> = (0..tasks.len()).filter(|i| !tasks[*i].frozen && tasks[*i].flag.is_raised()).collect();
            let Some(first) = ready.first() else { return false };
            tasks.remove(*first)
        };
        task.flag.take();
        let waker = Waker::from(Arc::clone(&task.flag));
        let place = task.id;
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
            let mut tasks = self.tasks.borrow_mut();
            let index = tasks.partition_point(|other| other.id < place);
            tasks.insert(index, task);
        }
        true
    }

    /// Runs a future to its end, and the tasks with it. Time passes only when nothing else can happen.
    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let flag = Flag::raised();
        let waker = Waker::from(Arc::clone(&flag));
        let until = self.clock.now().plus_secs(PATIENCE_S);
        loop {
            if flag.take()
                && let Poll::Ready(answer) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return answer;
            }
            self.rest_unless(&flag);
            if !flag.is_raised() {
                let woken = self.clock.advance_to_next_sleeper().expect("nobody will ever wake it");
                assert!(woken <= until, "no answer within {PATIENCE_S} s");
            }
        }
    }

    fn rest_unless(&self, flag: &Flag) {
        for _ in 0..POLLS_MAX {
            if flag.is_raised() || !self.step() {
                return;
            }
        }
        panic!("the tasks never rest");
    }

    /// Runs the tasks until none can go on before time passes.
    pub(crate) fn rest(&self) {
        self.rest_unless(&Flag(AtomicBool::new(false)));
    }

    /// Time jumps, and the tasks do what is due then.
    pub(crate) fn jump_s(&self, secs: u64) {
        self.rest();
        self.clock.advance_s(secs);
        self.rest();
    }

    /// Time passes second by second.
    pub(crate) fn pass_s(&self, secs: u64) {
        self.rest();
        for _ in 0..secs {
            self.clock.advance_s(1);
            self.rest();
        }
    }
}
