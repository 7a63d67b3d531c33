//! How a shop is opened.

use std::fmt;
use std::sync::Arc;

use crate::engine::{Builder, Config};
use crate::ports::Store;
use crate::sandbox::{Options, Sandbox};
use crate::testkit::faults::Faults;
use crate::testkit::shop::{Bank, Banks, Good, SHELVES, Shop, goods};
use crate::testkit::{ManualClock, SeededIds};

type Change = Arc<dyn Fn(&mut Config) + Send + Sync>;
type View = Arc<dyn Fn(Store) -> Store + Send + Sync>;
type Outfit = Arc<dyn Fn(Builder, &[(Bank, Arc<Sandbox>)]) -> Builder + Send + Sync>;

#[derive(Clone)]
pub(super) struct Setup {
    pub(super) seed: u64,
    pub(super) report_all: bool,
    pub(super) options: fn(Options) -> Options,
    pub(super) faults: Option<Faults>,
    pub(super) view: Option<View>,
    pub(super) outfit: Option<Outfit>,
    pub(super) changes: Vec<Change>,
    pub(super) goods: &'static [Good],
}

impl Setup {
    pub(super) fn plain() -> Self {
        Self {
            seed: 7,
            report_all: false,
            options: |options| options,
            faults: None,
            view: None,
            outfit: None,
            changes: Vec::new(),
            goods: SHELVES,
        }
    }

    fn options_of(&self, bank: Bank) -> Options {
        (self.options)(Options { report_all: self.report_all, ..bank.options() })
    }
}

/// Opens a [`Shop`].
pub struct ShopBuilder {
    pub(super) store: Store,
    pub(super) clock: Arc<ManualClock>,
    pub(super) setup: Setup,
}

impl fmt::Debug for ShopBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ShopBuilder").field("store", &self.store).finish_non_exhaustive()
    }
}

impl ShopBuilder {
    /// Changes the engine's settings. The shop's own defaults: no sweep but in [`Shop::settle`].
    #[must_use]
    pub fn configure(mut self, change: impl Fn(&mut Config) + Send + Sync + 'static) -> Self {
        self.setup.changes.push(Arc::new(change));
        self
    }

    /// Makes ids from this seed: another one for a second shop over the same store.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.setup.seed = seed;
        self
    }

    /// Operations answer as soon as they are committed, and wait for no saga: [`Shop::settle`] runs those one after the other.
    #[must_use]
    pub fn impatient(self) -> Self {
        self.configure(|config| config.place_wait_ms = 0)
    }

    /// Lets the engine meet these faults, at its store and at its banks. What stocks the shelves meets none.
    #[must_use]
    pub fn faults(mut self, faults: &Faults) -> Self {
        self.setup.faults = Some(faults.clone());
        self
    }

    /// Lets the banks report every outcome too, beside answering: see [`Shop::reports`].
    #[must_use]
    pub const fn report_all(mut self) -> Self {
        self.setup.report_all = true;
        self
    }

    /// Changes what kind of provider each bank is.
    #[must_use]
    pub const fn banks(mut self, options: fn(Options) -> Options) -> Self {
        self.setup.options = options;
        self
    }

    /// Shows the engine another store: this one, wrapped. What stocks the shelves, and what checks the shop, sees the plain one.
    #[must_use]
    pub fn view(mut self, view: impl Fn(Store) -> Store + Send + Sync + 'static) -> Self {
        self.setup.view = Some(Arc::new(view));
        self
    }

    /// Puts other parts into the engine before it is built: a risk screen, a pricer, a provider in place of a bank.
    #[must_use]
    pub fn outfit(mut self, outfit: impl Fn(Builder, &[(Bank, Arc<Sandbox>)]) -> Builder + Send + Sync + 'static) -> Self {
        self.setup.outfit = Some(Arc::new(outfit));
        self
    }

    /// Stocks the shelves with these goods instead of [`SHELVES`].
    #[must_use]
    pub const fn goods(mut self, goods: &'static [Good]) -> Self {
        self.setup.goods = goods;
        self
    }

    /// Stocks the shelves and opens.
    ///
    /// # Panics
    /// If the shelves cannot be stocked.
    pub async fn open(self) -> Shop {
        let Self { store, clock, setup } = self;
        let ids = Arc::new(SeededIds::new(setup.seed));
        let bank = |bank: Bank| (bank, Arc::new(Sandbox::new(clock.clone(), setup.options_of(bank))));
        let banks: Banks = Bank::ALL.iter().map(|name| bank(*name)).collect();
        goods::stock(setup.goods, &store, &clock, &ids).await;
        Shop::start(store, clock, ids, banks, setup)
    }
}
