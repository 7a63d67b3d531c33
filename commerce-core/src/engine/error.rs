//! How an operation of the engine fails.

use crate::id::Sku;
use crate::ports::{PortError, PricerError, Rejection, ResourceRef, Version};
use crate::stock::ShortItem;
use crate::{order, payment, saga};

/// Why an operation failed. Unless it says otherwise, nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The order refuses the command.
    #[error(transparent)]
    Order(#[from] order::Refusal),
    /// The payment refuses the command.
    #[error(transparent)]
    Payment(#[from] payment::Refusal),
    /// There is not enough stock.
    #[error("not enough stock")]
    Short(Vec<ShortItem>),
    /// Nothing of that name.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A value that is not allowed.
    #[error("{field}: {reason}")]
    Invalid {
        /// Where, as a JSON pointer into the request.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// A SKU that the catalogue does not have, or does not sell.
    #[error("{sku} is not for sale")]
    UnknownSku {
        /// Where, as a JSON pointer into the request.
        field: String,
        /// Which.
        sku: Sku,
    },
    /// A line without a price.
    #[error("{field}: {source}")]
    Price {
        /// Where, as a JSON pointer into the request.
        field: String,
        /// What is wrong.
        source: PricerError,
    },
    /// The resource has another version than the caller expected.
    #[error("the resource has version {actual}")]
    Stale {
        /// The version that it has.
        actual: Version,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request, which made {owner}")]
    KeyReused {
        /// What that request made.
        owner: ResourceRef,
    },
    /// Something under this id, or with this number, exists already.
    #[error("it belongs to {owner} already")]
    Taken {
        /// What has it.
        owner: ResourceRef,
    },
    /// Less than asked for, or nothing, remains of a hold: it was fulfilled, released, or reclaimed after it expired.
    #[error("less than asked for, or nothing, remains of the hold")]
    HoldGone,
    /// Units of a reservation that is not confirmed cannot leave.
    #[error("the reservation is not confirmed")]
    NotConfirmed,
    /// Others kept changing the same thing: try again.
    #[error("too many changes at once")]
    Contended,
    /// No provider is registered under the name.
    #[error("no payment provider is registered under the name {0}")]
    UnknownProvider(String),
    /// A saga that is not stuck cannot be told what to do.
    #[error("the saga is {0}, not stuck")]
    NotStuck(&'static str),
    /// A saga met what its machine does not know.
    #[error(transparent)]
    Saga(#[from] saga::IllegalStep),
    /// A cursor of another list.
    #[error("not a cursor of this list")]
    Cursor,
    /// A stored event cannot be read, or cannot follow on those before it.
    #[error("stored data cannot be read: {0}")]
    Stored(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A port failed. After `Retry::Unknown` it may have happened.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl Error {
    pub(crate) fn invalid(field: impl Into<String>, reason: impl ToString) -> Self {
        Self::Invalid { field: field.into(), reason: reason.to_string() }
    }

    pub(crate) fn stored(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Stored(source.into())
    }

    /// The stable code that clients see.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Order(refusal) => refusal.code(),
            Self::Payment(refusal) => refusal.code(),
            Self::Short(_) => "insufficient_stock",
            Self::NotFound(_) => "not_found",
            Self::Invalid { .. } => "invalid_value",
            Self::UnknownSku { .. } => "unknown_sku",
            Self::Price { .. } => "no_price",
            Self::Stale { .. } => "stale_version",
            Self::KeyReused { .. } => "idempotency_key_reused",
            Self::Taken { .. } => "already_taken",
            Self::HoldGone => "hold_gone",
            Self::NotConfirmed => "reservation_not_confirmed",
            Self::Contended => "contended",
            Self::UnknownProvider(_) => "unknown_provider",
            Self::NotStuck(_) => "saga_not_stuck",
            Self::Cursor => "invalid_cursor",
            Self::Saga(_) | Self::Stored(_) => "internal",
            Self::Port(error) => port_code(error),
        }
    }
}

fn port_code(error: &PortError) -> &'static str {
    use crate::ports::{PortErrorKind, Retry};
    match (error.kind, error.retry) {
        (_, Retry::Unknown) => "outcome_unknown",
        (PortErrorKind::Unavailable | PortErrorKind::Timeout, _) => "store_unavailable",
        (PortErrorKind::TooLarge, _) => "too_large",
        (PortErrorKind::Misuse, _) => "already_taken",
        (PortErrorKind::Corrupt, _) => "store_damaged",
        (PortErrorKind::UnknownSchema, _) => "internal",
    }
}

/// What the engine does about a rejected change set.
#[derive(Debug)]
pub(crate) enum Loss {
    /// Reload and decide again.
    Again,
    /// A hold was reclaimed: reload and see what is left.
    HoldGone,
    /// Short of stock.
    Short(Vec<ShortItem>),
    /// Another worker moved the saga, or the consumer, on.
    Fenced,
    /// Someone has the key.
    Claimed { owner: ResourceRef, same_request: bool, idempotency: bool },
}

impl From<Rejection> for Loss {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Claimed { claim, owner, same_request } => {
                Self::Claimed { owner, same_request, idempotency: claim.space == crate::ports::ClaimSpace::Idempotency }
            }
            Rejection::Fenced { .. } | Rejection::Outrun { .. } => Self::Fenced,
            Rejection::Conflict { .. } => Self::Again,
            Rejection::HoldGone { .. } => Self::HoldGone,
            Rejection::Short(items) => Self::Short(items),
        }
    }
}
