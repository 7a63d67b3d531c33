//! All lines of a file in little room: codes and invoices are kept once, a line is some thirty bytes.

use std::collections::HashMap;

use commerce_core::id::Sku;
use commerce_core::time::Timestamp;

use crate::classify::{Class, Kind, Traits, classify};
use crate::price::Price;
use crate::reader::{ReadError, Rows};
use crate::row::{COLUMNS, InvoiceNo, LINE_NO_MAX, Reason, Refused, Row};

/// The most order lines of an invoice: what an order takes.
pub const ORDER_LINES_MAX: u32 = 10_000;

/// One line, by reference to its invoice and goods.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    /// The line's own number.
    pub line_no: u32,
    /// Index of its invoice in [`Book::invoices`].
    pub invoice: u32,
    /// Index of its goods in [`Book::goods`].
    pub goods: u32,
    /// Units, not zero.
    pub quantity: i32,
    /// The exact price of a unit.
    pub unit_price: Price,
    /// What the line is, judged by itself.
    pub class: Class,
}

impl Line {
    /// Units without their sign.
    pub const fn units(&self) -> u32 {
        self.quantity.unsigned_abs()
    }

    /// Quantity x rounded price, in pence.
    pub fn pence(&self) -> i64 {
        i64::from(self.quantity) * self.unit_price.pence()
    }

    /// Quantity x exact price, in ten-thousandths of a pound.
    pub fn exact_e4(&self) -> i64 {
        i64::from(self.quantity) * self.unit_price.e4()
    }
}

/// What the lines of one invoice share.
#[derive(Clone, Copy, Debug)]
pub struct Invoice {
    /// Its number.
    pub number: InvoiceNo,
    /// The first time that it bears.
    pub at: Timestamp,
    /// The customer, if known.
    pub customer: Option<u32>,
    /// Whether a later line bears another time.
    pub has_two_times: bool,
    order_lines: u32,
}

/// What one stock code, in capitals, names.
#[derive(Clone, Debug)]
pub struct Goods {
    /// The code in capitals.
    pub sku: Sku,
    /// What it is.
    pub kind: Kind,
    /// The first description on an order line, else on any line, else the code.
    pub title: String,
    titled_by_order: bool,
    as_written: bool,
    respelled: bool,
}

impl Goods {
    /// Whether the file writes the code in more than one way.
    pub const fn has_two_spellings(&self) -> bool {
        self.as_written && self.respelled
    }
}

/// The file's own sums, added up while reading and independent of what becomes of a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Lines after the header, the unreadable ones included.
    pub lines: u64,
    /// Lines that cannot be read.
    pub unreadable: u64,
    /// Sum of quantity.
    pub units: i64,
    /// Sum of quantity x price, exact, in ten-thousandths of a pound.
    pub exact_e4: i128,
    /// Lines whose stock code is not in capitals.
    pub respelled: u64,
}

/// A file's lines, read and classified.
#[derive(Debug, Default)]
pub struct Book {
    /// Readable lines, in the file's order.
    pub lines: Vec<Line>,
    /// Invoices, in the order of their first lines.
    pub invoices: Vec<Invoice>,
    /// Stock codes, in the order of their first lines.
    pub goods: Vec<Goods>,
    /// What is not booked, in the file's order.
    pub refused: Vec<Refused>,
    /// The file's own sums.
    pub totals: Totals,
    invoice_index: HashMap<InvoiceNo, u32>,
    goods_index: HashMap<Sku, u32>,
    line_nos: Vec<u64>,
}

impl Book {
    /// Reads a file to its end.
    ///
    /// # Errors
    /// [`ReadError`]: then nothing of the file may be booked, since its end is not known.
    pub fn read(rows: Rows) -> Result<Self, ReadError> {
        let mut book = Self::default();
        for row in rows {
            match row? {
                Ok(row) => book.add(row),
                Err(refused) => book.refuse(refused),
            }
        }
        Ok(book)
    }

    /// Takes a line that cannot be read.
    pub fn refuse(&mut self, refused: Refused) {
        self.totals.lines += 1;
        self.totals.unreadable += 1;
        self.refused.push(refused);
    }

    /// Takes a line.
    pub fn add(&mut self, row: Row) {
        self.totals.lines += 1;
        self.totals.units += i64::from(row.quantity);
        self.totals.exact_e4 += i128::from(i64::from(row.quantity) * row.unit_price.e4());
        self.totals.respelled += u64::from(row.respelled);
        let goods = self.goods_of(&row);
        let invoice = self.invoice_of(&row);
        let kind = self.goods[goods as usize].kind;
        let Row { quantity, unit_price, line_no, .. } = row;
        let traits = Traits { series: row.invoice_no.series, kind, quantity, unit_price, has_customer: row.customer.is_some() };
        let class = match self.objection(&row, invoice) {
            Some((_, reason)) => Class::Refused(reason),
            None => classify(traits),
        };
        match class {
            Class::Refused(reason) => {
                let column = self.objection(&row, invoice).map_or(COLUMNS[4], |(column, _)| column);
                self.refused.push(Refused { file_line: row.file_line, column: Some(column), reason });
            }
            Class::Order => {
                self.invoices[invoice as usize].order_lines += 1;
                self.title(goods, row.description, true);
            }
            _ => self.title(goods, row.description, false),
        }
        self.mark_read(line_no);
        self.lines.push(Line { line_no, invoice, goods, quantity, unit_price, class });
    }

