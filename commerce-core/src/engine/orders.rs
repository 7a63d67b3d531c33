//! Reading and changing orders.

use std::sync::Arc;

use crate::engine::aggregate::{OrderRoot, OrderState, fold_order, read_all};
use crate::engine::execute::{Along, Failed};
use crate::engine::idempotency::Scope;
use crate::engine::{Answer, Call, Commerce, Error, How, NewLine};
use crate::id::{AttemptId, LineId, MethodRef, OrderId, PaymentId, ProviderName, RefundId};
use crate::money::Money;
use crate::order::{
    Adjustment, Assessment, CancelReason, Command, Edit, Event, FulfillmentStatus, GrantRefund, LineChange, Order, Pay, Placement,
    ShipmentState,
};
use crate::personal::PersonalData;
use crate::ports::{Cursor, OrderQuery, OrderRow, Page, ResourceKind, Stored, StreamId, StreamName, Version};
use crate::quantity::LineQty;
use crate::saga::Task;
use crate::stored;
use crate::time::Timestamp;

/// The most rows of a list.
pub const PAGE_MAX_ROWS: u32 = 200;

/// An order as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderView {
    /// The order.
    pub id: OrderId,
    /// How many events it has.
    pub version: Version,
    /// Its state, which the engine's memory may share.
    pub order: Arc<Order>,
    /// Names, address, note and free metadata; none if there were none, or they were erased.
    pub personal: Option<PersonalData>,
}

/// One event of an order, with its envelope.
#[derive(Clone, Debug, PartialEq)]
pub struct OrderEvent {
    /// The envelope; its bytes are the event's stored form.
    pub stored: Stored,
    /// The event.
    pub event: Event,
}

/// An edit: what is not named stays.
#[derive(Clone, Debug, Default)]
pub struct EditOrder {
    /// New lines.
    pub add: Vec<NewLine>,
    /// Changed lines; prices and adjustments: staff only.
    pub change: Vec<LineChange>,
    /// Lines to take out.
    pub remove: Vec<LineId>,
    /// The order's new adjustments; staff only.
    pub adjustments: Option<Vec<Adjustment>>,
    /// New names, address, note and metadata, in place of the old.
    pub personal: Option<PersonalData>,
}

crate::names! {
    /// A status that simple clients may set.
    Status {
        /// Cancels the order.
        Cancelled = "cancelled",
        /// Packs and dispatches all that is open.
        Shipped = "shipped",
        /// Delivers all that was dispatched.
        Delivered = "delivered",
        /// Closes the order.
        Completed = "completed",
    }
}

impl Status {
    /// Whether the order has it.
    fn holds(self, order: &Order) -> bool {
        match self {
            Self::Cancelled => matches!(order.placement, Placement::Cancelled { .. }),
            Self::Shipped => order.dispatched_units() > 0 && order.open_units() == 0 && order.packed_units() == 0,
            Self::Delivered => order.fulfillment_status() == FulfillmentStatus::Delivered,
            Self::Completed => order.placement == Placement::Completed,
        }
    }
}

