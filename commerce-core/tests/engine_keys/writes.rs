//! Every write of an order and of a payment, and the story that leads to where it can be asked for.

use commerce_core::engine::{Call, Commerce, EditOrder, Error, How, NewLine, PackUnits, ProcessPayment};
use commerce_core::id::{LineId, OrderId, PaymentId, ReturnId, ShipmentId, Sku};
use commerce_core::money::{Currency, Money};
use commerce_core::order::{Assessment, Condition, RiskVerdict};
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::sandbox::Token;
use commerce_core::testkit::shop::Shop;
use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Write {
    Place,
    Edit,
    Cancel,
    CancelLines,
    Hold,
    Resume,
    Screen,
    Complete,
    Pay,
    Refund,
    Pack,
    Dispatch,
    Deliver,
    Unpack,
    Lose,
    Return,
    Receive,
    Reject,
    Process,
    Capture,
    CaptureOfOrder,
    RefundPayment,
    Void,
}

pub(crate) const WRITES: [Write; 23] = [
    Write::Place,
    Write::Edit,
    Write::Cancel,
    Write::CancelLines,
    Write::Hold,
    Write::Resume,
    Write::Screen,
    Write::Complete,
    Write::Pay,
    Write::Refund,
    Write::Pack,
    Write::Dispatch,
    Write::Deliver,
    Write::Unpack,
    Write::Lose,
    Write::Return,
    Write::Receive,
    Write::Reject,
    Write::Process,
    Write::Capture,
    Write::CaptureOfOrder,
    Write::RefundPayment,
    Write::Void,
];

/// What a write is asked of; ids that a story did not make are of nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    order: OrderId,
    shipment: ShipmentId,
    back: ReturnId,
    payment: PaymentId,
}

fn pounds(pence: i64) -> Money {
    Money::from_minor(pence, Currency::GBP)
}

fn units(count: u32) -> Quantity {
    Quantity::new(count).expect("a quantity")
}

fn one_unit() -> Vec<LineQty> {
    vec![LineQty { line_id: LineId(1), qty: Quantity::ONE }]
}

impl Write {
    /// A shop in which the write can be asked for. Nothing waits for sagas: `settle` runs them.
    pub(crate) async fn scene(self) -> (Shop, Scene) {
        let shop = Shop::in_memory().impatient().open().await;
        let none = Uuid::nil();
        let mut scene =
            Scene { order: OrderId::new(none), shipment: ShipmentId::new(none), back: ReturnId::new(none), payment: PaymentId::new(none) };
        if matches!(self, Self::Process | Self::Capture | Self::RefundPayment | Self::Void) {
            if self != Self::Process {
                scene.payment = process(&shop.commerce, &shop.call, self == Self::RefundPayment).await.expect("a payment").0;
            }
            shop.settle().await;
            return (shop, scene);
        }
        if self == Self::Place {
            return (shop, scene);
        }
        let mut basket = shop.basket(&[("LAMP", 3), ("VASE", 1)]);
        if self == Self::CaptureOfOrder {
            basket.capture_policy = commerce_core::order::CapturePolicy::Manual;
        }
        if self != Self::Pay {
            basket = basket.paid_with(Token::Visa.method());
        }
        scene.order = shop.order(basket).await.id;
        shop.settle().await;
        if let Some(attempt) = shop.get(scene.order).await.order.tenders.attempts.first() {
            scene.payment = attempt.payment_id;
        }
        if self == Self::Resume {
            shop.commerce.hold_order(&shop.call, scene.order).await.expect("it is held");
        }
        let packed = [Self::Dispatch, Self::Unpack, Self::Deliver, Self::Lose];
        let delivered = [Self::Complete, Self::Return, Self::Receive, Self::Reject, Self::Refund];
        if packed.contains(&self) || delivered.contains(&self) {
            scene.shipment = shop.pack(scene.order).await.shipment.id;
            shop.settle().await;
        }
        if matches!(self, Self::Deliver | Self::Lose) || delivered.contains(&self) {
            shop.dispatch(scene.shipment).await;
        }
        if delivered.contains(&self) {
            shop.deliver(scene.shipment).await;
        }
        if matches!(self, Self::Receive | Self::Reject) {
            let asked = shop.commerce.create_return(&shop.call, scene.order, one_unit(), "too big".to_owned()).await;
            scene.back = asked.expect("it may come back").value.return_of_goods.id;
        }
        shop.settle().await;
        (shop, scene)
    }

