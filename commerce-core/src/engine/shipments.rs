//! Shipments and returns.

use std::collections::BTreeMap;

use crate::engine::aggregate::OrderRoot;
use crate::engine::commerce::Moment;
use crate::engine::execute::Along;
use crate::engine::idempotency::Scope;
use crate::engine::keyed::in_motion;
use crate::engine::{Answer, Call, Commerce, Error, How};
use crate::goods::ItemKind;
use crate::id::{LocationId, MerchantId, OrderId, ReturnId, ShipmentId, Sku};
use crate::order::{Command, Condition, Order, Return, Shipment};
use crate::ports::{ResourceKind, ResourceRef, SagaId, Version};
use crate::quantity::{LineQty, Quantity};
use crate::saga::Task;

/// Units to pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackUnits {
    /// Which; empty: all that is open.
    pub lines: Vec<LineQty>,
    /// Where; none: where the order's units are held, if that is one place.
    pub location: Option<LocationId>,
}

/// A shipment as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ShipmentView {
    /// Its order.
    pub order_id: OrderId,
    /// The version of its order.
    pub version: Version,
    /// The shipment.
    pub shipment: Shipment,
}

/// A return as it is now.
#[derive(Clone, Debug, PartialEq)]
pub struct ReturnView {
    /// Its order.
    pub order_id: OrderId,
    /// The version of its order.
    pub version: Version,
    /// The return.
    pub return_of_goods: Return,
}

