//! `reverse`: gives back what is left of an authorization that nothing is owed for.

use crate::engine::Error;
use crate::engine::execute::Failed;
use crate::engine::steps::{Called, Ended, LOOK_AGAIN_S, Next, Running};
use crate::fact::FailureCode;
use crate::id::AttemptId;
use crate::payment::Command;
use crate::ports::{CallKey, Outcome, SagaRow, VoidRequest};
use crate::saga::Met;

impl Running<'_> {
    pub(super) async fn reverse(mut self, id: AttemptId) -> Result<(Ended, Option<SagaRow>), Failed> {
        let (money, _) = self.money().await?;
        let attempt = money.attempt(id).ok_or(Error::NotFound("attempt"))?;
        let Some(approval) = attempt.approval().filter(|approval| approval.left() > 0) else { return self.leave(Next::Done).await };
        if money.voidable(attempt) == 0 {
            // all that is left is being captured: the commit of that outcome wakes this saga
            let due = self.inner.clock.now().plus_secs(LOOK_AGAIN_S);
            return self.leave(Next::Wait { due, met: Met::Later }).await;
        }
        let provider = self.inner.provider(&attempt.provider)?.clone();
        let request = VoidRequest { merchant: self.row.merchant.clone(), attempt: id, reference: approval.reference.clone() };
        let key = CallKey::Void(id);
        let settle = provider.capabilities().settle_after_s;
        match self.once(provider.look_up(&key), provider.void(&key, &request), settle, true, true).await? {
            Called::Outcome(Outcome::Approved { .. }) => self.record(Command::Gone { attempt_id: id, lapsed: false }, Next::Done).await,
            // it lapsed, and nobody had told: there is nothing to give back
            Called::Outcome(Outcome::Declined { reason: FailureCode::AuthorizationGone, .. }) => {
                self.record(Command::Gone { attempt_id: id, lapsed: true }, Next::Done).await
            }
            // the money is still set aside: only an operator, or time, ends this
            Called::Outcome(Outcome::Declined { reason, retryable: false }) => {
                let why = format!("the provider refuses the void: {}", reason.as_str());
                self.leave(Next::Failed { met: Met::Absent, why }).await
            }
            called => self.later(called).await,
        }
    }
}
