//! Payments: those of orders are decided by their order, the others by themselves.

use std::collections::BTreeMap;

use crate::engine::aggregate::{PaymentRoot, record_facts};
use crate::engine::commerce::{Inner, Moment};
use crate::engine::error::Loss;
use crate::engine::execute::{Along, Failed};
use crate::engine::handoff::Handed;
use crate::engine::idempotency::Scope;
use crate::engine::keyed::in_motion;
use crate::engine::orders::{list_error, page_limit};
use crate::engine::{Answer, Call, Commerce, Error, How, changes};
use crate::fact::FailureCode;
use crate::id::{AttemptId, CaptureId, MethodRef, OrderId, PaymentId, ProviderName, RefundId};
use crate::money::Money;
use crate::order;
use crate::payment::{Command, Payment, Refusal, decide};
use crate::ports::{
    CallKey, ChangeSet, ClaimSpace, Cursor, FactOutcome, NewSaga, Page, Partition, PaymentQuery, PaymentRow, ProviderFact, ResourceKind,
    ResourceRef, Root, SagaId, SagaWrite, Verdict, Version,
};
use crate::saga::{State, Task};
use crate::tender::{CaptureState, Refund};

/// A payment without an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessPayment {
    /// What pays.
    pub method: MethodRef,
    /// Where the call goes; none: the default provider.
    pub provider: Option<ProviderName>,
    /// How much.
    pub amount: Money,
    /// Whether the money is captured as soon as it is authorized.
    pub capture: bool,
}

/// A payment as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct PaymentView {
    /// Its order, if it has one.
    pub order_id: Option<OrderId>,
    /// How many events it has.
    pub version: Version,
    /// Its state.
    pub payment: Payment,
}

/// Whose money moves: an order's, or that of a payment without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Order(OrderId),
    Payment(PaymentId),
}

