//! `capture`: takes authorized money.

use crate::engine::Error;
use crate::engine::execute::Failed;
use crate::engine::steps::{Called, Ended, Next, POLL_S, Running, fault};
use crate::id::CaptureId;
use crate::payment::Command;
use crate::ports::{CallKey, CaptureRequest, Outcome, SagaRow};
use crate::saga::Met;
use crate::tender::CaptureState;

impl Running<'_> {
    pub(super) async fn capture(mut self, id: CaptureId) -> Result<(Ended, Option<SagaRow>), Failed> {
        let (money, _) = self.money().await?;
        let capture = money.capture(id).ok_or(Error::NotFound("capture"))?;
        if capture.state != CaptureState::Open {
            return self.leave(Next::Done).await;
        }
        let attempt = money.attempt(capture.attempt_id).ok_or(Error::NotFound("attempt"))?;
        let provider = self.inner.provider(&attempt.provider)?.clone();
        let last = self.inner.captures_once(&attempt.provider);
        let request = CaptureRequest {
            merchant: self.row.merchant.clone(),
            attempt: attempt.id,
            reference: attempt.approval().and_then(|approval| approval.reference.clone()),
            amount: self.amount(capture.amount).await?,
            last,
        };
        let key = CallKey::Capture(id);
        let settle = provider.capabilities().settle_after_s;
        match self.once(provider.look_up(&key), provider.capture(&key, &request), settle, true, true).await? {
            Called::Outcome(Outcome::Approved { reference, .. }) => {
                self.record(Command::CaptureDone { capture_id: id, reference, last }, Next::Done).await
            }
            Called::Outcome(Outcome::Declined { reason, retryable: false }) => {
                self.record(Command::CaptureFail { capture_id: id, code: reason }, Next::Done).await
            }
            called => self.later(called).await,
        }
    }

    /// What every call has in common that did not come to an end: it is asked or made again under the same key.
    pub(super) async fn later(self, called: Called) -> Result<(Ended, Option<SagaRow>), Failed> {
        let poll = self.inner.clock.now().plus_secs(POLL_S);
        let failed = |met, why: &str| Next::Failed { met, why: why.to_owned() };
        let next = match called {
            Called::Outcome(Outcome::Declined { reason, .. }) => failed(Met::Absent, reason.as_str()),
            Called::Outcome(Outcome::Unknown) => failed(Met::Doubt, "the provider's answer was lost"),
            Called::Outcome(Outcome::Approved { .. } | Outcome::ActionRequired { .. } | Outcome::Pending) => {
                Next::Wait { due: poll, met: Met::Later }
            }
            Called::NotSent(error) => fault(Met::Absent, &error),
            Called::Unasked(error) => fault(Met::Doubt, &error),
            Called::Unsettled { until } => Next::Wait { due: until, met: Met::Later },
        };
        self.leave(next).await
    }

    /// An amount in the currency of the money that moves.
    pub(super) async fn amount(&self, minor: i64) -> Result<crate::money::Money, Error> {
        use crate::engine::aggregate::PaymentRoot;
        use crate::engine::payments::Subject;
        let currency = match self.subject()? {
            Subject::Order(order) => self.order(order).await?.order.currency,
            Subject::Payment(payment) => {
                let root = PaymentRoot::load(&self.inner.store, &self.row.merchant, payment).await?;
                root.ok_or(Error::NotFound("payment"))?.payment.currency
            }
        };
        Ok(crate::money::Money::from_minor(minor, currency))
    }
}
