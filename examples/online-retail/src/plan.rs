//! The work for the engine: a catalogue, an opening stock, and items in the data's own time with what each must wait for.
//!
//! The file holds no stock receipts, so the opening stock is made up: for each code as many units as the plan sells and writes off. Then
//! every sale and write-off can be served in whatever order items run at once, and only these wait: a return for its order, and for the
//! return before it on the same order.

use std::collections::{BTreeMap, HashMap};

use commerce_core::id::{LineId, Sku};
use commerce_core::money::Money;
use commerce_core::quantity::{LineQty, Quantity};
use commerce_core::time::Timestamp;

use crate::book::{Book, Invoice, Line, index};
use crate::classify::{Class, Kind};
use crate::matching::{Match, match_cancellations};
use crate::price::Price;

/// A code that the plan needs in the engine's catalogue.
#[derive(Clone, Copy, Debug)]
pub struct CatalogueItem<'a> {
    /// The code in capitals.
    pub sku: &'a Sku,
    /// What the file calls it.
    pub title: &'a str,
    /// What it is; all but goods are unstocked.
    pub kind: Kind,
    /// The price that most order lines have, the lowest of equals; zero if it was never sold.
    pub price: Money,
    /// Units to receive before anything else; zero for what is unstocked.
    pub opening_units: u64,
}

/// What an item does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Places an order, pays, ships and delivers it whole.
    Order {
        /// Index of the invoice in [`Book::invoices`].
        invoice: u32,
        /// First of its lines in the plan's list.
        first: u32,
        /// How many lines.
        lines: u32,
    },
    /// Takes goods back and refunds them: what one cancellation takes of one order.
    Return {
        /// Index of the cancelling invoice in [`Book::invoices`].
        invoice: u32,
        /// The order's item.
        order: u32,
        /// First of its matches in the plan's list.
        first: u32,
        /// How many matches.
        matches: u32,
    },
    /// Finds or writes off stock.
    Adjust {
        /// Index of the line in [`Book::lines`].
        line: u32,
    },
}

/// One piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// When it happens in the data's own time.
    pub at: Timestamp,
    /// An earlier item that must have ended before.
    pub after: Option<u32>,
    /// What is done.
    pub work: Work,
}

/// A line of an order to place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrderLine<'a> {
    /// Its number in the order, from 1.
    pub line_id: LineId,
    /// The code in capitals.
    pub sku: &'a Sku,
    /// Units.
    pub quantity: Quantity,
    /// The rounded price of a unit: of this line, not of the catalogue.
    pub unit_price: Money,
}

/// What the engine must have booked when the plan is done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Orders to place.
    pub orders: u64,
    /// Orders whose total is zero.
    pub free_orders: u64,
    /// Returns to receive.
    pub returns: u64,
    /// Stock adjustments.
    pub adjustments: u64,
    /// Pence charged for orders.
    pub charged_minor: i64,
    /// Pence refunded for returns.
    pub refunded_minor: i64,
    /// Units received as opening stock.
    pub opening_units: u64,
    /// Codes with an opening stock.
    pub opening_codes: u64,
}

/// All work, in the order in which it begins.
#[derive(Debug)]
pub struct Plan {
    book: Book,
    items: Vec<Item>,
    order_lines: Vec<u32>,
    matches: Vec<Match>,
    prices: Vec<Price>,
    opening: Vec<u64>,
}

impl Plan {
    /// Plans a file's lines.
    pub fn new(book: Book) -> Self {
        let order_lines = order_lines(&book);
        let mut matches = match_cancellations(&book);
        let line = |line: u32| &book.lines[line as usize];
        matches.sort_by_key(|m| (line(m.cancellation).invoice, line(m.order_line).invoice, m.cancellation, m.order_line));
        let items = items(&book, &order_lines, &matches);
        let (prices, opening) = (modal_prices(&book), opening(&book));
        Self { book, items, order_lines, matches, prices, opening }
    }

    /// The lines that were planned.
    pub const fn book(&self) -> &Book {
        &self.book
    }

    /// All work, by time; what begins at one time, by the file's order. An item's index is its name.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// What is matched, in the order of the cancelling invoices.
    pub fn matches(&self) -> &[Match] {
        &self.matches
    }