    fn objection(&self, row: &Row, invoice: u32) -> Option<(&'static str, Reason)> {
        let invoice = &self.invoices[invoice as usize];
        if self.was_read(row.line_no) {
            Some((COLUMNS[0], Reason::LineNoAgain))
        } else if invoice.customer != row.customer {
            Some((COLUMNS[7], Reason::OtherCustomer))
        } else if invoice.order_lines == ORDER_LINES_MAX {
            Some((COLUMNS[1], Reason::TooManyLines))
        } else {
            None
        }
    }

    fn goods_of(&mut self, row: &Row) -> u32 {
        let next = index(self.goods.len());
        let goods = *self.goods_index.entry(row.sku.clone()).or_insert(next);
        if goods == next {
            let sku = row.sku.clone();
            let (kind, title) = (Kind::of(sku.as_str()), sku.to_string());
            self.goods.push(Goods { sku, kind, title, titled_by_order: false, as_written: false, respelled: false });
        }
        let entry = &mut self.goods[goods as usize];
        entry.respelled |= row.respelled;
        entry.as_written |= !row.respelled;
        goods
    }

    fn invoice_of(&mut self, row: &Row) -> u32 {
        let next = index(self.invoices.len());
        let invoice = *self.invoice_index.entry(row.invoice_no).or_insert(next);
        if invoice == next {
            let (number, at, customer) = (row.invoice_no, row.at, row.customer);
            self.invoices.push(Invoice { number, at, customer, has_two_times: false, order_lines: 0 });
        }
        self.invoices[invoice as usize].has_two_times |= self.invoices[invoice as usize].at != row.at;
        invoice
    }

    fn title(&mut self, goods: u32, description: String, by_order: bool) {
        let goods = &mut self.goods[goods as usize];
        let untitled = goods.title == goods.sku.as_str();
        if !description.is_empty() && (untitled || (by_order && !goods.titled_by_order)) {
            goods.title = description;
            goods.titled_by_order = by_order;
        }
    }

    fn was_read(&self, line_no: u32) -> bool {
        self.line_nos.get(line_no as usize / 64).is_some_and(|bits| bits >> (line_no % 64) & 1 == 1)
    }

    fn mark_read(&mut self, line_no: u32) {
        debug_assert!(line_no <= LINE_NO_MAX);
        let word = line_no as usize / 64;
        if self.line_nos.len() <= word {
            self.line_nos.resize(word + 1, 0);
        }
        self.line_nos[word] |= 1 << (line_no % 64);
    }
}

/// An index of one of the book's lists, which hold no more than a file has lines.
pub(crate) fn index(length: usize) -> u32 {
    u32::try_from(length).expect("a file has fewer than 2^32 lines")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn book(lines: &[&str]) -> Book {
        let mut book = Book::default();
        for (file_line, line) in (2..).zip(lines) {
            match Row::parse(line.as_bytes(), file_line) {
                Ok(row) => book.add(row),
                Err(refused) => book.refuse(refused),
            }
        }
        book
    }

    #[test]
    fn spellings_times_and_titles_are_kept_once() {
        let book = book(&[
            "1,536365,85123a,?,6,2010-12-01 08:26:00,0,,UK",
            "2,536366,85123A, HEART ,6,2010-12-01 08:27:00,2.55,17850,UK",
            "3,536366,85123A,HEARTS,6,2010-12-01 08:28:00,2.55,17850,UK",
            "4,536366,POST,,1,2010-12-01 08:27:00,1.00,17850,UK",
        ]);
        assert_eq!(book.refused, []);
        assert_eq!((book.goods.len(), book.invoices.len(), book.lines.len()), (2, 2, 4));
        assert!(book.goods[0].has_two_spellings() && !book.goods[1].has_two_spellings());
        assert_eq!((book.goods[0].title.as_str(), book.goods[1].title.as_str()), ("HEART", "POST"));
        assert_eq!(book.invoices.iter().map(|invoice| invoice.has_two_times).collect::<Vec<_>>(), [false, true]);
        assert_eq!(book.invoices[1].at.to_string(), "2010-12-01T08:27:00Z");
        assert_eq!(book.totals, Totals { lines: 4, unreadable: 0, units: 19, exact_e4: 316_000, respelled: 1 });
    }

    #[test]
    fn a_line_at_odds_with_earlier_ones_is_refused_with_its_column() {
        let book = book(&[
            "1,536366,85123A,HEART,6,2010-12-01 08:27:00,2.55,17850,UK",
            "1,536366,85123A,HEART,6,2010-12-01 08:27:00,2.55,17850,UK",
            "3,536366,85123A,HEART,6,2010-12-01 08:27:00,2.55,17851,UK",
            "4,536366,85123A,HEART,-6,2010-12-01 08:27:00,2.55,17850,UK",
            "x",
        ]);
        let refused: Vec<_> = book.refused.iter().map(ToString::to_string).collect();
        assert_eq!(
            refused,
            [
                "line 3, line_no: line number stands on an earlier line too",
                "line 4, customer_id: customer is not that of the invoice",
                "line 5, quantity: negative quantity at a price outside a cancellation",
                "line 6: line ends before its last column",
            ]
        );
        assert_eq!((book.totals.lines, book.totals.unreadable, book.lines.len()), (5, 1, 4));
    }

    #[test]
    fn an_order_takes_ten_thousand_lines_and_no_more() {
        let lines: Vec<_> = (1..=ORDER_LINES_MAX + 1).map(|n| format!("{n},536366,85123A,HEART,1,2010-12-01 08:27:00,1,,UK")).collect();
        let book = book(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(book.refused.iter().map(|refused| refused.reason).collect::<Vec<_>>(), [Reason::TooManyLines]);
    }
}
