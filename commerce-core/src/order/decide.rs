//! What a command does: the guards of the order's life, and what follows by itself in the same commit.

mod edit;
mod goods;
mod place;
mod placement;
mod refund;
mod settle;
mod tender;

use std::collections::BTreeMap;

use crate::id::{LineId, RefundId};
use crate::money::Money;
use crate::order::command::Command;
use crate::order::event::Event;
use crate::order::policy::Context;
use crate::order::refusal::Refusal;
use crate::order::state::{Order, Placement};
use crate::quantity::{LineQty, Quantity};

/// The most lines that an order has.
pub const LINES_MAX: usize = 10_000;
/// The most units that a line has.
pub const LINE_UNITS_MAX: u32 = 1_000_000;
/// The most characters of a reason, carrier, tracking number or title.
pub const TEXT_MAX_CHARS: usize = 256;
/// The most attempts, shipments, returns, captures and refunds that an order has, each.
pub const PARTS_MAX: usize = 10_000;

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// What happened, in order; none if the command had happened already.
    pub events: Vec<Event>,
    /// The order after it.
    pub order: Order,
}

/// Judges a command; `order` is `None` before it is placed.
///
/// A fact told again (the outcome of an attempt, capture or refund part) is accepted with no events.
///
/// # Errors
/// [`Refusal`]: nothing happened.
pub fn decide(order: Option<&Order>, command: Command, ctx: &Context<'_>) -> Result<Decided, Refusal> {
    if let Command::Place(place) = command {
        return match order {
            None => place::place(*place, ctx),
            Some(_) => Err(Refusal::Exists),
        };
    }
    let mut draft = Draft { order: order.ok_or(Refusal::NoOrder)?.clone(), events: Vec::new(), ctx };
    act(&mut draft, command)?;
    settle::settle(&mut draft)?;
    Ok(draft.finish())
}

fn act(draft: &mut Draft<'_>, command: Command) -> Result<(), Refusal> {
    match command {
        Command::Place(_) => Err(Refusal::Exists),
        Command::Screen(assessment) => placement::screen(draft, assessment),
        Command::Hold => placement::hold(draft),
        Command::Resume => placement::resume(draft),
        Command::Pay(pay) => tender::pay(draft, pay),
        Command::Attempt { attempt_id, outcome } => tender::attempt(draft, attempt_id, outcome),
        Command::Expire => placement::expire(draft),
        Command::Edit(edit) => edit::edit(draft, *edit),
        Command::CancelLines { lines, reason } => edit::cancel_lines(draft, &lines, reason),
        Command::Cancel { reason } => placement::cancel(draft, reason),
        Command::Pack { shipment_id, lines, location, stock } => goods::pack(draft, shipment_id, &lines, location, &stock),
        Command::Unpack { shipment_id } => goods::unpack(draft, shipment_id),
        Command::StartCapture { shipment_id, amount } => tender::start_capture(draft, shipment_id, amount),
        Command::Capture { capture_id, outcome } => tender::capture(draft, capture_id, outcome),
        Command::AuthorizationGone { attempt_id, lapsed } => tender::authorization_gone(draft, attempt_id, lapsed),
        Command::Dispatch { shipment_id, carrier, tracking } => goods::dispatch(draft, shipment_id, carrier, tracking),
        Command::Deliver { shipment_id } => goods::deliver(draft, shipment_id),
        Command::Lose { shipment_id } => goods::lose(draft, shipment_id),
        Command::RequestReturn { return_id, lines, reason, staff } => goods::request_return(draft, return_id, &lines, reason, staff),
        Command::ReceiveReturn { return_id, lines, condition, location } => {
            goods::receive_return(draft, return_id, &lines, condition, location)
        }
        Command::RejectReturn { return_id, reason } => goods::reject_return(draft, return_id, reason),
        Command::GrantRefund(grant) => refund::grant(draft, grant),
        Command::Refund { refund_id, capture_id, outcome } => refund::outcome(draft, refund_id, capture_id, outcome),
        Command::Complete => placement::complete(draft),
    }
}

