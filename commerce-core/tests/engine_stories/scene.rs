//! A shop on a stage, and short words for what happens there.

use std::sync::{Arc, OnceLock};

use commerce_core::engine::{
    Answer, Builder, Call, Commerce, Config, EditOrder, Error, NewLine, OrderView, PackUnits, PaymentView, PlaceOrder, PutItem, ReturnView,
    ShipmentView,
};
use commerce_core::goods::ItemKind;
use commerce_core::id::{AttemptId, LineId, LocationId, MerchantId, MethodRef, OrderId, PaymentId, ReturnId, ShipmentId, Sku};
use commerce_core::money::{Currency, Money};
use commerce_core::order::{Adjustment, AdjustmentKind, Condition, Event, Headline};
use commerce_core::ports::{Clock, OrderRow, SagaId, SagaPhase, SagaRow, Store, StreamId, StreamName, Version};
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::saga::Task;
use commerce_core::sandbox::{Ledger, Sandbox, Token, Totals};
use commerce_core::testkit::shop::{Bank, Shop, ShopBuilder, Unsettled};
use commerce_core::testkit::{ManualClock, Stage, TaskId};
use commerce_core::time::Timestamp;
use futures::executor::block_on;

use crate::laws;
use crate::line::Line;
use crate::screens::Screen;

/// Units of each stocked SKU at the start.
pub(crate) const ON_SHELF: u32 = 100;

pub(crate) const CURRENCY: Currency = Currency::GBP;

/// What can be bought: SKU, kind, price in pence.
const GOODS: [(&str, ItemKind, i64); 4] = [
    ("lamp", ItemKind::Stocked, 100),
    ("shade", ItemKind::Stocked, 50),
    ("song", ItemKind::Digital, 99),
    ("carriage", ItemKind::Unstocked, 5),
];

/// A shop whose workers run on a stage: time passes by itself when all wait, and a test may stop or kill a process where it stands.
pub(crate) struct Scene {
    pub stage: Stage,
    pub kit: Shop,
    pub shop: Commerce,
    pub store: Store,
    pub clock: Arc<ManualClock>,
    pub workers: TaskId,
    pub call: Call,
    /// Takes the payments.
    pub bank: Bank,
}

pub(crate) fn sku(text: &str) -> Sku {
    Sku::new(text).expect("a valid sku")
}

pub(crate) fn gbp(minor: i64) -> Money {
    Money::from_minor(minor, CURRENCY)
}

pub(crate) fn qty(units: u32) -> Quantity {
    Quantity::new(units).expect("a valid quantity")
}

pub(crate) fn units(line: u32, count: u32) -> LineQty {
    LineQty { line_id: LineId(line), qty: qty(count) }
}

pub(crate) fn discount(minor: i64) -> Adjustment {
    Adjustment { kind: AdjustmentKind::Discount, amount: gbp(minor), included: false }
}

/// An order of these goods; without a method nothing is paid.
pub(crate) fn basket(goods: &[(&str, u32)]) -> PlaceOrder {
    PlaceOrder::new(CURRENCY, goods.iter().map(|(name, count)| NewLine::new(sku(name), qty(*count))).collect())
}