impl Commerce {
    /// Takes a payment without an order, and waits up to `place_wait_ms` for the outcome. A decline is no error: the payment shows it.
    ///
    /// # Errors
    /// [`Error::Payment`], [`Error::UnknownProvider`], [`Error::KeyReused`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Dropping it cancels only the waiting.
    ///
    /// # Crash
    /// A payment that was begun is taken up again when the workers run.
    pub async fn process_payment(&self, call: &Call, request: ProcessPayment) -> Result<Answer<PaymentView>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        if let Some(made) = inner.replayed(call, &moment, "process_payment").await? {
            return self.payment_made(call, &moment, &made).await;
        }
        let provider = request.provider.unwrap_or_else(|| inner.config.default_provider.clone());
        inner.provider(&provider)?;
        let (payment_id, attempt_id) = (PaymentId::new(inner.fresh()), AttemptId::new(inner.fresh()));
        let owner = ResourceRef { kind: ResourceKind::Payment, id: payment_id.to_string() };
        let claims = inner.claim_of(call, &moment, "process_payment", &owner)?.into_iter().collect();
        let start = Command::Start { payment_id, attempt_id, provider, method_ref: request.method, amount: request.amount };
        let saga = SagaId(Task::Collect(attempt_id).saga_uuid());
        let wait = inner.handoff.settled(saga);
        let along = Along { claims, ..Along::default() };
        match inner.on_payment(call, &moment, payment_id, along, &[start], request.capture).await {
            Ok(()) => self.wait(&moment, wait).await,
            Err(Failed::Claimed { owner, same_request: true, idempotency: true }) => return self.payment_made(call, &moment, &owner).await,
            Err(failed) => return Err(failed.into_error()),
        }
        Ok(Answer::done(self.captured_payment(call, &moment, payment_id).await?))
    }

    /// A payment once its captures have their outcome, or when the call has waited long enough.
    async fn captured_payment(&self, call: &Call, moment: &Moment, id: PaymentId) -> Result<PaymentView, Error> {
        let view = self.get_payment(call, id).await?;
        let open = open_captures(&view);
        if open.is_empty() {
            return Ok(view);
        }
        let waits: Vec<_> = open.iter().map(|id| (*id, self.inner.handoff.settled(SagaId(Task::Capture(*id).saga_uuid())))).collect();
        // some may have had their outcome before the wait began
        let still = open_captures(&self.get_payment(call, id).await?);
        let waits = waits.into_iter().filter(|(id, _)| still.contains(id)).map(|(_, wait)| wait).collect();
        self.wait_for_all(moment, waits).await;
        self.get_payment(call, id).await
    }

    async fn payment_made(&self, call: &Call, moment: &Moment, made: &ResourceRef) -> Result<Answer<PaymentView>, Error> {
        let id = made.id.parse().map_err(Error::stored)?;
        self.payment_at_rest(call, moment, id).await
    }

    /// A payment that a twin of the call changed: what is under way is waited for.
    async fn payment_at_rest(&self, call: &Call, moment: &Moment, id: PaymentId) -> Result<Answer<PaymentView>, Error> {
        // an authorization, and then the capture that it began
        for _ in 0..2 {
            let money = self.get_payment(call, id).await?.payment.tenders;
            self.come_to_rest(call, moment, in_motion(&money)).await?;
        }
        Ok(Answer { value: self.get_payment(call, id).await?, how: How::Replayed })
    }

    /// One payment.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn get_payment(&self, call: &Call, id: PaymentId) -> Result<PaymentView, Error> {
        let row = self.inner.store.views.payment(&call.merchant, id).await?.ok_or(Error::NotFound("payment"))?;
        let root = PaymentRoot::load(&self.inner.store, &call.merchant, id).await?.ok_or(Error::NotFound("payment"))?;
        Ok(PaymentView { order_id: row.order, version: root.version, payment: root.payment })
    }

    /// Payments, the newest first.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_payments(&self, query: &PaymentQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<PaymentRow>, Error> {
        self.inner.store.views.payments(query, after, page_limit(limit)).await.map_err(list_error)
    }

    /// The refunds of a payment, the oldest first.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn list_refunds(&self, call: &Call, id: PaymentId) -> Result<Vec<Refund>, Error> {
        Ok(self.get_payment(call, id).await?.payment.tenders.refunds)
    }

    /// Captures so much of a payment, or all that is set aside, and waits up to `place_wait_ms` for the outcome.
    ///
    /// # Errors
    /// [`Error::Payment`], [`Error::Order`] if its order refuses, [`Error::NotFound`], [`Error::Port`].
    pub async fn capture_payment(&self, call: &Call, id: PaymentId, amount: Option<Money>) -> Result<Answer<PaymentView>, Error> {
        let view = self.get_payment(call, id).await?;
        if let Some(order) = view.order_id {
            let command = order::Command::StartCapture { shipment_id: None, amount };
            let moment = self.inner.moment(call)?;
            let how = self.part_command(call, order, Scope::on("capture_payment", ResourceKind::Payment, id), command).await?;
            return Ok(Answer { value: self.captured_payment(call, &moment, id).await?, how });
        }
        let capture_id = CaptureId::new(self.inner.fresh());
        let command = Command::Capture { capture_id, amount };
        self.payment_command(call, id, "capture_payment", Task::Capture(capture_id), command).await
    }

    /// Gives money of a payment back, so much or all, and waits up to `place_wait_ms` for the outcome.
    ///
    /// # Errors
    /// [`Error::Payment`], [`Error::Order`] if its order refuses, [`Error::NotFound`], [`Error::Port`].
    pub async fn refund_payment(&self, call: &Call, id: PaymentId, amount: Option<Money>) -> Result<Answer<PaymentView>, Error> {
        let view = self.get_payment(call, id).await?;
        if let Some(order) = view.order_id {
            let amount = amount.unwrap_or_else(|| Money::from_minor(view.payment.tenders.room(), view.payment.currency));
            let scope = Scope::on("refund_payment", ResourceKind::Payment, id);
            let how = self.grant_refund(call, order, scope, amount, Vec::new(), None).await?;
            return Ok(Answer { value: self.get_payment(call, id).await?, how });
        }
        let refund_id = RefundId::new(self.inner.fresh());
        self.payment_command(call, id, "refund_payment", Task::Refund(refund_id), Command::Refund { refund_id, amount }).await
    }

    /// Gives back what is set aside of a payment without an order, and waits up to `place_wait_ms` for the outcome.
    ///
    /// # Errors
    /// [`Error::Invalid`] if it belongs to an order (cancel that), [`Error::Payment`], [`Error::NotFound`], [`Error::KeyReused`],
    /// [`Error::Port`].
    pub async fn void_payment(&self, call: &Call, id: PaymentId) -> Result<Answer<PaymentView>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let scope = Scope::on("void_payment", ResourceKind::Payment, id);
        if inner.replayed(call, &moment, &scope.operation).await?.is_some() {
            return self.payment_at_rest(call, &moment, id).await;
        }
        match self.reverse_payment(call, &moment, id, &scope).await {
            Ok(true) => Ok(Answer::done(self.get_payment(call, id).await?)),
            Ok(false) => self.payment_at_rest(call, &moment, id).await,
            Err(refusal) => {
                inner.twin_of(call, &moment, &scope.operation, refusal).await?;
                self.payment_at_rest(call, &moment, id).await
            }
        }
    }

    /// Begins to give back what is set aside; `false` if a twin of the call has.
    async fn reverse_payment(&self, call: &Call, moment: &Moment, id: PaymentId, scope: &Scope) -> Result<bool, Error> {
        let inner = &self.inner;
        let view = self.get_payment(call, id).await?;
        if view.order_id.is_some() {
            return Err(Error::invalid("/payment_id", "belongs to an order: cancel the order instead"));
        }
        let money = &view.payment.tenders;
        if money.busy() {
            return Err(Refusal::Busy.into());
        }
        let attempt = money.attempts.iter().find(|a| money.voidable(a) > 0).ok_or(Refusal::AmountAbove { asked: 0, max: 0 })?;
        let task = Task::Reverse(attempt.id);
        let saga = changes::new_saga(&State::new(task, moment.now), None, Some(id), (inner.worker, inner.config.lease_ms), moment.now)?;
        let wait = inner.handoff.settled(saga.id);
        let mut set = inner.payment_set(call, moment, id);
        set.claims.extend(inner.claim_of(call, moment, &scope.operation, &scope.owner)?);
        set.sagas.push(SagaWrite::Insert(saga.clone()));
        match inner.commit(set).await? {
            Verdict::Committed(_) => inner.handoff.hand(Handed::Fresh(Box::new(inner.row_of(&call.merchant, saga, moment.now)))),
            Verdict::Rejected(rejection) => match Loss::from(rejection) {
                Loss::Claimed { same_request: true, .. } => return Ok(false),
                Loss::Claimed { owner, .. } => return Err(Error::KeyReused { owner }),
                // a saga that is there already gives it back
                Loss::Fenced | Loss::Again | Loss::HoldGone | Loss::Short(_) => {}
            },
        }
        self.wait(moment, wait).await;
        Ok(true)
    }

    async fn payment_command(
        &self,
        call: &Call,
        id: PaymentId,
        operation: &str,
        task: Task,
        command: Command,
    ) -> Result<Answer<PaymentView>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let Scope { operation, owner } = Scope::on(operation, ResourceKind::Payment, id);
        if inner.replayed(call, &moment, &operation).await?.is_some() {
            return self.payment_at_rest(call, &moment, id).await;
        }
        let claims = inner.claim_of(call, &moment, &operation, &owner)?.into_iter().collect();
        let wait = inner.handoff.settled(SagaId(task.saga_uuid()));
        match inner.on_payment(call, &moment, id, Along { claims, ..Along::default() }, &[command], false).await {
            Ok(()) => {
                self.wait(&moment, wait).await;
                return Ok(Answer::done(self.get_payment(call, id).await?));
            }
            Err(Failed::Claimed { same_request: true, idempotency: true, .. }) => {}
            Err(failed) => drop(inner.twin_of(call, &moment, &operation, failed.into_error()).await?),
        }
        self.payment_at_rest(call, &moment, id).await
    }

    /// Takes a fact that a provider reports by itself: any number of times, in any order, before or after the call's own answer.
    ///
    /// # Errors
    /// [`Error::NotFound`] if the payment is not known: the provider should report again later. [`Error::Invalid`] if the fact does
    /// not belong to its call, [`Error::Order`], [`Error::Payment`], [`Error::Port`].
    pub async fn report_payment(&self, provider: &ProviderName, fact: &ProviderFact) -> Result<(), Error> {
        let inner = &self.inner;
        inner.provider(provider)?;
        let mut call = inner.own_call(&fact.merchant);
        call.actor = crate::ports::Actor { kind: crate::ports::ActorKind::Provider, id: provider.as_str().into() };
        let moment = inner.moment(&call)?;
        let row = inner.store.views.payment(&fact.merchant, fact.payment).await?.ok_or(Error::NotFound("payment"))?;
        let subject = row.order.map_or(Subject::Payment(fact.payment), Subject::Order);
        let root = PaymentRoot::load(&inner.store, &fact.merchant, fact.payment).await?.ok_or(Error::NotFound("payment"))?;
        let Some(command) = inner.told(&root.payment, provider, fact)? else { return Ok(()) };
        let owner = ResourceRef { kind: ResourceKind::Payment, id: fact.payment.to_string() };
        let key = format!("{provider}/{}", fact.id);
        let claim = crate::ports::Claim { space: ClaimSpace::ProviderFact, key, owner, request_hash: None, expires_at: None };
        let saga = task_of(fact.key);
        let along = Along { claims: vec![claim], wake: Some(saga), ..Along::default() };
        match inner.record(&call, &moment, subject, along, command).await {
            // told before
            Ok(()) | Err(Failed::Claimed { .. }) => {}
            Err(failed) => return Err(failed.into_error()),
        }
        inner.handoff.tell(saga);
        Ok(())
    }
}

