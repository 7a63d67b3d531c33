//! Whether a call may act at all, whatever its method does.

use super::state::{Authorization, Phase, State};
use super::{Book, Call, declined, declined_for_now};
use crate::fact::FailureCode;
use crate::id::{AttemptId, MerchantId, ProviderRef};
use crate::money::Money;
use crate::ports::{AuthorizeRequest, CallKey, CaptureRequest, Outcome, RefundRequest, VoidRequest};
use crate::sandbox::token::{Behavior, Past, Token};

pub(super) enum Refusal {
    /// The key stays free.
    Passing(Outcome),
    /// The key is settled.
    Final(FailureCode),
}

const MALFORMED: Refusal = Refusal::Passing(Outcome::Declined { reason: FailureCode::Refused, retryable: false });
const UNKNOWN: Refusal = Refusal::Passing(Outcome::Declined { reason: FailureCode::NotFound, retryable: false });

impl Book {
    pub(super) fn admit(&self, key: CallKey, call: &Call) -> Result<Behavior, Refusal> {
        if !call.fits(key) {
            return Err(MALFORMED);
        }
        let (token, mut past) = match call {
            Call::Authorize(request) => self.admit_authorize(request)?,
            Call::Capture(request) => self.admit_capture(request)?,
            Call::Void(request) => self.admit_void(request)?,
            Call::Refund(request) => self.admit_refund(request)?,
        };
        past.tried = self.calls.get(&key).is_some_and(|record| matches!(record.state, State::Lost | State::Retry));
        Ok(token.behavior(call.kind(), past))
    }

    fn admit_authorize(&self, request: &AuthorizeRequest) -> Result<(Token, Past), Refusal> {
        positive(request.amount)?;
        let token = Token::parse(request.method.as_str()).ok_or(Refusal::Final(FailureCode::InvalidMethod))?;
        Ok((token, Past { declined: self.declined.contains(&request.payment), ..Past::default() }))
    }

    fn admit_capture(&self, request: &CaptureRequest) -> Result<(Token, Past), Refusal> {
        positive(request.amount)?;
        let auth = self.authorization(&request.merchant, request.attempt, request.reference.as_ref())?;
        if self.options.sale_only || auth.amount.currency() != request.amount.currency() {
            return Err(Refusal::Final(FailureCode::Refused));
        }
        if auth.capturing > 0 && !self.options.multi_capture {
            // the one capture is not decided yet
            return Err(Refusal::Passing(declined_for_now()));
        }
        if auth.phase == Phase::CapturesOver || auth.left() == 0 {
            return Err(Refusal::Final(FailureCode::AuthorizationGone));
        }
        if request.amount.minor() > auth.left() {
            return Err(Refusal::Final(FailureCode::Refused));
        }
        Ok((auth.token, Past { captured: auth.captured > 0, ..Past::default() }))
    }

    fn admit_void(&self, request: &VoidRequest) -> Result<(Token, Past), Refusal> {
        let auth = self.authorization(&request.merchant, request.attempt, request.reference.as_ref())?;
        if self.options.sale_only {
            return Err(Refusal::Final(FailureCode::Refused));
        }
        if auth.left() == 0 {
            // a capture that waits may still fail and leave something to void
            let passing = auth.capturing > 0;
            return Err(if passing { Refusal::Passing(declined_for_now()) } else { Refusal::Final(FailureCode::AuthorizationGone) });
        }
        Ok((auth.token, Past::default()))
    }

    fn admit_refund(&self, request: &RefundRequest) -> Result<(Token, Past), Refusal> {
        positive(request.amount)?;
        // the authorization's own reference is not asked for here: a refund names the charge's
        let auth = self.authorization(&request.merchant, request.attempt, None)?;
        let charge = self.charges.get(&request.capture).filter(|charge| charge.attempt == request.attempt).ok_or(UNKNOWN)?;
        if request.reference.as_ref().is_some_and(|reference| *reference != charge.reference) {
            return Err(UNKNOWN);
        }
        let fits = request.amount.currency() == charge.amount.currency();
        if !fits || request.amount.minor() > charge.amount.minor() - charge.refunded {
            return Err(Refusal::Final(FailureCode::Refused));
        }
        Ok((auth.token, Past { refund_failed: auth.refund_failed, ..Past::default() }))
    }

    fn authorization(&self, merchant: &MerchantId, attempt: AttemptId, reference: Option<&ProviderRef>) -> Result<&Authorization, Refusal> {
        let found = self.authorizations.get(&attempt).filter(|auth| auth.merchant == *merchant);
        let auth = found.filter(|auth| reference.is_none_or(|reference| *reference == auth.reference)).ok_or(UNKNOWN)?;
        if auth.phase == Phase::Undecided { Err(Refusal::Passing(declined_for_now())) } else { Ok(auth) }
    }

    /// Lets later calls of the same method know that its own rule failed this one.
    pub(super) fn remember_failure(&mut self, call: &Call) {
        match call {
            Call::Authorize(request) => {
                self.declined.insert(request.payment);
            }
            Call::Refund(request) => {
                if let Some(auth) = self.authorizations.get_mut(&request.attempt) {
                    auth.refund_failed = true;
                }
            }
            Call::Capture(_) | Call::Void(_) => {}
        }
    }
}

fn positive(amount: Money) -> Result<(), Refusal> {
    if amount.minor() > 0 { Ok(()) } else { Err(Refusal::Passing(declined(FailureCode::Refused))) }
}