/// Four lamps and a shade: 450 pence.
pub(crate) fn usual() -> PlaceOrder {
    basket(&[("lamp", 4), ("shade", 1)])
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::at(Bank::Cards)
    }

    /// A scene in which this bank takes the payments.
    pub(crate) fn at(bank: Bank) -> Self {
        Self::of(bank, Shop::in_memory())
    }

    /// A scene with other settings.
    pub(crate) fn configured(change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        Self::of(Bank::Cards, Shop::in_memory().configure(change))
    }

    /// A scene with a line to its bank, and other settings.
    pub(crate) fn with_line(bank: Bank, change: impl Fn(&mut Config) + Send + Sync + 'static) -> (Self, Arc<Line>) {
        Self::with_line_of(bank, Shop::in_memory().configure(change))
    }

    pub(crate) fn with_line_of(bank: Bank, shop: ShopBuilder) -> (Self, Arc<Line>) {
        let slot: Arc<OnceLock<Arc<Line>>> = Arc::default();
        let filled = Arc::clone(&slot);
        let outfit = move |builder: Builder, banks: &[(Bank, Arc<Sandbox>)]| {
            let (_, sandbox) = banks.iter().find(|(name, _)| *name == bank).expect("every bank has a sandbox");
            builder.provider(bank.provider(), filled.get_or_init(|| Line::to(sandbox.clone())).clone())
        };
        let scene = Self::of(bank, shop.outfit(outfit));
        let line = slot.get().expect("the line was laid").clone();
        (scene, line)
    }

    /// A scene whose risk screen always does the same.
    pub(crate) fn with_screen(screen: Screen) -> Self {
        Self::of(Bank::Cards, Shop::in_memory().outfit(move |builder, _| builder.screen(Arc::new(screen))))
    }

    /// A scene in a shop that is opened so, which sweeps by itself, and in which this bank takes the payments.
    pub(crate) fn of(bank: Bank, shop: ShopBuilder) -> Self {
        let shop =
            shop.configure(|config| config.sweep_ms = Some(5_000)).configure(move |config| config.default_provider = bank.provider());
        let mut kit = block_on(shop.open());
        let stage = Stage::new(kit.clock.clone());
        let workers = stage.spawn(kit.take_workers().run(futures::future::pending()));
        let (shop, store, clock, call) = (kit.commerce.clone(), kit.store.clone(), kit.clock.clone(), kit.call.clone());
        let scene = Self { stage, kit, shop, store, clock, workers, call, bank };
        for (name, kind, price) in GOODS {
            scene.stocks(name, kind, price);
        }
        scene
    }

    /// The sandbox of the bank that takes the payments.
    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.kit.bank(self.bank)
    }

    fn stocks(&self, name: &str, kind: ItemKind, price: i64) {
        let prices = [(CURRENCY, gbp(price))].into();
        let item = PutItem { sku: sku(name), title: name.to_owned(), kind, prices, active: true };
        self.run(self.shop.put_catalogue_item(&self.call, item)).expect("an item");
        if kind == ItemKind::Stocked {
            self.receives(name, ON_SHELF);
        }
    }

    pub(crate) fn receives(&self, name: &str, count: u32) {
        let location = LocationId::default();
        self.run(self.shop.receive_stock(&self.call, &sku(name), &location, qty(count))).expect("stock");
    }

    pub(crate) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.stage.run(future)
    }

    /// Reports by the banks that were not told yet, told to the shop; answers how many.
    pub(crate) fn tells(&self) -> usize {
        let mut told = 0;
        for bank in Bank::ALL {
            for report in self.kit.reports(*bank) {
                self.run(self.kit.report(*bank, &report));
                told += 1;
            }
        }
        self.stage.rest();
        told
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// Commands.
impl Scene {
    pub(crate) fn try_place(&self, order: PlaceOrder) -> Result<OrderView, Error> {
        self.run(self.shop.place_order(&self.call, order)).map(|answer| answer.value)
    }

    #[track_caller]
    pub(crate) fn places(&self, order: PlaceOrder) -> OrderView {
        self.try_place(order).expect("an order")
    }

    /// Places the usual order with a method, and answers its id.
    #[track_caller]
    pub(crate) fn usual_paid_with(&self, token: Token) -> OrderId {
        self.places(usual().paid_with(token.method())).id
    }

    /// Begins to place an order, and goes on without waiting for the answer.
    pub(crate) fn begins_to_place(&self, order: PlaceOrder) -> TaskId {
        let (shop, call) = (self.shop.clone(), self.call.clone());
        let task = self.stage.spawn(async move { drop(shop.place_order(&call, order).await) });
        self.stage.rest();
        task
    }

    #[track_caller]
    pub(crate) fn pays(&self, id: OrderId, token: Token) -> OrderView {
        self.pays_part(id, token.method(), None).expect("an attempt")
    }

    pub(crate) fn pays_part(&self, id: OrderId, method: MethodRef, amount: Option<i64>) -> Result<OrderView, Error> {
        self.run(self.shop.pay_order(&self.call, id, method, None, amount.map(gbp))).map(|answer| answer.value)
    }

    #[track_caller]
    pub(crate) fn cancels(&self, id: OrderId) -> OrderView {
        done(self.run(self.shop.cancel_order(&self.call, id)))
    }

    #[track_caller]
    pub(crate) fn cancels_lines(&self, id: OrderId, lines: Vec<LineQty>) -> OrderView {
        done(self.run(self.shop.cancel_order_lines(&self.call, id, lines, "less".to_owned())))
    }

    #[track_caller]
    pub(crate) fn edits(&self, id: OrderId, edit: EditOrder) -> OrderView {
        done(self.run(self.shop.edit_order(&self.call, id, edit)))
    }

    #[track_caller]
    pub(crate) fn resumes(&self, id: OrderId) -> OrderView {
        done(self.run(self.shop.resume_order(&self.call, id)))
    }

    #[track_caller]
    pub(crate) fn completes(&self, id: OrderId) -> OrderView {
        done(self.run(self.shop.complete_order(&self.call, id)))
    }

    pub(crate) fn refunds(&self, id: OrderId, minor: i64) -> Result<OrderView, Error> {
        self.run(self.shop.refund_order(&self.call, id, gbp(minor), Vec::new(), None)).map(|answer| answer.value)
    }

    pub(crate) fn try_pack(&self, id: OrderId, lines: Vec<LineQty>) -> Result<ShipmentId, Error> {
        self.run(self.shop.create_shipment(&self.call, id, PackUnits { lines, location: None })).map(|answer| answer.value.shipment.id)
    }

    #[track_caller]
    pub(crate) fn packs(&self, id: OrderId, lines: Vec<LineQty>) -> ShipmentId {
        self.try_pack(id, lines).expect("a shipment")
    }

    #[track_caller]
    pub(crate) fn dispatches(&self, id: ShipmentId) -> ShipmentView {
        done(self.run(self.shop.dispatch_shipment(&self.call, id, None, None)))
    }

    #[track_caller]
    pub(crate) fn delivers(&self, id: ShipmentId) -> ShipmentView {
        done(self.run(self.shop.deliver_shipment(&self.call, id)))
    }

    /// Packs, captures, dispatches and delivers.
    #[track_caller]
    pub(crate) fn ships(&self, id: OrderId, lines: Vec<LineQty>) -> ShipmentId {
        let shipment = self.packs(id, lines);
        self.dispatches(shipment);
        self.delivers(shipment);
        shipment
    }

    #[track_caller]
    pub(crate) fn asks_to_return(&self, id: OrderId, lines: Vec<LineQty>) -> ReturnId {
        done(self.run(self.shop.create_return(&self.call, id, lines, "too small".to_owned()))).return_of_goods.id
    }

    #[track_caller]
    pub(crate) fn receives_return(&self, id: ReturnId, condition: Condition) -> ReturnView {
        done(self.run(self.shop.receive_return(&self.call, id, Vec::new(), condition, None)))
    }
}

#[track_caller]
pub(crate) fn done<T>(answer: Result<Answer<T>, Error>) -> T {
    match answer {
        Ok(answer) => answer.value,
        Err(error) => panic!("{}: {error:?}", error.code()),
    }
}

/// The code that an operation was refused with.
#[track_caller]
pub(crate) fn refused<T>(answer: Result<T, Error>) -> &'static str {
    match answer {
        Ok(_) => panic!("it was not refused"),
        Err(error) => error.code(),
    }
}

