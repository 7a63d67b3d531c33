//! One line of the file, read field by field into values that are valid by type, or refused with its place and reason.

use std::fmt;

use chrono::NaiveDateTime;
use commerce_core::id::Sku;
use commerce_core::time::Timestamp;

use crate::price::Price;
use crate::split::split;

/// Names of the columns, in the order in which the file has them.
pub const COLUMNS: [&str; 9] =
    ["line_no", "invoice_no", "stock_code", "description", "quantity", "invoice_date", "unit_price", "customer_id", "country"];

/// The largest number of a line.
pub const LINE_NO_MAX: u32 = 10_000_000;

/// The most units of a line, either sign: what an order takes.
pub const UNITS_MAX: i32 = 1_000_000;

/// The most characters of a description or a country.
pub const TEXT_CHARS_MAX: usize = 200;

/// What an invoice's number says that it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Series {
    /// Six digits: a sale, or a correction of stock.
    Normal,
    /// `C` and six digits: a cancellation.
    Cancellation,
    /// `A` and six digits: an adjustment of bad debt.
    BadDebt,
}

/// The number of an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InvoiceNo {
    /// What the number begins with.
    pub series: Series,
    /// The six digits.
    pub digits: u32,
}

impl InvoiceNo {
    fn parse(text: &str) -> Option<Self> {
        let (series, digits) = match text.as_bytes().first()? {
            b'C' => (Series::Cancellation, &text[1..]),
            b'A' => (Series::BadDebt, &text[1..]),
            _ => (Series::Normal, text),
        };
        let plain = digits.len() == 6 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| plain).map(|digits| Self { series, digits })
    }
}

impl fmt::Display for InvoiceNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter = match self.series {
            Series::Normal => "",
            Series::Cancellation => "C",
            Series::BadDebt => "A",
        };
        write!(f, "{letter}{:06}", self.digits)
    }
}

/// Why a line is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
pub enum Reason {
    /// Nothing stands on the line.
    #[error("line is empty")]
    Empty,
    /// The line has more bytes than a line may have.
    #[error("line is too long")]
    TooLong,
    /// The line ends before its last column.
    #[error("line ends before its last column")]
    TooFewColumns,
    /// The line goes on after its last column.
    #[error("line goes on after its last column")]
    TooManyColumns,
    /// A quote is opened and not closed on the line.
    #[error("quote is not closed")]
    OpenQuote,
    /// A quote inside a field that is not quoted, or text after the closing quote.
    #[error("quote is out of place")]
    StrayQuote,
    /// The bytes are not text.
    #[error("not utf-8")]
    NotText,
    /// Not a number from 1 to [`LINE_NO_MAX`].
    #[error("not a line number")]
    LineNo,
    /// A line with this number was read before.
    #[error("line number stands on an earlier line too")]
    LineNoAgain,
    /// Not six digits, with C or A before them or not.
    #[error("not an invoice number")]
    InvoiceNo,
    /// Not 1 to 64 printable characters.
    #[error("not a stock code")]
    StockCode,
    /// Too long, empty where it must not be, or with control characters.
    #[error("not a printable text of allowed length")]
    Text,
    /// Zero, not a whole number, or more than [`UNITS_MAX`].
    #[error("not a quantity")]
    Quantity,
    /// Not a date and time of day.
    #[error("not a date and time")]
    Date,
    /// Not a decimal number of pounds.
    #[error("not a price")]
    Price,
    /// Not 1 to 9 digits.
    #[error("not a customer id")]
    CustomerId,
    /// The invoice's first line names another customer.
    #[error("customer is not that of the invoice")]
    OtherCustomer,
    /// The invoice has as many lines as an order takes.
    #[error("invoice has more lines than an order takes")]
    TooManyLines,
    /// A cancellation cancels nothing.
    #[error("quantity of a cancellation is not negative")]
    PositiveCancellation,
    /// Goods leave at a price outside any cancellation.
    #[error("negative quantity at a price outside a cancellation")]
    NegativeAtPrice,
}

