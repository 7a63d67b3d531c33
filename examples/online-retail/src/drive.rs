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
/// # Errors
/// The first fault of `work`, as distinct from a refusal: nothing more is begun, and what is at work is dropped.
///
/// # Cancel safety
/// Dropping the future drops what is at work; what ended stays done.
pub async fn drive<F, Fut, E>(plan: &Plan, at_once_max: NonZeroUsize, mut work: F, mut ended: impl FnMut(u32)) -> Result<Outcomes, E>
where
    F: FnMut(u32) -> Fut,
    Fut: Future<Output = Result<Result<(), String>, E>>,
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
        let Some((item, outcome)) = running.next().await else { return Ok(outcomes) };
        if let Err(reason) = outcome? {
            outcomes.refused.insert(item, reason);
        }
        schedule.end(item);
        ended(item);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::convert::Infallible;
    use std::task::Poll;

    use futures::executor::block_on;

    use super::*;
    use crate::fixture;

    /// Ready after being polled some more times.
    async fn polled(mut times: u32) {
        std::future::poll_fn(|context| {
            context.waker().wake_by_ref();
            times = times.saturating_sub(1);
            if times == 0 { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn plan() -> Plan {
        let mut lines: Vec<String> = (1..=200).map(|n| format!("{n} {} A 6 1 1 7", 500_000 + n)).collect();
        lines.extend((201..=400).map(|n| format!("{n} C{} A -5 2 1 7", 500_000 + n)));
        fixture::plan(&lines.iter().map(String::as_str).collect::<Vec<_>>())
    }

    #[derive(Default)]
    struct Log {
        running: usize,
        most: usize,
        ended: Vec<u32>,
    }

    fn run(plan: &Plan, at_once: usize, refuse: impl Fn(u32) -> bool) -> (Outcomes, Log) {
        let log = RefCell::new(Log::default());
        let work = |item: u32| {
            let (log, refused) = (&log, refuse(item));
            let mut begun = log.borrow_mut();
            begun.running += 1;
            begun.most = begun.most.max(begun.running);
            if let Some(after) = plan.items()[item as usize].after {
                assert!(begun.ended.contains(&after), "{item} began before {after} ended");
            }
            async move {
                // later items are often faster than earlier ones
                polled(item * 7 % 31).await;
                log.borrow_mut().running -= 1;
                Ok::<_, Infallible>(if refused { Err("short".to_owned()) } else { Ok(()) })
            }
        };
        let at_once = NonZeroUsize::new(at_once).expect("not zero");
        let Ok(outcomes) = block_on(drive(plan, at_once, work, |item| log.borrow_mut().ended.push(item)));
        (outcomes, log.into_inner())
    }

    #[test]
    fn every_item_runs_once_after_what_it_waits_for_and_no_more_than_allowed_at_once() {
        let plan = plan();
        for at_once in [1, 2, ITEMS_AT_ONCE_MAX.get()] {
            let (outcomes, mut log) = run(&plan, at_once, |_| false);
            assert_eq!(outcomes, Outcomes::default());
            assert_eq!(log.most, at_once);
            log.ended.sort_unstable();
            assert_eq!(log.ended, (0..).take(plan.items().len()).collect::<Vec<u32>>());
        }
    }

    #[test]
    fn returns_of_a_refused_order_are_refused_without_work() {
        const ORDER: u32 = 150;
        let plan = plan();
        let (outcomes, log) = run(&plan, 64, |item| item == ORDER);
        assert_eq!(outcomes.refused.get(&ORDER).map(String::as_str), Some("short"));
        let returns = (0..).zip(plan.items()).filter(|(_, item)| matches!(item.work, Work::Return { order: ORDER, .. }));
        let returns: Vec<u32> = returns.map(|(index, _)| index).collect();
        assert!(!returns.is_empty());
        assert!(returns.iter().all(|item| outcomes.refused.get(item).map(String::as_str) == Some(ORDER_REFUSED)));
        assert_eq!(outcomes.refused.len(), 1 + returns.len());
        assert_eq!(log.ended.len(), plan.items().len());
    }

    #[test]
    fn a_refused_return_does_not_stop_the_next_one_of_its_order() {
        let plan = fixture::plan(&["1 500001 A 6 1 1 7", "2 C500002 A -1 2 1 7", "3 C500003 A -1 3 1 7"]);
        let (outcomes, log) = run(&plan, 64, |item| item == 1);
        assert_eq!(outcomes.refused.keys().copied().collect::<Vec<_>>(), [1]);
        assert_eq!(log.ended, [0, 1, 2]);
    }

    #[test]
    fn a_fault_ends_the_run_and_nothing_more_is_begun() {
        let (plan, begun) = (plan(), Cell::new(0));
        let work = |item| {
            begun.set(begun.get() + 1);
            async move { if item == 100 { Err("disk full") } else { Ok(Ok(())) } }
        };
        let outcome = block_on(drive(&plan, NonZeroUsize::new(4).expect("not zero"), work, |_| {}));
        assert_eq!(outcome, Err("disk full"));
        assert!((101..=104).contains(&begun.get()), "{}", begun.get());
    }
}
