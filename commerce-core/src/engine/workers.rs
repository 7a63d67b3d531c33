//! The future that runs sagas, recovers those of dead processes, and sweeps what is due.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::channel::mpsc;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use crate::engine::commerce::Inner;
use crate::engine::handoff::Handed;
use crate::engine::steps::Ended;
use crate::engine::{Commerce, Error};
use crate::ports::{ChangeSet, KindVersion, Partition, SagaId, SagaPhase, SagaRow, SagaWrite};
use crate::saga::{Task, VERSION};

/// Runs sagas. The host spawns [`Workers::run`]; a second process over a shared store runs its own.
pub struct Workers {
    commerce: Commerce,
    handed: mpsc::Receiver<Handed>,
}

impl std::fmt::Debug for Workers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Workers").finish_non_exhaustive()
    }
}

type Run<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

impl Workers {
    pub(super) const fn new(commerce: Commerce, handed: mpsc::Receiver<Handed>) -> Self {
        Self { commerce, handed }
    }

    /// Runs sagas until `shutdown` ends, then lets those under way come to rest.
    ///
    /// # Cancel safety
    /// Dropping it leaves sagas leased: they are taken up again when the leases run out.
    ///
    /// # Crash
    /// Every saga is a row: another run takes it up where its last commit left it.
    pub async fn run(mut self, shutdown: impl Future<Output = ()> + Send) {
        self.run_during(shutdown).await;
    }

    /// Runs sagas while `work` goes on, then lets those under way come to rest, and answers what the work came to. For hosts and tests
    /// that have no place to spawn [`Workers::run`].
    ///
    /// # Cancel safety
    /// As of [`Workers::run`].
    pub async fn run_during<T>(&mut self, work: impl Future<Output = T>) -> T {
        let commerce = self.commerce.clone();
        let inner = &*commerce.inner;
        let mut work = Box::pin(work.fuse());
        let (sweeping, ending) = (AtomicBool::new(false), AtomicBool::new(false));
        let mut running: FuturesUnordered<Run<'_>> = FuturesUnordered::new();
        let mut look_at = inner.clock.now();
        let mut sweep_at = inner.clock.now();
        let done = loop {
            let free = inner.config.sagas_at_once_max.saturating_sub(running.len());
            let now = inner.clock.now();
            if free > 0 && now >= look_at {
                let found = inner.claim_due(free).await;
                look_at = if found.len() < free { now.plus_millis(inner.config.poll_ms) } else { now };
                running.extend(found.into_iter().map(|row| inner.run_and_tell(row, false, &ending).boxed()));
            }
            if let Some(every_ms) = inner.config.sweep_ms.filter(|_| now >= sweep_at) {
                sweep_at = now.plus_millis(every_ms);
                // one that takes longer than that is not begun again beside itself
                if !sweeping.swap(true, Ordering::AcqRel) {
                    running.push(inner.sweep_and_log(&ending).map(|()| sweeping.store(false, Ordering::Release)).boxed());
                }
            }
            if running.len() >= inner.config.sagas_at_once_max {
                futures::select_biased! {
                    done = work => break done,
                    () = running.select_next_some() => {}
                }
                continue;
            }
            let wake_at = if inner.config.sweep_ms.is_some() { look_at.min(sweep_at) } else { look_at };
            let mut tick = inner.clock.sleep_until(wake_at).fuse();
            futures::select_biased! {
                done = work => break done,
                () = running.select_next_some() => {}
                handed = self.handed.select_next_some() => match handed {
                    Handed::Fresh(row) => running.push(inner.run_and_tell(*row, true, &ending).boxed()),
                    Handed::Perhaps(partition, id) => running.push(inner.run_perhaps(partition, id, &ending).boxed()),
                    Handed::Look => look_at = inner.clock.now(),
                },
                () = tick => {}
            }
        };
        ending.store(true, Ordering::Release);
        while running.next().await.is_some() {}
        done
    }

