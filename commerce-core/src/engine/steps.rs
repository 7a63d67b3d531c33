//! The steps of sagas: look at the order or payment as it is now, make the one call that is missing, record what came of it.

mod authorize;
mod capture;
mod refund;
mod reverse;
mod ship;

use std::future::Future;
use std::sync::Arc;

use futures::FutureExt;

use crate::engine::aggregate::{OrderRoot, PaymentRoot};
use crate::engine::commerce::{Inner, Moment};
use crate::engine::execute::{Along, Failed};
use crate::engine::payments::Subject;
use crate::engine::{Call, Error};
use crate::id::{EventId, OrderId};
use crate::order::Placement;
use crate::payment::Command;
use crate::ports::{
    Append, ChangeSet, Expected, LookUp, NotSent, Outcome, Partition, PortError, Root, SagaPhase, SagaRow, SagaUpdate, SagaWrite, StreamId,
    StreamName, Verdict,
};
use crate::saga::{self, ERROR_CHARS_MAX, Met, State, Task};
use crate::stored;
use crate::tender::Tenders;
use crate::time::Timestamp;

/// The longest pause between two tries of a step.
const BACKOFF_MAX_S: u64 = 600;
/// The pause between two looks at a buyer who has to act, or at a provider that decides later.
const POLL_S: u64 = 10;
/// After this long a saga that waits for its order looks by itself, though a commit should have woken it.
const LOOK_AGAIN_S: u64 = 600;

/// A call is made within so many seconds of its recorded intent; later the intent is recorded anew.
const INTENT_MAX_S: u64 = 5;

/// A saga while a worker has it.
pub(super) struct Running<'a> {
    inner: &'a Inner,
    row: SagaRow,
    state: State,
    /// The call was provably not made yet: the intent was committed by this process a moment ago.
    fresh: bool,
}

/// Where a step leaves its saga.
enum Next {
    /// The work is done.
    Done,
    /// Another call follows at once.
    More,
    /// It goes on at a time, or when it is woken.
    Wait { due: Timestamp, met: Met },
    /// The step failed and is tried again later.
    Failed { met: Met, why: String },
}

/// What a call to a provider, or a look-up, came to.
enum Called {
    Outcome(Outcome),
    /// It was not made, and is not known from before.
    NotSent(NotSent),
    /// An earlier call is not known, and may not be repeated yet.
    Unsettled {
        until: Timestamp,
    },
    /// The provider could not be asked about an earlier call.
    Unasked(NotSent),
}

/// How the steps of a saga end for its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It is at rest, or waits; whoever waits for it may go on.
    Told,
    /// It goes on later, and its outcome is still not known.
    Untold,
}

impl Inner {
    /// Runs a leased saga until it is at rest.
    pub(super) async fn run_saga(&self, mut row: SagaRow, mut fresh: bool) -> Result<Ended, Error> {
        loop {
            let state = stored::decode_saga_state(&row.kind.kind, row.kind.version, &row.state).map_err(Error::stored)?;
            let epoch = row.epoch;
            let running = Running { inner: self, row, state, fresh };
            let (id, merchant) = (running.row.id, running.row.merchant.clone());
            match running.step().await {
                Ok((ended, None)) => return Ok(ended),
                Ok((_, Some(next))) => row = next,
                // woken, or someone else's: go on only if the lease is still ours
                Err(Failed::Fenced) => match self.store.sagas.get(&merchant, id).await? {
                    Some(now) if now.epoch == epoch && now.phase == SagaPhase::Running => row = now,
                    _ => return Ok(Ended::Told),
                },
                Err(Failed::Claimed { .. }) => return Err(Error::Contended),
                Err(Failed::Error(error)) => return Err(error),
            }
            fresh = false;
        }
    }

    /// Keeps a saga whose step met a fault of the engine or the store for a later try.
    pub(super) async fn put_off(&self, row: SagaRow, fault: &Error) -> Result<(), Error> {
        let Some(row) = self.store.sagas.get(&row.merchant, row.id).await?.filter(|now| now.epoch == row.epoch) else { return Ok(()) };
        let state = stored::decode_saga_state(&row.kind.kind, row.kind.version, &row.state).map_err(Error::stored)?;
        let running = Running { inner: self, row, state, fresh: false };
        match running.leave(Next::Failed { met: Met::Doubt, why: fault.to_string() }).await {
            Ok(_) | Err(Failed::Fenced) => Ok(()),
            Err(failed) => Err(failed.into_error()),
        }
    }
}

