//! A payment provider without money: deterministic, for tests, demonstrations and development.
//!
//! [`Book`] holds the rules and reads no clock; [`Sandbox`] is the book behind the [`PaymentProvider`] port, in this process. A
//! method is a [`Token`], which says how the provider behaves; there are no card numbers.

mod book;
mod ledger;
mod options;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use crate::id::AttemptId;
use crate::ports::{
    AuthorizeRequest, CallKey, Capabilities, CaptureRequest, Clock, LookUp, NotSent, Outcome, PaymentProvider, ProviderFact, RefundRequest,
    VoidRequest,
};

pub use book::{Book, Call, Decision, NotWaiting, Reply};
pub use ledger::{Entry, EntryKind, Ledger, LedgerFault, Totals};
pub use options::Options;
pub use token::Token;

/// The sandbox in this process. What it knows ends with it.
pub struct Sandbox {
    clock: Arc<dyn Clock>,
    capabilities: Capabilities,
    desk: Mutex<Desk>,
}

struct Desk {
    book: Book,
    /// reports handed out so far
    taken: usize,
}

impl Sandbox {
    /// Most reports that one take hands out.
    pub const REPORTS_MAX: usize = 1_000;

    /// A sandbox that has seen no call.
    pub fn new(clock: Arc<dyn Clock>, options: Options) -> Self {
        let desk = Desk { book: Book::new(options), taken: 0 };
        Self { clock, capabilities: options.capabilities(), desk: Mutex::new(desk) }
    }

    /// The buyer acts on an attempt of `sandbox_action`: approves or declines it.
    ///
    /// # Errors
    /// [`NotWaiting`].
    pub fn act(&self, attempt: AttemptId, decision: Decision) -> Result<(), NotWaiting> {
        self.settle(CallKey::Authorize(attempt), decision)
    }

    /// Decides a call that waits: one that is pending, late, or waits for the buyer.
    ///
    /// # Errors
    /// [`NotWaiting`].
    pub fn settle(&self, key: CallKey, decision: Decision) -> Result<(), NotWaiting> {
        self.desk().book.settle(self.clock.now(), key, decision)
    }

    /// The next reports that were not taken yet, at most [`Sandbox::REPORTS_MAX`], oldest first.
    pub fn take_reports(&self) -> Vec<ProviderFact> {
        let mut desk = self.desk();
        desk.book.advance(self.clock.now());
        let reports = desk.book.reports(desk.taken, Self::REPORTS_MAX).to_vec();
        desk.taken += reports.len();
        reports
    }

    /// Reports from the `after`-th on, taken or not, at most [`Sandbox::REPORTS_MAX`], oldest first: to tell them again.
    pub fn reports(&self, after: usize) -> Vec<ProviderFact> {
        let mut desk = self.desk();
        desk.book.advance(self.clock.now());
        desk.book.reports(after, Self::REPORTS_MAX).to_vec()
    }

    /// What was done with money up to now.
    pub fn ledger(&self) -> Ledger {
        let mut desk = self.desk();
        desk.book.advance(self.clock.now());
        desk.book.ledger().clone()
    }

    async fn call(&self, key: &CallKey, call: Call) -> Outcome {
        loop {
            let reply = self.desk().book.call(self.clock.now(), *key, &call);
            match reply.answer_at {
                Some(at) => self.clock.sleep_until(at).await,
                None => return reply.outcome,
            }
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl PaymentProvider for Sandbox {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent> {
        Ok(self.call(key, Call::Authorize(request.clone())).await)
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent> {
        Ok(self.call(key, Call::Capture(request.clone())).await)
    }

    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<Outcome, NotSent> {
        Ok(self.call(key, Call::Void(request.clone())).await)
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent> {
        Ok(self.call(key, Call::Refund(request.clone())).await)
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        Ok(self.desk().book.look_up(self.clock.now(), *key))
    }
}