/// A line that is not booked, with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it stands in the file, the header being line 1.
    pub file_line: u32,
    /// The column's name, if it is one column's fault.
    pub column: Option<&'static str>,
    /// Why.
    pub reason: Reason,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.file_line)?;
        if let Some(column) = self.column {
            write!(f, ", {column}")?;
        }
        write!(f, ": {}", self.reason)
    }
}

/// One line of an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it stands in the file, the header being line 1.
    pub file_line: u32,
    /// The line's own number.
    pub line_no: u32,
    /// The invoice that it is of.
    pub invoice_no: InvoiceNo,
    /// The stock code in capitals.
    pub sku: Sku,
    /// Whether the file writes the stock code otherwise.
    pub respelled: bool,
    /// What the file calls the goods, trimmed; may be empty.
    pub description: String,
    /// Units; negative when they come back or are written off, never zero.
    pub quantity: i32,
    /// The invoice's time. The file names no zone: it is read as UTC.
    pub at: Timestamp,
    /// Pounds for a unit.
    pub unit_price: Price,
    /// The customer, if known.
    pub customer: Option<u32>,
}

impl Row {
    /// Reads a line without its line end.
    ///
    /// # Errors
    /// [`Refused`] with the first column that cannot be read.
    pub fn parse(line: &[u8], file_line: u32) -> Result<Self, Refused> {
        let at = |index: usize, reason| Refused { file_line, column: COLUMNS.get(index).copied(), reason };
        let whole = |reason| Refused { file_line, column: None, reason };
        if line.is_empty() {
            return Err(whole(Reason::Empty));
        }
        let fields = split(line, COLUMNS.len()).map_err(|(index, reason)| match reason {
            Reason::TooManyColumns => whole(reason),
            _ => at(index, reason),
        })?;
        if fields.len() < COLUMNS.len() {
            return Err(whole(Reason::TooFewColumns));
        }
        let text = |index: usize| std::str::from_utf8(&fields[index]).map_err(|_| at(index, Reason::NotText));
        let read = |index: usize, reason: Reason| move |_| at(index, reason);
        let line_no = text(0)?.parse().map_err(read(0, Reason::LineNo))?;
        if !(1..=LINE_NO_MAX).contains(&line_no) {
            return Err(at(0, Reason::LineNo));
        }
        let invoice_no = InvoiceNo::parse(text(1)?).ok_or(at(1, Reason::InvoiceNo))?;
        let code = text(2)?;
        let upper = code.to_uppercase();
        let sku = Sku::new(&upper).map_err(|_| at(2, Reason::StockCode))?;
        let description = printable(text(3)?).ok_or(at(3, Reason::Text))?.to_owned();
        let quantity: i32 = text(4)?.parse().map_err(|_| at(4, Reason::Quantity))?;
        if quantity == 0 || !(-UNITS_MAX..=UNITS_MAX).contains(&quantity) {
            return Err(at(4, Reason::Quantity));
        }
        let time = time(text(5)?).ok_or(at(5, Reason::Date))?;
        let unit_price = Price::parse(text(6)?).ok_or(at(6, Reason::Price))?;
        let customer = customer(text(7)?).ok_or(at(7, Reason::CustomerId))?;
        printable(text(8)?).filter(|country| !country.is_empty()).ok_or(at(8, Reason::Text))?;
        let respelled = upper != code;
        Ok(Self { file_line, line_no, invoice_no, sku, respelled, description, quantity, at: time, unit_price, customer })
    }
}

fn printable(text: &str) -> Option<&str> {
    let fits = text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    fits.then(|| text.trim())
}

fn time(text: &str) -> Option<Timestamp> {
    // the parser also takes shorter forms: one time has one spelling
    let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().filter(|_| text.len() == 19)?;
    Some(Timestamp::from_secs(time.and_utc().timestamp()))
}

