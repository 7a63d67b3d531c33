//! One ordinary order, from its placement to its completion.

use std::collections::BTreeMap;

use commerce_core::goods::ItemKind;
use commerce_core::id::{AttemptId, LineId, LocationId, MethodRef, PaymentId, ProviderName, ShipmentId, Sku};
use commerce_core::money::{Currency, Money};
use commerce_core::order::{
    Assessment, AttemptOutcome, CaptureOutcome, CapturePolicy, Command, Context, Event, LineItem, Order, Pay, Place, Placed, Policy,
    ProviderTraits, RiskVerdict, Terms, decide,
};
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::time::Timestamp;
use uuid::Uuid;

/// When everything happens.
pub const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

const LINES: u32 = 3;

fn id(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)
}

fn sku(n: u32) -> Sku {
    Sku::new(&format!("SKU-{n}")).expect("printable")
}

fn place() -> Command {
    let lines = (1..=LINES).map(|n| LineItem {
        line_id: LineId(n),
        sku: sku(n),
        title: "WHITE HANGING HEART T-LIGHT HOLDER".to_owned(),
        kind: ItemKind::Stocked,
        qty: Quantity::ONE,
        unit_price: Money::from_minor(255, Currency::GBP),
        adjustments: Vec::new(),
    });
    let method_ref = MethodRef::new("sandbox_visa").expect("printable");
    Command::Place(Box::new(Place {
        order: Placed {
            customer_id: None,
            personal_ref: None,
            currency: Currency::GBP,
            cart_id: None,
            channel: "web".to_owned(),
            method_ref: Some(method_ref.clone()),
            lines: lines.collect(),
            adjustments: Vec::new(),
            total: Money::zero(Currency::GBP),
            terms: Terms::Prepaid,
            capture_policy: CapturePolicy::OnShipment,
            pay_by: NOW,
        },
        assessment: Assessment { verdict: RiskVerdict::Accept, score: 0, reasons: Vec::new() },
        payment: Some(Pay {
            payment_id: PaymentId::new(id(1)),
            attempt_id: AttemptId::new(id(2)),
            provider: provider(),
            method_ref,
            amount: None,
        }),
    }))
}

fn provider() -> ProviderName {
    ProviderName::new("sandbox").expect("a name")
}

/// The commands that follow on the placement; a capture is named by the order once it was started.
fn after_placement(order: &Order) -> Option<Command> {
    let shipment_id = ShipmentId::new(id(3));
    let shipment = order.shipment(shipment_id).map(|shipment| shipment.state.name());
    let captured = order.captured() > 0;
    Some(match (order.tenders.captures.first(), shipment) {
        _ if order.authorized() == 0 && !captured => {
            let amount = order.money(order.total());
            let outcome = AttemptOutcome::Approved { amount, sale: false, expires_at: None, reference: None };
            Command::Attempt { attempt_id: AttemptId::new(id(2)), outcome }
        }
        (_, None) => Command::Pack {
            shipment_id,
            lines: (1..=LINES).map(|n| LineQty { line_id: LineId(n), qty: Quantity::ONE }).collect(),
            location: Some(LocationId::default()),
            stock: (1..=LINES).map(|n| (sku(n), 1)).collect(),
        },
        (None, Some("packed")) => Command::StartCapture { shipment_id: Some(shipment_id), amount: None },
        (Some(capture), Some("packed")) if !captured => {
            Command::Capture { capture_id: capture.id, outcome: CaptureOutcome::Done { reference: None } }
        }
        (_, Some("packed")) => Command::Dispatch { shipment_id, carrier: None, tracking: None },
        (_, Some("dispatched")) => Command::Deliver { shipment_id },
        (_, Some(_)) => return None,
    })
}

/// Places an order of three lines and brings it to its delivery: every event, and the order.
pub fn place_to_delivered() -> (Vec<Event>, Order) {
    let policy = Policy::default();
    let default_provider = provider();
    let providers = BTreeMap::from([(provider(), ProviderTraits { multi_capture: true, sale_only: false })]);
    let fresh = || id(99);
    let ctx = Context {
        now: NOW,
        at: NOW,
        policy: &policy,
        providers: &providers,
        default_provider: &default_provider,
        stock_lost: false,
        fresh: &fresh,
    };
    let placed = decide(None, place(), &ctx).expect("an ordinary order");
    let (mut events, mut order) = (placed.events, placed.order);
    while let Some(command) = after_placement(&order) {
        let decided = decide(Some(&order), command, &ctx).expect("an ordinary life");
        events.extend(decided.events);
        order = decided.order;
    }
    (events, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_benchmarks_is_delivered_and_paid() {
        let (events, order) = place_to_delivered();
        assert_eq!(order.headline().as_str(), "delivered");
        assert_eq!((order.captured(), order.total()), (765, 765));
        assert_eq!(events.len(), 10);
    }
}