    /// Codes that orders and adjustments name, in the order of their first lines.
    pub fn catalogue(&self) -> impl Iterator<Item = CatalogueItem<'_>> {
        let mut named = vec![false; self.book.goods.len()];
        for line in self.book.lines.iter().filter(|line| matches!(line.class, Class::Order | Class::Adjustment)) {
            named[line.goods as usize] = true;
        }
        let rest = self.prices.iter().zip(&self.opening).zip(named);
        self.book.goods.iter().zip(rest).filter(|(_, (_, named))| *named).map(|(goods, ((price, &opening_units), _))| CatalogueItem {
            sku: &goods.sku,
            title: &goods.title,
            kind: goods.kind,
            price: price.money(),
            opening_units,
        })
    }

    /// The invoice that an order or a return comes from, or the one of an adjustment's line.
    pub fn invoice(&self, work: Work) -> &Invoice {
        let index = match work {
            Work::Order { invoice, .. } | Work::Return { invoice, .. } => invoice,
            Work::Adjust { line } => self.line(line).invoice,
        };
        &self.book.invoices[index as usize]
    }

    /// The lines of an order; none for other work.
    pub fn order_lines(&self, work: Work) -> impl Iterator<Item = OrderLine<'_>> {
        (1..).zip(self.order_line_indexes(work)).filter_map(|(number, &index)| {
            let line = self.line(index);
            let sku = &self.book.goods[line.goods as usize].sku;
            Some(OrderLine { line_id: LineId(number), sku, quantity: Quantity::some(line.units())?, unit_price: line.unit_price.money() })
        })
    }

    /// The units that a return takes back, each order line once; none for other work.
    pub fn return_lines(&self, work: Work) -> Vec<LineQty> {
        let Work::Return { order, .. } = work else { return Vec::new() };
        let lines = self.order_line_indexes(self.items[order as usize].work);
        let mut units: BTreeMap<u32, u32> = BTreeMap::new();
        for found in self.return_matches(work) {
            let at = lines.partition_point(|&line| line < found.order_line);
            *units.entry(index(at) + 1).or_default() += found.units;
        }
        let qty = |(number, units)| Some(LineQty { line_id: LineId(number), qty: Quantity::some(units)? });
        units.into_iter().filter_map(qty).collect()
    }

    /// The code and the signed units of an adjustment.
    pub fn adjustment(&self, work: Work) -> Option<(&Sku, i32)> {
        let Work::Adjust { line } = work else { return None };
        let line = self.line(line);
        Some((&self.book.goods[line.goods as usize].sku, line.quantity))
    }

    /// Indexes of an order's lines in [`Book::lines`]; none for other work.
    pub fn order_line_indexes(&self, work: Work) -> &[u32] {
        match work {
            Work::Order { first, lines, .. } => &self.order_lines[first as usize..(first + lines) as usize],
            Work::Return { .. } | Work::Adjust { .. } => &[],
        }
    }

    /// The matches of a return; none for other work.
    pub fn return_matches(&self, work: Work) -> &[Match] {
        match work {
            Work::Return { first, matches, .. } => &self.matches[first as usize..(first + matches) as usize],
            Work::Order { .. } | Work::Adjust { .. } => &[],
        }
    }

    /// A line by its index.
    pub fn line(&self, index: u32) -> &Line {
        &self.book.lines[index as usize]
    }

    /// The sums that the engine must arrive at.
    pub fn expected(&self) -> Expected {
        let mut sums = Expected::default();
        for item in &self.items {
            match item.work {
                Work::Order { .. } => {
                    let total: i64 = self.order_line_indexes(item.work).iter().map(|&line| self.line(line).pence()).sum();
                    sums.orders += 1;
                    sums.free_orders += u64::from(total == 0);
                    sums.charged_minor += total;
                }
                Work::Return { .. } => {
                    let value = |found: &Match| i64::from(found.units) * self.line(found.cancellation).unit_price.pence();
                    sums.returns += 1;
                    sums.refunded_minor += self.return_matches(item.work).iter().map(value).sum::<i64>();
                }
                Work::Adjust { .. } => sums.adjustments += 1,
            }
        }
        sums.opening_units = self.opening.iter().sum();
        sums.opening_codes = self.opening.iter().map(|&units| u64::from(units > 0)).sum();
        sums
    }
}

