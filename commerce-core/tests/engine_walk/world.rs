//! Two processes over one store, their clients, the banks and the shelves: everything that a walk may stir.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use commerce_core::engine::{Call, Commerce, Error};
use commerce_core::id::OrderId;
use commerce_core::order::Order;
use commerce_core::ports::{ProviderFact, SagaPhase, SagaRow, Store};
use commerce_core::sandbox::Options;
use commerce_core::testkit::shop::{Bank, SHELVES, Shop, Unsettled};
use commerce_core::testkit::{Dice, ManualClock, Stage, TaskId};
use futures::executor::block_on;

use crate::clients::Theme;
use crate::laws;
use crate::sluggish::Sloth;
use crate::tally::Tally;

/// Jumps of time within which everything that is under way must come to its end.
const JUMPS_MAX: usize = 60;
/// Longer than any lease and any pause between two tries.
const JUMP_S: u64 = 620;

/// One process: an engine, its workers, and the requests that it serves.
pub(crate) struct Process {
    shop: Commerce,
    workers: TaskId,
    clients: Vec<TaskId>,
}

pub(crate) struct World {
    pub theme: Theme,
    sloth: Sloth,
    pub dice: Dice,
    pub stage: Stage,
    pub kit: Shop,
    pub tally: Rc<RefCell<Tally>>,
    processes: Vec<Process>,
    /// Reports that were not told yet, and some that were.
    reports: Vec<(Bank, ProviderFact)>,
    keys: Rc<RefCell<BTreeMap<String, OrderId>>>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let sloth = Sloth::new(dice.roll());
        let (view, outfit) = (sloth.clone(), sloth.clone());
        let theme = Theme::any(&mut dice);
        let refund_on_return = dice.below(5) > 0;
        // banks that take longer to decide than stock is held
        let banks: fn(Options) -> Options =
            if theme == Theme::Late { |options| Options { pending_s: 30 * 3_600, ..options } } else { |options| options };
        let shop = Shop::in_memory()
            .seed(seed)
            .banks(banks)
            .configure(move |config| {
                config.sweep_ms = Some(5_000);
                config.failures_max = 6;
                config.policy.refund_on_return = refund_on_return;
            })
            .view(move |store| view.store(store))
            .outfit(move |mut builder, banks| {
                for (bank, sandbox) in banks {
                    builder = builder.provider(bank.provider(), outfit.provider(sandbox.clone()));
                }
                builder.screen(std::sync::Arc::new(outfit.clone()))
            });
        let mut kit = block_on(shop.open());
        let stage = Stage::new(kit.clock.clone());
        stage.shuffle(dice.roll());
        let workers = stage.spawn(kit.take_workers().run(futures::future::pending()));
        let first = Process { shop: kit.commerce.clone(), workers, clients: Vec::new() };
        let mut world =
            Self { theme, sloth, dice, stage, kit, tally: Rc::default(), processes: vec![first], reports: Vec::new(), keys: Rc::default() };
        let second = world.process();
        world.processes.push(second);
        world
    }

    fn process(&self) -> Process {
        let (shop, workers) = self.kit.second();
        Process { shop, workers: self.stage.spawn(workers.run(futures::future::pending())), clients: Vec::new() }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.kit.store
    }

    pub(crate) fn clock(&self) -> &ManualClock {
        &self.kit.clock
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.dice.below(100) < percent
    }

    pub(crate) fn orders(&self) -> Vec<OrderId> {
        laws::rows(self.store()).into_iter().map(|row| row.id).collect()
    }

    /// An order as its stream tells it.
    pub(crate) fn order(&self, id: OrderId) -> Order {
        laws::replay(self.store(), id, |_, _| {})
    }

    fn any_process(&mut self) -> usize {
        usize::try_from(self.dice.below(self.processes.len() as u64)).unwrap()
    }

    /// A client asks one of the processes, and the walk goes on without the answer.
    pub(crate) fn asks<T, F>(&mut self, name: &'static str, ask: impl FnOnce(Commerce, Call) -> F)
    where
        F: Future<Output = Result<T, Error>> + 'static,
    {
        let index = self.any_process();
        let asked = ask(self.processes[index].shop.clone(), self.kit.call.clone());
        let tally = Rc::clone(&self.tally);
        let client = self.stage.spawn(async move {
            let answer = asked.await;
            told(&mut tally.borrow_mut(), name, answer.as_ref().map(|_| ()));
        });
        self.processes[index].clients.push(client);
    }

    /// A client places an order, perhaps twice under one key.
    pub(crate) fn places(&mut self, order: &commerce_core::engine::PlaceOrder) {
        let key = self.dice.roll().to_string();
        let times = if self.chance(15) { 2 } else { 1 };
        for _ in 0..times {
            let (order, key, keys) = (order.clone(), key.clone(), Rc::clone(&self.keys));
            self.asks("place_order", |shop, call| async move {
                let placed = shop.place_order(&call.with_key(&key, b"order"), order).await?;
                let first = *keys.borrow_mut().entry(key).or_insert(placed.value.id);
                assert_eq!(first, placed.value.id, "one key made two orders");
                Ok(placed)
            });
        }
    }

    /// Asks and waits for the answer.
    pub(crate) fn does<T>(&mut self, name: &'static str, asked: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let answer = self.stage.run(asked);
        told(&mut self.tally.borrow_mut(), name, answer.as_ref().map(|_| ()));
        answer
    }

    pub(crate) fn shop(&self) -> (Commerce, Call) {
        (self.processes[0].shop.clone(), self.kit.call.clone())
    }
}