impl Commerce {
    /// One order.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn get_order(&self, call: &Call, id: OrderId) -> Result<OrderView, Error> {
        let state = self.inner.state_now(&call.merchant, id).await?;
        self.view(call, id, state).await
    }

    /// One order as it was at a time.
    ///
    /// # Errors
    /// [`Error::NotFound`] if it was not there yet, [`Error::Port`].
    pub async fn get_order_as_of(&self, call: &Call, id: OrderId, as_of: Timestamp) -> Result<OrderView, Error> {
        let stream = StreamId { merchant: call.merchant.clone(), name: StreamName::Order(id) };
        let events = read_all(&self.inner.store, &stream).await?;
        let (order, version) = fold_order(&events, Some(as_of))?.ok_or(Error::NotFound("order"))?;
        let personal = self.personal_of(call, &order).await?;
        Ok(OrderView { id, version, order: Arc::new(order), personal })
    }

    /// Orders, the newest first; at most [`PAGE_MAX_ROWS`] at once.
    ///
    /// # Errors
    /// [`Error::Cursor`], [`Error::Port`].
    pub async fn list_orders(&self, query: &OrderQuery, after: Option<&Cursor>, limit: u32) -> Result<Page<OrderRow>, Error> {
        self.inner.store.views.orders(query, after, page_limit(limit)).await.map_err(list_error)
    }

    /// The events of an order after a version, in order; at most [`PAGE_MAX_ROWS`] at once.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Stored`], [`Error::Port`].
    pub async fn list_order_events(&self, call: &Call, id: OrderId, after: Version, limit: u32) -> Result<Vec<OrderEvent>, Error> {
        let stream = StreamId { merchant: call.merchant.clone(), name: StreamName::Order(id) };
        let events = self.inner.store.journal.load(&stream, after, page_limit(limit)).await?;
        if events.is_empty() && after == Version(0) {
            return Err(Error::NotFound("order"));
        }
        let decoded = events.into_iter().map(|stored| {
            let event = stored::decode_order(&stored.event.kind, stored.event.kind_version, &stored.event.bytes).map_err(Error::stored)?;
            Ok(OrderEvent { stored, event })
        });
        decoded.collect()
    }

    /// Changes lines, adjustments or personal data, as far as the order's life allows.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::Short`], [`Error::Stale`], [`Error::Invalid`], [`Error::UnknownSku`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn edit_order(&self, call: &Call, id: OrderId, request: EditOrder) -> Result<Answer<OrderView>, Error> {
        const EDIT_ORDER: &str = "edit_order";
        let sets_price = request.change.iter().any(|change| change.unit_price.is_some() || change.adjustments.is_some());
        if (sets_price || request.adjustments.is_some()) && !call.is_staff() {
            return Err(Error::invalid("/change", "only staff may set prices and adjustments"));
        }
        let (inner, moment) = (&self.inner, self.inner.moment(call)?);
        // what was added under the key need not be for sale any more
        if inner.replayed(call, &moment, &Scope::on(EDIT_ORDER, ResourceKind::Order, id).operation).await?.is_some() {
            return Ok(Answer { value: self.get_order(call, id).await?, how: How::Replayed });
        }
        let root = inner.remembered_order(&call.merchant, id).await?;
        let customer = root.order.customer_id.clone();
        let (add, _) = self.priced(call, root.order.currency, customer.as_ref(), &request.add, "/add").await?;
        let personal = self.personal_write(request.personal.as_ref(), customer.as_ref(), id)?;
        let edit = Edit {
            add,
            change: request.change,
            remove: request.remove,
            adjustments: request.adjustments,
            personal_ref: personal.as_ref().map(|write| write.reference),
        };
        let along = Along { personal: personal.into_iter().collect(), ..Along::default() };
        self.order_command(call, id, EDIT_ORDER, along, Command::Edit(Box::new(edit))).await
    }

    /// Cancels an order of which nothing was packed; gives back what it holds.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn cancel_order(&self, call: &Call, id: OrderId) -> Result<Answer<OrderView>, Error> {
        let reason = if call.is_staff() { CancelReason::Operator } else { CancelReason::Customer };
        self.order_command(call, id, "cancel_order", Along::default(), Command::Cancel { reason }).await
    }

    /// Cancels some open units; gives back what they cost.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn cancel_order_lines(
        &self,
        call: &Call,
        id: OrderId,
        lines: Vec<LineQty>,
        reason: String,
    ) -> Result<Answer<OrderView>, Error> {
        self.order_command(call, id, "cancel_order_lines", Along::default(), Command::CancelLines { lines, reason }).await
    }

    /// Stops an order until it is resumed.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn hold_order(&self, call: &Call, id: OrderId) -> Result<Answer<OrderView>, Error> {
        self.order_command(call, id, "hold_order", Along::default(), Command::Hold).await
    }

    /// Lets a held order go on.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn resume_order(&self, call: &Call, id: OrderId) -> Result<Answer<OrderView>, Error> {
        self.order_command(call, id, "resume_order", Along::default(), Command::Resume).await
    }

    /// Records a new judgement of an order's risk, and does what it says.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn screen_order(&self, call: &Call, id: OrderId, assessment: Assessment) -> Result<Answer<OrderView>, Error> {
        self.order_command(call, id, "screen_order", Along::default(), Command::Screen(assessment)).await
    }

    /// Closes an order that is delivered and paid.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn complete_order(&self, call: &Call, id: OrderId) -> Result<Answer<OrderView>, Error> {
        self.order_command(call, id, "complete_order", Along::default(), Command::Complete).await
    }

    /// Tries to pay what is due, or a part of it, and waits up to `place_wait_ms` for the outcome.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::UnknownProvider`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`]. A declined payment is
    /// no error: the order shows it.
    pub async fn pay_order(
        &self,
        call: &Call,
        id: OrderId,
        method: MethodRef,
        provider: Option<ProviderName>,
        amount: Option<Money>,
    ) -> Result<Answer<OrderView>, Error> {
        let inner = &self.inner;
        let provider = provider.unwrap_or_else(|| inner.config.default_provider.clone());
        inner.provider(&provider)?;
        let (payment_id, attempt_id) = (PaymentId::new(inner.fresh()), AttemptId::new(inner.fresh()));
        let pay = Pay { payment_id, attempt_id, provider, method_ref: method, amount };
        let scope = Scope::on("pay_order", ResourceKind::Order, id);
        let how = self.waited_command(call, id, scope, Task::Collect(attempt_id), Command::Pay(pay)).await?;
        Ok(Answer { value: self.get_order(call, id).await?, how })
    }

    /// Gives money back, at most what was captured and not given back; waits up to `place_wait_ms` for the outcome.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`]. A refund that the provider refuses is no error: the
    /// order shows it, and its room is free again.
    pub async fn refund_order(
        &self,
        call: &Call,
        id: OrderId,
        amount: Money,
        lines: Vec<LineQty>,
        replaces: Option<RefundId>,
    ) -> Result<Answer<OrderView>, Error> {
        let scope = Scope::on("refund_order", ResourceKind::Order, id);
        let how = self.grant_refund(call, id, scope, amount, lines, replaces).await?;
        Ok(Answer { value: self.get_order(call, id).await?, how })
    }

    pub(super) async fn grant_refund(
        &self,
        call: &Call,
        id: OrderId,
        scope: Scope,
        amount: Money,
        lines: Vec<LineQty>,
        replaces: Option<RefundId>,
    ) -> Result<How, Error> {
        let refund_id = RefundId::new(self.inner.fresh());
        let grant = GrantRefund { refund_id, amount, lines, replaces };
        self.waited_command(call, id, scope, Task::Refund(refund_id), Command::GrantRefund(grant)).await
    }

    /// Sets a status as simple clients know it: a command over all open units. What the status asks for already holds is no change.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn set_order_status(&self, call: &Call, id: OrderId, status: Status) -> Result<Answer<OrderView>, Error> {
        let root = self.inner.order_now(&call.merchant, id).await?;
        if status.holds(&root.order) && call.expected.is_none_or(|expected| expected == root.version) {
            return Ok(Answer::done(self.view(call, id, root.state()).await?));
        }
        match status {
            Status::Cancelled => self.cancel_order(call, id).await,
            Status::Completed => self.complete_order(call, id).await,
            Status::Shipped => {
                let packed = self.pack_all(call, id).await?;
                // packing has met the expected version, and moved it on
                let call = Call { expected: call.expected.filter(|_| !packed), ..call.clone() };
                let dispatch = |shipment_id| Command::Dispatch { shipment_id, carrier: None, tracking: None };
                self.each_shipment(&call, id, |state| *state == ShipmentState::Packed, dispatch).await
            }
            Status::Delivered => {
                let on_its_way = |state: &ShipmentState| matches!(state, ShipmentState::Dispatched(_));
                self.each_shipment(call, id, on_its_way, |shipment_id| Command::Deliver { shipment_id }).await
            }
        }
    }

    /// Gives a command for every shipment in some state, in one commit.
    async fn each_shipment(
        &self,
        call: &Call,
        id: OrderId,
        pick: impl Fn(&ShipmentState) -> bool + Send + Sync,
        command: impl Fn(crate::id::ShipmentId) -> Command + Send + Sync,
    ) -> Result<Answer<OrderView>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let commands = |root: &OrderRoot| {
            let picked: Vec<Command> = root.order.shipments.iter().filter(|s| pick(&s.state)).map(|s| command(s.id)).collect();
            if picked.is_empty() {
                let (command, status) = ("have that status", root.order.headline());
                return Err(crate::order::Refusal::Illegal { command, status }.into());
            }
            Ok(picked)
        };
        let done = inner.on_order(call, &moment, id, Along::default(), commands).await.map_err(Failed::into_error)?;
        Ok(Answer::done(self.view(call, id, done.root.state()).await?))
    }

    pub(super) async fn view(&self, call: &Call, id: OrderId, state: OrderState) -> Result<OrderView, Error> {
        let personal = self.personal_of(call, &state.order).await?;
        Ok(OrderView { id, version: state.version, order: state.order, personal })
    }

    async fn personal_of(&self, call: &Call, order: &Order) -> Result<Option<PersonalData>, Error> {
        let Some(reference) = order.personal_ref else { return Ok(None) };
        match self.inner.store.personal.get(&call.merchant, reference).await? {
            Some(row) => stored::decode_personal(&row.bytes).map(Some).map_err(Error::stored),
            None => Ok(None),
        }
    }
}

pub(super) fn page_limit(limit: u32) -> u32 {
    limit.clamp(1, PAGE_MAX_ROWS)
}

/// A list's failure: a cursor of another list is the caller's mistake.
pub(super) fn list_error(error: crate::ports::PortError) -> Error {
    if error.kind == crate::ports::PortErrorKind::Misuse { Error::Cursor } else { error.into() }
}
