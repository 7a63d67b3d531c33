//! The protocol of the sandbox process, and the entries of its log: JSON of the core's types.

mod read;
mod write;

use serde::{Deserialize, Serialize};

pub(crate) use read::decision;
pub use read::{WireError, key};

/// An amount in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// Minor units.
    pub minor: i64,
    /// Alphabetic code of ISO 4217.
    pub currency: String,
}

/// One call, named by its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of the core's requests")]
pub enum Call {
    Authorize { merchant: String, payment: String, order: Option<String>, method: String, amount: Amount },
    Capture { merchant: String, attempt: String, reference: Option<String>, amount: Amount, last: bool },
    Void { merchant: String, attempt: String, reference: Option<String> },
    Refund { merchant: String, attempt: String, capture: String, reference: Option<String>, amount: Amount },
}

/// `POST /calls`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallBody {
    /// The call's key, as the core writes it: `authorize/{uuid}` and the like.
    pub key: String,
    /// The call.
    pub call: Call,
}

/// `POST /look-ups`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookUpBody {
    /// The call's key.
    pub key: String,
}

/// The answer to `POST /look-ups`. Both say so in words: what is missing from an answer must not read as not found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
pub enum LookedUp {
    /// The provider knows the call.
    Found {
        /// What became of it.
        outcome: Outcome,
    },
    /// The provider knows nothing of it.
    NotFound,
}

/// `POST /settlements`: decides a call that waits. An authorization that waits for the buyer is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SettleBody {
    /// The call's key.
    pub key: String,
    /// `approve` or `decline`.
    pub decision: String,
}

/// `POST /acts`: the buyer decides an authorization that waits for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActBody {
    /// The attempt.
    pub attempt: String,
    /// `approve` or `decline`.
    pub decision: String,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the core's outcome")]
pub enum Outcome {
    Approved { amount: Amount, expires_at: Option<String>, reference: Option<String> },
    Declined { reason: String, retryable: bool },
    ActionRequired { url: String },
    Pending,
    Unknown,
}

/// A report by the provider itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// The fact's id.
    pub id: String,
    /// Whose.
    pub merchant: String,
    /// The payment.
    pub payment: String,
    /// The order.
    pub order: Option<String>,
    /// The call that it settles.
    pub key: String,
    /// What became of it.
    pub outcome: FactOutcome,
}

/// What a report tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are those of the core's outcome of a fact")]
pub enum FactOutcome {
    Authorized { amount: Amount, expires_at: Option<String>, reference: Option<String> },
    Declined { reason: String, retryable: bool },
    Expired { amount: Amount },
    Voided { amount: Amount },
    VoidFailed { reason: String },
    Captured { amount: Amount, reference: Option<String> },
    CaptureFailed { reason: String },
    Refunded { amount: Amount, reference: Option<String> },
    RefundFailed { reason: String },
}

/// One thing that was done with money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, RFC 3339.
    pub at: String,
    /// The call that did it.
    pub key: String,
    /// Whose.
    pub merchant: String,
    /// The payment.
    pub payment: String,
    /// The authorization.
    pub attempt: String,
    /// What was done: `authorized`, `captured`, `voided`, `lapsed` or `refunded`.
    pub kind: String,
    /// With how much.
    pub amount: Amount,
}

/// Sums of one currency in minor units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// The currency.
    pub currency: String,
    /// Set aside.
    pub authorized: i128,
    /// Taken.
    pub captured: i128,
    /// Given back before it was taken, or lapsed.
    pub released: i128,
    /// Paid back.
    pub refunded: i128,
    /// Taken and not paid back.
    pub net: i128,
}

/// `GET /ledger`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedgerSummary {
    /// Entries in the ledger.
    pub entries: usize,
    /// The law that the entries break; `null` if they break none.
    pub fault: Option<String>,
    /// Sums by currency.
    pub totals: Vec<Totals>,
}

/// `GET /ledger/attempts/{attempt}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charges {
    /// How often the attempt was charged.
    pub charges: usize,
}

/// What kind of provider the sandbox plays, `GET /options`; the first entry of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are those of the core's options")]
pub struct Options {
    pub sale_only: bool,
    pub multi_capture: bool,
    pub report_all: bool,
    pub settle_after_s: u32,
    pub authorization_ttl_s: u32,
    pub short_ttl_s: u32,
    pub pending_s: u32,
    pub late_s: u32,
}

/// One entry of the log: what was asked, and when. Its answer follows from the entries before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum LogEntry {
    /// The first entry.
    Opened {
        /// Version of the log.
        version: u32,
        /// What kind of provider it is.
        options: Options,
    },
    /// A call.
    Called {
        /// Microseconds since 1970.
        at: i64,
        /// The call.
        body: CallBody,
    },
    /// A decision about a call that waited.
    Settled {
        /// Microseconds since 1970.
        at: i64,
        /// The decision.
        body: SettleBody,
    },
}

/// An answer that refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// `malformed`, `not_waiting`, `not_found`, `not_taken` or `in_doubt`.
    pub code: String,
    /// What is wrong, and where.
    pub message: String,
}
