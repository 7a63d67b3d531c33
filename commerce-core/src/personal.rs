//! Personal data: what is kept beside the events so that it can be erased.

use std::collections::BTreeMap;
use std::fmt;

/// Most characters of a name.
pub const NAME_CHARS_MAX: usize = 200;
/// Most characters of an email address.
pub const EMAIL_CHARS_MAX: usize = 254;
/// Most characters of a telephone number.
pub const PHONE_CHARS_MAX: usize = 32;
/// Most characters of one line of an address.
pub const ADDRESS_LINE_CHARS_MAX: usize = 200;
/// Most characters of a city, and of a region.
pub const PLACE_CHARS_MAX: usize = 100;
/// Most characters of a postal code.
pub const POSTAL_CODE_CHARS_MAX: usize = 20;
/// Most characters of a note.
pub const NOTE_CHARS_MAX: usize = 2_000;
/// Most entries of the metadata.
pub const METADATA_ENTRIES_MAX: usize = 20;
/// Most characters of a key of the metadata.
pub const METADATA_KEY_CHARS_MAX: usize = 40;
/// Most characters of a value of the metadata.
pub const METADATA_VALUE_CHARS_MAX: usize = 500;

/// One version of someone's personal data. All of it is optional; its contents never show in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct PersonalData {
    /// Full name, in the order in which they write it.
    pub name: Option<String>,
    /// Email address; only its rough shape is checked.
    pub email: Option<String>,
    /// Telephone number, as they write it.
    pub phone: Option<String>,
    /// Where goods go.
    pub address: Option<Address>,
    /// The buyer's words about the order; may have several lines.
    pub note: Option<String>,
    /// The caller's own entries.
    pub metadata: BTreeMap<String, String>,
}

/// A postal address. Its contents never show in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// Street and number.
    pub line1: String,
    /// Flat, floor, building.
    pub line2: Option<String>,
    /// City, town or village.
    pub city: String,
    /// State, province or county.
    pub region: Option<String>,
    /// Postal code; some countries have none.
    pub postal_code: Option<String>,
    /// Two capital letters of ISO 3166-1.
    pub country: String,
}

/// A field that is not acceptable. It names the field and never repeats what was in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct FieldError {
    /// The field's path, such as `address.city`.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: FieldProblem,
}

impl FieldError {
    /// Where, as a JSON pointer into the personal data.
    pub fn pointer(&self) -> String {
        // keys of the metadata are the caller's own words: they stay out of messages
        let field = if self.field.starts_with("metadata") { "metadata" } else { self.field };
        format!("/{}", field.replace('.', "/"))
    }
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FieldProblem {
    /// Empty, or only spaces: leave it out instead.
    #[error("is blank")]
    Blank,
    /// Too many characters.
    #[error("has {actual} characters, allowed are {max}")]
    TooLong {
        /// Characters found.
        actual: usize,
        /// Most characters allowed.
        max: usize,
    },
    /// Too many entries.
    #[error("has {actual} entries, allowed are {max}")]
    TooMany {
        /// Entries found.
        actual: usize,
        /// Most entries allowed.
        max: usize,
    },
    /// A control character.
    #[error("has a control character at index {index}")]
    Control {
        /// Zero-based index in characters.
        index: usize,
    },
    /// Not text, `@`, text.
    #[error("is not an email address")]
    NotEmail,
    /// Not two capital letters.
    #[error("is not a country code of two capital letters")]
    NotCountry,
}

impl PersonalData {
    /// Checks every field.
    ///
    /// # Errors
    /// [`FieldError`] names the first field that is not acceptable.
    pub fn check(&self) -> Result<(), FieldError> {
        optional("name", self.name.as_deref(), NAME_CHARS_MAX)?;
        optional("email", self.email.as_deref(), EMAIL_CHARS_MAX)?;
        if self.email.as_deref().is_some_and(|email| !looks_like_email(email)) {
            return Err(FieldError { field: "email", problem: FieldProblem::NotEmail });
        }
        optional("phone", self.phone.as_deref(), PHONE_CHARS_MAX)?;
        if let Some(address) = &self.address {
            address.check()?;
        }
        if let Some(note) = &self.note {
            text("note", note, NOTE_CHARS_MAX, |c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))?;
        }
        let actual = self.metadata.len();
        if actual > METADATA_ENTRIES_MAX {
            return Err(FieldError { field: "metadata", problem: FieldProblem::TooMany { actual, max: METADATA_ENTRIES_MAX } });
        }
        for (key, value) in &self.metadata {
            line("metadata key", key, METADATA_KEY_CHARS_MAX)?;
            bounded("metadata value", value, METADATA_VALUE_CHARS_MAX, char::is_control)?;
        }
        Ok(())
    }
}

impl Address {
    fn check(&self) -> Result<(), FieldError> {
        line("address.line1", &self.line1, ADDRESS_LINE_CHARS_MAX)?;
        optional("address.line2", self.line2.as_deref(), ADDRESS_LINE_CHARS_MAX)?;
        line("address.city", &self.city, PLACE_CHARS_MAX)?;
        optional("address.region", self.region.as_deref(), PLACE_CHARS_MAX)?;
        optional("address.postal_code", self.postal_code.as_deref(), POSTAL_CODE_CHARS_MAX)?;
        if self.country.len() == 2 && self.country.bytes().all(|b| b.is_ascii_uppercase()) {
            Ok(())
        } else {
            Err(FieldError { field: "address.country", problem: FieldProblem::NotCountry })
        }
    }
}

