//! Typed identifiers: time-ordered UUIDs for what the engine creates, bounded text for what callers name.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use uuid::Uuid;

/// Why a text is not an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is not a hyphenated UUID.
    #[error("{what} is not a uuid")]
    NotUuid {
        /// Name of the identifier's type.
        what: &'static str,
    },
    /// The text is empty or longer than the type allows.
    #[error("{what} has {actual} characters, allowed are 1 to {max}")]
    Length {
        /// Name of the identifier's type.
        what: &'static str,
        /// Characters found.
        actual: usize,
        /// Most characters allowed.
        max: usize,
    },
    /// A character that the type does not allow.
    #[error("{what} has a character that is not allowed at index {index}")]
    Character {
        /// Name of the identifier's type.
        what: &'static str,
        /// Zero-based index in characters.
        index: usize,
    },
}

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID inside.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                // only the hyphenated form: one id has one spelling
                if text.len() != 36 {
                    return Err(IdError::NotUuid { what: stringify!($name) });
                }
                Uuid::try_parse(text).map(Self).map_err(|_| IdError::NotUuid { what: stringify!($name) })
            }
        }
    )*};
}

uuid_ids! {
    /// One order.
    OrderId;
    /// One payment: a stream of attempts, captures and refunds.
    PaymentId;
    /// One try to authorize money.
    AttemptId;
    /// One capture of authorized money, or the charge of a sale.
    CaptureId;
    /// One refund granted.
    RefundId;
    /// One parcel, or one digital delivery.
    ShipmentId;
    /// One return of goods.
    ReturnId;
    /// One claim on stock.
    HoldId;
    /// A reservation of stock that belongs to no order.
    ReservationId;
    /// One ledger move; it applies once.
    MoveId;
    /// One stored event.
    EventId;
    /// One cart.
    CartId;
    /// One version of personal data, kept outside the events.
    PersonalRef;
    /// One engine process that leases sagas.
    WorkerId;
}

impl CaptureId {
    /// The capture of a sale: an authorization that takes the money at once has no capture call of its own.
    pub const fn of_sale(attempt: AttemptId) -> Self {
        Self(attempt.0)
    }
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident, $max:literal, $allowed:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Most characters allowed.
            pub const CHARS_MAX: usize = $max;

            /// Checks and wraps a text.
            ///
            /// # Errors
            /// [`IdError::Length`] or [`IdError::Character`].
            pub fn new(text: &str) -> Result<Self, IdError> {
                check_text(stringify!($name), text, $max, $allowed).map(Self)
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &*self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }
    )*};
}

fn check_text(what: &'static str, text: &str, max: usize, allowed: fn(char) -> bool) -> Result<Arc<str>, IdError> {
    let actual = text.chars().count();
    if actual == 0 || actual > max {
        return Err(IdError::Length { what, actual, max });
    }
    let edge_space = text.starts_with(' ') || text.ends_with(' ');
    match text.chars().position(|c| !allowed(c)) {
        Some(index) => Err(IdError::Character { what, index }),
        None if edge_space => Err(IdError::Character { what, index: if text.starts_with(' ') { 0 } else { actual - 1 } }),
        None => Ok(text.into()),
    }
}

fn printable(c: char) -> bool {
    c == ' ' || !(c.is_control() || c.is_whitespace())
}

fn name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

text_ids! {
    /// A stock keeping unit: case-sensitive, printable, inner spaces allowed.
    Sku, 64, printable;
    /// The seller that an order, payment, account or claim belongs to: letters, digits, `_`, `-` and `.`.
    MerchantId, 64, name_char;
    /// The caller's own name for a customer. It is a key, not personal data: pass no email address.
    CustomerId, 128, printable;
    /// A place that holds stock: letters, digits, `_`, `-` and `.`.
    LocationId, 64, name_char;
    /// The name under which a payment provider is registered.
    ProviderName, 32, name_char;
    /// A provider's opaque token for a way to pay. Never a card number.
    MethodRef, 128, printable;
    /// The provider's own id for an authorization or a capture.
    ProviderRef, 128, printable;
}

impl Default for MerchantId {
    fn default() -> Self {
        Self("default".into())
    }
}

impl Default for LocationId {
    fn default() -> Self {
        Self("default".into())
    }
}

/// A line of one order: counted from 1 in the order in which lines were added, never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId(pub u32);

impl fmt::Display for LineId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(id.parse::<OrderId>().map(|id| id.to_string()), Ok(id.to_owned()));
        for other in [
            "",
            "order",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a805}",
            "01890a5d-ac96-774b-bcce-b302099a805g",
        ] {
            assert_eq!(other.parse::<OrderId>(), Err(IdError::NotUuid { what: "OrderId" }), "{other}");
        }
    }

    #[test]
    fn a_sku_is_printable_and_keeps_its_case() {
        assert_eq!(Sku::new("85123A").map(|s| s.to_string()), Ok("85123A".to_owned()));
        assert_eq!(Sku::new("BANK CHARGES").map(|s| s.to_string()), Ok("BANK CHARGES".to_owned()));
        assert_ne!(Sku::new("a"), Sku::new("A"));
        let length = |actual| Err(IdError::Length { what: "Sku", actual, max: 64 });
        assert_eq!(Sku::new(""), length(0));
        assert_eq!(Sku::new(&"x".repeat(65)), length(65));
        for (text, index) in [(" a", 0), ("a ", 1), ("a\u{0}b", 1), ("a\tb", 1), ("a\u{a0}b", 1)] {
            assert_eq!(Sku::new(text), Err(IdError::Character { what: "Sku", index }), "{text:?}");
        }
    }
}
