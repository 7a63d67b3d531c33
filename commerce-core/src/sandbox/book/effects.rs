//! What a call does once it is decided: to authorizations and charges, to the ledger, and to the reports.

use super::state::{Authorization, Charge, Due, Phase, Record, State};
use super::{Book, Call, Decision, Reply, declined};
use crate::fact::FailureCode;
use crate::id::{AttemptId, CaptureId, ProviderRef};
use crate::money::Money;
use crate::ports::{AuthorizeRequest, CallKey, CaptureRequest, FactOutcome, Outcome, ProviderFact, RefundRequest, VoidRequest};
use crate::sandbox::ledger::{Entry, EntryKind};
use crate::sandbox::token::Token;
use crate::time::Timestamp;

impl Book {
    /// Settles a key and answers.
    pub(super) fn done(&mut self, now: Timestamp, visible_at: Timestamp, key: CallKey, call: &Call, outcome: Outcome) -> Reply {
        if self.options.report_all || self.token(call) == Some(Token::Twice) {
            self.report(key, call, &outcome);
        }
        let state = State::Done { outcome: outcome.clone(), visible_at: visible_at.max(now) };
        self.calls.insert(key, Record { call: call.clone(), state });
        Reply::now(outcome)
    }

    /// Ends the waiting of a call; the decision is reported unless the caller itself was kept waiting for it.
    pub(super) fn decide(&mut self, now: Timestamp, key: CallKey, decision: Decision) {
        let Some(Record { call, state: State::Waiting { answer_at, .. } }) = self.calls.remove(&key) else { return };
        self.unreserve(key, &call);
        let outcome = match decision {
            Decision::Approve => self.execute(now, key, &call),
            Decision::Decline => declined(FailureCode::Declined),
        };
        if answer_at.is_none() || self.options.report_all {
            self.report(key, &call, &outcome);
        }
        self.calls.insert(key, Record { call, state: State::Done { outcome, visible_at: now } });
    }

    /// Lets go of what is left of an authorization whose time is over.
    pub(super) fn lapse(&mut self, now: Timestamp, attempt: AttemptId) {
        let Some(auth) = self.authorizations.get_mut(&attempt) else { return };
        let left = auth.left();
        auth.phase = Phase::Over;
        if left == 0 {
            return;
        }
        auth.released += left;
        let amount = Money::from_minor(left, auth.amount.currency());
        let key = CallKey::Authorize(attempt);
        self.enter(now, key, attempt, EntryKind::Lapsed, amount);
        self.tell(key, attempt, "expired", FactOutcome::Expired { amount });
    }

    /// Keeps what a waiting call may take from being taken twice.
    pub(super) fn reserve(&mut self, key: CallKey, call: &Call) {
        match (call, key) {
            (Call::Authorize(request), CallKey::Authorize(attempt)) => {
                if let Some(token) = self.token(call) {
                    self.open(attempt, request, token, Phase::Undecided);
                }
            }
            (Call::Capture(request), _) => {
                if let Some(auth) = self.authorizations.get_mut(&request.attempt) {
                    auth.capturing += request.amount.minor();
                }
            }
            (Call::Refund(request), _) => {
                if let Some(charge) = self.charges.get_mut(&request.capture) {
                    charge.refunded += request.amount.minor();
                }
            }
            (Call::Authorize(_) | Call::Void(_), _) => {}
        }
    }

    fn unreserve(&mut self, key: CallKey, call: &Call) {
        match (call, key) {
            (Call::Authorize(_), CallKey::Authorize(attempt)) => {
                if let Some(auth) = self.authorizations.get_mut(&attempt) {
                    auth.phase = Phase::Over;
                }
            }
            (Call::Capture(request), _) => {
                if let Some(auth) = self.authorizations.get_mut(&request.attempt) {
                    auth.capturing -= request.amount.minor();
                }
            }
            (Call::Refund(request), _) => {
                if let Some(charge) = self.charges.get_mut(&request.capture) {
                    charge.refunded -= request.amount.minor();
                }
            }
            (Call::Authorize(_) | Call::Void(_), _) => {}
        }
    }