fn open_captures(view: &PaymentView) -> Vec<CaptureId> {
    view.payment.tenders.captures.iter().filter(|capture| capture.state == CaptureState::Open).map(|capture| capture.id).collect()
}

fn task_of(key: CallKey) -> SagaId {
    SagaId(match key {
        CallKey::Authorize(attempt) => Task::Collect(attempt).saga_uuid(),
        CallKey::Capture(capture) => Task::Capture(capture).saga_uuid(),
        CallKey::Void(attempt) => Task::Reverse(attempt).saga_uuid(),
        CallKey::Refund(refund, _) => Task::Refund(refund).saga_uuid(),
    })
}

impl Inner {
    /// What a reported fact means for its payment; `None` if it changes nothing here.
    fn told(&self, payment: &Payment, provider: &ProviderName, fact: &ProviderFact) -> Result<Option<Command>, Error> {
        let mine = payment.tenders.attempts.iter().any(|attempt| attempt.provider == *provider);
        if !mine {
            return Err(Error::invalid("/provider", "the payment is with another provider"));
        }
        let sale = self.traits.get(provider).is_some_and(|traits| traits.sale_only);
        let command = match (fact.key, fact.outcome.clone()) {
            (CallKey::Authorize(attempt_id), FactOutcome::Authorized { amount, expires_at, reference }) => {
                Command::Approve { attempt_id, amount, sale, expires_at, reference }
            }
            (CallKey::Authorize(attempt_id), FactOutcome::Declined { reason, retryable }) => {
                Command::Fail { attempt_id, code: reason, retryable }
            }
            (CallKey::Authorize(attempt_id), FactOutcome::Expired { .. }) => Command::Gone { attempt_id, lapsed: true },
            (CallKey::Void(attempt_id) | CallKey::Authorize(attempt_id), FactOutcome::Voided { .. }) => {
                Command::Gone { attempt_id, lapsed: false }
            }
            (CallKey::Capture(capture_id), FactOutcome::Captured { reference, .. }) => {
                Command::CaptureDone { capture_id, reference, last: self.captures_once(provider) }
            }
            (CallKey::Capture(capture_id), FactOutcome::CaptureFailed { reason }) => Command::CaptureFail { capture_id, code: reason },
            (CallKey::Refund(refund_id, capture_id), FactOutcome::Refunded { .. }) => Command::RefundDone { refund_id, capture_id },
            (CallKey::Refund(refund_id, capture_id), FactOutcome::RefundFailed { reason }) => {
                Command::RefundFail { refund_id, capture_id, code: reason }
            }
            // the saga that voids sees it for itself
            (CallKey::Void(_), FactOutcome::VoidFailed { .. }) => return Ok(None),
            _ => return Err(Error::invalid("/outcome", "does not belong to that call")),
        };
        Ok(Some(command))
    }