/// Order lines by invoice, then in the file's order: an invoice's lines need not stand together.
fn order_lines(book: &Book) -> Vec<u32> {
    let orders = |(at, line): (usize, &Line)| (line.class == Class::Order).then_some(index(at));
    let mut lines: Vec<u32> = book.lines.iter().enumerate().filter_map(orders).collect();
    lines.sort_by_key(|&line| book.lines[line as usize].invoice);
    lines
}

fn items(book: &Book, order_lines: &[u32], matches: &[Match]) -> Vec<Item> {
    let invoice_of = |line: u32| book.lines[line as usize].invoice;
    // with the first line of the file that each comes from, which orders what happens at one time
    let mut found: Vec<(u32, Item)> = Vec::new();
    let mut push = |line: u32, work| found.push((line, Item { at: book.invoices[invoice_of(line) as usize].at, after: None, work }));
    let mut first = 0;
    for lines in order_lines.chunk_by(|&a, &b| invoice_of(a) == invoice_of(b)) {
        let count = index(lines.len());
        push(lines[0], Work::Order { invoice: invoice_of(lines[0]), first, lines: count });
        first += count;
    }
    first = 0;
    let parts = |m: &Match| (invoice_of(m.cancellation), invoice_of(m.order_line));
    for group in matches.chunk_by(|a, b| parts(a) == parts(b)) {
        let (invoice, order) = parts(&group[0]);
        let count = index(group.len());
        // `order` is the invoice until the items are sorted
        push(group[0].cancellation, Work::Return { invoice, order, first, matches: count });
        first += count;
    }
    for (at, _) in book.lines.iter().enumerate().filter(|(_, line)| line.class == Class::Adjustment) {
        push(index(at), Work::Adjust { line: index(at) });
    }
    found.sort_by_key(|(line, item)| (item.at, *line, invoice_of(*line), matches_first(item.work)));
    link(found.into_iter().map(|(_, item)| item).collect())
}

/// Two returns of one cancellation may come from one line of the file.
const fn matches_first(work: Work) -> u32 {
    match work {
        Work::Return { first, .. } => first,
        Work::Order { .. } | Work::Adjust { .. } => 0,
    }
}

/// Names the order of each return, and what it waits for.
fn link(mut items: Vec<Item>) -> Vec<Item> {
    let mut orders: HashMap<u32, (u32, u32)> = HashMap::new();
    for (at, item) in items.iter_mut().enumerate() {
        let name = index(at);
        match &mut item.work {
            Work::Order { invoice, .. } => {
                orders.insert(*invoice, (name, name));
            }
            Work::Return { order, .. } => {
                let (order_item, last) = orders.get_mut(order).expect("an order's first line comes before what cancels it");
                *order = *order_item;
                item.after = Some(std::mem::replace(last, name));
            }
            Work::Adjust { .. } => {}
        }
    }
    items
}

fn modal_prices(book: &Book) -> Vec<Price> {
    let mut counts: BTreeMap<(u32, Price), u32> = BTreeMap::new();
    for line in book.lines.iter().filter(|line| line.class == Class::Order) {
        *counts.entry((line.goods, line.unit_price)).or_default() += 1;
    }
    let mut best: Vec<(Price, u32)> = vec![(Price::default(), 0); book.goods.len()];
    for ((goods, price), count) in counts {
        if count > best[goods as usize].1 {
            best[goods as usize] = (price, count);
        }
    }
    best.into_iter().map(|(price, _)| price).collect()
}

