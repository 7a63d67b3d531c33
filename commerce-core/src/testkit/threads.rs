//! Real threads, each with a future of its own.

use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;

use futures::executor::block_on;

/// Runs `work` on so many threads, all let go at once, and answers what each came to, by its index.
///
/// # Panics
/// If one of them panics, with its panic.
pub fn on_threads<T: Send>(threads: usize, work: impl AsyncFn(usize) -> T + Sync) -> Vec<T> {
    let start = Barrier::new(threads);
    let (start, work) = (&start, &work);
    thread::scope(|scope| {
        let spawn = |index| {
            scope.spawn(move || {
                start.wait();
                block_on(work(index))
            })
        };
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}