    /// Whether a provider gives the rest back with the first capture.
    pub(super) fn captures_once(&self, provider: &ProviderName) -> bool {
        self.traits.get(provider).is_none_or(|traits| !traits.multi_capture || traits.sale_only)
    }

    /// Records what became of a call, with its order or with the payment itself.
    pub(super) async fn record(
        &self,
        call: &Call,
        moment: &Moment,
        subject: Subject,
        along: Along,
        command: Command,
    ) -> Result<(), Failed> {
        self.record_all(call, moment, subject, along, vec![command]).await
    }

    /// Records what became of several calls, in one commit.
    pub(super) async fn record_all(
        &self,
        call: &Call,
        moment: &Moment,
        subject: Subject,
        along: Along,
        commands: Vec<Command>,
    ) -> Result<(), Failed> {
        match subject {
            Subject::Order(order) => {
                let commands: Vec<order::Command> = commands.into_iter().filter_map(order_command).collect();
                self.on_order(call, moment, order, along, |_| Ok(commands.clone())).await.map(|_| ())
            }
            Subject::Payment(payment) => self.on_payment(call, moment, payment, along, &commands, false).await,
        }
    }

    fn payment_set(&self, call: &Call, moment: &Moment, id: PaymentId) -> ChangeSet {
        let partition = Partition { merchant: call.merchant.clone(), root: Root::Payment(id) };
        ChangeSet::new(partition, moment.now, moment.meta.clone())
    }

