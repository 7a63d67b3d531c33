//! The rules: a state machine over calls, time and decisions, the same in every form of the sandbox.

mod effects;
mod judge;
mod state;

use std::collections::{BTreeSet, HashMap, HashSet};

use super::ledger::Ledger;
use super::options::Options;
use super::token::Behavior;
use crate::fact::FailureCode;
use crate::id::{AttemptId, CaptureId, PaymentId};
use crate::ports::{AuthorizeRequest, CallKey, CaptureRequest, LookUp, Outcome, ProviderFact, RefundRequest, VoidRequest};
use crate::time::Timestamp;

use judge::Refusal;
use state::{Authorization, Charge, Due, Record, State};

/// A call to the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Sets money aside.
    Authorize(AuthorizeRequest),
    /// Takes authorized money.
    Capture(CaptureRequest),
    /// Gives back what is left.
    Void(VoidRequest),
    /// Pays captured money back.
    Refund(RefundRequest),
}

crate::names! {
    /// How a waiting call is decided.
    Decision {
        /// It is done.
        Approve = "approve",
        /// It will not be done.
        Decline = "decline",
    }
}

/// An answer, and when it is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer, if it is given now.
    pub outcome: Outcome,
    /// When to ask [`Book::call`] again for the answer, instead of giving this one.
    pub answer_at: Option<Timestamp>,
}

impl Reply {
    fn now(outcome: Outcome) -> Self {
        Self { outcome, answer_at: None }
    }
}

/// A decision about a call that waits for none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("call {key} waits for no decision")]
pub struct NotWaiting {
    /// The call.
    pub key: CallKey,
}

/// Everything the provider knows. It never reads a clock: every call says when it happens.
///
/// Time never goes back: a call from before the latest one seen happens at that one's time. The same calls at the same times give
/// the same book, so a log of them restores it.
#[derive(Clone, Debug)]
pub struct Book {
    options: Options,
    now: Timestamp,
    calls: HashMap<CallKey, Record>,
    authorizations: HashMap<AttemptId, Authorization>,
    charges: HashMap<CaptureId, Charge>,
    /// payments that had an attempt declined
    declined: HashSet<PaymentId>,
    due: BTreeSet<(Timestamp, Due)>,
    facts: Vec<ProviderFact>,
    ledger: Ledger,
}

