//! Typed identifiers: time-ordered UUIDs for what the engine creates, bounded text for what callers name.
//!
//! An identifier that exists is valid: every way in checks. Texts are compared code point by code point, without folding case or Unicode forms.

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
    /// A character that the type does not allow there; a space is not allowed at either end.
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
                // only the hyphenated form, of which small letters are written and either are read
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
    /// One engine process that leases sagas, or one runner of a consumer.
    WorkerId;
    /// The stream in which is recorded what operators told a consumer.
    ConsumerId;
}

impl CaptureId {
    /// The capture of a sale: an authorization that takes the money at once has no capture call of its own.
    pub const fn of_sale(attempt: AttemptId) -> Self {
        Self(attempt.0)
    }
}

impl ConsumerId {
    /// The stream of a consumer: FNV-1a over its name, so that every process agrees.
    pub fn of(name: &ConsumerName) -> Self {
        let eat = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b);
        Self(Uuid::from_u128(name.as_str().as_bytes().iter().fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d, eat)))
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
            /// [`IdError::Length`] if it is empty or too long, [`IdError::Character`] with the first that is not allowed.
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

fn check_text(what: &'static str, text: &str, max: usize, allowed: impl Fn(char) -> bool) -> Result<Arc<str>, IdError> {
    // nearly every text: a byte a character, and none of them a space at an edge
    let plain = |byte: u8| byte.is_ascii() && allowed(char::from(byte));
    let edged = text.starts_with(' ') || text.ends_with(' ');
    if (1..=max).contains(&text.len()) && !edged && text.bytes().all(plain) {
        return Ok(text.into());
    }
    let actual = text.chars().count();
    if actual == 0 || actual > max {
        return Err(IdError::Length { what, actual, max });
    }
    // a space at an edge would make two ids that look the same
    let refused = |(index, c): (usize, char)| !allowed(c) || (c == ' ' && (index == 0 || index == actual - 1));
    match text.chars().enumerate().position(refused) {
        Some(index) => Err(IdError::Character { what, index }),
        None => Ok(text.into()),
    }
}

fn printable(c: char) -> bool {
    matches!(c, ' '..='~') || !(c.is_control() || c.is_whitespace() || invisible(c))
}

/// Marks without a width, and those that turn the direction of reading: with them two ids could look the same.
fn invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

fn name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.')
}

