//! Rows of sagas: durable, leased by workers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use async_trait::async_trait;
use uuid::Uuid;

use crate::id::{IdError, MerchantId, OrderId, PaymentId, WorkerId};
use crate::ports::{Cursor, Page, PortError};
use crate::time::Timestamp;

/// Names a saga. It is derived from the saga's kind and subject, so that a commit can wake a saga that it never read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SagaId(pub Uuid);

impl fmt::Display for SagaId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

impl FromStr for SagaId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        Uuid::try_parse(text).map(Self).map_err(|_| IdError::NotUuid { what: "SagaId" })
    }
}

/// A write to a saga's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SagaWrite {
    /// A new saga; rejected as fenced if the id exists.
    Insert(NewSaga),
    /// A step of a saga that the writer has leased; rejected as fenced unless epoch and revision are those of the row.
    Update(SagaUpdate),
    /// Makes a running saga due no later than `due` and raises its revision, so that a worker that decided to wait decides again.
    /// A saga that has ended, is stuck, or never was is left alone.
    Wake {
        /// The saga.
        id: SagaId,
        /// When, at the latest.
        due: Timestamp,
    },
}

/// A saga that begins: revision 1; epoch 1 if it is leased, else 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSaga {
    /// The saga.
    pub id: SagaId,
    /// Its machine and the version of its state.
    pub kind: KindVersion,
    /// The order that it serves, if one.
    pub order: Option<OrderId>,
    /// The payment that it serves, if one.
    pub payment: Option<PaymentId>,
    /// Its state, encoded by [`crate::stored`].
    pub state: Vec<u8>,
    /// When it wants to run; `None`: when it is woken.
    pub due: Option<Timestamp>,
    /// The worker that runs it at once and for how long at most, in milliseconds of the store's clock.
    pub leased_to: Option<(WorkerId, u64)>,
}

/// A step of a saga. Raises the revision by one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaUpdate {
    /// The saga.
    pub id: SagaId,
    /// The epoch of the writer's lease.
    pub epoch: u64,
    /// The revision that the writer read.
    pub revision: u64,
    /// Where it stands now.
    pub phase: SagaPhase,
    /// When it wants to run again; `None`: when it is woken.
    pub due: Option<Timestamp>,
    /// How often its present step has failed in a row.
    pub failures: u32,
    /// What it met last, at most 1,000 characters.
    pub last_error: Option<String>,
    /// Its state, encoded by [`crate::stored`].
    pub state: Vec<u8>,
    /// Whether the lease ends with this write.
    pub release: bool,
}

crate::names! {
    /// Where a saga stands.
    SagaPhase {
        /// It runs when it is due.
        Running = "running",
        /// Its step kept failing: an operator decides.
        Stuck = "stuck",
        /// It has done its work.
        Done = "done",
        /// An operator ended it.
        Abandoned = "abandoned",
    }
}

/// A kind of saga and the version of its state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KindVersion {
    /// The kind, at most 32 characters.
    pub kind: Cow<'static, str>,
    /// The version of its state.
    pub version: u16,
}

/// A saga as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaRow {
    /// The saga.
    pub id: SagaId,
    /// Whose.
    pub merchant: MerchantId,
    /// Its machine and the version of its state.
    pub kind: KindVersion,
    /// The order that it serves, if one.
    pub order: Option<OrderId>,
    /// The payment that it serves, if one.
    pub payment: Option<PaymentId>,
    /// Where it stands.
    pub phase: SagaPhase,
    /// Counts its leases; writes of an older one are fenced.
    pub epoch: u64,
    /// Counts its writes.
    pub revision: u64,
    /// Who has it leased, until when on the store's clock.
    pub lease: Option<(WorkerId, Timestamp)>,
    /// When it wants to run.
    pub due: Option<Timestamp>,
    /// How often its present step has failed in a row.
    pub failures: u32,
    /// What it met last.
    pub last_error: Option<String>,
    /// Its state, encoded by [`crate::stored`].
    pub state: Vec<u8>,
    /// When it began, in the clock time of its change set.
    pub created_at: Timestamp,
    /// When it was last written, in the clock time of that change set.
    pub updated_at: Timestamp,
}

/// Which sagas to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SagaQuery {
    /// Whose.
    pub merchant: MerchantId,
    /// Only those that stand here.
    pub phase: Option<SagaPhase>,
    /// Only those of this order.
    pub order: Option<OrderId>,
}

/// Leases and reads sagas. They are written through [`crate::ports::Journal::commit`].
#[async_trait]
pub trait Sagas: Send + Sync + 'static {
    /// Leases up to `limit` running sagas of these kinds that are due and not leased to a live worker, the most overdue first;
    /// each with `epoch + 1`.
    ///
    /// # Errors
    /// [`PortError`].
    ///
    /// # Crash
    /// A lease that was taken and not answered runs out by itself.
    async fn claim(&self, worker: WorkerId, kinds: &[KindVersion], lease_ms: u64, limit: u32) -> Result<Vec<SagaRow>, PortError>;

    /// Prolongs the lease of one saga; `false` if another worker has it.
    ///
    /// # Errors
    /// [`PortError`].
    async fn renew(&self, id: SagaId, epoch: u64, lease_ms: u64) -> Result<bool, PortError>;

    /// One saga.
    ///
    /// # Errors
    /// [`PortError`].
    async fn get(&self, merchant: &MerchantId, id: SagaId) -> Result<Option<SagaRow>, PortError>;

    /// Sagas, the newest first.
    ///
    /// # Errors
    /// [`PortError`]; a cursor of another list is `Misuse`.
    async fn list(&self, query: &SagaQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, PortError>;
}