impl Running<'_> {
    async fn step(self) -> Result<(Ended, Option<SagaRow>), Failed> {
        match self.state.task {
            Task::Collect(attempt) => self.authorize(attempt).await,
            Task::Capture(capture) => self.capture(capture).await,
            Task::Ship(shipment) => self.ship(shipment).await,
            Task::Refund(refund) => self.refund(refund).await,
            Task::Reverse(attempt) => self.reverse(attempt).await,
        }
    }

    fn subject(&self) -> Result<Subject, Error> {
        match (self.row.order, self.row.payment) {
            (Some(order), _) => Ok(Subject::Order(order)),
            (None, Some(payment)) => Ok(Subject::Payment(payment)),
            (None, None) => Err(Error::stored("a saga serves neither an order nor a payment")),
        }
    }

    fn call(&self) -> Result<(Call, Moment), Error> {
        let mut call = self.inner.own_call(&self.row.merchant);
        call.correlation = None;
        let moment = self.inner.moment(&call)?;
        Ok((call, moment))
    }

    /// The order as it is now; what this process committed a moment ago is what it remembers.
    async fn order(&self, id: OrderId) -> Result<Arc<OrderRoot>, Error> {
        if self.fresh {
            self.inner.remembered_order(&self.row.merchant, id).await
        } else {
            self.inner.order_now(&self.row.merchant, id).await
        }
    }

    /// The money as it is now, and whether its order has ended.
    async fn money(&self) -> Result<(Tenders, bool), Error> {
        match self.subject()? {
            Subject::Order(order) => {
                let root = self.order(order).await?;
                let ended = matches!(root.order.placement, Placement::Cancelled { .. } | Placement::Rejected { .. });
                Ok((root.order.tenders.clone(), ended))
            }
            Subject::Payment(payment) => {
                let root = PaymentRoot::load(&self.inner.store, &self.row.merchant, payment).await?;
                Ok((root.ok_or(Error::NotFound("payment"))?.payment.tenders, false))
            }
        }
    }

    /// Calls the provider once for this intent: at once if it was provably not called, else only after a look-up.
    ///
    /// `wanted`: whether a call that was never made is to be made now. `again`: whether a retryable refusal may be asked again.
    async fn once(
        &mut self,
        look_up: impl Future<Output = Result<LookUp, NotSent>> + Send,
        call: impl Future<Output = Result<Outcome, NotSent>> + Send,
        settle_after_s: u32,
        wanted: bool,
        again: bool,
    ) -> Result<Called, Failed> {
        if !self.fresh {
            match self.leased(look_up).await? {
                Err(error) => return Ok(Called::Unasked(error)),
                Ok(LookUp::Found(Outcome::Declined { retryable: true, .. })) if again => {}
                Ok(LookUp::Found(outcome)) => return Ok(Called::Outcome(outcome)),
                Ok(LookUp::NotFound) if wanted => {}
                Ok(LookUp::NotFound) => {
                    let until = self.state.since.plus_secs(INTENT_MAX_S + u64::from(settle_after_s));
                    if self.inner.clock.now() < until {
                        return Ok(Called::Unsettled { until });
                    }
                    return Ok(Called::NotSent(NotSent("the provider knows nothing of the call".into())));
                }
            }
        } else if !wanted {
            return Ok(Called::NotSent(NotSent("the call is not wanted any more".into())));
        }
        self.intend().await?;
        Ok(match self.leased(call).await? {
            Ok(outcome) => Called::Outcome(outcome),
            Err(error) => Called::NotSent(error),
        })
    }

    /// Records the intent anew if it is old: the absence of a call is proved by the time since its last try.
    async fn intend(&mut self) -> Result<(), Failed> {
        let (call, moment) = self.call()?;
        if moment.now <= self.state.since.plus_secs(INTENT_MAX_S) {
            return Ok(());
        }
        let state = State { since: moment.now, ..self.state.met(Met::Absent).map_err(Error::from)? };
        let encoded = stored::encode_saga_state(&state).map_err(Error::stored)?;
        let SagaRow { id, epoch, revision, phase, due, failures, .. } = self.row;
        let last_error = self.row.last_error.clone();
        let mut set = self.set(&call, moment)?;
        set.sagas.push(SagaWrite::Update(SagaUpdate {
            id,
            epoch,
            revision,
            phase,
            due,
            failures,
            last_error,
            state: encoded,
            release: false,
        }));
        match self.inner.commit(set).await? {
            Verdict::Committed(_) => {
                self.row.revision += 1;
                self.state = state;
                Ok(())
            }
            Verdict::Rejected(_) => Err(Failed::Fenced),
        }
    }

    /// A change set with nothing in it yet.
    fn set(&self, call: &Call, moment: Moment) -> Result<ChangeSet, Error> {
        let root = match self.subject()? {
            Subject::Order(order) => Root::Order(order),
            Subject::Payment(payment) => Root::Payment(payment),
        };
        Ok(ChangeSet::new(Partition { merchant: call.merchant.clone(), root }, moment.now, moment.meta))
    }

    /// Waits for a call and renews the lease meanwhile.
    async fn leased<T>(&self, call: impl Future<Output = T> + Send) -> Result<T, Failed> {
        let inner = self.inner;
        let mut call = Box::pin(call.fuse());
        loop {
            let renew_at = inner.clock.now().plus_millis(inner.config.lease_ms / 3);
            let mut tick = inner.clock.sleep_until(renew_at).fuse();
            futures::select_biased! {
                answer = call => return Ok(answer),
                () = tick => {
                    if !inner.store.sagas.renew(self.row.id, self.row.epoch, inner.config.lease_ms).await? {
                        return Err(Failed::Fenced);
                    }
                }
            }
        }
    }

    /// Records what became of the call and moves the saga on, in one commit.
    async fn record(self, command: Command, next: Next) -> Result<(Ended, Option<SagaRow>), Failed> {
        let (call, moment) = self.call()?;
        let (update, ended, row) = self.update(&next, moment.now)?;
        let audit = self.audit(&update).await?;
        let along = Along { saga: Some(update), audit, ..Along::default() };
        let subject = self.subject()?;
        match self.inner.record(&call, &moment, subject, along, command.clone()).await {
            // whoever took the saga over may have taken a call for absent that was only late
            Err(Failed::Fenced) if is_done(&command) => {
                self.inner.record(&call, &moment, subject, Along::default(), command).await?;
                return Err(Failed::Fenced);
            }
            recorded => recorded?,
        }
        Ok((ended, row))
    }

    /// Moves the saga on without a fact.
    async fn leave(self, next: Next) -> Result<(Ended, Option<SagaRow>), Failed> {
        let (call, moment) = self.call()?;
        let (update, ended, row) = self.update(&next, moment.now)?;
        let mut set = self.set(&call, moment)?;
        set.appends.extend(self.audit(&update).await?);
        set.sagas.push(SagaWrite::Update(update));
        match self.inner.commit(set).await? {
            Verdict::Committed(_) => Ok((ended, row)),
            Verdict::Rejected(_) => Err(Failed::Fenced),
        }
    }

    /// What a step writes into the saga's stream: that it got stuck, if it did.
    async fn audit(&self, update: &SagaUpdate) -> Result<Option<Append>, Error> {
        if update.phase != SagaPhase::Stuck {
            return Ok(None);
        }
        let stream = StreamId { merchant: self.row.merchant.clone(), name: StreamName::Saga(self.row.id) };
        let known = crate::engine::aggregate::read_all(&self.inner.store, &stream).await?;
        let event = saga::Event::SagaStuck {
            kind: self.state.kind(),
            step: self.state.status.as_str().into(),
            failures: update.failures,
            error: update.last_error.clone().unwrap_or_default(),
        };
        tracing::error!(saga = %self.row.id, kind = %self.state.kind(), failures = update.failures, "a saga is stuck");
        let event = stored::encode_saga(&event).map_err(Error::stored)?.with_id(EventId::new(self.inner.fresh()));
        let expected = known.last().map_or(Expected::New, |last| Expected::At(last.version));
        Ok(Some(Append { stream, expected, events: vec![event] }))
    }

    /// The write of a step, how it ends for those who wait, and the row it leaves if more follows.
    fn update(&self, next: &Next, now: Timestamp) -> Result<(SagaUpdate, Ended, Option<SagaRow>), Error> {
        let failures = self.row.failures.saturating_add(1);
        let stuck = failures > self.inner.config.failures_max;
        let (met, phase, due, failures, why) = match next {
            Next::Done => (Met::Outcome, SagaPhase::Done, None, 0, None),
            Next::More => (Met::Outcome, SagaPhase::Running, Some(now), 0, None),
            Next::Wait { due, met } => (*met, SagaPhase::Running, Some(*due), 0, None),
            Next::Failed { met, why } if stuck => (*met, SagaPhase::Stuck, None, failures, Some(why)),
            Next::Failed { met, why } => (*met, SagaPhase::Running, Some(now.plus_secs(backoff_s(failures))), failures, Some(why)),
        };
        let mut state = self.state.met(met)?;
        if matches!(next, Next::More) {
            state = state.met(Met::Next)?;
        }
        let last_error = why.map(|why| why.chars().take(ERROR_CHARS_MAX).collect());
        let more = matches!(next, Next::More);
        let update = SagaUpdate {
            id: self.row.id,
            epoch: self.row.epoch,
            revision: self.row.revision,
            phase,
            due,
            failures,
            last_error,
            state: stored::encode_saga_state(&state).map_err(Error::stored)?,
            release: !more,
        };
        let row = more.then(|| SagaRow { revision: self.row.revision + 1, failures: 0, state: update.state.clone(), ..self.row.clone() });
        let ended = if state.status == saga::Status::Doubtful || state.status == saga::Status::Intended && phase == SagaPhase::Running {
            Ended::Untold
        } else {
            Ended::Told
        };
        Ok((update, ended, row))
    }
}

/// Whether a command tells that the provider moved money: true whoever tells it, and how often.
const fn is_done(command: &Command) -> bool {
    matches!(command, Command::Approve { .. } | Command::CaptureDone { .. } | Command::RefundDone { .. } | Command::Gone { .. })
}

/// Seconds until the next try after so many failures: 1, 2, 4, … up to [`BACKOFF_MAX_S`].
fn backoff_s(failures: u32) -> u64 {
    1_u64.checked_shl(failures.saturating_sub(1)).unwrap_or(BACKOFF_MAX_S).min(BACKOFF_MAX_S)
}

fn fault(met: Met, why: &NotSent) -> Next {
    Next::Failed { met, why: format!("{why}: {}", why.0) }
}

impl From<PortError> for Next {
    fn from(error: PortError) -> Self {
        Self::Failed { met: Met::Doubt, why: error.to_string() }
    }
}
