//! One command on one order: load, decide, commit; decide again when others were quicker.

use std::sync::Arc;

use crate::engine::aggregate::{OrderRoot, OrderState, record_facts};
use crate::engine::commerce::{Inner, Moment};
use crate::engine::error::Loss;
use crate::engine::handoff::Handed;
use crate::engine::holds::{Stocking, after_moves};
use crate::engine::{Call, Error, changes};
use crate::id::{LocationId, MerchantId, OrderId, Sku};
use crate::order::{Command, Event, Order, decide};
use crate::ports::{
    Append, ChangeSet, Claim, ClaimSpace, ConsumerAct, ConsumerWrite, NewSaga, Partition, PersonalWrite, PortError, Proof, Receipt,
    ResourceRef, Retry, Root, SagaId, SagaPhase, SagaRow, SagaUpdate, SagaWrite, StreamId, Verdict, Version,
};
use crate::stock::Move;
use crate::time::Timestamp;

/// What is written with a command, beside its events.
#[derive(Clone, Debug, Default)]
pub(super) struct Along {
    pub(super) claims: Vec<Claim>,
    pub(super) personal: Vec<PersonalWrite>,
    /// The step of the saga that gives the command.
    pub(super) saga: Option<SagaUpdate>,
    /// What an operator told that saga.
    pub(super) audit: Option<Append>,
    /// A saga that has less to do after the command.
    pub(super) wake: Option<SagaId>,
}

/// What a command on an order came to.
pub(super) struct Done {
    pub(super) root: Arc<OrderRoot>,
    /// The sagas that it began.
    pub(super) begun: Vec<SagaId>,
}

/// How a command on an order fails inside the engine.
pub(super) enum Failed {
    /// Another worker moved the giving saga on.
    Fenced,
    /// Someone has a key.
    Claimed {
        owner: ResourceRef,
        same_request: bool,
        idempotency: bool,
    },
    Error(Error),
}

impl<E: Into<Error>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Error(error.into())
    }
}

impl Failed {
    /// As a caller sees it who gave no saga.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Fenced => Error::Contended,
            Self::Claimed { owner, idempotency: true, same_request: false } => Error::KeyReused { owner },
            Self::Claimed { owner, .. } => Error::Taken { owner },
            Self::Error(error) => error,
        }
    }
}

/// How stock that was reclaimed is treated on the next try.
#[derive(Clone, Copy, Default)]
struct Stocks {
    /// Leave reclaimed holds to be held anew at confirmation.
    leave_lost: bool,
    /// The stock cannot be held anew.
    lost: bool,
    /// Let any location that has the SKU serve.
    anywhere: bool,
}

impl Inner {
    /// An order as it is now: what is remembered may be older than what other processes, or requests that went away, have written.
    pub(super) async fn order_now(&self, merchant: &MerchantId, id: OrderId) -> Result<Arc<OrderRoot>, Error> {
        if let Some(root) = self.cache.root(merchant, id) {
            if self.is_now(merchant, id, root.version).await? {
                return Ok(root);
            }
            self.cache.forget(merchant, id);
        }
        // what somebody else keeps meanwhile may be older
        self.load_order(merchant, id).await
    }

    /// The same without what only decisions need: a read of what is not remembered costs the order's stream alone.
    pub(super) async fn state_now(&self, merchant: &MerchantId, id: OrderId) -> Result<OrderState, Error> {
        if let Some(state) = self.cache.state(merchant, id) {
            if self.is_now(merchant, id, state.version).await? {
                return Ok(state);
            }
            self.cache.forget(merchant, id);
        }
        let state = OrderState::load(&self.store, merchant, id).await?.ok_or(Error::NotFound("order"))?;
        self.cache.keep_state(merchant, id, state.clone());
        Ok(state)
    }

    async fn is_now(&self, merchant: &MerchantId, id: OrderId, version: Version) -> Result<bool, Error> {
        Ok(self.store.views.order_version(merchant, id).await? == Some(version))
    }

    /// An order, from the cache or its stream: a commit on what has changed since is rejected.
    pub(super) async fn remembered_order(&self, merchant: &MerchantId, id: OrderId) -> Result<Arc<OrderRoot>, Error> {
        if let Some(root) = self.cache.root(merchant, id) {
            return Ok(root);
        }
        self.load_order(merchant, id).await
    }

    async fn load_order(&self, merchant: &MerchantId, id: OrderId) -> Result<Arc<OrderRoot>, Error> {
        let root = OrderRoot::load(&self.store, merchant, id).await?.ok_or(Error::NotFound("order"))?;
        let root = Arc::new(root);
        self.cache.keep_root(merchant, id, Arc::clone(&root));
        Ok(root)
    }

