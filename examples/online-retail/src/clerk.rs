//! Does a plan's items with the engine: an order from placement to delivery, a return with its refund, a stock adjustment.

use std::sync::{Arc, OnceLock};

use commerce_core::engine::{Commerce, Error, NewLine, OrderView, PackUnits, PlaceOrder};
use commerce_core::id::{CustomerId, LocationId, OrderId};
use commerce_core::money::Currency;
use commerce_core::order::Condition;
use commerce_core::sandbox::Token;

use crate::drive::{ITEMS_AT_ONCE_MAX, Outcomes, drive};
use crate::plan::{Item, Plan, Work};
use crate::shop::staff;

/// Does items; cheap to clone, all clones share what they know.
#[derive(Clone)]
pub struct Clerk {
    commerce: Commerce,
    plan: Arc<Plan>,
    /// The engine's order of each item that places one.
    orders: Arc<[OnceLock<OrderId>]>,
}

impl Clerk {
    /// A clerk for a plan, over an engine that has its catalogue and opening stock.
    pub fn new(commerce: Commerce, plan: Arc<Plan>) -> Self {
        let orders = plan.items().iter().map(|_| OnceLock::new()).collect();
        Self { commerce, plan, orders }
    }

    /// Does all of the plan, up to [`ITEMS_AT_ONCE_MAX`] items at once, each on a task of its own; `ended` hears of each.
    ///
    /// # Errors
    /// The store's: what was begun goes on, nothing more is begun. All else that the engine refuses is an outcome.
    pub async fn run(&self, ended: impl FnMut(u32)) -> Result<Outcomes, Error> {
        let work = |item| {
            let clerk = self.clone();
            let task = tokio::spawn(async move { clerk.item(item).await });
            async move {
                match task.await {
                    Ok(Ok(())) => Ok(Ok(())),
                    Ok(Err(error @ Error::Port(_))) => Err(error),
                    Ok(Err(error)) => Ok(Err(format!("{}: {error}", error.code()))),
                    Err(panic) => Ok(Err(panic.to_string())),
                }
            }
        };
        drive(&self.plan, ITEMS_AT_ONCE_MAX, work, ended).await
    }

    async fn item(&self, index: u32) -> Result<(), Error> {
        let item = self.plan.items()[index as usize];
        match item.work {
            Work::Order { .. } => self.order(index, item).await,
            Work::Return { order, .. } => self.take_back(order, item).await,
            Work::Adjust { .. } => self.adjust(item).await,
        }
    }

    async fn order(&self, index: u32, item: Item) -> Result<(), Error> {
        let call = staff(item.at);
        let lines = self
            .plan
            .order_lines(item.work)
            .map(|line| NewLine { unit_price: Some(line.unit_price), ..NewLine::new(line.sku.clone(), line.quantity) });
        let mut order = PlaceOrder::new(Currency::GBP, lines.collect()).paid_with(Token::Visa.method());
        let invoice = self.plan.invoice(item.work);
        order.number = Some(invoice.number.to_string());
        order.customer_id = invoice.customer.map(|id| CustomerId::new(&id.to_string()).expect("a few digits"));
        let placed = self.commerce.place_order(&call, order).await?.value;
        self.orders[index as usize].set(placed.id).expect("an item is done once");
        self.ship(item, placed).await
    }

    /// Packs, dispatches and delivers all of an order. One without goods is delivered by the engine itself.
    async fn ship(&self, item: Item, placed: OrderView) -> Result<(), Error> {
        if placed.order.open_units() == 0 {
            return Ok(());
        }
        let call = staff(item.at);
        let parcel = self.commerce.create_shipment(&call, placed.id, PackUnits::default()).await?.value.shipment;
        self.commerce.dispatch_shipment(&call, parcel.id, None, None).await?;
        self.commerce.deliver_shipment(&call, parcel.id).await?;
        Ok(())
    }

    /// Takes units back into stock; the engine refunds what they cost.
    async fn take_back(&self, order: u32, item: Item) -> Result<(), Error> {
        let call = staff(item.at);
        let order = *self.orders[order as usize].get().ok_or(Error::NotFound("order"))?;
        let reason = format!("cancelled by {}", self.plan.invoice(item.work).number);
        let asked = self.commerce.create_return(&call, order, self.plan.return_lines(item.work), reason).await?.value;
        self.commerce.receive_return(&call, asked.return_of_goods.id, Vec::new(), Condition::Sellable, None).await?;
        Ok(())
    }

    async fn adjust(&self, item: Item) -> Result<(), Error> {
        let Some((sku, units)) = self.plan.adjustment(item.work) else { return Ok(()) };
        let reason = if units > 0 { "found" } else { "written off" };
        self.commerce.adjust_stock(&staff(item.at), sku, &LocationId::default(), units.into(), reason.to_owned()).await?;
        Ok(())
    }
}
