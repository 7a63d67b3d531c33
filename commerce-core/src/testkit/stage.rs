//! Runs futures on one thread, and lets time pass when none of them can go on.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::ports::Clock;
use crate::testkit::{Dice, ManualClock};

/// Seconds of the clock after which an answer is taken for one that never comes.
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

    fn lower(&self) -> bool {
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

/// Names a task on a [`Stage`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskId(u64);

/// A scheduler on one thread, with the time of a [`ManualClock`]: whatever can go on does so at once, and time passes only when nothing
/// can. The same tasks run in the same order in every run: that in which they were spawned, or that of dice.
///
/// A task may stand for a process: it can be killed where it stands, or stand still for a while.
pub struct Stage {
    clock: Arc<ManualClock>,
    tasks: RefCell<Vec<Task>>,
    spawned: Cell<u64>,
    dice: RefCell<Option<Dice>>,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage").field("clock", &self.clock).field("tasks", &self.tasks.borrow().len()).finish_non_exhaustive()
    }
}

impl Stage {
    /// A stage without tasks.
    pub fn new(clock: Arc<ManualClock>) -> Self {
        Self { clock, tasks: RefCell::default(), spawned: Cell::new(0), dice: RefCell::new(None) }
    }

    /// From now on dice of this seed draw the task that goes on.
    pub fn shuffle(&self, seed: u64) {
        *self.dice.borrow_mut() = Some(Dice::new(seed));
    }

    /// Adds a task, which goes on whenever the stage does.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) -> TaskId {
        let id = self.spawned.get();
        self.spawned.set(id + 1);
        self.tasks.borrow_mut().push(Task { id, flag: Flag::raised(), frozen: false, future: Box::pin(future) });
        TaskId(id)
    }

    /// Drops a task where it stands: what a crash of its process does. One that has ended is gone already.
    pub fn kill(&self, id: TaskId) {
        let killed = {
            let mut tasks = self.tasks.borrow_mut();
            tasks.iter().position(|task| task.id == id.0).map(|index| tasks.remove(index))
        };
        // its destructor may come back to the stage
        drop(killed);
    }

    /// Lets a task stand still, or go on: a process that its machine does not run for a while.
    pub fn freeze(&self, id: TaskId, frozen: bool) {
        if let Some(task) = self.tasks.borrow_mut().iter_mut().find(|task| task.id == id.0) {
            task.frozen = frozen;
        }
    }

    /// Whether a task has neither ended nor been killed.
    pub fn has(&self, id: TaskId) -> bool {
        self.tasks.borrow().iter().any(|task| task.id == id.0)
    }

    /// Lets one task go on that can; false if none can.
    pub fn step(&self) -> bool {
        let mut task = {
            let mut tasks = self.tasks.borrow_mut();
            let ready: Vec<usize> = (0..tasks.len()).filter(|i| !tasks[*i].frozen && tasks[*i].flag.is_raised()).collect();
            let Some(first) = ready.first() else { return false };
            let index = self.dice.borrow_mut().as_mut().map_or(*first, |dice| *dice.pick(&ready));
            tasks.remove(index)
        };
        task.flag.lower();
        let waker = Waker::from(Arc::clone(&task.flag));
        if task.future.as_mut().poll(&mut Context::from_waker(&waker)) == Poll::Pending {
            let mut tasks = self.tasks.borrow_mut();
            let index = tasks.partition_point(|other| other.id < task.id);
            tasks.insert(index, task);
        }
        true
    }

    /// Runs a future to its end, and the tasks with it. Time passes when nothing else can happen, from one sleeper to the next.
    ///
    /// # Panics
    /// If the future does not end within an hour of the clock, or nobody will ever wake it.
    pub fn run<T>(&self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        let flag = Flag::raised();
        let waker = Waker::from(Arc::clone(&flag));
        let until = self.clock.now().plus_secs(PATIENCE_S);
        loop {
            if flag.lower()
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
    ///
    /// # Panics
    /// If they never rest.
    pub fn rest(&self) {
        self.rest_unless(&Flag(AtomicBool::new(false)));
    }

    /// Time jumps by seconds, and the tasks do what is due then.
    ///
    /// # Panics
    /// As [`Stage::rest`].
    pub fn jump_s(&self, secs: u64) {
        self.rest();
        self.clock.advance_s(secs);
        self.rest();
    }

    /// Time passes second by second, and the tasks do what is due in each.
    ///
    /// # Panics
    /// As [`Stage::rest`].
    pub fn pass_s(&self, secs: u64) {
        for _ in 0..secs {
            self.jump_s(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::time::Timestamp;

    const START: Timestamp = Timestamp::from_secs(1_000);

    /// A stage with tasks that write down their names, three times each.
    fn told(shuffled: Option<u64>) -> Vec<u8> {
        let stage = Stage::new(Arc::new(ManualClock::at(START)));
        if let Some(seed) = shuffled {
            stage.shuffle(seed);
        }
        let told = Rc::new(RefCell::new(Vec::new()));
        for name in 0..4 {
            let told = Rc::clone(&told);
            stage.spawn(async move {
                for _ in 0..3 {
                    told.borrow_mut().push(name);
                    futures::pending!();
                }
            });
        }
        for _ in 0..16 {
            // whoever is pending here was not woken: it is raised by hand
            stage.tasks.borrow().iter().for_each(|task| task.flag.0.store(true, Ordering::SeqCst));
            assert!(stage.step());
        }
        told.take()
    }

    #[test]
    fn dice_of_one_seed_always_draw_the_same_order_and_others_another_one() {
        assert_eq!(told(None), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
        assert_eq!(told(Some(1)), told(Some(1)));
        assert_ne!(told(Some(1)), told(Some(2)));
    }

    #[test]
    fn time_passes_only_when_nothing_else_can_happen() {
        let clock = Arc::new(ManualClock::at(START));
        let stage = Stage::new(clock.clone());
        let (late, early) = (clock.clone(), clock.clone());
        let slept = Rc::new(RefCell::new(Vec::new()));
        let told = Rc::clone(&slept);
        stage.spawn(async move {
            early.sleep_until(START.plus_secs(3)).await;
            told.borrow_mut().push(early.now());
        });
        stage.run(late.sleep_until(START.plus_secs(5)));
        assert_eq!((slept.take(), clock.now()), (vec![START.plus_secs(3)], START.plus_secs(5)));
    }

    #[test]
    fn a_task_that_stands_still_does_not_go_on_and_one_that_is_killed_never_will() {
        let stage = Stage::new(Arc::new(ManualClock::at(START)));
        let [still, killed] = [1, 2].map(|_| stage.spawn(async {}));
        stage.freeze(still, true);
        stage.kill(killed);
        stage.rest();
        assert_eq!([still, killed].map(|id| stage.has(id)), [true, false]);
        stage.freeze(still, false);
        stage.rest();
        assert!(!stage.has(still));
    }
}