    /// Asks for it: what was made or changed, and how that came about.
    pub(crate) async fn ask(self, engine: &Commerce, call: &Call, scene: Scene) -> Result<(Uuid, How), Error> {
        let Scene { order, shipment, back, payment } = scene;
        let text = || "because".to_owned();
        let ordered = match self {
            Self::Place => {
                let line = NewLine::new(Sku::new("LAMP").expect("a sku"), units(2));
                let request = commerce_core::engine::PlaceOrder::new(Currency::GBP, vec![line]).paid_with(Token::Visa.method());
                engine.place_order(call, request).await
            }
            Self::Edit => {
                let add = vec![NewLine::new(Sku::new("GIFT").expect("a sku"), units(2))];
                engine.edit_order(call, order, EditOrder { add, ..EditOrder::default() }).await
            }
            Self::Cancel => engine.cancel_order(call, order).await,
            Self::CancelLines => engine.cancel_order_lines(call, order, one_unit(), text()).await,
            Self::Hold => engine.hold_order(call, order).await,
            Self::Resume => engine.resume_order(call, order).await,
            Self::Screen => {
                let assessment = Assessment { verdict: RiskVerdict::Review, score: 1, reasons: vec![text()] };
                engine.screen_order(call, order, assessment).await
            }
            Self::Complete => engine.complete_order(call, order).await,
            Self::Pay => engine.pay_order(call, order, Token::Visa.method(), None, None).await,
            Self::Refund => engine.refund_order(call, order, pounds(3_000), Vec::new(), None).await,
            Self::Pack | Self::Dispatch | Self::Deliver | Self::Unpack | Self::Lose => {
                let shipped = match self {
                    Self::Pack => engine.create_shipment(call, order, PackUnits::default()).await,
                    Self::Dispatch => engine.dispatch_shipment(call, shipment, None, None).await,
                    Self::Deliver => engine.deliver_shipment(call, shipment).await,
                    Self::Unpack => engine.cancel_shipment(call, shipment).await,
                    _ => engine.lose_shipment(call, shipment).await,
                };
                return shipped.map(|answer| (answer.value.shipment.id.uuid(), answer.how));
            }
            Self::Return | Self::Receive | Self::Reject => {
                let returned = match self {
                    Self::Return => engine.create_return(call, order, vec![LineQty { line_id: LineId(1), qty: units(3) }], text()).await,
                    Self::Receive => engine.receive_return(call, back, Vec::new(), Condition::Sellable, None).await,
                    _ => engine.reject_return(call, back, text()).await,
                };
                return returned.map(|answer| (answer.value.return_of_goods.id.uuid(), answer.how));
            }
            Self::Process => return process(engine, call, true).await.map(|(id, how)| (id.uuid(), how)),
            Self::Capture | Self::CaptureOfOrder | Self::RefundPayment | Self::Void => {
                let paid = match self {
                    Self::RefundPayment => engine.refund_payment(call, payment, Some(pounds(700))).await,
                    Self::Void => engine.void_payment(call, payment).await,
                    _ => engine.capture_payment(call, payment, None).await,
                };
                return paid.map(|answer| (answer.value.payment.id.uuid(), answer.how));
            }
        };
        ordered.map(|answer| (answer.value.id.uuid(), answer.how))
    }
}

async fn process(engine: &Commerce, call: &Call, capture: bool) -> Result<(PaymentId, How), Error> {
    let request = ProcessPayment { method: Token::Visa.method(), provider: None, amount: pounds(1_000), capture };
    engine.process_payment(call, request).await.map(|answer| (answer.value.payment.id, answer.how))
}
