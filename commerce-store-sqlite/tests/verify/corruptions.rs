//! Every check finds what it is for.

use std::collections::BTreeSet;

use commerce_core::engine::Check;

use crate::damage::{Bustle, Corruption};
use crate::{goods, keys, money, rows, streams};

fn all() -> impl Iterator<Item = &'static Corruption> {
    [streams::ALL, rows::ALL, money::ALL, goods::ALL, keys::ALL].into_iter().flatten()
}

#[test]
fn every_check_has_a_corruption_that_it_must_find() {
    let covered: BTreeSet<Check> = all().map(|(check, ..)| *check).collect();
    let missing: Vec<&Check> = Check::ALL.iter().filter(|check| !covered.contains(check)).collect();
    assert!(missing.is_empty(), "no corruption for {missing:?}");
}

#[test]
fn each_corruption_is_found_by_its_check_and_named_by_its_subject() {
    let bustle = Bustle::new();
    let mut missed = Vec::new();
    for (check, what, spoil) in all() {
        let (subject, report) = bustle.spoiled(*spoil);
        let found = report.differences.iter().any(|difference| difference.check == *check && difference.subject == subject);
        let text = report.to_string();
        let shown = text.lines().any(|line| line.starts_with(&format!("{check}: ")) && line.contains(&format!("{subject}: expected")));
        if !found || !shown || report.is_clean() || !report.unsettled.is_empty() {
            missed.push(format!("{check}: {what}: {subject} is not named in\n{report}"));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}
