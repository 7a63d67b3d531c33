//! The rows written by hand are those of the engine, and the comparison that says so sees each difference.
#![expect(clippy::unwrap_used, reason = "all of it is a test: a panic is the failure it reports")]

use std::path::{Path, PathBuf};

use clap::Parser;
use commerce_benches::orders::{Args, BenchError, compare, run};
use rusqlite::Connection;
use tempfile::TempDir;

const ORDERS: u32 = 12;

/// Files of one run: the template, the engine's, the baseline's and the twin's.
struct Files {
    folder: TempDir,
    run: PathBuf,
}

impl Files {
    fn of_a_run() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let options = "--phase by-hand --rounds 1 --callers 3 --warm-up-seconds 0 --seconds 60 --skus 5 --keep";
        let orders = ORDERS.to_string();
        let mut args = vec!["bench-orders", "--folder", folder.path().to_str().unwrap(), "--orders-max", &orders];
        args.extend(options.split(' '));
        // the run compares, too
        run(&Args::parse_from(args)).unwrap();
        let run = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
        Self { folder, run }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.run.join(name)
    }

    fn compare(&self, other: &Path) -> Result<(), BenchError> {
        compare(&self.file("template.db"), &self.file("1.db"), other, ORDERS)
    }

    /// What the comparison says once a copy of a file was changed.
    fn told_of(&self, name: &str, change: &str) -> String {
        let copy = self.folder.path().join("changed.db");
        std::fs::copy(self.file(name), &copy).unwrap();
        let conn = Connection::open(&copy).unwrap();
        conn.execute_batch(change).unwrap_or_else(|error| panic!("{change}: {error}"));
        drop(conn);
        match self.compare(&copy) {
            Err(BenchError::Differs(difference)) => difference.to_string(),
            other => panic!("{change}: {other:?}"),
        }
    }
}

#[test]
fn a_row_that_differs_from_the_engines_is_named() {
    let files = Files::of_a_run();
    for name in ["2.db", "3.db"] {
        files.compare(&files.file(name)).unwrap();
        for (change, told) in [
            ("UPDATE orders SET status = 'pending' WHERE n = 7", "orders[0].status is 'pending', the engine writes 'confirmed'"),
            (
                "UPDATE orders SET updated_at = updated_at + 3600000000 WHERE n = 12",
                "orders[0].updated_at is placed + 1 h, the engine writes placed + 0 h",
            ),
            ("UPDATE orders SET due = NULL WHERE n = 1", "orders[0].due is null, the engine writes placed + 168 h"),
            ("UPDATE payments SET version = 1 WHERE n = 2", "payments[0].version is 1, the engine writes 2"),
            (
                "UPDATE sagas SET state = CAST(replace(CAST(state AS TEXT), 'settled', 'doubtful') AS BLOB) WHERE n = 3",
                "sagas[0].state is ",
            ),
            (
                "UPDATE events SET actor = 'nobody' WHERE version = 4 AND stream = 'order'",
                "events[4].actor is 'nobody', the engine writes 'engine'",
            ),
            (
                "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '12999', '12998') AS BLOB) WHERE kind = 'OrderPlaced'",
                "events[0].body is ",
            ),
            (
                "UPDATE events SET body = CAST(replace(CAST(body AS TEXT), '\"ref\":\"auth_0', '\"ref\":\"auth_1') AS BLOB) WHERE kind = 'PaymentAuthorized'",
                "events[4].body is ",
            ),
            ("UPDATE holds SET confirmed = 0 WHERE sku = 'SKU-00002'", "].confirmed is 0, the engine writes 1"),
            ("UPDATE movements SET reason = 'why' WHERE seq > 5", "movements[0].reason is 'why', the engine writes null"),
            ("DELETE FROM holds WHERE id = (SELECT max(id) FROM holds)", "35 more rows of holds for 12 orders are not as many for each"),
            (
                "INSERT INTO claims SELECT 'default', 'cart', hex(id), 'order', hex(id), NULL, NULL FROM orders",
                "claims has 1 rows per order, the engine writes 0",
            ),
            ("UPDATE accounts SET held = held + 1 WHERE id = 2", "an account that is not the sum of its movements in 2 of changed.db"),
            ("UPDATE accounts SET safety = 1 WHERE id = 4", "an account changed beyond what is held in 4 of changed.db"),
            (
                "UPDATE movements SET prev = prev - 1 WHERE seq = (SELECT max(seq) FROM movements)",
                "a movement that does not follow on the one before it of its account in ",
            ),
            ("UPDATE events SET seq = seq + 1 WHERE seq = (SELECT max(seq) FROM events)", "a gap in the feed in "),
        ] {
            let found = files.told_of(name, change);
            assert!(found.contains(told), "{name}, {change}: {found}");
        }
    }
}