fn opening(book: &Book) -> Vec<u64> {
    let mut units = vec![0; book.goods.len()];
    for line in &book.lines {
        let leaves = match line.class {
            Class::Order => book.goods[line.goods as usize].kind.is_stocked(),
            Class::Adjustment => line.quantity < 0,
            _ => false,
        };
        if leaves {
            units[line.goods as usize] += u64::from(line.units());
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    /// Items as `invoice, work, what it waits for`.
    fn check(lines: &[&str], expect: &[(&str, &str, Option<u32>)]) {
        let plan = fixture::plan(lines);
        let found: Vec<_> = plan
            .items()
            .iter()
            .map(|item| {
                let lines = plan
                    .order_lines(item.work)
                    .map(|line| format!("{}: {} {} at {}", line.line_id, line.quantity, line.sku, line.unit_price));
                let back = plan.return_lines(item.work).into_iter().map(|line| format!("{}: {} back", line.line_id, line.qty));
                let adjusted = plan.adjustment(item.work).map(|(sku, units)| format!("{units} {sku}"));
                let work: Vec<_> = lines.chain(back).chain(adjusted).collect();
                (plan.invoice(item.work).number.to_string(), work.join("; "), item.after)
            })
            .collect();
        let expect: Vec<_> = expect.iter().map(|&(invoice, work, after)| (invoice.to_owned(), work.to_owned(), after)).collect();
        assert_eq!(found, expect, "{lines:?}");
    }

    #[test]
    fn an_invoice_is_one_order_though_its_lines_stand_apart() {
        check(
            &["1 500001 A 6 1 2.55 7", "2 500002 A 1 1 2.50 8", "3 500001 A 2 1 2.75 7", "4 500001 POST 1 2 18 7"],
            &[("500001", "1: 6 A at 2.55 GBP; 2: 2 A at 2.75 GBP; 3: 1 POST at 18.00 GBP", None), ("500002", "1: 1 A at 2.50 GBP", None)],
        );
    }

    #[test]
    fn a_cancellation_of_two_orders_is_two_returns_and_each_waits_for_the_one_before() {
        check(
            &[
                "1 500001 B1 1 1 1 7",
                "2 500001 A 6 1 2.55 7",
                "3 500002 A 4 2 2.55 7",
                "4 C500003 A -7 3 2.55 7",
                "5 C500003 A -1 3 2.55 7",
                "6 C500004 A -1 4 2.55 7",
                "7 C500004 B1 -1 4 1 7",
            ],
            &[
                ("500001", "1: 1 B1 at 1.00 GBP; 2: 6 A at 2.55 GBP", None),
                ("500002", "1: 4 A at 2.55 GBP", None),
                ("C500003", "2: 4 back", Some(0)),
                ("C500003", "1: 4 back", Some(1)),
                ("C500004", "1: 1 back; 2: 1 back", Some(2)),
            ],
        );
    }

    #[test]
    fn items_stand_in_the_order_of_time_and_an_external_line_is_no_item() {
        check(
            &["1 500002 A 1 2 1 7", "2 500001 A -3 1 0 -", "3 500001 B1 2 1 0 -", "4 C500003 D -1 1 5 7", "5 A500004 B 1 1 -5 -"],
            &[("500001", "-3 A", None), ("500001", "2 B1", None), ("500002", "1: 1 A at 1.00 GBP", None)],
        );
    }

    #[test]
    fn the_catalogue_names_what_is_ordered_or_adjusted_with_its_usual_price() {
        let plan = fixture::plan(&[
            "1 500001 a 6 1 2.55 7",
            "2 500001 A 2 1 2.75 7",
            "3 500002 A 1 1 2.75 7",
            "4 500003 A -3 1 0 -",
            "5 500003 B1 9 1 0 -",
            "6 500002 POST 1 1 18 7",
            "7 C500004 C1 -1 1 18 7",
            "8 500005 D1 1 1 3 7",
            "9 500005 D1 1 1 2 7",
        ]);
        let catalogue: Vec<_> = plan.catalogue().map(|item| (item.sku.as_str(), item.price.minor(), item.opening_units)).collect();
        assert_eq!(catalogue, [("A", 275, 12), ("B1", 0, 0), ("POST", 1_800, 0), ("D1", 200, 2)]);
    }

    #[test]
    fn the_sums_to_arrive_at_are_those_of_the_items() {
        let plan = fixture::plan(&["1 500001 A 6 1 2.555 7", "2 500002 A 4 2 0 7", "3 C500003 A -7 3 2.555 7", "4 500004 A -1 1 0 -"]);
        let expect = Expected {
            orders: 2,
            free_orders: 1,
            returns: 1,
            adjustments: 1,
            charged_minor: 6 * 256,
            refunded_minor: 6 * 256,
            opening_units: 11,
            opening_codes: 1,
        };
        assert_eq!(plan.expected(), expect);
    }
}
