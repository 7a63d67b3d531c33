//! Given, when, then: an order, the commands told to it, and ids that count.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use commerce_core::fact::{FailureCode, PaymentFact, PendingWhy};
use commerce_core::goods::ItemKind;
use commerce_core::id::{AttemptId, CaptureId, LineId, LocationId, MethodRef, PaymentId, ProviderName, RefundId, ShipmentId, Sku};
use commerce_core::money::{Currency, Money};
use commerce_core::order::{
    Adjustment, AdjustmentKind, Assessment, AttemptOutcome, CaptureOutcome, CapturePolicy, Command, Context, Decided, Event, GrantRefund,
    LineItem, Order, Pay, Place, Placed, Policy, ProviderTraits, RefundOutcome, Refusal, RiskVerdict, Terms, decide, evolve,
};
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::tender::RefundState;
use commerce_core::time::Timestamp;
use uuid::Uuid;

pub(crate) fn currency() -> Currency {
    Currency::EUR
}

pub(crate) fn money(minor: i64) -> Money {
    Money::from_minor(minor, currency())
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).unwrap()
}

pub(crate) fn here() -> LocationId {
    LocationId::default()
}

pub(crate) fn qty(units: u32) -> Quantity {
    Quantity::new(units).unwrap()
}

pub(crate) fn units(line: u32, count: u32) -> LineQty {
    LineQty { line_id: LineId(line), qty: qty(count) }
}

/// A line: what, how it reaches the buyer, how many, the price of one.
pub(crate) fn item(name: &str, kind: ItemKind, count: u32, price: i64) -> LineItem {
    LineItem {
        line_id: LineId(0),
        sku: sku(name),
        title: name.to_owned(),
        kind,
        qty: qty(count),
        unit_price: money(price),
        adjustments: Vec::new(),
    }
}

pub(crate) fn stocked(name: &str, count: u32, price: i64) -> LineItem {
    item(name, ItemKind::Stocked, count, price)
}

pub(crate) fn discount(amount: i64) -> Adjustment {
    Adjustment { kind: AdjustmentKind::Discount, amount: money(amount), included: false }
}

pub(crate) fn assessment(verdict: RiskVerdict) -> Assessment {
    Assessment { verdict, score: 10, reasons: vec!["rule".to_owned()] }
}

pub(crate) fn provider(name: &str) -> ProviderName {
    ProviderName::new(name).unwrap()
}

pub(crate) fn method() -> MethodRef {
    MethodRef::new("card").unwrap()
}

/// An order before it is placed: prepaid, captured with each shipment, paid at the provider `multi` at once.
#[derive(Clone)]
pub(crate) struct Basket {
    pub lines: Vec<LineItem>,
    pub adjustments: Vec<Adjustment>,
    pub terms: Terms,
    pub capture_policy: CapturePolicy,
    pub verdict: RiskVerdict,
    pub method: bool,
    pub provider: &'static str,
    pub amount: Option<i64>,
}

pub(crate) fn basket(lines: Vec<LineItem>) -> Basket {
    Basket {
        lines,
        adjustments: Vec::new(),
        terms: Terms::Prepaid,
        capture_policy: CapturePolicy::OnShipment,
        verdict: RiskVerdict::Accept,
        method: true,
        provider: "multi",
        amount: None,
    }
}

/// One order's life so far.
pub(crate) struct Life {
    pub order: Option<Order>,
    pub now: Timestamp,
    pub policy: Policy,
    pub stock_lost: bool,
    /// Every event, with its time.
    pub events: Vec<(Timestamp, Event)>,
    ids: AtomicU64,
    providers: BTreeMap<ProviderName, ProviderTraits>,
}

impl Life {
    pub(crate) fn new() -> Self {
        let traits = |multi_capture, sale_only| ProviderTraits { multi_capture, sale_only };
        Self {
            order: None,
            now: Timestamp::from_secs(1_000_000),
            policy: Policy::default(),
            stock_lost: false,
            events: Vec::new(),
            ids: AtomicU64::new(0),
            providers: BTreeMap::from([
                (provider("multi"), traits(true, false)),
                (provider("single"), traits(false, false)),
                (provider("sale"), traits(false, true)),
            ]),
        }
    }

    /// A life that begins with this basket.
    pub(crate) fn of(basket: Basket) -> Self {
        let mut life = Self::new();
        let place = life.place(basket);
        life.does(place);
        life
    }