    /// Runs commands on an order, in one commit.
    ///
    /// `commands` is asked anew, with the order as it is now, on every try.
    pub(super) async fn on_order(
        &self,
        call: &Call,
        moment: &Moment,
        id: OrderId,
        along: Along,
        commands: impl Fn(&OrderRoot) -> Result<Vec<Command>, Error> + Send + Sync,
    ) -> Result<Done, Failed> {
        let mut stocks = Stocks::default();
        for _ in 0..=self.config.redecide_max {
            let mut root = self.remembered_order(&call.merchant, id).await?;
            if let Some(expected) = call.expected.filter(|expected| *expected != root.version) {
                root = self.order_now(&call.merchant, id).await?;
                if expected != root.version {
                    return Err(Error::Stale { actual: root.version }.into());
                }
            }
            let planned = match commands(&root) {
                Ok(commands) => self.plan(call, moment, id, Some(&root), commands, &along, stocks).await,
                Err(error) => Err(error),
            };
            // no commit will tell whether a refusal, or finding nothing to do, is right for the order as it is now
            let unjudged = planned.as_ref().map_or(true, |plan| !plan.changes);
            if unjudged && !self.is_now(&call.merchant, id, root.version).await? {
                self.cache.forget(&call.merchant, id);
                continue;
            }
            let plan = planned?;
            if plan.set.appends.is_empty() && along.saga.is_none() {
                return Ok(Done { root, begun: Vec::new() });
            }
            match self.settle_plan(call, id, plan).await? {
                Ok(done) => return Ok(done),
                Err(loss) => self.after_loss(call, id, loss, root.reclaimed(), &mut stocks)?,
            }
        }
        Err(Error::Contended.into())
    }

    /// Places an order in one commit.
    pub(super) async fn place_order(
        &self,
        call: &Call,
        moment: &Moment,
        id: OrderId,
        along: Along,
        place: crate::order::Place,
    ) -> Result<Done, Failed> {
        let mut stocks = Stocks::default();
        for _ in 0..=self.config.redecide_max {
            let command = Command::Place(Box::new(place.clone()));
            let plan = self.plan(call, moment, id, None, vec![command], &along, stocks).await?;
            match self.settle_plan(call, id, plan).await? {
                Ok(done) => return Ok(done),
                // other locations may have what the default one lacks
                Err(Loss::Short(_)) if !stocks.anywhere && self.config.locations.is_empty() => stocks.anywhere = true,
                Err(Loss::Short(items)) => return Err(Error::Short(items).into()),
                Err(Loss::Again) => return Err(crate::order::Refusal::Exists.into()),
                Err(loss) => self.after_loss(call, id, loss, false, &mut stocks)?,
            }
        }
        Err(Error::Contended.into())
    }

