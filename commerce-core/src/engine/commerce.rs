//! The facade and how it is built.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use uuid::Uuid;

use crate::engine::cache::OrderCache;
use crate::engine::handoff::Handoff;
use crate::engine::{AcceptAll, Call, CatalogPricer, Config, Error, SystemIds, Workers};
use crate::id::{ProviderName, WorkerId};
use crate::order::{Context, ProviderTraits};
use crate::ports::{ActorKind, Clock, EventMeta, Ids, PaymentProvider, Pricer, RiskScreen, Store};
use crate::time::Timestamp;

/// Most characters of a correlation id and of an actor's id.
pub(super) const TRACE_MAX_CHARS: usize = 128;

/// Answers requests. Cheap to clone; all clones are one engine.
#[derive(Clone)]
pub struct Commerce {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) pricer: Arc<dyn Pricer>,
    pub(super) screen: Arc<dyn RiskScreen>,
    pub(super) providers: BTreeMap<ProviderName, Arc<dyn PaymentProvider>>,
    pub(super) traits: BTreeMap<ProviderName, ProviderTraits>,
    pub(super) config: Config,
    pub(super) worker: WorkerId,
    pub(super) cache: OrderCache,
    pub(super) handoff: Handoff,
    pub(super) hmac: aws_lc_rs::hmac::Key,
}

impl fmt::Debug for Commerce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commerce").field("store", &self.inner.store).field("worker", &self.inner.worker).finish_non_exhaustive()
    }
}

/// Puts an engine together: a store, a clock and at least one payment provider; all else has plain defaults.
pub struct Builder {
    store: Store,
    clock: Arc<dyn Clock>,
    config: Config,
    ids: Arc<dyn Ids>,
    pricer: Arc<dyn Pricer>,
    screen: Arc<dyn RiskScreen>,
    providers: BTreeMap<ProviderName, Arc<dyn PaymentProvider>>,
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("store", &self.store).field("config", &self.config).finish_non_exhaustive()
    }
}

impl Builder {
    /// An engine over a store, with one payment provider, which takes the payments that name none.
    pub fn new(store: Store, clock: Arc<dyn Clock>, name: ProviderName, provider: Arc<dyn PaymentProvider>) -> Self {
        Self {
            store,
            clock,
            config: Config::new(name.clone()),
            ids: Arc::new(SystemIds::default()),
            pricer: Arc::new(CatalogPricer),
            screen: Arc::new(AcceptAll),
            providers: BTreeMap::from([(name, provider)]),
        }
    }

    /// Registers another payment provider. Recovery finds providers by name: keep one registered while it has money in motion.
    #[must_use]
    pub fn provider(mut self, name: ProviderName, provider: Arc<dyn PaymentProvider>) -> Self {
        self.providers.insert(name, provider);
        self
    }

    /// Replaces the ids.
    #[must_use]
    pub fn ids(mut self, ids: Arc<dyn Ids>) -> Self {
        self.ids = ids;
        self
    }

    /// Replaces the pricer.
    #[must_use]
    pub fn pricer(mut self, pricer: Arc<dyn Pricer>) -> Self {
        self.pricer = pricer;
        self
    }

    /// Replaces the risk screen.
    #[must_use]
    pub fn screen(mut self, screen: Arc<dyn RiskScreen>) -> Self {
        self.screen = screen;
        self
    }

    /// Changes the settings.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut Config)) -> Self {
        change(&mut self.config);
        self
    }

    /// The engine, and the future that runs its sagas; without it orders are placed and no money moves.
    pub fn build(self) -> (Commerce, Workers) {
        let traits = self.providers.iter().map(|(name, provider)| {
            let can = provider.capabilities();
            (name.clone(), ProviderTraits { multi_capture: can.multi_capture, sale_only: can.sale_only })
        });
        let (handoff, handed) = Handoff::new();
        let inner = Inner {
            traits: traits.collect(),
            hmac: aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &self.store.facts.hmac_key),
            worker: WorkerId::new(self.ids.uuid7()),
            cache: OrderCache::new(self.config.cache_max_orders, self.config.read_cache_max_lines),
            store: self.store,
            clock: self.clock,
            ids: self.ids,
            pricer: self.pricer,
            screen: self.screen,
            providers: self.providers,
            config: self.config,
            handoff,
        };
        let commerce = Commerce { inner: Arc::new(inner) };
        let workers = Workers::new(commerce.clone(), handed);
        (commerce, workers)
    }
}

/// When and by whom, checked.
#[derive(Clone, Debug)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) meta: EventMeta,
}

impl Inner {
    pub(super) fn fresh(&self) -> Uuid {
        self.ids.uuid7()
    }

    /// The moment of a call: staff may tell of the past, nobody of the future.
    pub(super) fn moment(&self, call: &Call) -> Result<Moment, Error> {
        let now = self.clock.now();
        let at = match call.at {
            None => now,
            Some(_) if !call.is_staff() => return Err(Error::invalid("/at", "only staff may tell of the past")),
            Some(at) if at > now => return Err(Error::invalid("/at", "is later than now")),
            Some(at) => at,
        };
        check_trace("actor", &call.actor.id)?;
        if let Some(correlation) = &call.correlation {
            check_trace("correlation", correlation)?;
        }
        Ok(Moment { now, meta: EventMeta { at, actor: call.actor.clone(), correlation: call.correlation.clone(), causation: None } })
    }

    pub(super) fn context<'a>(&'a self, moment: &Moment, stock_lost: bool, fresh: &'a (dyn Fn() -> Uuid + Sync)) -> Context<'a> {
        Context {
            now: moment.now,
            at: moment.meta.at,
            policy: &self.config.policy,
            providers: &self.traits,
            default_provider: &self.config.default_provider,
            stock_lost,
            fresh,
        }
    }

    /// A call of the engine itself, for a merchant.
    pub(super) fn own_call(&self, merchant: &crate::id::MerchantId) -> Call {
        let mut call = Call::staff("engine");
        call.merchant = merchant.clone();
        call.actor.kind = ActorKind::System;
        call
    }

    pub(super) fn provider(&self, name: &ProviderName) -> Result<&Arc<dyn PaymentProvider>, Error> {
        self.providers.get(name).ok_or_else(|| Error::UnknownProvider(name.to_string()))
    }
}

fn check_trace(field: &str, text: &str) -> Result<(), Error> {
    if text.chars().count() > TRACE_MAX_CHARS || text.contains('\0') {
        return Err(Error::invalid(field, format!("has more than {TRACE_MAX_CHARS} characters or a U+0000")));
    }
    Ok(())
}
