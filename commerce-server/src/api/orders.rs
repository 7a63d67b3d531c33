//! Orders.

mod change;
pub mod event;
pub mod money;
mod place;
mod view;

use commerce_core::engine::{Answer, How, OrderView, Status};
use commerce_core::ports::{Cursor, OrderQuery, Version};

pub use change::{CancelLines, EditOrder, LineChange, PayOrder, RefundOrder, ScreenOrder, SetStatus};
pub use place::PlaceOrder;
pub use view::{Line, Order, OrderSummary, PlacementState, Risk};

use super::answered::Answered;
use super::ask::Ask;
use super::bodies::Now;
use super::list::{self, CURSOR, LIMIT, List};
use super::operation::{Area, Failure, Method, Operation, Parameter, Shape};
use super::problem::{Code, Problem, Spot};
use super::word::{CustomerId, OrderStatus, Time};
use event::OrderEvent;

pub(super) const AREA: Area = Area { name: "orders", meaning: "Orders, from placement to completion.", operations: OPERATIONS };

const OPERATIONS: &[Operation] = &[
    Operation {
        status: 201,
        also: &[(200, "The order that the cart has become.")],
        body: Some(Shape::of::<PlaceOrder>()),
        body_required: true,
        versioned: false,
        problems: &[
            Code::UNKNOWN_SKU,
            Code::NO_PRICE,
            Code::INSUFFICIENT_STOCK,
            Code::UNKNOWN_PROVIDER,
            Code::ALREADY_TAKEN,
            Code::LINE_COUNT,
            Code::QUANTITY_NOT_ALLOWED,
            Code::MIXED_CURRENCIES,
            Code::AMOUNT_TOO_LARGE,
            Code::NEGATIVE_TOTAL,
            Code::TEXT_NOT_ALLOWED,
        ],
        ..Operation::command(
            "place_order",
            "/orders",
            "Places an order: prices and screens it, holds its stock, starts its payment, and waits a while for it to come to rest. A \
             declined payment is an order too, which can be paid again",
            ORDER,
            |ask| Box::pin(place_order(ask)),
        )
    },
    Operation {
        query: &[
            Parameter::of::<CustomerId>("customer_id", "Only this customer's."),
            Parameter::of::<CustomerId>("user_id", "The same as `customer_id`."),
            Parameter::of::<OrderStatus>("status", "Only those with this headline status."),
            Parameter::of::<Time>("from", "Only those placed at or after this time."),
            Parameter::of::<Time>("to", "Only those placed before this time."),
            LIMIT,
            CURSOR,
        ],
        ..Operation::get("list_orders", "/orders", "Orders, the newest first", Shape::of::<List<OrderSummary>>(), |ask| {
            Box::pin(list_orders(ask))
        })
    },
    Operation {
        query: &[Parameter::of::<Time>("as_of", "The order as it was at this time.")],
        ..Operation::get("get_order", "/orders/{id}", "One order", ORDER, |ask| Box::pin(get_order(ask)))
    },
    Operation {
        method: Method::Patch,
        body: Some(Shape::of::<EditOrder>()),
        body_required: true,
        problems: &[
            Code::PAYMENT_IN_PROGRESS,
            Code::TOTAL_FIXED,
            Code::NOTHING_LEFT,
            Code::ADDRESS_FIXED,
            Code::UNKNOWN_SKU,
            Code::NO_PRICE,
            Code::INSUFFICIENT_STOCK,
            Code::LINE_COUNT,
            Code::UNKNOWN_LINE,
            Code::LINE_NAMED_TWICE,
            Code::QUANTITY_NOT_ALLOWED,
            Code::MIXED_CURRENCIES,
            Code::AMOUNT_TOO_LARGE,
            Code::NEGATIVE_TOTAL,
        ],
        ..Operation::command(
            "edit_order",
            "/orders/{id}",
            "Changes lines, adjustments or personal data, as far as the order's life allows",
            ORDER,
            |ask| Box::pin(edit_order(ask)),
        )
    },
    Operation {
        method: Method::Delete,
        body: None,
        ..Operation::command("delete_order", "/orders/{id}", "The same as `cancel_order`", ORDER, |ask| Box::pin(delete_order(ask)))
    },
    Operation {
        method: Method::Put,
        body: Some(Shape::of::<SetStatus>()),
        body_required: true,
        problems: &[
            Code::PAYMENT_IN_PROGRESS,
            Code::ORDER_NOT_COVERED,
            Code::NOT_COMPLETE,
            Code::CAPTURE_IN_PROGRESS,
            Code::NOT_CAPTURED,
            Code::HOLD_GONE,
            Code::LOCATION_NEEDED,
            Code::NOT_AT_LOCATION,
        ],
        ..Operation::command(
            "set_order_status",
            "/orders/{id}/status",
            "Sets a status as simple clients know it: a command over all units that are open. A status that holds already is no change",
            ORDER,
            |ask| Box::pin(set_order_status(ask)),
        )
    },
    Operation {
        body: Some(Shape::of::<PayOrder>()),
        body_required: true,
        problems: &[
            Code::PAYMENT_IN_PROGRESS,
            Code::NOTHING_DUE,
            Code::UNKNOWN_PROVIDER,
            Code::AMOUNT_NOT_POSITIVE,
            Code::AMOUNT_ABOVE_LIMIT,
            Code::MIXED_CURRENCIES,
            Code::TOO_MANY_PARTS,
        ],
        ..Operation::command(
            "pay_order",
            "/orders/{id}/pay",
            "Tries to pay what is due, or a part of it, and waits a while for the outcome. A declined payment is no error: the order shows it",
            ORDER,
            |ask| Box::pin(pay_order(ask)),
        )
    },
    Operation::command(
        "cancel_order",
        "/orders/{id}/cancel",
        "Cancels an order of which nothing is packed; gives back what it holds",
        ORDER,
        |ask| Box::pin(cancel_order(ask)),
    ),
    Operation {
        body: Some(Shape::of::<CancelLines>()),
        body_required: true,
        problems: &[
            Code::PAYMENT_IN_PROGRESS,
            Code::LINE_COUNT,
            Code::UNKNOWN_LINE,
            Code::LINE_NAMED_TWICE,
            Code::QUANTITY_NOT_ALLOWED,
            Code::TEXT_NOT_ALLOWED,
        ],
        ..Operation::command(
            "cancel_order_lines",
            "/orders/{id}/cancel-lines",
            "Cancels some open units; gives back what they cost",
            ORDER,
            |ask| Box::pin(cancel_order_lines(ask)),
        )
    },
    Operation {
        problems: &[Code::PAYMENT_IN_PROGRESS],
        ..Operation::command("hold_order", "/orders/{id}/hold", "Stops an order until it is resumed", ORDER, |ask| {
            Box::pin(hold_order(ask))
        })
    },
    Operation::command("resume_order", "/orders/{id}/resume", "Lets a held order go on", ORDER, |ask| Box::pin(resume_order(ask))),
    Operation {
        body: Some(Shape::of::<ScreenOrder>()),
        body_required: true,
        problems: &[Code::PAYMENT_IN_PROGRESS, Code::TEXT_NOT_ALLOWED, Code::TOO_MANY_PARTS],
        ..Operation::command(
            "screen_order",
            "/orders/{id}/screen",
            "Records a new judgement of an order's risk, and does what it says",
            ORDER,
            |ask| Box::pin(screen_order(ask)),
        )
    },
    Operation {
        body: Some(Shape::of::<RefundOrder>()),
        body_required: true,
        problems: &[
            Code::REFUND_NOT_REPLACEABLE,
            Code::AMOUNT_NOT_POSITIVE,
            Code::AMOUNT_ABOVE_LIMIT,
            Code::MIXED_CURRENCIES,
            Code::UNKNOWN_LINE,
            Code::UNKNOWN_PART,
            Code::LINE_NAMED_TWICE,
            Code::QUANTITY_NOT_ALLOWED,
            Code::TOO_MANY_PARTS,
        ],
        ..Operation::command(
            "refund_order",
            "/orders/{id}/refunds",
            "Gives money back, at most what arrived and was not given back, and waits a while for the outcome",
            ORDER,
            |ask| Box::pin(refund_order(ask)),
        )
    },
    Operation {
        problems: &[Code::NOT_COMPLETE, Code::PAYMENT_IN_PROGRESS],
        ..Operation::command("complete_order", "/orders/{id}/complete", "Closes an order that is delivered and paid", ORDER, |ask| {
            Box::pin(complete_order(ask))
        })
    },
    Operation {
        query: &[LIMIT, CURSOR],
        ..Operation::get(
            "list_order_events",
            "/orders/{id}/events",
            "What happened to an order, the oldest first",
            Shape::of::<List<OrderEvent>>(),
            |ask| Box::pin(list_order_events(ask)),
        )
    },
];

