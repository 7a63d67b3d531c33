//! Whether a server is well.

use serde::Serialize;
use utoipa::ToSchema;

/// Whether the server is well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Health {
    /// `ok`, or `unavailable`.
    pub status: &'static str,
    /// Whether the store answers: `ok`, or `unavailable`.
    pub store: &'static str,
    /// The version of the server.
    pub version: &'static str,
}

impl Health {
    /// A server whose store answers, or does not.
    pub const fn of(store_answers: bool) -> Self {
        let word = if store_answers { "ok" } else { "unavailable" };
        Self { status: word, store: word, version: env!("CARGO_PKG_VERSION") }
    }
}