impl fmt::Debug for PersonalData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalData(..)")
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

fn optional(field: &'static str, value: Option<&str>, max: usize) -> Result<(), FieldError> {
    value.map_or(Ok(()), |value| line(field, value, max))
}

fn line(field: &'static str, value: &str, max: usize) -> Result<(), FieldError> {
    text(field, value, max, char::is_control)
}

fn text(field: &'static str, value: &str, max: usize, refused: fn(char) -> bool) -> Result<(), FieldError> {
    if value.trim().is_empty() {
        return Err(FieldError { field, problem: FieldProblem::Blank });
    }
    bounded(field, value, max, refused)
}

fn bounded(field: &'static str, value: &str, max: usize, refused: fn(char) -> bool) -> Result<(), FieldError> {
    let actual = value.chars().count();
    if actual > max {
        return Err(FieldError { field, problem: FieldProblem::TooLong { actual, max } });
    }
    match value.chars().position(refused) {
        Some(index) => Err(FieldError { field, problem: FieldProblem::Control { index } }),
        None => Ok(()),
    }
}

fn looks_like_email(email: &str) -> bool {
    let whole = !email.contains(char::is_whitespace);
    whole && email.rsplit_once('@').is_some_and(|(mailbox, domain)| !mailbox.is_empty() && !domain.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jane() -> PersonalData {
        PersonalData {
            name: Some("Jane Doe".to_owned()),
            email: Some("jane@example.com".to_owned()),
            phone: Some("+44 20 7946 0000".to_owned()),
            address: Some(Address {
                line1: "1 High Street".to_owned(),
                line2: Some("Flat 2".to_owned()),
                city: "York".to_owned(),
                region: Some("Yorkshire".to_owned()),
                postal_code: Some("YO1 7HH".to_owned()),
                country: "GB".to_owned(),
            }),
            note: Some("leave it\nwith the porter".to_owned()),
            metadata: BTreeMap::from([("gift".to_owned(), String::new())]),
        }
    }

    type Change = fn(&mut PersonalData);

    fn check(change: Change, field: &'static str, problem: FieldProblem) {
        let mut data = jane();
        change(&mut data);
        assert_eq!(data.check(), Err(FieldError { field, problem }));
    }

    fn address(data: &mut PersonalData) -> &mut Address {
        data.address.as_mut().unwrap()
    }

    #[test]
    fn full_and_empty_personal_data_are_accepted() {
        assert_eq!(jane().check(), Ok(()));
        assert_eq!(PersonalData::default().check(), Ok(()));
    }

    #[test]
    fn a_refusal_names_the_field_and_the_maximum() {
        check(|d| d.name = Some(" ".to_owned()), "name", FieldProblem::Blank);
        check(|d| d.name = Some("é".repeat(201)), "name", FieldProblem::TooLong { actual: 201, max: 200 });
        check(|d| d.name = Some("a\u{0}".to_owned()), "name", FieldProblem::Control { index: 1 });
        check(|d| d.email = Some("jane".to_owned()), "email", FieldProblem::NotEmail);
        check(|d| d.email = Some("ja ne@example.com".to_owned()), "email", FieldProblem::NotEmail);
        check(|d| d.phone = Some("0".repeat(33)), "phone", FieldProblem::TooLong { actual: 33, max: 32 });
        check(|d| address(d).line1 = String::new(), "address.line1", FieldProblem::Blank);
        check(|d| address(d).line2 = Some("a\n".to_owned()), "address.line2", FieldProblem::Control { index: 1 });
        check(|d| address(d).city = "c".repeat(101), "address.city", FieldProblem::TooLong { actual: 101, max: 100 });
        check(|d| address(d).region = Some(String::new()), "address.region", FieldProblem::Blank);
        check(|d| address(d).postal_code = Some("0".repeat(21)), "address.postal_code", FieldProblem::TooLong { actual: 21, max: 20 });
        check(|d| address(d).country = "gb".to_owned(), "address.country", FieldProblem::NotCountry);
        check(|d| d.note = Some("n".repeat(2_001)), "note", FieldProblem::TooLong { actual: 2_001, max: 2_000 });
        check(|d| d.note = Some("\u{1b}".to_owned()), "note", FieldProblem::Control { index: 0 });
        check(
            |d| d.metadata = (0..21).map(|n| (n.to_string(), String::new())).collect(),
            "metadata",
            FieldProblem::TooMany { actual: 21, max: 20 },
        );
        check(|d| d.metadata = BTreeMap::from([(String::new(), String::new())]), "metadata key", FieldProblem::Blank);
        check(
            |d| d.metadata = BTreeMap::from([("k".to_owned(), "v".repeat(501))]),
            "metadata value",
            FieldProblem::TooLong { actual: 501, max: 500 },
        );
    }

    #[test]
    fn a_refusal_points_at_its_field_and_never_into_the_metadata() {
        for (field, pointer) in [("name", "/name"), ("address.city", "/address/city"), ("metadata key", "/metadata")] {
            assert_eq!(FieldError { field, problem: FieldProblem::Blank }.pointer(), pointer);
        }
    }

    #[test]
    fn neither_debug_output_nor_a_refusal_shows_contents() {
        let mut data = jane();
        let mut shown = format!("{data:?} {:?}", data.address);
        data.email = Some("Jane Doe".to_owned());
        shown.push_str(&data.check().unwrap_err().to_string());
        assert_eq!(shown, "PersonalData(..) Some(Address(..))email is not an email address");
    }
}