const ORDER: Shape = Shape::of::<Order>();
/// The name of the list in its cursors.
const EVENTS: &str = "order_events";

fn answered(ask: &Ask<'_>, done: Answer<OrderView>) -> Result<Answered, Failure> {
    let version = done.value.version;
    Ok(Answered::done(ask.operation.status, &done.map(Order::from)).at_version(version))
}

async fn place_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (call, placing) = ask.told::<PlaceOrder>()?;
    let first = match placing.priced_by() {
        None => None,
        Some(sku) => match ask.commerce.get_catalogue_item(&call, sku).await {
            Ok(item) => Some(item),
            Err(commerce_core::engine::Error::NotFound(_)) => None,
            Err(error) => return Err(error.into()),
        },
    };
    let placed = ask.commerce.place_order(&call, placing.complete(first.as_ref())?).await?;
    let (how, place) = (placed.how, format!("/orders/{}", placed.value.id));
    let answered = answered(ask, placed)?.made_at(&place);
    Ok(if how == How::Existing { Answered { status: 200, ..answered } } else { answered })
}

async fn list_orders(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (customer, user) = (ask.query::<CustomerId>("customer_id")?, ask.query::<CustomerId>("user_id")?);
    if customer.is_some() && user.is_some() {
        let twice = Problem::at(Spot::Query, "user_id", Code::WRONG_PARAMETER, "is the same as customer_id: give one of them");
        return Err(twice.into());
    }
    let query = OrderQuery {
        merchant: ask.caller.merchant.clone(),
        customer: customer.or(user),
        status: ask.query::<OrderStatus>("status")?.map(|status| status.as_str().to_owned()),
        from: ask.query::<Time>("from")?,
        to: ask.query::<Time>("to")?,
    };
    let (after, limit) = ask.page()?;
    let page = ask.commerce.list_orders(&query, after.as_ref(), limit).await?;
    Ok(list::found(page, OrderSummary::from))
}