/// What is there now.
impl Scene {
    pub(crate) fn order(&self, id: OrderId) -> OrderView {
        self.run(self.shop.get_order(&self.call, id)).expect("an order")
    }

    pub(crate) fn headline(&self, id: OrderId) -> Headline {
        self.order(id).order.headline()
    }

    pub(crate) fn payments(&self, id: OrderId) -> Vec<PaymentView> {
        let mut ids: Vec<PaymentId> = self.order(id).order.tenders.attempts.iter().map(|attempt| attempt.payment_id).collect();
        ids.dedup();
        ids.into_iter().map(|payment| self.run(self.shop.get_payment(&self.call, payment)).expect("a payment")).collect()
    }

    pub(crate) fn last_attempt(&self, id: OrderId) -> AttemptId {
        self.order(id).order.tenders.attempts.last().expect("an attempt").id
    }

    pub(crate) fn events(&self, id: OrderId) -> Vec<Event> {
        self.events_after(id, Version(0))
    }

    pub(crate) fn events_after(&self, id: OrderId, after: Version) -> Vec<Event> {
        let mut all = Vec::new();
        let mut last = after;
        loop {
            let page = self.run(self.shop.list_order_events(&self.call, id, last, 200)).expect("events");
            let Some(end) = page.last() else { return all };
            last = end.stored.version;
            all.extend(page.into_iter().map(|event| event.event));
        }
    }

