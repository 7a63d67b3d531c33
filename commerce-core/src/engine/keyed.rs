//! Commands under an idempotency key: given once, and answered when what they began has come to rest.

use futures::FutureExt;

use crate::engine::aggregate::OrderRoot;
use crate::engine::commerce::Moment;
use crate::engine::execute::{Along, Done, Failed};
use crate::engine::handoff::Settled;
use crate::engine::idempotency::Scope;
use crate::engine::{Answer, Call, Commerce, Error, How, OrderView};
use crate::id::OrderId;
use crate::order::Command;
use crate::ports::{ResourceKind, SagaId, SagaPhase};
use crate::saga::Task;
use crate::tender::{AttemptState, CaptureState, Refund, RefundState, Tenders};

impl Commerce {
    /// Gives one command, under the call's idempotency key.
    pub(super) async fn order_command(
        &self,
        call: &Call,
        id: OrderId,
        operation: &str,
        along: Along,
        command: Command,
    ) -> Result<Answer<OrderView>, Error> {
        let moment = self.inner.moment(call)?;
        let scope = Scope::on(operation, ResourceKind::Order, id);
        match self.claimed_command(call, &moment, id, scope, along, |_| Ok(vec![command.clone()])).await? {
            None => Ok(Answer { value: self.get_order(call, id).await?, how: How::Replayed }),
            Some(done) => Ok(Answer::done(self.view(call, id, done.root.state()).await?)),
        }
    }

    /// Gives one command about a part of an order, under the call's idempotency key.
    pub(super) async fn part_command(&self, call: &Call, order: OrderId, scope: Scope, command: Command) -> Result<How, Error> {
        let moment = self.inner.moment(call)?;
        let done = self.claimed_command(call, &moment, order, scope, Along::default(), |_| Ok(vec![command.clone()])).await?;
        Ok(if done.is_some() { How::Done } else { How::Replayed })
    }

    /// Gives commands under the call's idempotency key; `None` if they were given before under it.
    pub(super) async fn claimed_command(
        &self,
        call: &Call,
        moment: &Moment,
        id: OrderId,
        scope: Scope,
        mut along: Along,
        commands: impl Fn(&OrderRoot) -> Result<Vec<Command>, Error> + Send + Sync,
    ) -> Result<Option<Done>, Error> {
        let inner = &self.inner;
        let Scope { operation, owner } = scope;
        if inner.replayed(call, moment, &operation).await?.is_some() {
            return Ok(None);
        }
        along.claims.extend(inner.claim_of(call, moment, &operation, &owner)?);
        match inner.on_order(call, moment, id, along, commands).await {
            Ok(done) => Ok(Some(done)),
            Err(Failed::Claimed { same_request: true, idempotency: true, .. }) => Ok(None),
            Err(failed) => inner.twin_of(call, moment, &operation, failed.into_error()).await.map(|_| None),
        }
    }

    /// Gives one command about an order's money and waits for the saga that it begins, or that its twin began.
    pub(super) async fn waited_command(&self, call: &Call, id: OrderId, scope: Scope, task: Task, command: Command) -> Result<How, Error> {
        let moment = self.inner.moment(call)?;
        let wait = self.inner.handoff.settled(SagaId(task.saga_uuid()));
        let how = self.part_command(call, id, scope, command).await?;
        match how {
            How::Done => self.wait(&moment, wait).await,
            How::Replayed | How::Existing => {
                let state = self.inner.state_now(&call.merchant, id).await?;
                self.come_to_rest(call, &moment, in_motion(&state.order.tenders)).await?;
            }
        }
        Ok(how)
    }

    /// Waits up to `place_wait_ms` for those of some sagas that a worker has now.
    pub(super) async fn come_to_rest(&self, call: &Call, moment: &Moment, tasks: Vec<Task>) -> Result<(), Error> {
        let mut waits = Vec::new();
        for task in tasks {
            let saga = SagaId(task.saga_uuid());
            // it may come to rest while it is looked at
            let wait = self.inner.handoff.settled(saga);
            let row = self.inner.store.sagas.get(&call.merchant, saga).await?;
            if row.is_some_and(|row| row.phase == SagaPhase::Running && row.failures == 0 && row.lease.is_some()) {
                waits.push(wait);
            }
        }
        if !waits.is_empty() {
            self.wait_for_all(moment, waits).await;
        }
        Ok(())
    }

    /// Waits until told, or until `place_wait_ms` after the call began.
    pub(super) async fn wait(&self, moment: &Moment, settled: Settled<'_>) {
        self.wait_for_all(moment, vec![settled]).await;
    }

    /// Waits until told of each, or until `place_wait_ms` after the call began.
    pub(super) async fn wait_for_all(&self, moment: &Moment, settled: Vec<Settled<'_>>) {
        let deadline = moment.now.plus_millis(self.inner.config.place_wait_ms);
        let mut late = self.inner.clock.sleep_until(deadline).fuse();
        let mut told = futures::future::join_all(settled.into_iter().map(Settled::told)).fuse();
        futures::select_biased! {
            _ = told => {}
            () = late => {}
        }
    }
}

/// The sagas that move this money now, if a worker has them.
pub(super) fn in_motion(money: &Tenders) -> Vec<Task> {
    let attempts = money.attempts.iter().filter_map(|attempt| match attempt.state {
        AttemptState::Open(_) => Some(Task::Collect(attempt.id)),
        _ => attempt.approval().filter(|approval| approval.left() > 0).map(|_| Task::Reverse(attempt.id)),
    });
    let captures = money.captures.iter().filter(|c| c.state == CaptureState::Open).map(|c| Task::Capture(c.id));
    let open = |refund: &&Refund| refund.parts.iter().any(|part| part.state == RefundState::Open);
    attempts.chain(captures).chain(money.refunds.iter().filter(open).map(|r| Task::Refund(r.id))).collect()
}