text_ids! {
    /// A stock keeping unit: case-sensitive, visible characters of any script, spaces inside.
    Sku, 64, printable;
    /// The seller that an order, payment, account or claim belongs to: letters, digits, `_`, `-` and `.`.
    MerchantId, 64, name_char;
    /// The caller's own name for a customer. It is a key, not personal data: pass no email address.
    CustomerId, 128, printable;
    /// A place that holds stock: letters, digits, `_`, `-` and `.`.
    LocationId, 64, name_char;
    /// The name under which a payment provider is registered.
    ProviderName, 32, name_char;
    /// The name under which a consumer of the feed keeps its place: letters, digits, `_`, `-` and `.`.
    ConsumerName, 64, name_char;
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
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_uuid_is_read_in_its_hyphenated_form_only_and_written_in_small_letters() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        assert_eq!(id.parse::<OrderId>().map(|id| id.to_string()), Ok(id.to_owned()));
        assert_eq!(id.to_uppercase().parse::<OrderId>(), id.parse());
        let others = [
            "",
            "order",
            "01890a5dac96774bbcceb302099a8057",
            "{01890a5d-ac96-774b-bcce-b302099a8057}",
            "{01890a5d-ac96-774b-bcce-b302099a805}",
            "urn:uuid:01890a5d-ac96-774b-bcce-b302099a8057",
            "01890a5d-ac96-774b-bcce-b302099a805g",
            "01890a5dac96-774b-bcce-b302099a80-57",
            "01890a5d-ac96-774b-bcce-b302099a805 ",
            "01890a5d-ac96-774b-bcce-b302099a8\u{662}7",
        ];
        for other in others {
            assert_eq!(other.parse::<OrderId>(), Err(IdError::NotUuid { what: "OrderId" }), "{other}");
        }
    }

    #[test]
    fn a_sku_is_visible_and_keeps_its_case() {
        for text in ["85123A", "BANK CHARGES", "gift_0001_20", "a  b", "Größe 42", "\u{65e5}\u{672c}", "e\u{301}"] {
            assert_eq!(Sku::new(text).map(|s| s.to_string()), Ok(text.to_owned()));
        }
        assert_ne!(Sku::new("a"), Sku::new("A"));
        let refused = [
            (" ", 0),
            (" a", 0),
            ("a ", 1),
            ("a\u{0}b", 1),
            ("a\tb", 1),
            ("ab\n", 2),
            ("a\u{7f}", 1),
            ("a\u{85}", 1),
            ("a\u{a0}b", 1),
            ("a\u{2028}b", 1),
            ("\u{feff}a", 0),
            ("a\u{200b}b", 1),
            ("a\u{202e}b", 1),
            ("a\u{2069}", 1),
            ("é\u{ad}b", 1),
        ];
        for (text, index) in refused {
            assert_eq!(Sku::new(text), Err(IdError::Character { what: "Sku", index }), "{text:?}");
        }
    }

    #[test]
    fn a_text_is_counted_in_characters() {
        let length = |actual| Err(IdError::Length { what: "Sku", actual, max: 64 });
        assert_eq!(Sku::new(""), length(0));
        assert_eq!(Sku::new(&"é".repeat(64)).map(|s| s.as_str().len()), Ok(128));
        assert_eq!(Sku::new(&"é".repeat(65)), length(65));
        assert_eq!(Sku::new(&" ".repeat(65)), length(65));
    }

    #[test]
    fn a_name_is_of_ascii_letters_digits_and_three_marks() {
        assert_eq!(LocationId::new("Berlin-2_a.b").map(|l| l.to_string()), Ok("Berlin-2_a.b".to_owned()));
        for (text, index) in [("a b", 1), ("a/b", 1), ("caf\u{e9}", 3), ("\u{661}", 0), ("a\u{0}", 1)] {
            assert_eq!(MerchantId::new(text), Err(IdError::Character { what: "MerchantId", index }), "{text:?}");
        }
        assert_eq!(ProviderName::new(&"x".repeat(33)), Err(IdError::Length { what: "ProviderName", actual: 33, max: 32 }));
    }

    #[test]
    fn the_default_names_are_names() {
        assert_eq!(MerchantId::new("default"), Ok(MerchantId::default()));
        assert_eq!(LocationId::new("default"), Ok(LocationId::default()));
    }

    #[test]
    fn two_consumers_have_two_streams() {
        let id = |name| ConsumerId::of(&ConsumerName::new(name).unwrap());
        assert_eq!(id("mailer"), id("mailer"));
        assert_ne!(id("mailer"), id("mailer2"));
    }

    #[test]
    fn the_capture_of_a_sale_has_the_id_of_its_attempt() {
        let attempt = AttemptId::new(Uuid::from_u128(7));
        assert_eq!(CaptureId::of_sale(attempt).uuid(), attempt.uuid());
    }

    proptest! {
        #[test]
        fn a_uuid_reads_back_as_written_and_sorts_as_its_text(a in any::<u128>(), b in any::<u128>()) {
            let (a, b) = (OrderId::new(Uuid::from_u128(a)), OrderId::new(Uuid::from_u128(b)));
            prop_assert_eq!(a.to_string().parse(), Ok(a));
            prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn any_text_is_kept_as_it_is_or_refused_at_its_place(text in "\\PC{0,70}|[ab \u{0}\u{200b}]{0,4}") {
            let chars: Vec<char> = text.chars().collect();
            match CustomerId::new(&text) {
                Ok(id) => {
                    prop_assert_eq!(id.as_str(), &text);
                    prop_assert_eq!(text.trim(), &text);
                    prop_assert_eq!(text.parse(), Ok(id));
                }
                Err(IdError::Character { index, .. }) => {
                    let edge = index == 0 || index == chars.len() - 1;
                    prop_assert!(!printable(chars[index]) || (edge && chars[index] == ' '));
                }
                Err(IdError::Length { actual, .. }) => prop_assert!(actual == chars.len() && actual == 0),
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}