    /// The names of an order's events.
    pub(crate) fn story(&self, id: OrderId) -> Vec<&'static str> {
        self.events(id).iter().map(Event::name).collect()
    }

    /// The names of what happened to an order after a version of it.
    pub(crate) fn story_after(&self, view: &OrderView) -> Vec<&'static str> {
        self.events_after(view.id, view.version).iter().map(Event::name).collect()
    }

    /// Everything that the banks did, the oldest first for each bank.
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::of(Bank::ALL.iter().flat_map(|bank| self.kit.bank(*bank).ledger().entries().to_vec()).collect())
    }

    /// What the banks did for an order: set aside, taken, released, paid back.
    pub(crate) fn money(&self, id: OrderId) -> (i128, i128, i128, i128) {
        let attempts: Vec<AttemptId> = self.order(id).order.tenders.attempts.iter().map(|attempt| attempt.id).collect();
        let mine = self.ledger().entries().iter().filter(|entry| attempts.contains(&entry.attempt)).cloned().collect();
        let Totals { authorized, captured, released, refunded } = Ledger::of(mine).totals().get(&CURRENCY).copied().unwrap_or_default();
        (authorized, captured, released, refunded)
    }

    /// Units on hand and held of a SKU.
    pub(crate) fn stock(&self, name: &str) -> (i64, i64) {
        let item = self.run(self.shop.get_item(&self.call, &sku(name))).expect("an item");
        (item.totals.on_hand, item.totals.held)
    }

    pub(crate) fn rows(&self) -> Vec<OrderRow> {
        laws::rows(&self.store)
    }

    pub(crate) fn sagas(&self, order: Option<OrderId>, phase: Option<SagaPhase>) -> Vec<SagaRow> {
        laws::sagas(&self.store, order, phase)
    }

    pub(crate) fn saga(&self, task: Task) -> SagaRow {
        self.run(self.shop.get_saga(&self.call, SagaId(task.saga_uuid()))).expect("a saga")
    }

    /// What was recorded about a saga that got stuck.
    pub(crate) fn audit(&self, id: SagaId) -> Vec<commerce_core::saga::Event> {
        let stream = StreamId { merchant: MerchantId::default(), name: StreamName::Saga(id) };
        let stored = self.run(self.store.journal.load(&stream, Version(0), 200)).expect("events");
        let read = stored.iter().map(|s| commerce_core::stored::decode_saga(&s.event.kind, s.event.kind_version, &s.event.bytes));
        read.map(|event| event.expect("a readable event")).collect()
    }
}

/// Seconds within which a saga hears of what was reported in its stead.
const LOOK_S: u64 = 10;

/// Laws.
impl Scene {
    /// Those of every moment.
    pub(crate) fn check(&self) {
        laws::check_lives(&self.store);
        self.ledger().check().expect("the banks keep their laws");
    }

    /// Lets every report be told and every saga hear of it; then those of a moment in which nothing is under way.
    pub(crate) fn rests(&self) {
        self.tells();
        self.stage.jump_s(LOOK_S);
        laws::check_rest(&self.store);
        let count = |phase| self.sagas(None, Some(phase)).len();
        let unsettled = Unsettled { waiting: count(SagaPhase::Running), stuck: count(SagaPhase::Stuck) };
        self.run(self.kit.check_but(unsettled));
    }
}
