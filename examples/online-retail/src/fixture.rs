//! Files for tests, in few words.

use std::io::Cursor;

use crate::book::Book;
use crate::plan::Plan;
use crate::reader::Rows;
use crate::row::COLUMNS;

/// A book of lines written as `line_no invoice_no stock_code quantity day unit_price customer_id`, the day of December 2010, `-` for no
/// customer.
pub(crate) fn book(lines: &[&str]) -> Book {
    let line = |short: &&str| {
        let [line_no, invoice, code, quantity, day, price, customer] = short.split(' ').collect::<Vec<_>>()[..] else {
            panic!("seven words: {short}");
        };
        let customer = customer.trim_start_matches('-');
        format!("{line_no},{invoice},{code},HEART,{quantity},2010-12-{day:0>2} 08:26:00,{price},{customer},UK\n")
    };
    let text = format!("{}\n{}", COLUMNS.join(","), lines.iter().map(line).collect::<String>());
    Book::read(Rows::new(Cursor::new(text)).expect("header")).expect("reads")
}

/// The plan of such lines.
pub(crate) fn plan(lines: &[&str]) -> Plan {
    Plan::new(book(lines))
}