    /// What the next try does otherwise; `reclaimed`: something that was held for the order is held no more.
    fn after_loss(&self, call: &Call, id: OrderId, loss: Loss, reclaimed: bool, stocks: &mut Stocks) -> Result<(), Failed> {
        self.cache.forget(&call.merchant, id);
        match loss {
            Loss::Again | Loss::HoldGone => Ok(()),
            Loss::Fenced => Err(Failed::Fenced),
            Loss::Claimed { owner, same_request, idempotency } => Err(Failed::Claimed { owner, same_request, idempotency }),
            Loss::Short(_) if !stocks.anywhere && self.config.locations.is_empty() => {
                stocks.anywhere = true;
                Ok(())
            }
            Loss::Short(items) if !reclaimed || stocks.lost => Err(Error::Short(items).into()),
            // a payment goes on without its hold; what would confirm without stock is cancelled
            Loss::Short(_) => {
                stocks.lost = stocks.leave_lost;
                stocks.leave_lost = true;
                Ok(())
            }
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one decision, each used once")]
    async fn plan(
        &self,
        call: &Call,
        moment: &Moment,
        id: OrderId,
        root: Option<&OrderRoot>,
        commands: Vec<Command>,
        along: &Along,
        stocks: Stocks,
    ) -> Result<Plan, Error> {
        let fresh = || self.fresh();
        let context = self.context(moment, stocks.lost, &fresh);
        let before = root.map(|root| &*root.order);
        let mut events: Vec<Event> = Vec::new();
        let mut after: Option<Order> = None;
        for command in commands {
            let decided = decide(after.as_ref().or(before), command, &context)?;
            events.extend(decided.events);
            after = Some(decided.order);
        }
        let after = match (after, before) {
            (Some(after), _) => after,
            (None, Some(before)) => before.clone(),
            (None, None) => return Err(Error::NotFound("order")),
        };
        let no_payments = std::collections::BTreeMap::new();
        let payments = root.map_or(&no_payments, |root| &root.payments);
        let facts = changes::facts_by_payment(&after.tenders, &events)?;
        let payments_after = record_facts(payments, moment.meta.at, &facts)?;
        let version = root.map_or(Version(0), |root| root.version);
        let version_after = Version(version.0 + events.len() as u64);
        let candidates = self.candidates(&call.merchant, || after.stock_need().into_keys().collect(), stocks.anywhere).await?;
        let holds = root.map_or(&[][..], |root| &root.holds);
        let stocking = Stocking {
            config: &self.config,
            merchant: &call.merchant,
            order: id,
            holds,
            candidates: &candidates,
            leave_lost: stocks.leave_lost,
            now: moment.now,
            fresh: &fresh,
        };
        let moves = stocking.moves(before, &after, &events)?;
        let partition = Partition { merchant: call.merchant.clone(), root: Root::Order(id) };
        let mut set = ChangeSet::new(partition, moment.now, moment.meta.clone());
        set.appends = changes::appends(&call.merchant, id, version, &events, payments, &facts, &fresh)?;
        set.moves = moves;
        let mut begun = Vec::new();
        if !events.is_empty() {
            set.views = changes::views(id, version_after, &after, &events, &self.config.policy);
            set.views.extend(changes::payment_views(Some(id), &facts, &payments_after));
            let sagas = changes::sagas(before, &after, &events, moment.now);
            for state in sagas.begun {
                begun.push(changes::new_saga(&state, Some(id), None, (self.worker, self.config.lease_ms), moment.now)?);
            }
            let own = along.saga.as_ref().map(|saga| saga.id);
            let woken = sagas.woken.into_iter().map(|task| changes::wake(task, moment.now));
            let named = |id: &SagaId| Some(*id) == own || Some(*id) == along.wake;
            set.sagas.extend(woken.filter(|wake| !matches!(wake, SagaWrite::Wake { id, .. } if named(id))));
            set.sagas.extend(along.wake.map(|id| SagaWrite::Wake { id, due: moment.now }));
        }
        set.sagas.extend(begun.iter().cloned().map(SagaWrite::Insert));
        set.sagas.extend(along.saga.clone().map(SagaWrite::Update));
        set.appends.extend(along.audit.clone());
        set.claims.clone_from(&along.claims);
        set.personal.clone_from(&along.personal);
        let root_after = OrderRoot { order: Arc::new(after), version: version_after, payments: payments_after, holds: holds.to_vec() };
        Ok(Plan { set, changes: !events.is_empty(), root: root_after, begun })
    }

    /// Where units of these SKUs may come from, if the caller does not say.
    pub(super) async fn candidates(
        &self,
        merchant: &MerchantId,
        skus: impl FnOnce() -> Vec<Sku> + Send,
        anywhere: bool,
    ) -> Result<Vec<LocationId>, Error> {
        if !anywhere {
            return Ok(self.config.locations.clone());
        }
        let mut locations = vec![LocationId::default()];
        for (account, _) in self.store.stock.accounts(merchant, &skus()).await? {
            if !locations.contains(&account.location) {
                locations.push(account.location);
            }
        }
        locations.truncate(crate::stock::CANDIDATES_MAX);
        Ok(locations)
    }

    /// Commits a plan; keeps what it leads to, and hands its sagas to the workers.
    async fn settle_plan(&self, call: &Call, id: OrderId, plan: Plan) -> Result<Result<Done, Loss>, Error> {
        let Plan { set, mut root, begun, .. } = plan;
        let moves: Vec<Move> = set.moves.clone();
        let now = set.now;
        let wakes = set.sagas.iter().any(|saga| matches!(saga, SagaWrite::Wake { .. }));
        let mut guard = Unheard { inner: self, partition: set.partition.clone(), sagas: begun.iter().map(|saga| saga.id).collect() };
        let verdict = self.commit(set).await;
        let receipt = match verdict {
            Ok(Verdict::Committed(receipt)) => receipt,
            Ok(Verdict::Rejected(rejection)) => {
                guard.sagas.clear();
                return Ok(Err(rejection.into()));
            }
            Err(error) => {
                self.cache.forget(&call.merchant, id);
                return Err(error);
            }
        };
        let ids = std::mem::take(&mut guard.sagas);
        let sure = receipt.placed.len() == moves.iter().filter(|one| matches!(one, Move::Hold { .. })).count();
        root.holds = after_moves(root.holds, &moves, &receipt.placed);
        let root = Arc::new(root);
        if sure {
            self.cache.keep_root(&call.merchant, id, Arc::clone(&root));
        } else {
            // the answer was lost, and with it where the holds were placed
            self.cache.forget(&call.merchant, id);
        }
        for saga in begun {
            self.handoff.hand(Handed::Fresh(Box::new(self.row_of(&call.merchant, saga, now))));
        }
        if wakes {
            self.handoff.look();
        }
        Ok(Ok(Done { root, begun: ids }))
    }

    /// The row that a new saga has in the store.
    pub(super) fn row_of(&self, merchant: &MerchantId, saga: NewSaga, now: Timestamp) -> SagaRow {
        SagaRow {
            id: saga.id,
            merchant: merchant.clone(),
            kind: saga.kind,
            order: saga.order,
            payment: saga.payment,
            phase: SagaPhase::Running,
            epoch: 1,
            revision: 1,
            lease: saga.leased_to.map(|(worker, lease_ms)| (worker, now.plus_millis(lease_ms))),
            due: saga.due,
            failures: 0,
            last_error: None,
            state: saga.state,
            created_at: now,
            updated_at: now,
        }
    }

    /// Commits one set; an answer that was lost is looked up by the set's proof before anything is said.
    pub(super) async fn commit(&self, set: ChangeSet) -> Result<Verdict, Error> {
        let proof = proof(&set);
        let mut verdicts = self.store.journal.commit(vec![set]).await;
        match verdicts.pop() {
            Some(Ok(verdict)) => Ok(verdict),
            Some(Err(error)) if error.retry == Retry::Unknown => match proof {
                Some(proof) => match self.outcome(&proof).await? {
                    Some(receipt) => Ok(Verdict::Committed(receipt)),
                    // it was not written and never will be
                    None => Err(PortError { retry: Retry::Later, ..error }.into()),
                },
                None => Err(error.into()),
            },
            Some(Err(error)) => Err(error.into()),
            None => Err(Error::stored("the journal gave no answer")),
        }
    }

    async fn outcome(&self, proof: &Proof) -> Result<Option<Receipt>, Error> {
        self.store.journal.outcome(proof).await.map_err(|error| {
            // still unknown: the caller must not take it for undone
            PortError { retry: Retry::Unknown, ..error }.into()
        })
    }
}

struct Plan {
    set: ChangeSet,
    /// Whether the order changes.
    changes: bool,
    root: OrderRoot,
    begun: Vec<NewSaga>,
}

/// By what a set's outcome can be found.
fn proof(set: &ChangeSet) -> Option<Proof> {
    if let Some(append) = set.appends.first() {
        let event = append.events.first()?;
        let version = Version(append.expected.version().0 + 1);
        let stream = StreamId { merchant: append.stream.merchant.clone(), name: append.stream.name };
        return Some(Proof::Event { stream, version, event: event.id });
    }
    for saga in &set.sagas {
        match saga {
            SagaWrite::Insert(new) => return Some(Proof::Saga { id: new.id, revision: 1 }),
            SagaWrite::Update(update) => return Some(Proof::Saga { id: update.id, revision: update.revision + 1 }),
            SagaWrite::Wake { .. } => {}
        }
    }
    if let Some(proof) = set.consumers.iter().find_map(consumer_proof) {
        return Some(proof);
    }
    set.moves.iter().find_map(|one| match one {
        Move::Receive { id, .. }
        | Move::Adjust { id, .. }
        | Move::Relocate { id, .. }
        | Move::Fulfill { id, .. }
        | Move::Release { id, .. }
        | Move::Configure { id, .. } => Some(Proof::Move { id: *id }),
        Move::Hold { id, merchant, .. } => Some(Proof::Hold { merchant: merchant.clone(), id: *id }),
        Move::Extend { .. } | Move::Confirm { .. } | Move::Expire { .. } => None,
    })
}

/// What an operator tells a consumer is recorded as an event, which proves it.
fn consumer_proof(write: &ConsumerWrite) -> Option<Proof> {
    let ConsumerAct::Advance { revision, .. } = &write.act else { return None };
    Some(Proof::Consumer { consumer: write.consumer.clone(), shard: write.shard, epoch: write.epoch, revision: revision + 1 })
}

/// Tells the workers of sagas whose commit nobody waited for to the end.
struct Unheard<'a> {
    inner: &'a Inner,
    partition: Partition,
    sagas: Vec<SagaId>,
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        for saga in &self.sagas {
            self.inner.handoff.hand(Handed::Perhaps(self.partition.clone(), *saga));
        }
    }
}

/// The claim of a cart that becomes an order.
pub(super) fn cart_claim(cart: crate::id::CartId, owner: ResourceRef) -> Claim {
    Claim { space: ClaimSpace::Cart, key: cart.to_string(), owner, request_hash: None, expires_at: None }
}
