//! Stock.

mod request;
mod view;

use commerce_core::engine::{Answer, StockItem as CoreItem};

pub use request::{AdjustStock, ConfigureItem, CreateItem, MoveStock, NewLimits, OpeningLimits, ReceiveStock};
pub use view::{Actor, Limits, Movement, ReorderItem, StockItem, StockLevel, StockSummary, StockTotals};

use super::answered::Answered;
use super::ask::Ask;
use super::list::{self, CURSOR, LIMIT, List};
use super::operation::{Area, Failure, Method, Operation, Shape};
use super::problem::Code;

pub(super) const AREA: Area =
    Area { name: "inventory", meaning: "Stock: what is there, what is promised, and what moved.", operations: OPERATIONS };

const OPERATIONS: &[Operation] = &[
    Operation {
        status: 201,
        body: Some(Shape::of::<CreateItem>()),
        body_required: true,
        problems: &[Code::ALREADY_TAKEN],
        ..write(
            "create_item",
            "/inventory/items",
            "Makes an account: a SKU at a location, with its limits and what is there already",
            |ask| Box::pin(create_item(ask)),
        )
    },
    Operation {
        query: &[LIMIT, CURSOR],
        ..Operation::get("list_items", "/inventory/items", "All accounts, by SKU and location", LEVELS, |ask| Box::pin(list_items(ask)))
    },
    Operation::get("get_item", "/inventory/items/{sku}", "The stock of one SKU", ITEM, |ask| Box::pin(get_item(ask))),
    Operation {
        method: Method::Patch,
        body: Some(Shape::of::<ConfigureItem>()),
        body_required: true,
        ..write(
            "configure_item",
            "/inventory/items/{sku}",
            "Sets what an account may promise, and when it wants more. What is promised stays promised: a deficit shows as shortfall",
            |ask| Box::pin(configure_item(ask)),
        )
    },
    Operation {
        body: Some(Shape::of::<ReceiveStock>()),
        body_required: true,
        ..write("receive_stock", "/inventory/items/{sku}/receive", "Takes in units that arrived; makes the account if it is new", |ask| {
            Box::pin(receive_stock(ask))
        })
    },
    Operation {
        body: Some(Shape::of::<AdjustStock>()),
        body_required: true,
        problems: &[Code::INSUFFICIENT_STOCK],
        ..write("adjust_stock", "/inventory/items/{sku}/adjust", "Corrects the count of an account, up or down, and says why", |ask| {
            Box::pin(adjust_stock(ask))
        })
    },
    Operation {
        body: Some(Shape::of::<MoveStock>()),
        body_required: true,
        problems: &[Code::INSUFFICIENT_STOCK],
        ..write("move_stock", "/inventory/items/{sku}/move", "Moves units that are not promised to another location", |ask| {
            Box::pin(move_stock(ask))
        })
    },
    Operation {
        query: &[LIMIT, CURSOR],
        ..Operation::get(
            "list_movements",
            "/inventory/items/{sku}/movements",
            "What moved of a SKU, the newest first",
            Shape::of::<List<Movement>>(),
            |ask| Box::pin(list_movements(ask)),
        )
    },
    Operation::get("stock_summary", "/inventory/summary", "Sums over all accounts", Shape::of::<StockSummary>(), |ask| {
        Box::pin(stock_summary(ask))
    }),
    Operation {
        query: &[LIMIT, CURSOR],
        ..Operation::get("list_low_stock", "/inventory/low-stock", "Accounts at or below their reorder point", LEVELS, |ask| {
            Box::pin(list_low_stock(ask))
        })
    },
    Operation {
        query: &[LIMIT, CURSOR],
        ..Operation::get(
            "list_reorder",
            "/inventory/reorder",
            "Low accounts that want more, and how many. A page may be short: the list ends where there is no next page",
            Shape::of::<List<ReorderItem>>(),
            |ask| Box::pin(list_reorder(ask)),
        )
    },
];

const ITEM: Shape = Shape::of::<StockItem>();
const LEVELS: Shape = Shape::of::<List<StockLevel>>();

/// A write to the stock of one SKU, which has no `ETag`.
const fn write(id: &'static str, path: &'static str, summary: &'static str, run: super::operation::Run) -> Operation {
    Operation { versioned: false, ..Operation::command(id, path, summary, ITEM, run) }
}

fn answered(ask: &Ask<'_>, done: Answer<CoreItem>) -> Result<Answered, Failure> {
    Ok(Answered::done(ask.operation.status, &done.map(StockItem::from)))
}

async fn create_item(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (call, item) = ask.told::<CreateItem>()?;
    let made = ask.commerce.create_item(&call, item).await?;
    let place = format!("/inventory/items/{}", super::operation::segment(made.value.sku.as_str()));
    Ok(answered(ask, made)?.made_at(&place))
}

async fn list_items(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (after, limit) = ask.page()?;
    Ok(list::found(ask.commerce.list_items(&ask.call()?, after.as_ref(), limit).await?, StockLevel::from))
}

async fn get_item(ask: &Ask<'_>) -> Result<Answered, Failure> {
    Ok(Answered::found(&StockItem::from(ask.commerce.get_item(&ask.call()?, &ask.path("sku")?).await?)))
}

async fn configure_item(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let sku = ask.path("sku")?;
    let (call, (location, limits)) = ask.told::<ConfigureItem>()?;
    answered(ask, ask.commerce.configure_item(&call, &sku, &location, limits).await?)
}

async fn receive_stock(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let sku = ask.path("sku")?;
    let (call, (location, qty)) = ask.told::<ReceiveStock>()?;
    answered(ask, ask.commerce.receive_stock(&call, &sku, &location, qty).await?)
}

async fn adjust_stock(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let sku = ask.path("sku")?;
    let (call, (location, delta, reason)) = ask.told::<AdjustStock>()?;
    answered(ask, ask.commerce.adjust_stock(&call, &sku, &location, delta, reason).await?)
}

async fn move_stock(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let sku = ask.path("sku")?;
    let (call, (from, to, qty)) = ask.told::<MoveStock>()?;
    answered(ask, ask.commerce.move_stock(&call, &sku, &from, &to, qty).await?)
}

async fn list_movements(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (after, limit) = ask.page()?;
    let page = ask.commerce.list_movements(&ask.call()?, &ask.path("sku")?, after.as_ref(), limit).await?;
    let (items, next) = (page.items.into_iter().filter_map(Movement::of).collect(), page.next);
    Ok(list::found(commerce_core::ports::Page { items, next }, |movement: Movement| movement))
}

async fn stock_summary(ask: &Ask<'_>) -> Result<Answered, Failure> {
    Ok(Answered::found(&StockSummary::from(ask.commerce.stock_summary(&ask.call()?).await?)))
}

async fn list_low_stock(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (after, limit) = ask.page()?;
    Ok(list::found(ask.commerce.list_low_stock(&ask.call()?, after.as_ref(), limit).await?, StockLevel::from))
}

async fn list_reorder(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (after, limit) = ask.page()?;
    Ok(list::found(ask.commerce.list_reorder(&ask.call()?, after.as_ref(), limit).await?, ReorderItem::from))
}
