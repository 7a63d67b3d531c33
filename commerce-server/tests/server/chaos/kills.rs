use std::time::Instant;

use crate::chaos::audit::audit;
use crate::chaos::killer::{plan, strike};
use crate::chaos::load::Load;
use crate::chaos::town::Town;

/// What the test does unless `CHAOS_KILLS` and `CHAOS_SEED` say otherwise.
const KILLS: u64 = 3;
pub(crate) const SEED: u64 = 20_260_105;

/// A number of the environment.
pub(crate) fn given(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().filter(|text| !text.is_empty()).map_or(otherwise, |text| text.parse().unwrap())
}

#[test]
fn shop_and_bank_killed_under_load_lose_nothing_and_do_nothing_twice() {
    let (kills, seed) = (given("CHAOS_KILLS", KILLS), given("CHAOS_SEED", SEED));
    eprintln!("CHAOS_KILLS={kills} CHAOS_SEED={seed}");
    let began = Instant::now();
    let mut town = Town::new();
    let load = Load::start(&town.shop, &town.door, seed);
    let mut told = strike(&mut town, &load, &plan(seed, usize::try_from(kills).unwrap()));
    assert_eq!(load.later(), 0, "whoever was answered was served");
    told.extend(load.stop());
    let unheard = told.iter().filter(|told| told.unheard > 0).count();
    let done = told.iter().filter(|told| told.done_unheard()).count();
    eprintln!("{} answers in {} ms, {unheard} to repeats, {done} of which had been done", told.len(), began.elapsed().as_millis());
    assert!(unheard > 0, "no blow met a command");
    let audited = Instant::now();
    let tally = audit(&mut town, &told);
    eprintln!("{tally}, audited in {} ms", audited.elapsed().as_millis());
}