    /// Does once what `run` does all the time: runs what is due until nothing is, and sweeps. For hosts and tests that own time.
    ///
    /// # Errors
    /// [`Error::Port`] if the store cannot be read.
    pub async fn run_due(&mut self) -> Result<(), Error> {
        let commerce = self.commerce.clone();
        let inner = &*commerce.inner;
        // whoever owns time is not waited for
        let ending = AtomicBool::new(true);
        loop {
            let mut ran = false;
            while let Ok(handed) = self.handed.try_recv() {
                ran = true;
                match handed {
                    Handed::Fresh(row) => inner.run_and_tell(*row, true, &ending).await,
                    Handed::Perhaps(partition, id) => inner.run_perhaps(partition, id, &ending).await,
                    Handed::Look => {}
                }
            }
            let found = inner.claim_due(inner.config.sagas_at_once_max).await;
            ran |= !found.is_empty();
            for row in found {
                inner.run_and_tell(row, false, &ending).await;
            }
            if !ran {
                inner.sweep(&AtomicBool::new(false)).await?;
                return Ok(());
            }
        }
    }
}

impl Inner {
    async fn claim_due(&self, limit: usize) -> Vec<SagaRow> {
        self.handoff.looks();
        let kinds = Task::KINDS.map(|kind| KindVersion { kind: kind.into(), version: VERSION });
        let limit = u32::try_from(limit).unwrap_or(u32::MAX);
        match self.store.sagas.claim(self.worker, &kinds, self.config.lease_ms, limit).await {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, "due sagas could not be claimed");
                Vec::new()
            }
        }
    }

    /// Runs a saga and tells those who wait for it.
    async fn run_and_tell(&self, row: SagaRow, fresh: bool, ending: &AtomicBool) {
        let id = row.id;
        // a provider that panics takes its own saga down, and no other
        let ran = AssertUnwindSafe(self.run_saga(row.clone(), fresh)).catch_unwind().await;
        match ran.unwrap_or_else(|_| Err(Error::stored("a step panicked"))) {
            Ok(Ended::Told) => self.handoff.tell(id),
            Ok(Ended::Untold) => {}
            Err(fault) => {
                tracing::warn!(saga = %id, kind = %row.kind.kind, %fault, "a step of a saga failed");
                self.put_off_in_time(row, &fault, ending).await;
            }
        }
    }

    /// Puts a saga off; while that is waited for, a store that takes no writes is asked again until the lease has run out.
    async fn put_off_in_time(&self, row: SagaRow, fault: &Error, ending: &AtomicBool) {
        let until = self.clock.now().plus_millis(self.config.lease_ms);
        while let Err(error) = self.put_off(row.clone(), fault).await {
            let again_at = self.clock.now().plus_millis(self.config.poll_ms);
            if ending.load(Ordering::Acquire) || again_at >= until {
                tracing::warn!(saga = %row.id, %error, "a saga could not be put off; its lease will run out");
                return;
            }
            self.clock.sleep_until(again_at).await;
        }
    }

    /// Runs a saga that may have been committed leased to this process, or may still be.
    async fn run_perhaps(&self, partition: Partition, id: SagaId, ending: &AtomicBool) {
        match self.perhaps(partition, id).await {
            Ok(Some(row)) => self.run_and_tell(row, false, ending).await,
            Ok(None) => {}
            Err(error) => tracing::warn!(saga = %id, %error, "a saga could not be read; its lease will run out"),
        }
    }

    /// A saga whose commit nobody heard of, if it was committed and is still leased to this process.
    async fn perhaps(&self, partition: Partition, id: SagaId) -> Result<Option<SagaRow>, Error> {
        let merchant = partition.merchant.clone();
        let left =
            |row: &SagaRow| row.epoch == 1 && row.phase == SagaPhase::Running && row.lease.is_some_and(|(worker, _)| worker == self.worker);
        if let Some(row) = self.store.sagas.get(&merchant, id).await? {
            return Ok(Some(row).filter(left));
        }
        // its commit may still wait its turn: what is written behind it, on the same saga, is answered after it
        let moment = self.moment(&self.own_call(&merchant))?;
        let mut set = ChangeSet::new(partition, moment.now, moment.meta);
        set.sagas.push(SagaWrite::Wake { id, due: moment.now });
        self.commit(set).await?;
        Ok(self.store.sagas.get(&merchant, id).await?.filter(left))
    }
}
