//! `collect`: authorizes an attempt.

use crate::engine::execute::{Along, Failed};
use crate::engine::payments::{Subject, not_sent};
use crate::engine::steps::{Called, Ended, Next, POLL_S, Running, fault};
use crate::fact::{FailureCode, PendingWhy};
use crate::id::{AttemptId, CaptureId};
use crate::payment::Command;
use crate::ports::{AuthorizeRequest, CallKey, Outcome, SagaRow};
use crate::saga::Met;
use crate::tender::{Attempt, AttemptState, Tenders};

impl Running<'_> {
    pub(super) async fn authorize(mut self, id: AttemptId) -> Result<(Ended, Option<SagaRow>), Failed> {
        let (money, ended) = self.money().await?;
        let attempt = money.attempt(id).ok_or(crate::engine::Error::NotFound("attempt"))?.clone();
        // an attempt that was abandoned may still be approved by a buyer who acts late
        let watched = matches!(attempt.state, AttemptState::Failed { code: FailureCode::Abandoned });
        let now = self.inner.clock.now();
        match attempt.state {
            AttemptState::Approved(_) => return self.reported(&money, id).await,
            AttemptState::Failed { .. } if !watched || now > self.watch_end() => return self.leave(Next::Done).await,
            AttemptState::Failed { .. } | AttemptState::Open(_) => {}
        }
        let provider = self.inner.provider(&attempt.provider)?.clone();
        let key = CallKey::Authorize(id);
        let request = self.request(&attempt).await?;
        let settle = provider.capabilities().settle_after_s;
        let called = self.once(provider.look_up(&key), provider.authorize(&key, &request), settle, !ended && !watched, false).await?;
        let sale = provider.capabilities().sale_only;
        match called {
            Called::Outcome(Outcome::Approved { amount, expires_at, reference }) => {
                self.approved(Command::Approve { attempt_id: id, amount, sale, expires_at, reference }).await
            }
            Called::Outcome(Outcome::Declined { reason, retryable }) => {
                self.record(Command::Fail { attempt_id: id, code: reason, retryable }, Next::Done).await
            }
            Called::Outcome(Outcome::ActionRequired { url }) => self.pend(id, watched, PendingWhy::ActionRequired { url }).await,
            Called::Outcome(Outcome::Pending) => self.pend(id, watched, PendingWhy::Pending).await,
            Called::Outcome(Outcome::Unknown) => {
                let next = Next::Failed { met: Met::Doubt, why: "the provider's answer was lost".to_owned() };
                if watched {
                    self.leave(next).await
                } else {
                    self.record(Command::Pend { attempt_id: id, why: PendingWhy::Unknown }, next).await
                }
            }
            // proof that the first call was never made: nobody was charged
            Called::NotSent(_) if self.fresh || ended || watched => self.record(not_sent(id), Next::Done).await,
            Called::NotSent(error) => self.leave(fault(Met::Absent, &error)).await,
            Called::Unasked(error) => self.leave(fault(Met::Doubt, &error)).await,
            Called::Unsettled { until } => self.leave(Next::Wait { due: until, met: Met::Later }).await,
        }
    }

    fn watch_end(&self) -> crate::time::Timestamp {
        self.state.since.plus_secs(self.inner.config.watch_max_s)
    }

    /// The buyer acts, or the provider decides: look again. Who has not acted when the watch ends is waited for no more.
    async fn pend(self, attempt_id: AttemptId, watched: bool, why: PendingWhy) -> Result<(Ended, Option<SagaRow>), Failed> {
        let now = self.inner.clock.now();
        if matches!(why, PendingWhy::ActionRequired { .. }) && now > self.watch_end() {
            return self.record(Command::Fail { attempt_id, code: FailureCode::Abandoned, retryable: false }, Next::Done).await;
        }
        let next = Next::Wait { due: now.plus_secs(POLL_S), met: Met::Later };
        if watched { self.leave(next).await } else { self.record(Command::Pend { attempt_id, why }, next).await }
    }

    /// Records the approval; a payment without an order that wants it starts its capture in the same commit.
    async fn approved(self, approve: Command) -> Result<(Ended, Option<SagaRow>), Failed> {
        let (Subject::Payment(payment), true) = (self.subject()?, self.state.then_capture) else {
            return self.record(approve, Next::Done).await;
        };
        if matches!(approve, Command::Approve { sale: true, .. }) {
            return self.record(approve, Next::Done).await;
        }
        let (call, moment) = self.call()?;
        let (update, ended, row) = self.update(&Next::Done, moment.now)?;
        let along = Along { saga: Some(update), ..Along::default() };
        let capture = Command::Capture { capture_id: CaptureId::new(self.inner.fresh()), amount: None };
        self.inner.on_payment(&call, &moment, payment, along, &[approve, capture], false).await?;
        Ok((ended, row))
    }

    /// The approval came by a report: what was to follow it follows now.
    async fn reported(self, money: &Tenders, id: AttemptId) -> Result<(Ended, Option<SagaRow>), Failed> {
        let taken = money.captures.iter().any(|capture| capture.attempt_id == id);
        let left = money.attempt(id).is_some_and(|attempt| money.voidable(attempt) > 0);
        let (Subject::Payment(payment), true) = (self.subject()?, self.state.then_capture && left && !taken) else {
            return self.leave(Next::Done).await;
        };
        let (call, moment) = self.call()?;
        let (update, ended, row) = self.update(&Next::Done, moment.now)?;
        let along = Along { saga: Some(update), ..Along::default() };
        let capture = Command::Capture { capture_id: CaptureId::new(self.inner.fresh()), amount: None };
        self.inner.on_payment(&call, &moment, payment, along, &[capture], false).await?;
        Ok((ended, row))
    }

    async fn request(&self, attempt: &Attempt) -> Result<AuthorizeRequest, crate::engine::Error> {
        Ok(AuthorizeRequest {
            merchant: self.row.merchant.clone(),
            payment: attempt.payment_id,
            order: self.row.order,
            method: attempt.method_ref.clone(),
            amount: self.amount(attempt.asked).await?,
        })
    }
}