    pub(crate) fn uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)) + 1)
    }

    pub(crate) fn order(&self) -> &Order {
        self.order.as_ref().unwrap()
    }

    pub(crate) fn place(&self, basket: Basket) -> Command {
        let payment = self.pay(basket.provider, basket.amount);
        Command::Place(Box::new(Place {
            order: Placed {
                customer_id: None,
                personal_ref: None,
                currency: currency(),
                cart_id: None,
                channel: "web".to_owned(),
                method_ref: basket.method.then(method),
                lines: basket.lines,
                adjustments: basket.adjustments,
                total: money(0),
                terms: basket.terms,
                capture_policy: basket.capture_policy,
                pay_by: Timestamp::from_secs(0),
            },
            assessment: assessment(basket.verdict),
            payment: basket.method.then_some(payment),
        }))
    }

    pub(crate) fn pay(&self, to: &str, amount: Option<i64>) -> Pay {
        Pay {
            payment_id: PaymentId::new(self.uuid()),
            attempt_id: AttemptId::new(self.uuid()),
            provider: provider(to),
            method_ref: method(),
            amount: amount.map(money),
        }
    }

    /// Judges a command without letting it happen.
    pub(crate) fn judge(&self, command: Command) -> Result<Decided, Refusal> {
        let fresh = || self.uuid();
        let default_provider = provider("multi");
        let ctx = Context {
            now: self.now,
            at: self.now,
            policy: &self.policy,
            providers: &self.providers,
            default_provider: &default_provider,
            stock_lost: self.stock_lost,
            fresh: &fresh,
        };
        decide(self.order.as_ref(), command, &ctx)
    }

    /// Lets a decision happen.
    pub(crate) fn adopt(&mut self, decided: Decided) -> Vec<Event> {
        self.events.extend(decided.events.iter().map(|event| (self.now, event.clone())));
        self.order = Some(decided.order);
        decided.events
    }

    /// Lets a command happen; it must be accepted.
    #[track_caller]
    pub(crate) fn does(&mut self, command: Command) -> Vec<Event> {
        let named = format!("{command:?}");
        match self.judge(command) {
            Ok(decided) => self.adopt(decided),
            Err(refusal) => panic!("{named} was refused: {refusal:?}\n{:#?}", self.order),
        }
    }

    /// Why a command is refused; it must be.
    #[track_caller]
    pub(crate) fn refuses(&self, command: Command) -> Refusal {
        let named = format!("{command:?}");
        match self.judge(command) {
            Ok(decided) => panic!("{named} was accepted: {:?}", decided.events),
            Err(refusal) => refusal,
        }
    }

    /// The state that replaying every event gives.
    pub(crate) fn replayed(&self) -> Order {
        let replay = self.events.iter().try_fold(None, |order, (at, event)| evolve(order, *at, event).map(Some));
        replay.unwrap().unwrap()
    }

    pub(crate) fn last_attempt(&self) -> AttemptId {
        self.order().tenders.attempts.last().unwrap().id
    }

    pub(crate) fn last_shipment(&self) -> ShipmentId {
        self.order().shipments.last().unwrap().id
    }

    pub(crate) fn last_refund(&self) -> RefundId {
        self.order().tenders.refunds.last().unwrap().id
    }

    /// The last attempt is approved in full.
    #[track_caller]
    pub(crate) fn approved(&mut self) -> Vec<Event> {
        let id = self.last_attempt();
        self.approve(id)
    }

    #[track_caller]
    pub(crate) fn approve(&mut self, id: AttemptId) -> Vec<Event> {
        let attempt = self.order().tenders.attempt(id).unwrap();
        let outcome = approved(attempt.asked, attempt.provider == provider("sale"));
        self.does(Command::Attempt { attempt_id: id, outcome })
    }

    #[track_caller]
    pub(crate) fn declined(&mut self) -> Vec<Event> {
        let outcome = AttemptOutcome::Failed { code: FailureCode::Declined, retryable: false };
        self.does(Command::Attempt { attempt_id: self.last_attempt(), outcome })
    }

    #[track_caller]
    pub(crate) fn waits_for(&mut self, why: PendingWhy) -> Vec<Event> {
        self.does(Command::Attempt { attempt_id: self.last_attempt(), outcome: AttemptOutcome::Open(why) })
    }

    #[track_caller]
    pub(crate) fn pays(&mut self, to: &str) -> Vec<Event> {
        let pay = self.pay(to, None);
        self.does(Command::Pay(pay))
    }

    pub(crate) fn pack_command(&self, lines: Vec<LineQty>) -> Command {
        let stock = self.order().stock_need();
        Command::Pack { shipment_id: ShipmentId::new(self.uuid()), lines, location: Some(here()), stock }
    }

    #[track_caller]
    pub(crate) fn packs(&mut self, lines: Vec<LineQty>) -> ShipmentId {
        let command = self.pack_command(lines);
        self.does(command);
        self.last_shipment()
    }

    /// What `ship` does after packing: starts the capture of a shipment's share.
    #[track_caller]
    pub(crate) fn captures_for(&mut self, shipment_id: ShipmentId) -> Vec<Event> {
        self.does(Command::StartCapture { shipment_id: Some(shipment_id), amount: None })
    }

    pub(crate) fn open_captures(&self) -> Vec<CaptureId> {
        let open = self.order().tenders.captures.iter().filter(|c| c.state == commerce_core::tender::CaptureState::Open);
        open.map(|c| c.id).collect()
    }

    /// Every open capture succeeds.
    #[track_caller]
    pub(crate) fn captured(&mut self) {
        for capture_id in self.open_captures() {
            self.does(Command::Capture { capture_id, outcome: CaptureOutcome::Done { reference: None } });
        }
    }

    /// Every open capture fails for good.
    #[track_caller]
    pub(crate) fn capture_fails(&mut self) {
        for capture_id in self.open_captures() {
            self.does(Command::Capture { capture_id, outcome: CaptureOutcome::Failed { code: FailureCode::Refused } });
        }
    }

    /// Packs, captures, dispatches.
    #[track_caller]
    pub(crate) fn ships(&mut self, lines: Vec<LineQty>) -> ShipmentId {
        let id = self.packs(lines);
        self.captures_for(id);
        self.captured();
        self.does(dispatch(id));
        id
    }

    pub(crate) fn open_refunds(&self) -> Vec<(RefundId, CaptureId)> {
        let refunds = self.order().tenders.refunds.iter();
        let open = refunds.flat_map(|r| r.parts.iter().filter(|p| p.state == RefundState::Open).map(|p| (r.id, p.capture_id)));
        open.collect()
    }

    /// Every open refund arrives.
    #[track_caller]
    pub(crate) fn refunded(&mut self) {
        for (refund_id, capture_id) in self.open_refunds() {
            self.does(Command::Refund { refund_id, capture_id, outcome: RefundOutcome::Done });
        }
    }

    #[track_caller]
    pub(crate) fn refund_fails(&mut self) {
        for (refund_id, capture_id) in self.open_refunds() {
            self.does(Command::Refund { refund_id, capture_id, outcome: RefundOutcome::Failed { code: FailureCode::Refused } });
        }
    }

    /// What `reverse` does: voids what nothing is owed for.
    #[track_caller]
    pub(crate) fn reversed(&mut self) {
        for attempt_id in reversible(self.order()) {
            self.does(Command::AuthorizationGone { attempt_id, lapsed: false });
        }
    }

    pub(crate) fn grant(&self, amount: i64) -> GrantRefund {
        GrantRefund { refund_id: RefundId::new(self.uuid()), amount: money(amount), lines: Vec::new(), replaces: None }
    }
}