async fn get_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (call, id) = (ask.call()?, ask.path("id")?);
    match ask.query::<Time>("as_of")? {
        // what was has no tag: it can be changed no more
        Some(as_of) => Ok(Answered::found(&Order::from(ask.commerce.get_order_as_of(&call, id, as_of).await?))),
        None => {
            let view = ask.commerce.get_order(&call, id).await?;
            let version = view.version;
            Ok(Answered::found(&Order::from(view)).at_version(version))
        }
    }
}

async fn edit_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, edit) = ask.told::<EditOrder>()?;
    answered(ask, ask.commerce.edit_order(&call, id, edit).await?)
}

async fn delete_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    answered(ask, ask.commerce.cancel_order(&ask.call()?, ask.path("id")?).await?)
}

async fn cancel_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.cancel_order(&call, id).await?)
}

async fn set_order_status(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, name) = ask.told::<SetStatus>()?;
    let Some(status) = Status::parse(&name) else {
        let named = Status::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>().join(", ");
        let detail = format!("cannot be set; {named} can");
        return Err(Problem::at(Spot::Body, "/status", Code::ILLEGAL_TRANSITION, detail).into());
    };
    answered(ask, ask.commerce.set_order_status(&call, id, status).await?)
}

async fn pay_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, (method, provider, amount)) = ask.told::<PayOrder>()?;
    answered(ask, ask.commerce.pay_order(&call, id, method, provider, amount).await?)
}

async fn cancel_order_lines(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, (lines, reason)) = ask.told::<CancelLines>()?;
    answered(ask, ask.commerce.cancel_order_lines(&call, id, lines, reason).await?)
}

async fn hold_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.hold_order(&call, id).await?)
}

async fn resume_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.resume_order(&call, id).await?)
}

async fn screen_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, assessment) = ask.told::<ScreenOrder>()?;
    answered(ask, ask.commerce.screen_order(&call, id, assessment).await?)
}

async fn refund_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, (amount, lines, replaces)) = ask.told::<RefundOrder>()?;
    answered(ask, ask.commerce.refund_order(&call, id, amount, lines, replaces).await?)
}

async fn complete_order(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let id = ask.path("id")?;
    let (call, ()) = ask.told::<Now>()?;
    answered(ask, ask.commerce.complete_order(&call, id).await?)
}

async fn list_order_events(ask: &Ask<'_>) -> Result<Answered, Failure> {
    let (call, id) = (ask.call()?, ask.path("id")?);
    let (cursor, limit) = ask.page()?;
    let after = cursor.map_or(Ok(0), |cursor| cursor.key::<1>(EVENTS).ok().and_then(|[version]| version.parse().ok()).ok_or(()));
    let after = after.map_err(|()| commerce_core::engine::Error::Cursor)?;
    let events = ask.commerce.list_order_events(&call, id, Version(after), limit).await?;
    let whole = u32::try_from(events.len()).is_ok_and(|found| found >= limit);
    let next = events.last().filter(|_| whole).map(|last| Cursor::new(EVENTS, &[&last.stored.version.to_string()]));
    Ok(list::found(commerce_core::ports::Page { items: events, next }, OrderEvent::from))
}