impl Book {
    /// A book with nothing in it.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            now: Timestamp::from_micros(i64::MIN),
            calls: HashMap::new(),
            authorizations: HashMap::new(),
            charges: HashMap::new(),
            declined: HashSet::new(),
            due: BTreeSet::new(),
            facts: Vec::new(),
            ledger: Ledger::default(),
        }
    }

    /// What kind of provider it plays.
    pub const fn options(&self) -> &Options {
        &self.options
    }

    /// The time of the latest call.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// What was done with money.
    pub const fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Makes a call.
    ///
    /// It acts at most once per key. An approval, or a decline by the method or for want of money to act on, settles the key: each
    /// repeat of the same request gets that answer, and another request under the key is declined as `refused`. A decline of a
    /// reference that is not known, or not decided yet, settles nothing; nor does a retryable decline of a capture, void or refund.
    pub fn call(&mut self, now: Timestamp, key: CallKey, call: &Call) -> Reply {
        let now = self.advance(now);
        if let Some(record) = self.calls.get_mut(&key) {
            if !record.call.is_repeat(call) {
                return Reply::now(declined(FailureCode::Refused));
            }
            match &mut record.state {
                State::Done { outcome, visible_at } => {
                    *visible_at = now.min(*visible_at);
                    return Reply::now(outcome.clone());
                }
                State::Waiting { shown, answer_at, .. } => return Reply { outcome: shown.clone(), answer_at: *answer_at },
                State::Lost | State::Retry => {}
            }
        }
        match self.admit(key, call) {
            Ok(behavior) => self.act(now, key, call, behavior),
            Err(Refusal::Passing(outcome)) => Reply::now(outcome),
            Err(Refusal::Final(code)) => self.done(now, now, key, call, declined(code)),
        }
    }

    /// What became of a call.
    pub fn look_up(&mut self, now: Timestamp, key: CallKey) -> LookUp {
        let now = self.advance(now);
        match self.calls.get(&key).map(|record| &record.state) {
            Some(State::Done { outcome, visible_at }) if *visible_at <= now => LookUp::Found(outcome.clone()),
            Some(State::Waiting { shown, .. }) => LookUp::Found(shown.clone()),
            Some(State::Retry) => LookUp::Found(declined_for_now()),
            Some(State::Done { .. } | State::Lost) | None => LookUp::NotFound,
        }
    }

    /// Decides a call that waits, before its time if it has one.
    ///
    /// # Errors
    /// [`NotWaiting`].
    pub fn settle(&mut self, now: Timestamp, key: CallKey, decision: Decision) -> Result<(), NotWaiting> {
        let now = self.advance(now);
        let Some(Record { state: State::Waiting { decides, .. }, .. }) = self.calls.get(&key) else {
            return Err(NotWaiting { key });
        };
        if let Some((at, _)) = *decides {
            self.due.remove(&(at, Due::Decide(key)));
        }
        self.decide(now, key, decision);
        Ok(())
    }

    /// Lets time pass: what is due by then is decided or lapses. Returns the time that calls happen at.
    pub fn advance(&mut self, now: Timestamp) -> Timestamp {
        while let Some((at, due)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_first();
            match due {
                Due::Decide(key) => {
                    if let Some(Record { state: State::Waiting { decides: Some((_, decision)), .. }, .. }) = self.calls.get(&key) {
                        let decision = *decision;
                        self.decide(at, key, decision);
                    }
                }
                Due::Lapse(attempt) => self.lapse(at, attempt),
            }
        }
        self.now = self.now.max(now);
        self.now
    }

    /// Reports by the provider itself, from the `after`-th on, at most `max`: the same ones in the same order each time.
    pub fn reports(&self, after: usize, max: usize) -> &[ProviderFact] {
        let rest = self.facts.get(after..).unwrap_or_default();
        rest.get(..max).unwrap_or(rest)
    }

    fn act(&mut self, now: Timestamp, key: CallKey, call: &Call, behavior: Behavior) -> Reply {
        let Options { settle_after_s, pending_s, late_s, .. } = self.options;
        match behavior {
            Behavior::Approve => {
                let outcome = self.execute(now, key, call);
                self.done(now, now, key, call, outcome)
            }
            Behavior::Decline(code) => {
                self.remember_failure(call);
                self.done(now, now, key, call, declined(code))
            }
            Behavior::DeclineAttempt => {
                self.remember_failure(call);
                self.done(now, now, key, call, Outcome::Declined { reason: FailureCode::Declined, retryable: true })
            }
            Behavior::DeclineForNow => {
                self.calls.insert(key, Record { call: call.clone(), state: State::Retry });
                Reply::now(declined_for_now())
            }
            Behavior::Action => {
                let url = format!("https://sandbox.invalid/act/{key}");
                self.wait(key, call, Outcome::ActionRequired { url }, None, None)
            }
            Behavior::Pending { approve } => {
                let decision = if approve { Decision::Approve } else { Decision::Decline };
                let decides = Some((now.plus_secs(pending_s.into()), decision));
                self.wait(key, call, Outcome::Pending, decides, None)
            }
            Behavior::Late => {
                let at = now.plus_secs(late_s.into());
                self.wait(key, call, Outcome::Pending, Some((at, Decision::Approve)), Some(at))
            }
            Behavior::AnswerLost { approve } => {
                let outcome = if approve { self.execute(now, key, call) } else { declined(FailureCode::Declined) };
                self.done(now, now.plus_secs(settle_after_s.into()), key, call, outcome);
                Reply::now(Outcome::Unknown)
            }
            Behavior::RequestLost => {
                self.calls.insert(key, Record { call: call.clone(), state: State::Lost });
                Reply::now(Outcome::Unknown)
            }
        }
    }

    fn wait(
        &mut self,
        key: CallKey,
        call: &Call,
        shown: Outcome,
        decides: Option<(Timestamp, Decision)>,
        answer_at: Option<Timestamp>,
    ) -> Reply {
        self.reserve(key, call);
        if let Some((at, _)) = decides {
            self.due.insert((at, Due::Decide(key)));
        }
        let state = State::Waiting { shown: shown.clone(), decides, answer_at };
        self.calls.insert(key, Record { call: call.clone(), state });
        Reply { outcome: shown, answer_at }
    }
}

fn declined(reason: FailureCode) -> Outcome {
    Outcome::Declined { reason, retryable: false }
}

fn declined_for_now() -> Outcome {
    Outcome::Declined { reason: FailureCode::Refused, retryable: true }
}
