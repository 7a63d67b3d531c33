//! Runs a plan's items, many at once, each after what it waits for.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::num::NonZeroUsize;

use futures::stream::{FuturesUnordered, StreamExt};

use crate::plan::{Plan, Work};

/// The most items at work at once.
pub const ITEMS_AT_ONCE_MAX: NonZeroUsize = NonZeroUsize::new(64).expect("64 is not zero");

/// What is said of a return whose order was refused.
pub const ORDER_REFUSED: &str = "its order was refused";

/// What became of a plan's items: refused ones by index with the reason, all others are booked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// Items that the engine refused.
    pub refused: BTreeMap<u32, String>,
}

struct Schedule<'a> {
    plan: &'a Plan,
    next: u32,
    /// What waits, by the item that it waits for: each item is waited for by one at most.
    waiting: HashMap<u32, u32>,
    ready: VecDeque<u32>,
    ended: Vec<bool>,
}

impl Schedule<'_> {
    fn pop(&mut self) -> Option<u32> {
        if let Some(item) = self.ready.pop_front() {
            return Some(item);
        }
        loop {
            let item = self.next;
            let after = self.plan.items().get(item as usize)?.after;
            self.next += 1;
            match after.filter(|&after| !self.ended[after as usize]) {
                Some(after) => self.waiting.insert(after, item),
                None => return Some(item),
            };
        }
    }

    fn end(&mut self, item: u32) {
        self.ended[item as usize] = true;
        self.ready.extend(self.waiting.remove(&item));
    }
}

/// Runs every item of a plan through `work`, at most `at_once_max` at once, begun in the plan's order; `ended` hears of each that ended.
/// A return whose order was refused is refused without work.
///
/// # Cancel safety
/// Dropping the future drops what is at work; what ended stays done.
pub async fn drive<F, Fut>(plan: &Plan, at_once_max: NonZeroUsize, mut work: F, mut ended: impl FnMut(u32)) -> Outcomes
where
    F: FnMut(u32) -> Fut,
    Fut: Future<Output = Result<(), String>>,
{
    let mut outcomes = Outcomes::default();
    let (waiting, ready) = (HashMap::new(), VecDeque::new());
    let mut schedule = Schedule { plan, next: 0, waiting, ready, ended: vec![false; plan.items().len()] };
    let mut running = FuturesUnordered::new();
    loop {
        while running.len() < at_once_max.get()
            && let Some(item) = schedule.pop()
        {
            match plan.items()[item as usize].work {
                Work::Return { order, .. } if outcomes.refused.contains_key(&order) => {
                    outcomes.refused.insert(item, ORDER_REFUSED.to_owned());
                    schedule.end(item);
                    ended(item);
                }
                _ => {
                    let task = work(item);
                    running.push(async move { (item, task.await) });
                }
            }
        }
        let Some((item, outcome)) = running.next().await else { return outcomes };
        if let Err(reason) = outcome {
            outcomes.refused.insert(item, reason);
        }
        schedule.end(item);
        ended(item);
    }
}
