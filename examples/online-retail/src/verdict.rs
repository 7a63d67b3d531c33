//! All that is said in the end: the account of the lines, the books side by side, and the store's own proof.

use std::fmt;

use commerce_core::engine::VerifyReport;

use crate::reconcile::Reconciliation;
use crate::report::Report;

/// What a replay came to.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Where every line went.
    pub report: Report,
    /// The plan, the engine and the provider.
    pub reconciliation: Reconciliation,
    /// The store, proved against itself.
    pub verified: VerifyReport,
}

impl Verdict {
    /// Whether nothing differs. Nobody writes to the store any more, so nothing may be left unjudged either.
    pub fn is_right(&self) -> bool {
        let proved = self.verified.is_clean() && self.verified.unsettled.is_empty();
        proved && self.report.differences().is_empty() && self.reconciliation.differences().is_empty()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\n{}\nverify\n{}\n", self.report, self.reconciliation, self.verified)
    }
}

#[cfg(test)]
mod tests {
    use commerce_core::engine::Unsettled;

    use super::*;
    use crate::audit::Provider;
    use crate::drive::Outcomes;
    use crate::fixture;
    use crate::tally::Tally;

    fn right() -> Verdict {
        let plan = fixture::plan(&["1 500001 A 6 1 2.55 7"]);
        let tally = Tally::planned(&plan, &Outcomes::default());
        let provider = Provider { captured_minor: 1_530, ..Provider::default() };
        let reconciliation = Reconciliation { plan: tally.clone(), engine: tally, provider, sagas_at_work: 0, sagas_stuck: 0 };
        Verdict { report: Report::new(&plan, &Outcomes::default()), reconciliation, verified: VerifyReport::default() }
    }

    #[test]
    fn one_difference_anywhere_is_one_too_many() {
        assert!(right().is_right());
        let changes: [fn(&mut Verdict); 4] = [
            |v| v.report.file.lines += 1,
            |v| v.reconciliation.engine.orders += 1,
            |v| v.verified.differences_total = 1,
            |v| v.verified.unsettled.push(Unsettled { merchant: None, subject: "order/1".to_owned() }),
        ];
        for change in changes {
            let mut wrong = right();
            change(&mut wrong);
            assert!(!wrong.is_right(), "{wrong}");
        }
    }
}
