//! Backups beside a server that serves, and what becomes of them.

use std::fs;
use std::process::Command;
use std::sync::atomic::Ordering;

use crate::beside::{more_orders, under_load};
use crate::files::edit;
use crate::process::{Place, run};

/// Runs a command that names a file, on the place's store.
fn with_file(place: &Place, command: &str, file: &str, args: &[&str]) -> (Option<i32>, String, String) {
    let file = place.folder.path().join(file).display().to_string();
    let (output, out, err) = run(&[&[command, &file], args].concat(), Some(&place.store()));
    (output.status.code(), out, err)
}

#[test]
fn a_backup_made_under_load_is_restored_with_every_order_that_was_acknowledged_before_it() {
    let place = Place::new();
    let mut server = place.serve();
    server.stock("A", 100_000);
    let (before, orders) = under_load(&server, |placed| {
        let mut before = 0;
        for round in 0..3 {
            more_orders(placed, 5);
            before = placed.load(Ordering::Acquire);
            let (code, out, err) = with_file(&place, "backup", &format!("{round}.db"), &["--verify"]);
            assert_eq!(code, Some(0), "{out}{err}");
            assert!(out.starts_with("backup ") && out.contains("verified") && out.contains("feed of shard 0: position "), "{out}");
        }
        more_orders(placed, 5);
        before
    });
    assert!(orders.len() > before);
    server.kill();
    // the disk of the store is gone
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(place.folder.path().join(format!("shop.db{suffix}")));
    }
    let (code, out, err) = with_file(&place, "restore", "2.db", &[]);
    assert_eq!(code, Some(0), "{out}{err}");
    let held: usize = out.split_once(" orders").unwrap().0.rsplit(' ').next().unwrap().parse().unwrap();
    assert!(held >= before && held <= orders.len(), "{before} were acknowledged: {out}");
    let server = place.serve();
    let listed = server.get("/api/v1/orders?limit=200").json()["items"].as_array().unwrap().len();
    assert_eq!(listed, held.min(200));
    server.post("/api/v1/orders", r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#).with(201);
    server.end();
    let (output, out, err) = run(&["verify"], Some(&place.store()));
    assert!(output.status.success(), "{out}{err}");
}

#[test]
fn a_restore_over_a_store_is_refused_whether_it_is_open_or_not() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 1);
    assert_eq!(with_file(&place, "backup", "1.db", &[]).0, Some(0));
    let (code, out, err) = with_file(&place, "restore", "1.db", &[]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("shop.db is open in process "), "{err}");
    server.get("/api/v1/inventory/items/A").with(200);
    server.end();
    let (code, _, err) = with_file(&place, "restore", "1.db", &[]);
    assert!(code == Some(1) && err.contains("shop.db is there already, and is not written over"), "{err}");
    let (code, _, err) = with_file(&place, "backup", "1.db", &[]);
    assert!(code == Some(1) && err.contains("1.db is there already, and is not written over"), "{err}");
}

#[test]
fn what_is_different_is_told_and_is_neither_backed_up_nor_restored_unless_that_is_asked_for() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 5);
    server.end();
    edit(&place).execute("UPDATE accounts SET on_hand = 6", []).unwrap();
    let (code, out, err) = with_file(&place, "backup", "1.db", &["--verify"]);
    assert_eq!(code, Some(3), "{out}{err}");
    assert!(out.contains("stock/A@default") && !place.folder.path().join("1.db").exists(), "{out}");
    assert_eq!(with_file(&place, "backup", "1.db", &[]).0, Some(0), "a shop with a difference has a backup too");
    fs::remove_file(place.store()).unwrap();
    let (code, out, _) = with_file(&place, "restore", "1.db", &[]);
    assert!(code == Some(3) && out.contains("stock/A@default") && !place.store().exists(), "{out}");
    let (code, out, err) = with_file(&place, "restore", "1.db", &["--no-verify"]);
    assert!(code == Some(0) && out.starts_with("restored "), "{out}{err}");
    assert!(place.store().exists());
}

#[test]
fn a_backup_of_nothing_or_to_a_disk_that_is_full_leaves_nothing() {
    let place = Place::new();
    let (code, _, err) = with_file(&place, "backup", "1.db", &[]);
    assert!(code == Some(1) && err.contains("there is no store at"), "{err}");
    let server = place.serve();
    server.stock("A", 5);
    // a limit on the size of a file stands for the end of the disk: either way a write fails
    let script = "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_commerce"), "backup"]).arg(place.folder.path().join("1.db"));
    let output = command.arg("--store").arg(place.store()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("error: no copy was made: "), "{err}");
    for name in ["1.db", "1.db-partial"] {
        assert!(!place.folder.path().join(name).exists(), "{name}");
    }
    server.post("/api/v1/orders", r#"{"product_id": "A", "quantity": 1}"#).with(201);
    server.end();
}
