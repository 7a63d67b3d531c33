//! `refund`: pays a granted refund back, part by part.

use crate::engine::Error;
use crate::engine::execute::Failed;
use crate::engine::steps::{Called, Ended, Next, Running};
use crate::id::RefundId;
use crate::payment::Command;
use crate::ports::{CallKey, Outcome, RefundRequest, SagaRow};
use crate::tender::{CaptureState, RefundState};

impl Running<'_> {
    pub(super) async fn refund(mut self, id: RefundId) -> Result<(Ended, Option<SagaRow>), Failed> {
        let (money, _) = self.money().await?;
        let refund = money.refund(id).ok_or(Error::NotFound("refund"))?;
        let mut open = refund.parts.iter().filter(|part| part.state == RefundState::Open);
        let Some(part) = open.next() else { return self.leave(Next::Done).await };
        let next = if open.next().is_some() { Next::More } else { Next::Done };
        let capture = money.capture(part.capture_id).ok_or(Error::NotFound("capture"))?;
        let attempt = money.attempt(capture.attempt_id).ok_or(Error::NotFound("attempt"))?;
        let provider = self.inner.provider(&attempt.provider)?.clone();
        let reference = match &capture.state {
            CaptureState::Done { reference } => reference.clone(),
            CaptureState::Open | CaptureState::Failed { .. } => None,
        };
        let (capture_id, merchant) = (part.capture_id, self.row.merchant.clone());
        let amount = self.amount(part.amount).await?;
        let request = RefundRequest { merchant, attempt: attempt.id, capture: capture_id, reference, amount };
        let key = CallKey::Refund(id, capture_id);
        let settle = provider.capabilities().settle_after_s;
        match self.once(provider.look_up(&key), provider.refund(&key, &request), settle, true, true).await? {
            Called::Outcome(Outcome::Approved { .. }) => self.record(Command::RefundDone { refund_id: id, capture_id }, next).await,
            Called::Outcome(Outcome::Declined { reason, retryable: false }) => {
                self.record(Command::RefundFail { refund_id: id, capture_id, code: reason }, next).await
            }
            called => self.later(called).await,
        }
    }
}