/// An order and what has happened to it in this decision.
struct Draft<'a> {
    order: Order,
    events: Vec<Event>,
    ctx: &'a Context<'a>,
}

impl Draft<'_> {
    /// Lets an event happen.
    fn emit(&mut self, event: Event) -> Result<(), Refusal> {
        self.order.step(self.ctx.at, &event).map_err(Refusal::Unlawful)?;
        self.events.push(event);
        Ok(())
    }

    fn finish(self) -> Decided {
        Decided { events: self.events, order: self.order }
    }

    fn illegal(&self, command: &'static str) -> Refusal {
        Refusal::Illegal { command, status: self.order.headline() }
    }

    fn require_stage(&self, command: &'static str, stages: &[At]) -> Result<(), Refusal> {
        if stages.contains(&At::of(&self.order)) { Ok(()) } else { Err(self.illegal(command)) }
    }

    fn require_idle(&self) -> Result<(), Refusal> {
        if self.order.busy() { Err(Refusal::Busy) } else { Ok(()) }
    }

    /// An id that the caller chose names nothing yet.
    fn require_free(&self, taken: bool, what: &'static str) -> Result<(), Refusal> {
        if taken { Err(Refusal::Taken(what)) } else { Ok(()) }
    }

    /// Minor units of an amount in the order's currency, above zero.
    fn positive(&self, amount: Money) -> Result<i64, Refusal> {
        if amount.currency() != self.order.currency {
            return Err(Refusal::MixedCurrency { expected: self.order.currency, actual: amount.currency() });
        }
        if amount.minor() > 0 { Ok(amount.minor()) } else { Err(Refusal::NotPositive) }
    }

    /// The units named for each line, each line once, all known.
    fn units(&self, lines: &[LineQty]) -> Result<BTreeMap<LineId, u64>, Refusal> {
        if lines.is_empty() || lines.len() > LINES_MAX {
            return Err(Refusal::LineCount { count: lines.len(), max: LINES_MAX });
        }
        let mut units = BTreeMap::new();
        for LineQty { line_id, qty } in lines {
            self.order.line(*line_id).ok_or(Refusal::UnknownLine(*line_id))?;
            if units.insert(*line_id, u64::from(qty.get())).is_some() {
                return Err(Refusal::LineTwice(*line_id));
            }
        }
        Ok(units)
    }

    /// The units named, checked against what each line allows.
    fn units_within(&self, lines: &[LineQty], allowed: impl Fn(LineId) -> u64) -> Result<(), Refusal> {
        for (line_id, asked) in self.units(lines)? {
            let allowed = allowed(line_id);
            if asked > allowed {
                return Err(Refusal::Quantity { line_id, asked, allowed });
            }
        }
        Ok(())
    }

    fn refund_id(&self) -> RefundId {
        RefundId::new((self.ctx.fresh)())
    }
}

/// Where an order stands, without the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Pending,
    Held,
    Confirmed,
    Completed,
    Cancelled,
    Rejected,
}

impl At {
    const fn of(order: &Order) -> Self {
        match order.placement {
            Placement::Pending { .. } => Self::Pending,
            Placement::Held { .. } => Self::Held,
            Placement::Confirmed => Self::Confirmed,
            Placement::Completed => Self::Completed,
            Placement::Cancelled { .. } => Self::Cancelled,
            Placement::Rejected { .. } => Self::Rejected,
        }
    }
}

/// All open units of the lines that `pick` takes.
fn open_units(order: &Order, pick: impl Fn(&crate::order::state::Line) -> bool) -> Vec<LineQty> {
    let open = order.lines.iter().filter(|line| pick(line));
    open.filter_map(|line| Some(LineQty { line_id: line.id, qty: Quantity::some(line.open())? })).collect()
}

fn check_text(field: &'static str, text: &str) -> Result<(), Refusal> {
    let max = TEXT_MAX_CHARS;
    if text.chars().count() > max || text.contains('\0') { Err(Refusal::Text { field, max }) } else { Ok(()) }
}
