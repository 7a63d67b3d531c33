//! What operators see of sagas, and tell those that are stuck.

use crate::engine::aggregate::{PaymentRoot, read_all};
use crate::engine::commerce::{Inner, Moment};
use crate::engine::execute::{Along, Failed};
use crate::engine::orders::{list_error, page_limit};
use crate::engine::payments::Subject;
use crate::engine::{Call, Commerce, Error};
use crate::fact::FailureCode;
use crate::id::EventId;
use crate::payment::Command;
use crate::ports::{Append, Cursor, Expected, Page, SagaId, SagaPhase, SagaQuery, SagaRow, SagaUpdate, StreamId, StreamName};
use crate::saga::{Event, Met, Status, Task, Verb};
use crate::stored;
use crate::tender::{CaptureState, RefundState, Tenders};

impl Commerce {
    /// Requests that wait for a saga to come to rest: a gauge. Those that went away are not counted.
    pub fn waiting_requests(&self) -> usize {
        self.inner.handoff.waiting()
    }

    /// One saga.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn get_saga(&self, call: &Call, id: SagaId) -> Result<SagaRow, Error> {
        self.inner.store.sagas.get(&call.merchant, id).await?.ok_or(Error::NotFound("saga"))
    }

    /// Sagas, the newest first.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_sagas(&self, query: &SagaQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<SagaRow>, Error> {
        self.inner.store.sagas.list(query, after, page_limit(limit)).await.map_err(list_error)
    }

    /// Lets a stuck saga try its step again.
    ///
    /// # Errors
    /// [`Error::NotStuck`], [`Error::NotFound`], [`Error::Port`].
    pub async fn retry_saga(&self, call: &Call, id: SagaId, note: Option<String>) -> Result<SagaRow, Error> {
        self.resolve(call, id, Verb::Retry, note).await
    }

    /// Lets a stuck saga go on as if its step had nothing to do: the call is taken as failed.
    ///
    /// # Errors
    /// [`Error::NotStuck`], [`Error::NotFound`], [`Error::Port`].
    pub async fn skip_saga(&self, call: &Call, id: SagaId, note: Option<String>) -> Result<SagaRow, Error> {
        self.resolve(call, id, Verb::Skip, note).await
    }

    /// Lets a stuck saga go on as if its step had succeeded: an operator saw to it by hand.
    ///
    /// # Errors
    /// [`Error::NotStuck`], [`Error::NotFound`], [`Error::Invalid`] if what it waits for cannot be taken as done, [`Error::Port`].
    pub async fn force_saga(&self, call: &Call, id: SagaId, note: Option<String>) -> Result<SagaRow, Error> {
        self.resolve(call, id, Verb::Force, note).await
    }

    /// Ends a stuck saga where it is. What it was for stays open, for an operator to settle.
    ///
    /// # Errors
    /// [`Error::NotStuck`], [`Error::NotFound`], [`Error::Port`].
    pub async fn abandon_saga(&self, call: &Call, id: SagaId, note: Option<String>) -> Result<SagaRow, Error> {
        self.resolve(call, id, Verb::Abandon, note).await
    }

    async fn resolve(&self, call: &Call, id: SagaId, verb: Verb, note: Option<String>) -> Result<SagaRow, Error> {
        if note.as_ref().is_some_and(|note| note.chars().count() > crate::saga::NOTE_CHARS_MAX || note.contains('\0')) {
            return Err(Error::invalid("/note", format!("has more than {} characters or a U+0000", crate::saga::NOTE_CHARS_MAX)));
        }
        let moment = self.inner.moment(call)?;
        let row = self.get_saga(call, id).await?;
        if row.phase != SagaPhase::Stuck {
            return Err(Error::NotStuck(row.phase.as_str()));
        }
        self.inner.resolve(call, &moment, &row, verb, note).await?;
        if verb == Verb::Retry {
            self.inner.handoff.look();
        }
        self.get_saga(call, id).await
    }
}

