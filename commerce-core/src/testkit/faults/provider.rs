//! A payment provider with faults.

use std::sync::Arc;

use async_trait::async_trait;
use futures::future::BoxFuture;

use super::{Fault, Faults, Operation, Visit};
use crate::ports::{
    AuthorizeRequest, CallKey, Capabilities, CaptureRequest, LookUp, NotSent, Outcome, PaymentProvider, RefundRequest, VoidRequest,
};

pub(super) struct FaultyProvider {
    pub(super) inner: Arc<dyn PaymentProvider>,
    pub(super) faults: Faults,
}

type Sent<'a> = BoxFuture<'a, Result<Outcome, NotSent>>;

impl FaultyProvider {
    async fn call<'a>(&self, operation: Operation, send: impl Fn() -> Sent<'a> + Send) -> Result<Outcome, NotSent> {
        match self.faults.visit(operation) {
            Visit::Pass => send().await,
            Visit::Fault(Fault::Fail) => Err(NotSent("a planned fault".into())),
            // of a process that is down nobody hears the answer: it must not claim what it does not know
            Visit::Down | Visit::Fault(Fault::CrashBefore | Fault::LoseRequest) => Ok(Outcome::Unknown),
            Visit::Fault(Fault::LoseAnswer) => {
                let _lost = send().await;
                Ok(Outcome::Unknown)
            }
            Visit::Fault(Fault::CrashAfter) => {
                let _lost = send().await;
                self.faults.crash();
                Ok(Outcome::Unknown)
            }
            Visit::Fault(Fault::Repeat) => {
                let first = send().await;
                let _second = send().await;
                first
            }
        }
    }
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl PaymentProvider for FaultyProvider {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent> {
        self.call(Operation::Authorize, || self.inner.authorize(key, request)).await
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent> {
        self.call(Operation::Capture, || self.inner.capture(key, request)).await
    }

    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<Outcome, NotSent> {
        self.call(Operation::Void, || self.inner.void(key, request)).await
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent> {
        self.call(Operation::Refund, || self.inner.refund(key, request)).await
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        match self.faults.visit(Operation::LookUp) {
            Visit::Pass => self.inner.look_up(key).await,
            Visit::Fault(_) | Visit::Down => Err(NotSent("a planned fault".into())),
        }
    }
}
