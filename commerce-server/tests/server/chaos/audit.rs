//! What must be true after any number of crashes, judged from outside: by what callers were told, and what shop and bank say.

mod acknowledged;
mod money;
mod sagas;
mod stock;

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use crate::chaos::books::Books;
use crate::chaos::load::Told;
use crate::chaos::town::Town;
use crate::process::run;

/// For the sagas that have more to do when nothing of it can be seen from outside.
const SAGAS_TIMEOUT_S: u64 = 20;

/// What an audit saw.
pub(crate) struct Tally {
    deeds: BTreeMap<String, usize>,
    refused: usize,
    orders: BTreeMap<String, usize>,
    entries: usize,
    sagas: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deeds, refused, orders, entries, sagas } = self;
        write!(f, "done {deeds:?}, refused {refused}, orders {orders:?}, {entries} entries of the bank, {sagas} sagas")
    }
}

/// Waits until all is at rest, and holds it against every law. The shop is closed then.
pub(crate) fn audit(town: &mut Town, told: &[Told]) -> Tally {
    acknowledged::repeats_are_replays(town.shop.address, told);
    // what an order shows can be at rest while a saga has yet to begin its next call
    let sagas = all_sagas_end(town);
    town.reopen_shop();
    let books = Books::at_rest(&town.shop, &town.bank);
    acknowledged::every_answer_stands(&books, told);
    acknowledged::every_command_was_done_once(&books, told);
    money::bank_and_shop_agree(&books);
    stock::units_add_up(&books, told);
    town.close_shop();
    let (output, out, err) = run(&["verify"], Some(&town.place.store()));
    assert!(output.status.success(), "{out}{err}");
    tally(told, &books, sagas)
}

/// Closes the shop and looks at its sagas; those that had no time yet get another life of the shop.
fn all_sagas_end(town: &mut Town) -> usize {
    let deadline = Instant::now() + Duration::from_secs(SAGAS_TIMEOUT_S);
    loop {
        Books::at_rest(&town.shop, &town.bank);
        town.close_shop();
        let all = sagas::all(&town.place.store());
        let Some(open) = sagas::open(&all) else { return all.len() };
        assert!(Instant::now() < deadline, "a saga does not end: {open:?}");
        town.reopen_shop();
    }
}

fn tally(told: &[Told], books: &Books, sagas: usize) -> Tally {
    let mut tally = Tally { deeds: BTreeMap::new(), refused: 0, orders: BTreeMap::new(), entries: books.entries.len(), sagas };
    for told in told {
        if told.done() {
            *tally.deeds.entry(format!("{:?}", told.deed)).or_default() += 1;
        } else {
            tally.refused += 1;
        }
    }
    for order in books.orders.values() {
        *tally.orders.entry(order["status"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    tally
}