impl Commerce {
    /// Packs units of a confirmed, covered order, and waits up to `place_wait_ms` for its share to be captured.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn create_shipment(&self, call: &Call, order: OrderId, pack: PackUnits) -> Result<Answer<ShipmentView>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let id = ShipmentId::new(inner.fresh());
        let made = ResourceRef { kind: ResourceKind::Shipment, id: id.to_string() };
        let scope = Scope::making("create_shipment", order, made);
        let operation = scope.operation.clone();
        if let Some(made) = inner.replayed(call, &moment, &operation).await? {
            return self.shipment_made(call, &moment, &made).await;
        }
        let saga = SagaId(Task::Ship(id).saga_uuid());
        let wait = inner.handoff.settled(saga);
        let on_hand = self.on_hand(call, order).await?;
        let commands = |root: &OrderRoot| pack_command(root, id, &pack, &on_hand);
        let packed = self.claimed_command(call, &moment, order, scope, Along::default(), commands).await?;
        if packed.is_none() {
            let made = inner.replayed(call, &moment, &operation).await?.ok_or(Error::Contended)?;
            return self.shipment_made(call, &moment, &made).await;
        }
        self.wait(&moment, wait).await;
        Ok(Answer::done(self.get_shipment(call, id).await?))
    }

    async fn shipment_made(&self, call: &Call, moment: &Moment, made: &ResourceRef) -> Result<Answer<ShipmentView>, Error> {
        let id = made.id.parse().map_err(Error::stored)?;
        let order = self.order_of_shipment(&call.merchant, id).await?;
        let root = self.inner.order_now(&call.merchant, order).await?;
        let mut tasks = vec![Task::Ship(id)];
        tasks.extend(in_motion(&root.order.tenders));
        self.come_to_rest(call, moment, tasks).await?;
        Ok(Answer { value: self.get_shipment(call, id).await?, how: How::Replayed })
    }

    /// Packs all that is open, one shipment for each location, and tells whether there was any. The first shipment meets the version
    /// that the caller expects.
    pub(super) async fn pack_all(&self, call: &Call, order: OrderId) -> Result<bool, Error> {
        let mut bare = Call { idempotency: None, ..call.clone() };
        let mut packed = false;
        loop {
            let root = self.inner.order_now(&call.merchant, order).await?;
            if root.order.open_units() == 0 {
                return Ok(packed);
            }
            self.create_shipment(&bare, order, first_location(&root)).await?;
            packed = true;
            bare.expected = None;
        }
    }

    /// Units of the order's stocked SKUs that are there, by account.
    async fn on_hand(&self, call: &Call, order: OrderId) -> Result<BTreeMap<(Sku, LocationId), u64>, Error> {
        let root = self.inner.order_now(&call.merchant, order).await?;
        let skus: Vec<Sku> = root.order.stock_need().into_keys().collect();
        let accounts = self.inner.store.stock.accounts(&call.merchant, &skus).await?;
        Ok(accounts.into_iter().map(|(key, account)| ((key.sku, key.location), u64::try_from(account.on_hand).unwrap_or(0))).collect())
    }

    /// One shipment.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn get_shipment(&self, call: &Call, id: ShipmentId) -> Result<ShipmentView, Error> {
        let order_id = self.order_of_shipment(&call.merchant, id).await?;
        let root = self.inner.order_now(&call.merchant, order_id).await?;
        let shipment = root.order.shipment(id).ok_or(Error::NotFound("shipment"))?.clone();
        Ok(ShipmentView { order_id, version: root.version, shipment })
    }

    async fn order_of_shipment(&self, merchant: &MerchantId, id: ShipmentId) -> Result<OrderId, Error> {
        let row = self.inner.store.views.shipment(merchant, id).await?;
        Ok(row.ok_or(Error::NotFound("shipment"))?.order)
    }

    async fn shipment_command(
        &self,
        call: &Call,
        id: ShipmentId,
        operation: &str,
        command: Command,
    ) -> Result<Answer<ShipmentView>, Error> {
        let order = self.order_of_shipment(&call.merchant, id).await?;
        let how = self.part_command(call, order, Scope::on(operation, ResourceKind::Shipment, id), command).await?;
        Ok(Answer { value: self.get_shipment(call, id).await?, how })
    }

    /// Hands a shipment to its carrier; its units leave the stock.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn dispatch_shipment(
        &self,
        call: &Call,
        id: ShipmentId,
        carrier: Option<String>,
        tracking: Option<String>,
    ) -> Result<Answer<ShipmentView>, Error> {
        self.shipment_command(call, id, "dispatch_shipment", Command::Dispatch { shipment_id: id, carrier, tracking }).await
    }

    /// Records that a shipment arrived.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn deliver_shipment(&self, call: &Call, id: ShipmentId) -> Result<Answer<ShipmentView>, Error> {
        self.shipment_command(call, id, "deliver_shipment", Command::Deliver { shipment_id: id }).await
    }

    /// Undoes a packing; money that was captured for it serves the next shipment.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn cancel_shipment(&self, call: &Call, id: ShipmentId) -> Result<Answer<ShipmentView>, Error> {
        self.shipment_command(call, id, "cancel_shipment", Command::Unpack { shipment_id: id }).await
    }

    /// Records that a shipment will not arrive; gives back what was paid for it.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn lose_shipment(&self, call: &Call, id: ShipmentId) -> Result<Answer<ShipmentView>, Error> {
        self.shipment_command(call, id, "lose_shipment", Command::Lose { shipment_id: id }).await
    }

    /// Records that the buyer wants to send units back.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn create_return(
        &self,
        call: &Call,
        order: OrderId,
        lines: Vec<LineQty>,
        reason: String,
    ) -> Result<Answer<ReturnView>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let id = ReturnId::new(inner.fresh());
        let made = ResourceRef { kind: ResourceKind::Return, id: id.to_string() };
        let scope = Scope::making("create_return", order, made);
        let operation = scope.operation.clone();
        let command = Command::RequestReturn { return_id: id, lines, reason, staff: call.is_staff() };
        let commands = |_: &OrderRoot| Ok(vec![command.clone()]);
        if self.claimed_command(call, &moment, order, scope, Along::default(), commands).await?.is_some() {
            return Ok(Answer::done(self.get_return(call, id).await?));
        }
        let made = inner.replayed(call, &moment, &operation).await?.ok_or(Error::Contended)?;
        let id = made.id.parse().map_err(Error::stored)?;
        Ok(Answer { value: self.get_return(call, id).await?, how: How::Replayed })
    }

    /// One return.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Port`].
    pub async fn get_return(&self, call: &Call, id: ReturnId) -> Result<ReturnView, Error> {
        let order_id = self.order_of_return(&call.merchant, id).await?;
        let root = self.inner.order_now(&call.merchant, order_id).await?;
        let return_of_goods = root.order.return_of_goods(id).ok_or(Error::NotFound("return"))?.clone();
        Ok(ReturnView { order_id, version: root.version, return_of_goods })
    }

    async fn order_of_return(&self, merchant: &MerchantId, id: ReturnId) -> Result<OrderId, Error> {
        let row = self.inner.store.views.return_of_goods(merchant, id).await?;
        Ok(row.ok_or(Error::NotFound("return"))?.order)
    }

    async fn return_command(&self, call: &Call, id: ReturnId, operation: &str, command: Command) -> Result<Answer<ReturnView>, Error> {
        let order = self.order_of_return(&call.merchant, id).await?;
        let how = self.part_command(call, order, Scope::on(operation, ResourceKind::Return, id), command).await?;
        Ok(Answer { value: self.get_return(call, id).await?, how })
    }

    /// Records that units of a return arrived; empty lines: all that are still to come. Sellable units go into stock at `location`
    /// (none: where they came from, if that is one place, else the default one).
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn receive_return(
        &self,
        call: &Call,
        id: ReturnId,
        lines: Vec<LineQty>,
        condition: Condition,
        location: Option<LocationId>,
    ) -> Result<Answer<ReturnView>, Error> {
        let view = self.get_return(call, id).await?;
        let root = self.inner.order_now(&call.merchant, view.order_id).await?;
        let lines = if lines.is_empty() { rest_of(&view.return_of_goods) } else { lines };
        let location = Some(location.unwrap_or_else(|| origin(&root.order, &view.return_of_goods)));
        self.return_command(call, id, "receive_return", Command::ReceiveReturn { return_id: id, lines, condition, location }).await
    }

    /// Turns down what is still to come of a return.
    ///
    /// # Errors
    /// [`Error::Order`], [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    pub async fn reject_return(&self, call: &Call, id: ReturnId, reason: String) -> Result<Answer<ReturnView>, Error> {
        self.return_command(call, id, "reject_return", Command::RejectReturn { return_id: id, reason }).await
    }
}

