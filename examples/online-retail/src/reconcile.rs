//! The plan against the engine's books and the provider's.

use commerce_core::id::Sku;

use crate::audit::Provider;
use crate::tally::{Shelf, Tally};

/// Three accounts of the same trade.
#[derive(Clone, Debug)]
pub struct Reconciliation {
    /// What the engine must have booked.
    pub plan: Tally,
    /// What the engine says.
    pub engine: Tally,
    /// What the provider says.
    pub provider: Provider,
    /// Sagas that still had something to do when nothing moved any more.
    pub sagas_at_work: u64,
    /// Sagas that wait for an operator.
    pub sagas_stuck: u64,
}

impl Reconciliation {
    /// Where the accounts differ; empty when right.
    pub fn differences(&self) -> Vec<String> {
        let Self { plan, engine, provider, .. } = self;
        let mut found = Vec::new();
        let mut check = |what: &str, left: i128, right: i128| {
            if left != right {
                found.push(format!("{what}: {left} is not {right}"));
            }
        };
        check("orders of the engine and of the plan", engine.orders.into(), plan.orders.into());
        check("orders delivered whole and planned", engine.delivered.into(), plan.delivered.into());
        check("returns received and planned", engine.returns.into(), plan.returns.into());
        check("pence that orders cost and were to cost", engine.total_minor, plan.total_minor);
        check("pence captured in the engine and planned", engine.captured_minor, plan.captured_minor);
        check("pence captured by the provider and planned", provider.captured_minor, plan.captured_minor);
        check("pence refunded in the engine and planned", engine.refunded_minor, plan.refunded_minor);
        check("pence refunded by the provider and planned", provider.refunded_minor, plan.refunded_minor);
        check("pence still set aside at the provider and none", provider.set_aside_minor, 0);
        check("sagas at work and none", self.sagas_at_work.into(), 0);
        check("sagas stuck and none", self.sagas_stuck.into(), 0);
        found.extend(provider.fault.iter().map(|fault| format!("the provider's ledger: {fault}")));
        found.extend(self.shelves_that_differ().map(|(sku, engine, plan)| format!("{sku}: {} is not {}", units(engine), units(plan))));
        found
    }

    /// Codes of which the engine counts other units than the plan, with both.
    pub fn shelves_that_differ(&self) -> impl Iterator<Item = (&Sku, Shelf, Shelf)> {
        let Self { plan, engine, .. } = self;
        let known = engine.shelves.iter().map(|(sku, shelf)| (sku, *shelf, plan.shelves.get(sku).copied().unwrap_or_default()));
        let missing = plan.shelves.iter().filter(|(sku, _)| !engine.shelves.contains_key(*sku));
        known.chain(missing.map(|(sku, shelf)| (sku, Shelf::default(), *shelf))).filter(|(_, engine, plan)| engine != plan)
    }
}

fn units(shelf: Shelf) -> String {
    let Shelf { dispatched, returned, on_hand, held } = shelf;
    format!("{dispatched} units dispatched, {returned} returned, {on_hand} on hand, {held} held")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::Outcomes;
    use crate::fixture;

    fn right() -> Reconciliation {
        let plan = fixture::plan(&["1 500001 A 6 1 2.55 7", "2 500001 POST 1 1 18 7", "3 C500003 A -5 3 2.55 7"]);
        let tally = Tally::planned(&plan, &Outcomes::default());
        let provider = Provider { captured_minor: 3_330, refunded_minor: 1_275, set_aside_minor: 0, fault: None };
        Reconciliation { plan: tally.clone(), engine: tally, provider, sagas_at_work: 0, sagas_stuck: 0 }
    }

    #[test]
    fn accounts_that_agree_have_no_difference() {
        assert_eq!(right().differences(), Vec::<String>::new());
    }

    type Change = fn(&mut Reconciliation);

    #[test]
    fn every_sum_that_differs_is_named_with_both_sides() {
        let changes: [(Change, &str); 14] = [
            (|r| r.engine.orders += 1, "orders of the engine and of the plan: 2 is not 1"),
            (|r| r.engine.delivered -= 1, "orders delivered whole and planned: 0 is not 1"),
            (|r| r.engine.returns += 1, "returns received and planned: 2 is not 1"),
            (|r| r.engine.total_minor -= 1, "pence that orders cost and were to cost: 3329 is not 3330"),
            (|r| r.engine.captured_minor -= 1, "pence captured in the engine and planned: 3329 is not 3330"),
            (|r| r.provider.captured_minor += 1, "pence captured by the provider and planned: 3331 is not 3330"),
            (|r| r.engine.refunded_minor += 1, "pence refunded in the engine and planned: 1276 is not 1275"),
            (|r| r.provider.refunded_minor -= 1, "pence refunded by the provider and planned: 1274 is not 1275"),
            (|r| r.provider.set_aside_minor += 1, "pence still set aside at the provider and none: 1 is not 0"),
            (|r| r.sagas_at_work = 3, "sagas at work and none: 3 is not 0"),
            (|r| r.sagas_stuck = 2, "sagas stuck and none: 2 is not 0"),
            (
                |r| r.engine.shelf(&Sku::new("A").expect("a code")).on_hand += 1,
                "A: 6 units dispatched, 5 returned, 6 on hand, 0 held is not 6 units dispatched, 5 returned, 5 on hand, 0 held",
            ),
            (
                |r| r.engine.shelves.retain(|sku, _| sku.as_str() != "POST"),
                "POST: 0 units dispatched, 0 returned, 0 on hand, 0 held is not 1 units dispatched, 0 returned, 0 on hand, 0 held",
            ),
            (
                |r| r.engine.shelf(&Sku::new("Z").expect("a code")).held += 1,
                "Z: 0 units dispatched, 0 returned, 0 on hand, 1 held is not 0 units dispatched, 0 returned, 0 on hand, 0 held",
            ),
        ];
        for (change, expect) in changes {
            let mut wrong = right();
            change(&mut wrong);
            assert_eq!(wrong.differences(), [expect]);
        }
    }
}