    /// Runs commands on a payment without an order, in one commit.
    pub(super) async fn on_payment(
        &self,
        call: &Call,
        moment: &Moment,
        id: PaymentId,
        along: Along,
        commands: &[Command],
        then_capture: bool,
    ) -> Result<(), Failed> {
        for _ in 0..=self.config.redecide_max {
            let root = PaymentRoot::load(&self.store, &call.merchant, id).await?;
            let mut after: BTreeMap<PaymentId, PaymentRoot> = root.map(|root| (id, root)).into_iter().collect();
            let before = after.clone();
            let mut facts = Vec::new();
            for command in commands {
                let decided = decide(after.get(&id).map(|root| &root.payment), command.clone()).map_err(Error::from)?;
                let decided: Vec<_> = decided.into_iter().map(|fact| (id, fact)).collect();
                after = record_facts(&after, moment.meta.at, &decided)?;
                facts.extend(decided);
            }
            if facts.is_empty() && along.saga.is_none() {
                return Ok(());
            }
            let mut set = self.payment_set(call, moment, id);
            set.appends = changes::payment_appends(&call.merchant, &before, &facts, &|| self.fresh())?;
            set.views = changes::payment_views(None, &facts, &after);
            set.claims.clone_from(&along.claims);
            let mut begun: Vec<NewSaga> = Vec::new();
            for task in facts.iter().filter_map(|(_, fact)| changes::fact_task(fact)) {
                let mut state = State::new(task, moment.now);
                state.then_capture = then_capture && matches!(task, Task::Collect(_));
                begun.push(changes::new_saga(&state, None, Some(id), (self.worker, self.config.lease_ms), moment.now)?);
            }
            set.sagas.extend(begun.iter().cloned().map(SagaWrite::Insert));
            set.sagas.extend(along.saga.clone().map(SagaWrite::Update));
            set.appends.extend(along.audit.clone());
            set.sagas.extend(along.wake.map(|id| SagaWrite::Wake { id, due: moment.now }));
            match self.commit(set).await? {
                Verdict::Committed(_) => {
                    if along.wake.is_some() {
                        self.handoff.look();
                    }
                    for saga in begun {
                        self.handoff.hand(Handed::Fresh(Box::new(self.row_of(&call.merchant, saga, moment.now))));
                    }
                    return Ok(());
                }
                Verdict::Rejected(rejection) => match Loss::from(rejection) {
                    Loss::Again | Loss::HoldGone | Loss::Short(_) => {}
                    Loss::Fenced => return Err(Failed::Fenced),
                    Loss::Claimed { owner, same_request, idempotency } => {
                        return Err(Failed::Claimed { owner, same_request, idempotency });
                    }
                },
            }
        }
        Err(Error::Contended.into())
    }
}

/// What became of a call, as its order takes it.
fn order_command(command: Command) -> Option<order::Command> {
    use crate::order::{AttemptOutcome, CaptureOutcome, RefundOutcome};
    let attempt = |attempt_id, outcome| order::Command::Attempt { attempt_id, outcome };
    Some(match command {
        Command::Pend { attempt_id, why } => attempt(attempt_id, AttemptOutcome::Open(why)),
        Command::Approve { attempt_id, amount, sale, expires_at, reference } => {
            attempt(attempt_id, AttemptOutcome::Approved { amount, sale, expires_at, reference })
        }
        Command::Fail { attempt_id, code, retryable } => attempt(attempt_id, AttemptOutcome::Failed { code, retryable }),
        Command::CaptureDone { capture_id, reference, .. } => {
            order::Command::Capture { capture_id, outcome: CaptureOutcome::Done { reference } }
        }
        Command::CaptureFail { capture_id, code } => order::Command::Capture { capture_id, outcome: CaptureOutcome::Failed { code } },
        Command::Gone { attempt_id, lapsed } => order::Command::AuthorizationGone { attempt_id, lapsed },
        Command::RefundDone { refund_id, capture_id } => order::Command::Refund { refund_id, capture_id, outcome: RefundOutcome::Done },
        Command::RefundFail { refund_id, capture_id, code } => {
            order::Command::Refund { refund_id, capture_id, outcome: RefundOutcome::Failed { code } }
        }
        // these begin at the payment itself
        Command::Start { .. } | Command::Capture { .. } | Command::Refund { .. } => return None,
    })
}

/// The failure of a call that was never made.
pub(super) const fn not_sent(attempt_id: AttemptId) -> Command {
    Command::Fail { attempt_id, code: FailureCode::NotSent, retryable: true }
}
