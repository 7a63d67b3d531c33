//! What the host decides.

use crate::id::{LocationId, ProviderName};
use crate::order::Policy;
use crate::stock::Split;

/// Settings of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Times and rules of orders.
    pub policy: Policy,
    /// The provider of payments that name none.
    pub default_provider: ProviderName,
    /// Locations that serve orders, the preferred first; empty: the default one, then any that has the SKU.
    pub locations: Vec<LocationId>,
    /// How a hold may be spread over locations.
    pub split: Split,
    /// Milliseconds that placing and paying wait for the order to come to rest. Default 10,000.
    pub place_wait_ms: u64,
    /// Milliseconds after which a risk screen counts as `review`. Default 2,000.
    pub screen_timeout_ms: u64,
    /// How often a command is decided again after a conflict. Default 5.
    pub redecide_max: u32,
    /// Orders kept in memory with all that a decision needs. Default 10,000.
    pub cache_max_orders: usize,
    /// Lines of orders kept in memory to be read, in about 0.6 KiB each. Default 150,000.
    pub read_cache_max_lines: usize,
    /// Milliseconds for which a worker leases a saga. Default 30,000.
    pub lease_ms: u64,
    /// Sagas that one process runs at once. Default 256.
    pub sagas_at_once_max: usize,
    /// Milliseconds between looks for due sagas. Default 1,000.
    pub poll_ms: u64,
    /// Milliseconds between sweeps of due orders, expired holds and claims, and dead carts; `None`: the host sweeps. Default 5,000.
    pub sweep_ms: Option<u64>,
    /// Failures in a row after which a saga is stuck. Default 20: about two hours.
    pub failures_max: u32,
    /// Seconds after which an attempt that waits for its buyer is looked up no more. Default 24 hours.
    pub watch_max_s: u64,
    /// Seconds for which a claim on an idempotency key is kept; the same request after that is a new one. Default 30 days.
    pub idempotency_ttl_s: u64,
    /// Seconds after which a reservation that names no expiry may be reclaimed. Default 15 minutes.
    pub reservation_ttl_s: u64,
    /// Seconds for which a cart lives after its last write. Default 30 days.
    pub cart_ttl_s: u64,
}

impl Config {
    /// The defaults, with the provider of payments that name none.
    pub fn new(default_provider: ProviderName) -> Self {
        let days = 24 * 3_600;
        Self {
            policy: Policy::default(),
            default_provider,
            locations: Vec::new(),
            split: Split::default(),
            place_wait_ms: 10_000,
            screen_timeout_ms: 2_000,
            redecide_max: 5,
            cache_max_orders: 10_000,
            read_cache_max_lines: 150_000,
            lease_ms: 30_000,
            sagas_at_once_max: 256,
            poll_ms: 1_000,
            sweep_ms: Some(5_000),
            failures_max: 20,
            watch_max_s: 24 * 3_600,
            idempotency_ttl_s: 30 * days,
            reservation_ttl_s: 15 * 60,
            cart_ttl_s: 30 * days,
        }
    }
}
