//! The durable desk as a payment provider within the process that keeps it.

use async_trait::async_trait;
use commerce_core::ports::{
    AuthorizeRequest, CallKey, Capabilities, CaptureRequest, LookUp, NotSent, Outcome, PaymentProvider, RefundRequest, VoidRequest,
};
use commerce_core::sandbox::Call;

use super::desk::{Desk, DeskError};

impl Desk {
    async fn answer(&self, key: &CallKey, call: Call) -> Result<Outcome, NotSent> {
        match self.call(*key, call).await {
            Ok(outcome) => Ok(outcome),
            Err(error @ DeskError::NotTaken) => Err(NotSent(error.into())),
            Err(DeskError::InDoubt) => Ok(Outcome::Unknown),
        }
    }
}

#[async_trait]
impl PaymentProvider for Desk {
    fn capabilities(&self) -> Capabilities {
        self.options().capabilities()
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent> {
        self.answer(key, Call::Authorize(request.clone())).await
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent> {
        self.answer(key, Call::Capture(request.clone())).await
    }

    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<Outcome, NotSent> {
        self.answer(key, Call::Void(request.clone())).await
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent> {
        self.answer(key, Call::Refund(request.clone())).await
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        let key = *key;
        self.read(move |book, now| book.look_up(now, key)).await.map_err(|error| NotSent(error.into()))
    }
}
