//! Whether accounts, the feed and the chain of movements follow from one another, over all rows of a file.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::Difference;
use crate::orders::BenchError;

/// Each finds a row that is wrong, and says what is wrong with it.
const RULES: [(&str, &str); 3] = [
    (
        "an account that is not the sum of its movements",
        "SELECT a.id FROM accounts a LEFT JOIN (SELECT account, sum(held_delta) held, sum(on_hand_delta) on_hand, max(seq) last FROM movements \
         GROUP BY account) m ON m.account = a.id \
         WHERE a.held IS NOT coalesce(m.held, 0) OR a.on_hand IS NOT coalesce(m.on_hand, 0) OR a.last IS NOT m.last LIMIT 1",
    ),
    (
        "a movement that does not follow on the one before it of its account",
        "SELECT seq FROM (SELECT seq, prev, lag(seq) OVER (PARTITION BY account ORDER BY seq) AS before FROM movements) \
         WHERE prev IS NOT before LIMIT 1",
    ),
    (
        "a gap in the feed",
        "SELECT seq FROM (SELECT seq, lag(seq, 1, 0) OVER (ORDER BY seq) AS before FROM (SELECT seq FROM events UNION ALL \
         SELECT seq FROM movements)) WHERE seq <> before + 1 LIMIT 1",
    ),
];

pub(super) fn check_books(template: &Connection, conn: &Connection, path: &Path) -> Result<(), BenchError> {
    let file = || path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for (what, rule) in RULES {
        if let Some(at) = conn.query_row(rule, [], |row| row.get(0)).optional()? {
            return Err(Difference::Books { what, at, file: file() }.into());
        }
    }
    // what orders do not change in an account
    let kept = "SELECT id, merchant || ' ' || sku || ' ' || location || ' ' || on_hand || ' ' || shortfall || ' ' || backorder || ' ' || \
                safety || ' ' || coalesce(reorder_point, '-') || ' ' || reorder_qty FROM accounts ORDER BY id";
    let read = |conn: &Connection| {
        let mut kept = conn.prepare(kept)?;
        kept.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?.collect::<rusqlite::Result<Vec<_>>>()
    };
    let (before, after) = (read(template)?, read(conn)?);
    if let Some((changed, _)) = after.iter().zip(&before).find(|(after, before)| after != before) {
        return Err(Difference::Books { what: "an account changed beyond what is held", at: changed.0, file: file() }.into());
    }
    Ok(())
}
