//! A request as data, whatever door it came through.

use commerce_core::id::MerchantId;
use commerce_core::ports::Actor;

/// The most bytes of a body: an order of as many lines as an order takes, each with its price and some adjustments.
pub const BODY_MAX_BYTES: usize = 8 * 1_048_576;

/// A request: what a door has extracted, not yet read.
#[derive(Clone, Default)]
pub struct Asked {
    /// Values of the path's placeholders by name, decoded.
    pub path: Vec<(String, String)>,
    /// Parameters of the query, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<String>,
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `X-Request-Id`, or the trace that the request belongs to: it lands in the metadata of the events.
    pub correlation: Option<String>,
    /// The body; a door takes at most [`BODY_MAX_BYTES`].
    pub body: Vec<u8>,
}

/// On whose behalf a request is answered; the door has made sure of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Whose shop.
    pub merchant: MerchantId,
    /// Who asks.
    pub actor: Actor,
}