impl Inner {
    async fn resolve(&self, call: &Call, moment: &Moment, row: &SagaRow, verb: Verb, note: Option<String>) -> Result<(), Error> {
        let mut state = stored::decode_saga_state(&row.kind.kind, row.kind.version, &row.state).map_err(Error::stored)?;
        let settled = matches!(verb, Verb::Skip | Verb::Force);
        if settled && state.status != Status::Settled {
            state = state.met(Met::Outcome)?;
        }
        let update = SagaUpdate {
            id: row.id,
            epoch: row.epoch,
            revision: row.revision,
            phase: match verb {
                Verb::Retry => SagaPhase::Running,
                Verb::Skip | Verb::Force => SagaPhase::Done,
                Verb::Abandon => SagaPhase::Abandoned,
            },
            due: (verb == Verb::Retry).then_some(moment.now),
            failures: 0,
            last_error: row.last_error.clone(),
            state: stored::encode_saga_state(&state).map_err(Error::stored)?,
            release: true,
        };
        let subject = match (row.order, row.payment) {
            (Some(order), _) => Subject::Order(order),
            (None, Some(payment)) => Subject::Payment(payment),
            (None, None) => return Err(Error::stored("a saga serves neither an order nor a payment")),
        };
        let commands = if settled { self.by_hand(row, subject, state.task, verb).await? } else { Vec::new() };
        let audit = self.audit(call, row, verb, note).await?;
        let along = Along { saga: Some(update), audit: Some(audit), ..Along::default() };
        self.record_all(call, moment, subject, along, commands).await.map_err(Failed::into_error)
    }

    /// The verb, as the saga's stream keeps it.
    async fn audit(&self, call: &Call, row: &SagaRow, verb: Verb, note: Option<String>) -> Result<Append, Error> {
        let stream = StreamId { merchant: call.merchant.clone(), name: StreamName::Saga(row.id) };
        let known = read_all(&self.store, &stream).await?;
        let event = stored::encode_saga(&Event::SagaResolved { verb, note }).map_err(Error::stored)?;
        let expected = known.last().map_or(Expected::New, |last| Expected::At(last.version));
        Ok(Append { stream, expected, events: vec![event.with_id(EventId::new(self.fresh()))] })
    }

    /// The facts that an operator vouches for.
    async fn by_hand(&self, row: &SagaRow, subject: Subject, task: Task, verb: Verb) -> Result<Vec<Command>, Error> {
        let money: Tenders = match subject {
            Subject::Order(order) => self.order_now(&row.merchant, order).await?.order.tenders.clone(),
            Subject::Payment(payment) => {
                let root = PaymentRoot::load(&self.store, &row.merchant, payment).await?;
                root.ok_or(Error::NotFound("payment"))?.payment.tenders
            }
        };
        let force = verb == Verb::Force;
        let code = FailureCode::Operator;
        Ok(match task {
            // whether money was set aside is the provider's word alone
            Task::Collect(_) if force => return Err(Error::invalid("/verb", "an authorization cannot be taken as given")),
            Task::Collect(attempt_id) => vec![Command::Fail { attempt_id, code, retryable: false }],
            Task::Capture(capture_id) => match money.capture(capture_id) {
                Some(capture) if capture.state == CaptureState::Open && force => {
                    let provider = money.attempt(capture.attempt_id).map(|attempt| attempt.provider.clone());
                    let last = provider.is_none_or(|provider| self.captures_once(&provider));
                    vec![Command::CaptureDone { capture_id, reference: None, last }]
                }
                Some(_) => vec![Command::CaptureFail { capture_id, code }],
                None => Vec::new(),
            },
            Task::Refund(refund_id) => {
                let open = money.refund(refund_id).into_iter().flat_map(|refund| &refund.parts).filter(|p| p.state == RefundState::Open);
                let outcome = |capture_id| match force {
                    true => Command::RefundDone { refund_id, capture_id },
                    false => Command::RefundFail { refund_id, capture_id, code },
                };
                open.map(|part| outcome(part.capture_id)).collect()
            }
            Task::Reverse(attempt_id) => vec![Command::Gone { attempt_id, lapsed: false }],
            Task::Ship(_) => Vec::new(),
        })
    }
}