    /// Does it. The call was admitted, so what it draws on is there.
    pub(super) fn execute(&mut self, now: Timestamp, key: CallKey, call: &Call) -> Outcome {
        match (call, key) {
            (Call::Authorize(request), CallKey::Authorize(attempt)) => self.authorize(now, attempt, request),
            (Call::Capture(request), CallKey::Capture(capture)) => self.capture(now, capture, request),
            (Call::Void(request), _) => self.void(now, request),
            (Call::Refund(request), _) => self.refund(now, key, request),
            (Call::Authorize(_) | Call::Capture(_), _) => declined(FailureCode::Refused),
        }
    }

    fn open(&mut self, attempt: AttemptId, request: &AuthorizeRequest, token: Token, phase: Phase) -> ProviderRef {
        let word = if self.options.sale_only { "sale" } else { "auth" };
        let auth = Authorization {
            merchant: request.merchant.clone(),
            payment: request.payment,
            order: request.order,
            token,
            reference: reference(&format!("{word}_{attempt}")),
            amount: request.amount,
            captured: 0,
            capturing: 0,
            released: 0,
            phase,
            refund_failed: false,
        };
        let reference = auth.reference.clone();
        self.authorizations.insert(attempt, auth);
        reference
    }

    fn authorize(&mut self, now: Timestamp, attempt: AttemptId, request: &AuthorizeRequest) -> Outcome {
        let Some(token) = Token::parse(request.method.as_str()) else { return declined(FailureCode::InvalidMethod) };
        let reference = self.open(attempt, request, token, Phase::Open);
        let (key, amount) = (CallKey::Authorize(attempt), request.amount);
        self.enter(now, key, attempt, EntryKind::Authorized, amount);
        if self.options.sale_only {
            self.charge(now, key, attempt, CaptureId::of_sale(attempt), amount, &reference);
            return Outcome::Approved { amount, expires_at: None, reference: Some(reference) };
        }
        let ttl_s = if token == Token::ShortLived { self.options.short_ttl_s } else { self.options.authorization_ttl_s };
        let expires_at = now.plus_secs(ttl_s.into());
        self.due.insert((expires_at, Due::Lapse(attempt)));
        Outcome::Approved { amount, expires_at: Some(expires_at), reference: Some(reference) }
    }

    fn capture(&mut self, now: Timestamp, capture: CaptureId, request: &CaptureRequest) -> Outcome {
        let (key, amount) = (CallKey::Capture(capture), request.amount);
        let reference = reference(&format!("capture_{capture}"));
        self.charge(now, key, request.attempt, capture, amount, &reference);
        if let Some(auth) = self.authorizations.get_mut(&request.attempt) {
            if !self.options.multi_capture {
                let left = auth.left();
                auth.phase = Phase::Over;
                auth.released += left;
                if left > 0 {
                    self.enter(now, key, request.attempt, EntryKind::Lapsed, Money::from_minor(left, amount.currency()));
                }
            } else if request.last && auth.phase == Phase::Open {
                auth.phase = Phase::CapturesOver;
            }
        }
        Outcome::Approved { amount, expires_at: None, reference: Some(reference) }
    }

    fn charge(&mut self, now: Timestamp, key: CallKey, attempt: AttemptId, capture: CaptureId, amount: Money, reference: &ProviderRef) {
        if let Some(auth) = self.authorizations.get_mut(&attempt) {
            auth.captured += amount.minor();
        }
        self.charges.insert(capture, Charge { attempt, reference: reference.clone(), amount, refunded: 0 });
        self.enter(now, key, attempt, EntryKind::Captured, amount);
    }

    fn void(&mut self, now: Timestamp, request: &VoidRequest) -> Outcome {
        let Some(auth) = self.authorizations.get_mut(&request.attempt) else { return declined(FailureCode::NotFound) };
        let amount = Money::from_minor(auth.left(), auth.amount.currency());
        auth.released += amount.minor();
        auth.phase = Phase::Over;
        let reference = Some(auth.reference.clone());
        self.enter(now, CallKey::Void(request.attempt), request.attempt, EntryKind::Voided, amount);
        Outcome::Approved { amount, expires_at: None, reference }
    }