fn told(tally: &mut Tally, name: &'static str, answer: Result<(), &Error>) {
    match answer {
        Ok(()) => tally.count("command", name),
        Err(error) => {
            assert!(!matches!(error.code(), "internal" | "store_damaged" | "outcome_unknown"), "{name}: {error:?}");
            tally.count("refusal", error.code());
        }
    }
}

/// What happens besides what clients ask.
impl World {
    /// A process dies with all that it serves, and another one takes its place.
    pub(crate) fn crash(&mut self) {
        let index = self.any_process();
        let successor = self.process();
        let dead = std::mem::replace(&mut self.processes[index], successor);
        self.stage.kill(dead.workers);
        dead.clients.into_iter().for_each(|client| self.stage.kill(client));
        self.tally.borrow_mut().count("world", "crash");
    }

    /// A process stands still, or goes on.
    pub(crate) fn freezes(&mut self, frozen: bool) {
        let index = self.any_process();
        self.freeze(index, frozen);
        self.tally.borrow_mut().count("world", if frozen { "freeze" } else { "thaw" });
    }

    fn freeze(&self, index: usize, frozen: bool) {
        let process = &self.processes[index];
        for task in process.clients.iter().chain([&process.workers]) {
            self.stage.freeze(*task, frozen);
        }
    }

    /// A client goes away before its answer.
    pub(crate) fn drops_a_request(&mut self) {
        let index = self.any_process();
        let stage = &self.stage;
        self.processes[index].clients.retain(|client| stage.has(*client));
        if let Some(client) = self.processes[index].clients.pop() {
            self.stage.kill(client);
            self.tally.borrow_mut().count("world", "dropped request");
        }
    }

    /// Some tasks go on for a while.
    pub(crate) fn goes_on(&mut self) {
        for _ in 0..self.dice.below(40) {
            if !self.stage.step() {
                return;
            }
        }
    }

    /// Some of what the banks report is told, in any order, perhaps again.
    pub(crate) fn reports(&mut self) {
        self.take_reports();
        for _ in 0..self.dice.below(4) {
            if self.reports.is_empty() {
                return;
            }
            let index = usize::try_from(self.dice.below(self.reports.len() as u64)).unwrap();
            let (bank, fact) = if self.chance(80) { self.reports.swap_remove(index) } else { self.reports[index].clone() };
            self.asks("report_payment", |shop, _| async move { shop.report_payment(&bank.provider(), &fact).await });
        }
    }

    fn take_reports(&mut self) {
        for bank in Bank::ALL {
            let new = self.kit.reports(*bank);
            self.reports.extend(new.into_iter().map(|fact| (*bank, fact)));
        }
    }

    fn tells_all(&mut self) {
        self.take_reports();
        let shop = self.processes[0].shop.clone();
        for (bank, fact) in std::mem::take(&mut self.reports) {
            match self.does("report_payment", shop.report_payment(&bank.provider(), &fact)) {
                Ok(()) => {}
                // a bank tells again what was not taken
                Err(Error::Contended) => self.reports.push((bank, fact)),
                Err(error) => panic!("a report is not taken: {error:?}"),
            }
        }
    }

    pub(crate) fn sweeps(&mut self) {
        self.asks("sweep", |shop, _| async move { shop.sweep().await });
    }

    /// Everything that was reached.
    pub(crate) fn counted(self) -> Tally {
        let mut tally = self.tally.take();
        for row in laws::rows(self.store()) {
            laws::replay(self.store(), row.id, |event, order| tally.saw(event, order));
        }
        tally
    }

    /// Units of everything arrive.
    pub(crate) fn stocks_up(&mut self, count: u32) {
        let (shop, call) = self.shop();
        for good in SHELVES {
            for (place, _) in good.stock {
                let (sku, location) = (crate::clients::sku(good.sku), crate::clients::location(place));
                self.does("receive_stock", shop.receive_stock(&call, &sku, &location, crate::clients::qty(count))).expect("units arrive");
            }
        }
    }

    /// Everybody goes on, every report is told, and whatever is under way comes to its end.
    pub(crate) fn comes_to_rest(&mut self) {
        self.sloth.calms_down();
        for index in 0..self.processes.len() {
            self.freeze(index, false);
        }
        for _ in 0..JUMPS_MAX {
            self.stage.rest();
            self.banks_decide();
            self.tells_all();
            self.stage.jump_s(JUMP_S);
            let running = laws::sagas(self.store(), None, Some(SagaPhase::Running));
            if self.reports.is_empty() && running.iter().all(|row| self.waits(row)) {
                return;
            }
        }
        let running = laws::sagas(self.store(), None, Some(SagaPhase::Running));
        panic!("never at rest: {:?}", running.iter().filter(|row| !self.waits(row)).collect::<Vec<_>>());
    }

    fn waits(&self, row: &SagaRow) -> bool {
        row.lease.is_none() && laws::waits(self.store(), row)
    }

    /// What is true at rest.
    pub(crate) fn check(&self) {
        laws::check_rest(self.store());
        let count = |phase| laws::sagas(self.store(), None, Some(phase)).len();
        if count(SagaPhase::Stuck) > 0 {
            self.tally.borrow_mut().count("world", "stuck saga");
        }
        let unsettled = Unsettled { waiting: count(SagaPhase::Running), stuck: count(SagaPhase::Stuck) };
        self.stage.run(self.kit.check_but(unsettled));
    }

    /// The whole story, for a walk that went wrong.
    pub(crate) fn story(&self) -> String {
        let mut told = Vec::new();
        for id in self.orders() {
            told.push(format!("order {id}"));
            laws::replay(self.store(), id, |event, order| told.push(format!("  {} -> {}", shown(event), order.headline())));
        }
        told.join("\n")
    }
}

fn shown(event: &commerce_core::order::Event) -> String {
    format!("{event:?}").chars().take(200).collect()
}
