//! Ports that take their time, so that others come in between, and that fail now and then: a call, or its answer, is lost.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use async_trait::async_trait;
use commerce_core::id::{MerchantId, WorkerId};
use commerce_core::order::{Assessment, RiskVerdict};
use commerce_core::ports::{
    AuthorizeRequest, CallKey, Capabilities, CaptureRequest, ChangeSet, Cursor, Journal, KindVersion, LookUp, NotSent, Outcome, Page,
    PaymentProvider, PortError, PortErrorKind, Proof, Receipt, RefundRequest, Retry, RiskRequest, RiskScreen, SagaId, SagaQuery, SagaRow,
    Sagas, Store, Stored, StreamId, Verdict, Version, VoidRequest,
};
use commerce_core::testkit::Dice;

/// How slow the ports are, and what fails, by dice that all ports share.
#[derive(Clone)]
pub(crate) struct Sloth {
    dice: Arc<Mutex<Dice>>,
    calm: Arc<AtomicBool>,
}

/// What becomes of a call.
enum Fate {
    Done,
    /// The call is provably not made.
    Refused,
    /// The call is not made, and nobody knows.
    CallLost,
    /// The call is made, and nobody knows.
    AnswerLost,
}

impl Sloth {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: Arc::new(Mutex::new(Dice::new(seed))), calm: Arc::default() }
    }

    /// From now on nothing fails.
    pub(crate) fn calms_down(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    fn below(&self, sides: u64) -> u64 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).below(sides)
    }

    fn fate(&self) -> Fate {
        match self.below(300) {
            _ if self.calm.load(Ordering::SeqCst) => Fate::Done,
            0 => Fate::Refused,
            1 => Fate::CallLost,
            2 => Fate::AnswerLost,
            _ => Fate::Done,
        }
    }

    /// A call to a bank, slow and perhaps in vain.
    async fn banks(&self, call: impl Future<Output = Result<Outcome, NotSent>>) -> Result<Outcome, NotSent> {
        match self.fate() {
            Fate::Done => self.slowly(call).await,
            Fate::Refused => Err(NotSent("the line is down".into())),
            Fate::CallLost => Ok(Outcome::Unknown),
            Fate::AnswerLost => self.slowly(call).await.map(|_| Outcome::Unknown),
        }
    }

    async fn dawdle(&self) {
        let mut pauses = self.below(3);
        poll_fn(|context| {
            if pauses == 0 {
                return Poll::Ready(());
            }
            pauses -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    async fn slowly<T>(&self, call: impl Future<Output = T>) -> T {
        self.dawdle().await;
        let answer = call.await;
        self.dawdle().await;
        answer
    }

    /// The same store, its journal and its sagas slow.
    pub(crate) fn store(&self, store: Store) -> Store {
        let journal = Arc::new(Slow { inner: store.journal.clone(), sloth: self.clone() });
        let sagas = Arc::new(Slow { inner: store.sagas.clone(), sloth: self.clone() });
        Store { journal, sagas, ..store }
    }

    pub(crate) fn provider(&self, inner: Arc<dyn PaymentProvider>) -> Arc<dyn PaymentProvider> {
        Arc::new(Slow { inner, sloth: self.clone() })
    }
}

struct Slow<P: ?Sized> {
    inner: Arc<P>,
    sloth: Sloth,
}

#[async_trait]
impl Journal for Slow<dyn Journal> {
    async fn commit(&self, batch: Vec<ChangeSet>) -> Vec<Result<Verdict, PortError>> {
        let lost = |retry| PortError::with(PortErrorKind::Timeout, retry, "the line is down");
        let sets = batch.len();
        match self.sloth.fate() {
            Fate::Done => return self.sloth.slowly(self.inner.commit(batch)).await,
            Fate::Refused => return (0..sets).map(|_| Err(lost(Retry::Later))).collect(),
            Fate::CallLost => self.sloth.dawdle().await,
            Fate::AnswerLost => drop(self.sloth.slowly(self.inner.commit(batch)).await),
        }
        (0..sets).map(|_| Err(lost(Retry::Unknown))).collect()
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, PortError> {
        self.sloth.slowly(self.inner.outcome(proof)).await
    }

    async fn load(&self, stream: &StreamId, after: Version, limit: u32) -> Result<Vec<Stored>, PortError> {
        self.sloth.slowly(self.inner.load(stream, after, limit)).await
    }
}

#[async_trait]
impl Sagas for Slow<dyn Sagas> {
    async fn claim(&self, worker: WorkerId, kinds: &[KindVersion], lease_ms: u64, limit: u32) -> Result<Vec<SagaRow>, PortError> {
        self.sloth.slowly(self.inner.claim(worker, kinds, lease_ms, limit)).await
    }

    async fn renew(&self, id: SagaId, epoch: u64, lease_ms: u64) -> Result<bool, PortError> {
        self.sloth.slowly(self.inner.renew(id, epoch, lease_ms)).await
    }

    async fn get(&self, merchant: &MerchantId, id: SagaId) -> Result<Option<SagaRow>, PortError> {
        self.sloth.slowly(self.inner.get(merchant, id)).await
    }

    async fn list(&self, query: &SagaQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError> {
        self.sloth.slowly(self.inner.list(query, after, limit)).await
    }
}

#[async_trait]
impl PaymentProvider for Slow<dyn PaymentProvider> {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<Outcome, NotSent> {
        self.sloth.banks(self.inner.authorize(key, request)).await
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<Outcome, NotSent> {
        self.sloth.banks(self.inner.capture(key, request)).await
    }

    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<Outcome, NotSent> {
        self.sloth.banks(self.inner.void(key, request)).await
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<Outcome, NotSent> {
        self.sloth.banks(self.inner.refund(key, request)).await
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        self.sloth.slowly(self.inner.look_up(key)).await
    }
}

#[async_trait]
impl RiskScreen for Sloth {
    async fn assess(&self, _: &RiskRequest) -> Result<Assessment, PortError> {
        self.dawdle().await;
        let verdict = match self.below(100) {
            0..=84 => RiskVerdict::Accept,
            85..=92 => RiskVerdict::Review,
            93..=96 => RiskVerdict::Reject,
            _ => return Err(PortError::with(PortErrorKind::Unavailable, Retry::Later, "the screen is down")),
        };
        Ok(Assessment { verdict, score: 1, reasons: Vec::new() })
    }
}