#[expect(clippy::option_option, reason = "the outer option is whether the text can be read, the inner whether the customer is known")]
fn customer(text: &str) -> Option<Option<u32>> {
    if text.is_empty() {
        return Some(None);
    }
    let plain = text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [&str; 9] =
        ["7", "536365", "85123a", "WHITE HANGING HEART ", "6", "2010-12-01 08:26:00", "2.55", "17850", "United Kingdom"];

    fn refused(index: usize, field: &str) -> Option<(Option<&'static str>, Reason)> {
        let mut fields = GOOD;
        fields[index] = field;
        Row::parse(fields.join(",").as_bytes(), 3).err().map(|refused| {
            assert_eq!(refused.file_line, 3);
            (refused.column, refused.reason)
        })
    }

    #[test]
    fn a_good_line_is_read_with_its_code_in_capitals() {
        let row = Row::parse(GOOD.join(",").as_bytes(), 2).expect("reads");
        assert_eq!((row.line_no, row.quantity, row.customer, row.respelled), (7, 6, Some(17_850), true));
        assert_eq!((row.sku.as_str(), row.description.as_str()), ("85123A", "WHITE HANGING HEART"));
        assert_eq!((row.invoice_no.to_string(), row.at.to_string()), ("536365".to_owned(), "2010-12-01T08:26:00Z".to_owned()));
        assert_eq!(row.unit_price.pence(), 255);
    }

    #[test]
    fn each_column_that_cannot_be_read_is_named() {
        let cases: [(usize, Reason, &[&str]); 9] = [
            (0, Reason::LineNo, &["", "0", "-1", "x", "10000001", "99999999999"]),
            (1, Reason::InvoiceNo, &["", "C", "53636", "5363655", "X53636", "c536365", "53636é"]),
            (2, Reason::StockCode, &["", " 85123A", "8\u{0}5", "85123A85123A85123A85123A85123A85123A85123A85123A85123A85123A85123A"]),
            (3, Reason::Text, &["a\u{0}b", "a\u{7}"]),
            (4, Reason::Quantity, &["", "0", "1.5", "x", "1000001", "-1000001", "99999999999999999999"]),
            (
                5,
                Reason::Date,
                &["", "2010-12-01", "2010-13-01 08:26:00", "2010-02-30 08:26:00", "2010-12-01 25:26:00", "2010-12-1 8:26:00", "1/12/10"],
            ),
            (6, Reason::Price, &["", "x", "1e5", "1.23456", "-"]),
            (7, Reason::CustomerId, &["x", "-1", "17850.0", "1234567890"]),
            (8, Reason::Text, &["", " "]),
        ];
        for (index, reason, fields) in cases {
            for field in fields {
                assert_eq!(refused(index, field), Some((Some(COLUMNS[index]), reason)), "{field:?}");
            }
        }
        assert_eq!(refused(3, &"x".repeat(201)), Some((Some("description"), Reason::Text)));
        assert_eq!(refused(7, ""), None);
        assert_eq!(refused(3, ""), None);
    }

    #[test]
    fn a_cut_line_is_refused_at_every_length() {
        let line = GOOD.join(",");
        let country = line.len() - GOOD[8].len();
        for end in 0..=country {
            assert!(Row::parse(&line.as_bytes()[..end], 2).is_err(), "{end}");
        }
        assert!(Row::parse(line.as_bytes(), 2).is_ok());
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_with_their_column() {
        let mut line = GOOD.join(",").into_bytes();
        line[12] = 0xff;
        assert_eq!(Row::parse(&line, 9), Err(Refused { file_line: 9, column: Some("stock_code"), reason: Reason::NotText }));
        assert_eq!(Row::parse(b"\xff\xfe\x00", 9).map_err(|refused| refused.reason), Err(Reason::TooFewColumns));
    }
}
