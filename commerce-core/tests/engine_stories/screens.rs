//! Risk screens that say what a test wants.

use async_trait::async_trait;
use commerce_core::order::{Assessment, RiskVerdict};
use commerce_core::ports::{PortError, PortErrorKind, Retry, RiskRequest, RiskScreen};

/// What a screen does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Screen {
    Says(RiskVerdict),
    Fails,
    NeverAnswers,
}

#[async_trait]
impl RiskScreen for Screen {
    async fn assess(&self, _: &RiskRequest) -> Result<Assessment, PortError> {
        match self {
            Self::Says(verdict) => Ok(Assessment { verdict: *verdict, score: 500, reasons: vec!["a test".to_owned()] }),
            Self::Fails => Err(PortError::with(PortErrorKind::Unavailable, Retry::Later, "the screen is down")),
            Self::NeverAnswers => std::future::pending().await,
        }
    }
}