/// Packs what was asked for, with what is held for the order at the location and is there.
fn pack_command(
    root: &OrderRoot,
    shipment_id: ShipmentId,
    pack: &PackUnits,
    on_hand: &BTreeMap<(Sku, LocationId), u64>,
) -> Result<Vec<Command>, Error> {
    let lines = if pack.lines.is_empty() { open_lines(&root.order) } else { pack.lines.clone() };
    let stocked = lines.iter().any(|l| root.order.line(l.line_id).is_some_and(|line| line.kind == ItemKind::Stocked));
    let location = match &pack.location {
        Some(location) => Some(location.clone()),
        // none, or several: the order says what it thinks of that, after its state
        None => only_location(root).filter(|_| stocked),
    };
    let mut stock: BTreeMap<Sku, u64> = BTreeMap::new();
    if let Some(location) = &location {
        for hold in &root.holds {
            let here: u64 = hold.placements.iter().filter(|p| p.location == *location).map(|p| u64::from(p.remaining)).sum();
            *stock.entry(hold.sku.clone()).or_default() += here;
        }
        for (sku, units) in &mut stock {
            *units = (*units).min(on_hand.get(&(sku.clone(), location.clone())).copied().unwrap_or(0));
        }
    }
    Ok(vec![Command::Pack { shipment_id, lines, location, stock }])
}

fn open_lines(order: &Order) -> Vec<LineQty> {
    order.lines.iter().filter_map(|line| Some(LineQty { line_id: line.id, qty: Quantity::some(line.open())? })).collect()
}

fn only_location(root: &OrderRoot) -> Option<LocationId> {
    let mut places = root.holds.iter().flat_map(|h| &h.placements).filter(|p| p.remaining > 0).map(|p| &p.location);
    let first = places.next()?;
    places.all(|place| place == first).then(|| first.clone())
}

/// Open units that can be packed at one location: the first that holds some, and what needs no stock.
fn first_location(root: &OrderRoot) -> PackUnits {
    let packed = |sku: &Sku, location: &LocationId| -> u32 {
        let here =
            root.order.shipments.iter().filter(|s| s.state == crate::order::ShipmentState::Packed && s.location.as_ref() == Some(location));
        let units = here.flat_map(|s| &s.lines).filter(|unit| root.order.line(unit.line_id).is_some_and(|line| line.sku == *sku));
        units.map(|unit| unit.qty).sum()
    };
    let mut free: BTreeMap<(&LocationId, &Sku), u32> = BTreeMap::new();
    for hold in &root.holds {
        for place in &hold.placements {
            *free.entry((&place.location, &hold.sku)).or_default() += place.remaining;
        }
    }
    for ((location, sku), units) in &mut free {
        *units = units.saturating_sub(packed(sku, location));
    }
    let location = free.iter().find(|(_, units)| **units > 0).map(|((location, _), _)| (*location).clone());
    let mut lines = Vec::new();
    for line in root.order.lines.iter().filter(|line| line.open() > 0) {
        let units = match (line.kind, &location) {
            (ItemKind::Stocked, Some(location)) => {
                let left = free.entry((location, &line.sku)).or_default();
                let taken = line.open().min(*left);
                *left -= taken;
                taken
            }
            (ItemKind::Stocked, None) => 0,
            (ItemKind::Unstocked | ItemKind::Digital, _) => line.open(),
        };
        lines.extend(Quantity::some(units).map(|qty| LineQty { line_id: line.id, qty }));
    }
    // nothing that could be packed: the order says why
    if lines.is_empty() { PackUnits::default() } else { PackUnits { lines, location } }
}

fn rest_of(one: &Return) -> Vec<LineQty> {
    let mut lines: BTreeMap<crate::id::LineId, u32> = BTreeMap::new();
    for line in &one.lines {
        *lines.entry(line.line_id).or_default() += line.qty - line.received;
    }
    lines.into_iter().filter_map(|(line_id, units)| Some(LineQty { line_id, qty: Quantity::some(units)? })).collect()
}

/// Where returned units came from.
fn origin(order: &Order, one: &Return) -> LocationId {
    let mut places = one.lines.iter().filter_map(|line| order.shipment(line.shipment_id)?.location.as_ref());
    match places.next() {
        Some(first) if places.all(|place| place == first) => first.clone(),
        Some(_) | None => LocationId::default(),
    }
}