/// What is left of an attempt beyond its open captures.
pub(crate) fn voidable(order: &Order, id: AttemptId) -> i64 {
    let open = |c: &&commerce_core::tender::Capture| c.attempt_id == id && c.state == commerce_core::tender::CaptureState::Open;
    let open: i64 = order.tenders.captures.iter().filter(open).map(|c| c.amount).sum();
    order.tenders.attempt(id).and_then(|a| a.approval()).map_or(0, |approval| approval.left() - open)
}

/// The attempts that `reverse` has to void.
pub(crate) fn reversible(order: &Order) -> Vec<AttemptId> {
    let doomed = order.tenders.attempts.iter().filter(|a| a.approval().is_some_and(|approval| approval.reversing));
    doomed.map(|a| a.id).filter(|id| voidable(order, *id) > 0).collect()
}

pub(crate) fn approved(amount: i64, sale: bool) -> AttemptOutcome {
    AttemptOutcome::Approved { amount: money(amount), sale, expires_at: None, reference: None }
}

pub(crate) fn action_required() -> PendingWhy {
    PendingWhy::ActionRequired { url: "https://bank.example/3ds".to_owned() }
}

pub(crate) fn dispatch(shipment_id: ShipmentId) -> Command {
    Command::Dispatch { shipment_id, carrier: None, tracking: None }
}

/// The names of events, in order.
pub(crate) fn names(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::name).collect()
}

/// What each refund among the events grants.
pub(crate) fn granted(events: &[Event]) -> Vec<(commerce_core::fact::RefundCause, i64)> {
    let grant = |event: &Event| match event {
        Event::Payment(PaymentFact::RefundGranted { cause, amount, .. }) => Some((*cause, amount.minor())),
        _ => None,
    };
    events.iter().filter_map(grant).collect()
}
