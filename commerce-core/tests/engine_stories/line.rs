//! The line to the provider, which a test can cut.

use std::sync::Arc;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use commerce_core::ports::{
    AuthorizeRequest, CallKey, Capabilities, CaptureRequest, LookUp, NotSent, Outcome, PaymentProvider, RefundRequest, VoidRequest,
};
use commerce_core::sandbox::Sandbox;

/// What the line does to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Carries it.
    Up,
    /// Does not carry it, and says so.
    Down,
    /// Carries the call and loses the answer; look-ups are answered.
    LosesAnswers,
    /// Breaks down under it.
    Panics,
    /// Loses the call, so that nobody knows; look-ups are answered.
    LosesCalls,
}

/// The provider at the far end of a line.
pub(crate) struct Line {
    sandbox: Arc<Sandbox>,
    mode: Mutex<Mode>,
    calls: Mutex<Vec<(&'static str, CallKey)>>,
}

impl Line {
    pub(crate) fn to(sandbox: Arc<Sandbox>) -> Arc<Self> {
        Arc::new(Self { sandbox, mode: Mutex::new(Mode::Up), calls: Mutex::default() })
    }

    pub(crate) fn set(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    /// The calls that were tried, look-ups included.
    pub(crate) fn calls(&self) -> Vec<(&'static str, CallKey)> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn mode(&self, call: &'static str, key: &CallKey) -> Result<Mode, NotSent> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).push((call, *key));
        match *self.mode.lock().unwrap_or_else(PoisonError::into_inner) {
            Mode::Down => Err(NotSent("the line is down".into())),
            mode => Ok(mode),
        }
    }

    async fn carry(
        &self,
        call: &'static str,
        key: &CallKey,
        answer: impl Future<Output = Result<Outcome, NotSent>>,
    ) -> Result<Outcome, NotSent> {
        match self.mode(call, key)? {
            Mode::LosesCalls => Ok(Outcome::Unknown),
            Mode::Panics => panic!("the line breaks down"),
            Mode::LosesAnswers => {
                answer.await?;
                Ok(Outcome::Unknown)
            }
            Mode::Up | Mode::Down => answer.await,
        }
    }
}

#[async_trait]
impl PaymentProvider for Line {
    fn capabilities(&self) -> Capabilities {
        self.sandbox.capabilities()
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent> {
        self.carry("authorize", key, self.sandbox.authorize(key, request)).await
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent> {
        self.carry("capture", key, self.sandbox.capture(key, request)).await
    }

    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<Outcome, NotSent> {
        self.carry("void", key, self.sandbox.void(key, request)).await
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent> {
        self.carry("refund", key, self.sandbox.refund(key, request)).await
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        self.mode("look_up", key)?;
        self.sandbox.look_up(key).await
    }
}
