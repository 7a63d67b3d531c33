//! `ship`: sees to it that a shipment's share is captured; dispatches and delivers what needs no hands.

use crate::engine::Error;
use crate::engine::aggregate::OrderRoot;
use crate::engine::execute::{Along, Failed};
use crate::engine::payments::Subject;
use crate::engine::steps::{Ended, LOOK_AGAIN_S, Next, Running};
use crate::goods::ItemKind;
use crate::id::ShipmentId;
use crate::order::{CapturePolicy, Command, Order, Placement, ShipmentState, Terms};
use crate::ports::SagaRow;
use crate::saga::Met;

/// What a shipment waits for.
enum Wants {
    /// Nothing: it goes its way, or it went.
    Nothing,
    /// Its share.
    Capture,
    /// To leave and arrive, for it needs no hands.
    Delivery,
    /// Its order.
    Order,
}

impl Running<'_> {
    pub(super) async fn ship(self, id: ShipmentId) -> Result<(Ended, Option<SagaRow>), Failed> {
        let Subject::Order(order) = self.subject()? else { return Err(Error::stored("a shipment without an order").into()) };
        let root = self.order(order).await?;
        let busy = root.order.busy();
        let due = self.inner.clock.now().plus_secs(LOOK_AGAIN_S);
        let commands = match wants(&root.order, id) {
            Wants::Nothing => return self.leave(Next::Done).await,
            Wants::Order => {
                let ended = self.leave(Next::Wait { due, met: Met::Later }).await?;
                return Ok(if busy { (Ended::Untold, ended.1) } else { ended });
            }
            Wants::Capture => vec![Command::StartCapture { shipment_id: Some(id), amount: None }],
            Wants::Delivery => {
                vec![Command::Dispatch { shipment_id: id, carrier: None, tracking: None }, Command::Deliver { shipment_id: id }]
            }
        };
        let captures = commands.len() == 1;
        let next = if captures { Next::Wait { due, met: Met::Later } } else { Next::Done };
        let (call, moment) = self.call()?;
        let (update, ended, row) = self.update(&next, moment.now)?;
        let along = Along { saga: Some(update), ..Along::default() };
        // decided on the order as it was: whatever changed since wakes this saga and fences its write
        let version = root.version;
        let ask = |now: &OrderRoot| if now.version == version { Ok(commands.clone()) } else { Err(Error::Contended) };
        match self.inner.on_order(&call, &moment, order, along, ask).await {
            Ok(_) if captures => Ok((Ended::Untold, row)),
            Ok(_) => Ok((ended, row)),
            Err(Failed::Error(Error::Contended)) => Err(Failed::Fenced),
            Err(failed) => Err(failed),
        }
    }
}

fn wants(order: &Order, id: ShipmentId) -> Wants {
    let Some(shipment) = order.shipment(id).filter(|s| s.state == ShipmentState::Packed) else { return Wants::Nothing };
    let by_hand = shipment.lines.iter().any(|unit| order.line(unit.line_id).is_some_and(|line| line.kind == ItemKind::Stocked));
    let on_trust = order.capture_policy == CapturePolicy::Manual || order.terms == Terms::Invoice;
    let share = order.share_of(shipment);
    let capturable = if order.terms == Terms::Invoice { share.min(order.authorized()) } else { share };
    let ready = order.placement == Placement::Confirmed && order.covered() && !order.busy();
    if !ready {
        Wants::Order
    } else if capturable > 0 && order.capture_policy != CapturePolicy::Manual {
        Wants::Capture
    } else if by_hand {
        Wants::Nothing
    } else if share == 0 || on_trust {
        Wants::Delivery
    } else {
        Wants::Order
    }
}