    fn refund(&mut self, now: Timestamp, key: CallKey, request: &RefundRequest) -> Outcome {
        let Some(charge) = self.charges.get_mut(&request.capture) else { return declined(FailureCode::NotFound) };
        charge.refunded += request.amount.minor();
        self.enter(now, key, request.attempt, EntryKind::Refunded, request.amount);
        let reference = match key {
            CallKey::Refund(refund, capture) => Some(reference(&format!("refund_{refund}_{capture}"))),
            CallKey::Authorize(_) | CallKey::Capture(_) | CallKey::Void(_) => None,
        };
        Outcome::Approved { amount: request.amount, expires_at: None, reference }
    }

    fn enter(&mut self, at: Timestamp, key: CallKey, attempt: AttemptId, kind: EntryKind, amount: Money) {
        if let Some(auth) = self.authorizations.get(&attempt) {
            let (merchant, payment) = (auth.merchant.clone(), auth.payment);
            self.ledger.push(Entry { at, key, merchant, payment, attempt, kind, amount });
        }
    }

    fn token(&self, call: &Call) -> Option<Token> {
        match call {
            Call::Authorize(request) => Token::parse(request.method.as_str()),
            Call::Capture(CaptureRequest { attempt, .. })
            | Call::Void(VoidRequest { attempt, .. })
            | Call::Refund(RefundRequest { attempt, .. }) => self.authorizations.get(attempt).map(|auth| auth.token),
        }
    }

    fn report(&mut self, key: CallKey, call: &Call, outcome: &Outcome) {
        let Some((word, told)) = told(call, outcome) else { return };
        match call {
            Call::Authorize(request) => self.facts.push(ProviderFact {
                id: format!("{key}/{word}"),
                merchant: request.merchant.clone(),
                payment: request.payment,
                order: request.order,
                key,
                outcome: told,
            }),
            Call::Capture(CaptureRequest { attempt, .. })
            | Call::Void(VoidRequest { attempt, .. })
            | Call::Refund(RefundRequest { attempt, .. }) => self.tell(key, *attempt, word, told),
        }
    }

    /// A key reports each word at most once, so both together are the fact's id.
    fn tell(&mut self, key: CallKey, attempt: AttemptId, word: &str, outcome: FactOutcome) {
        if let Some(auth) = self.authorizations.get(&attempt) {
            let (merchant, payment, order) = (auth.merchant.clone(), auth.payment, auth.order);
            self.facts.push(ProviderFact { id: format!("{key}/{word}"), merchant, payment, order, key, outcome });
        }
    }
}

fn told(call: &Call, outcome: &Outcome) -> Option<(&'static str, FactOutcome)> {
    Some(match (call, outcome.clone()) {
        (Call::Authorize(_), Outcome::Approved { amount, expires_at, reference }) => {
            ("authorized", FactOutcome::Authorized { amount, expires_at, reference })
        }
        (Call::Capture(_), Outcome::Approved { amount, reference, .. }) => ("captured", FactOutcome::Captured { amount, reference }),
        (Call::Void(_), Outcome::Approved { amount, .. }) => ("voided", FactOutcome::Voided { amount }),
        (Call::Refund(_), Outcome::Approved { amount, reference, .. }) => ("refunded", FactOutcome::Refunded { amount, reference }),
        (Call::Authorize(_), Outcome::Declined { reason, retryable }) => ("declined", FactOutcome::Declined { reason, retryable }),
        (Call::Capture(_), Outcome::Declined { reason, .. }) => ("failed", FactOutcome::CaptureFailed { reason }),
        (Call::Void(_), Outcome::Declined { reason, .. }) => ("failed", FactOutcome::VoidFailed { reason }),
        (Call::Refund(_), Outcome::Declined { reason, .. }) => ("failed", FactOutcome::RefundFailed { reason }),
        (_, Outcome::ActionRequired { .. } | Outcome::Pending | Outcome::Unknown) => return None,
    })
}

fn reference(text: &str) -> ProviderRef {
    ProviderRef::new(text).expect("a word and two uuids are short and printable")
}
