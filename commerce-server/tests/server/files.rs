use std::fs;
use std::process::Command;

use rusqlite::{Connection, OpenFlags};

use crate::process::{Place, Server, commerce, run};

/// Runs `serve` on the place's store, which must refuse; what it says.
#[track_caller]
pub(crate) fn refused(place: &Place) -> String {
    let mut command = commerce(&["serve", "--listen", "127.0.0.1:0", "--store"]);
    let output = command.arg(place.store()).output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(output.stdout.is_empty(), "it does not say that it listens");
    err
}

/// The file of a store, open to anything.
pub(crate) fn edit(place: &Place) -> Connection {
    commerce_sqlite_vfs::checked::open(&place.store(), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap()
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_as_it_is() {
    let place = Place::new();
    let content = "to be or not to be, that is the question ".repeat(100);
    fs::write(place.store(), &content).unwrap();
    let said = refused(&place);
    assert!(said.contains("error: cannot open the store: ") && said.contains("shop.db is not a database file"), "{said}");
    assert_eq!(fs::read_to_string(place.store()).unwrap(), content);
    fs::remove_file(place.store()).unwrap();
    fs::create_dir(place.store()).unwrap();
    assert!(refused(&place).contains("is not a database file"));
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let place = Place::new();
    let store = place.folder.path().join("nowhere/shop.db");
    let (output, _, err) = run(&["serve", "--listen", "127.0.0.1:0"], Some(&store));
    assert_eq!(output.status.code(), Some(1));
    assert!(err.contains("the directory of") && err.contains("does not exist"), "{err}");
}

#[test]
fn a_ledger_of_the_sandbox_that_is_damaged_is_named() {
    let place = Place::new();
    let ledger = place.folder.path().join("shop.db-sandbox");
    fs::write(&ledger, "this is no ledger, and long enough to be taken for a damaged one").unwrap();
    let said = refused(&place);
    assert!(said.contains("cannot open the ledger of the sandbox at") && said.contains("shop.db-sandbox"), "{said}");
}

#[test]
fn a_migration_makes_the_file_once_and_tells_what_it_is() {
    let place = Place::new();
    let (output, out, _) = run(&["migrate", "--shards", "2"], Some(&place.store()));
    assert!(output.status.success() && out.ends_with("shop.db: schema version 1, 2 shard(s)\n"), "{out}");
    let (output, out, _) = run(&["migrate"], Some(&place.store()));
    assert!(output.status.success() && out.ends_with("2 shard(s)\n"), "it keeps its shards: {out}");
    place.serve().stock("A", 1);
}

#[test]
fn verify_tells_what_it_checked_and_does_not_make_what_is_not_there() {
    let place = Place::new();
    let (output, out, err) = run(&["verify"], Some(&place.store()));
    assert_eq!((output.status.code(), out.as_str()), (Some(1), ""));
    assert!(err.contains("there is no store at"), "{err}");
    assert!(!place.store().exists());
    let server = place.serve();
    server.stock("A", 5);
    server.post("/api/v1/orders", r#"{"product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"}"#).with(201);
    server.end();
    let (output, out, err) = run(&["verify"], Some(&place.store()));
    assert_eq!(output.status.code(), Some(0), "{out}{err}");
    assert!(out.lines().any(|line| line.starts_with("order_stream") && line.ends_with("1  ok")), "{out}");
    assert!(out.ends_with("clean\n"), "{out}");
}

#[test]
fn a_file_of_another_program_or_a_newer_version_is_refused() {
    let place = Place::new();
    Connection::open(place.store()).unwrap().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    assert!(refused(&place).contains("is a database of another program"));
    let place = Place::new();
    run(&["migrate"], Some(&place.store()));
    edit(&place).execute("UPDATE facts SET schema_version = 99", []).unwrap();
    let said = refused(&place);
    assert!(said.contains("has schema version 99, this version reads up to 1"), "{said}");
    for command in ["migrate", "verify"] {
        let (output, _, err) = run(&[command], Some(&place.store()));
        assert!(output.status.code() == Some(1) && err.contains("schema version 99"), "{command}: {err}");
    }
}

#[test]
fn verify_names_what_is_different_and_has_an_exit_code_for_it() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 5);
    server.end();
    edit(&place).execute("UPDATE accounts SET on_hand = 6", []).unwrap();
    let (output, out, err) = run(&["verify"], Some(&place.store()));
    assert_eq!(output.status.code(), Some(3), "{out}{err}");
    assert!(out.lines().any(|line| line.contains("stock/A@default") && line.contains("found on_hand 6")), "{out}");
    assert!(out.ends_with("difference\n") || out.ends_with("differences\n"), "{out}");
}

#[test]
fn a_page_that_is_damaged_is_a_problem_with_a_code_and_the_log_names_it() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 5);
    let title = br#"Moonlit garden gnome"#;
    let item = r#"{"title": "Moonlit garden gnome", "prices": [{"amount": "9.99", "currency": "GBP"}]}"#;
    server.ask("PUT", "/api/v1/catalogue/GNOME", &[], Some(item)).with(201);
    server.end();
    let mut content = fs::read(place.store()).unwrap();
    let at = content.windows(title.len()).position(|words| words == title).unwrap();
    content[at] ^= 1;
    fs::write(place.store(), content).unwrap();
    let server = place.serve();
    let reply = server.get("/api/v1/catalogue/GNOME").problem(500, "store_damaged");
    assert!(!reply.text("/detail").contains("shop.db"), "{reply:?}");
    server.get("/api/v1/inventory/items/A").with(200);
    server.end();
    let named = format!("page {}", at / 4_096 + 1);
    let log = place.log();
    assert!(log.lines().any(|line| line.contains("the store is damaged") && line.contains(&named)), "{named}: {log}");
}

#[test]
fn verify_reads_pages_that_no_check_goes_by_and_names_one_that_is_damaged() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 5);
    server.post("/api/v1/orders", r#"{"product_id": "A", "quantity": 1}"#).with(201);
    server.end();
    let conn = edit(&place);
    let mut statement = conn.prepare("SELECT rootpage FROM sqlite_schema WHERE type = 'index'").unwrap();
    let indexes: Vec<u32> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    drop(statement);
    conn.close().unwrap();
    let whole = fs::read(place.store()).unwrap();
    assert!(indexes.len() > 5);
    for page in indexes.into_iter().map(|page| usize::try_from(page).unwrap()) {
        let mut content = whole.clone();
        content[page * 4_096 - 1_000] ^= 1;
        fs::write(place.store(), content).unwrap();
        let (output, out, err) = run(&["verify"], Some(&place.store()));
        assert!(!output.status.success(), "page {page}: {out}{err}");
        assert!(format!("{out}{err}").contains(&format!("page {page} of ")), "page {page}: {out}{err}");
    }
    fs::write(place.store(), whole).unwrap();
    assert!(run(&["verify"], Some(&place.store())).0.status.success());
}

#[test]
fn a_disk_that_takes_no_more_refuses_writes_and_loses_nothing() {
    const FILE_MAX_BLOCKS: u32 = 1_000;
    let place = Place::new();
    // a limit on the size of a file stands for the end of the disk: either way a write fails
    let script = format!("ulimit -f {FILE_MAX_BLOCKS}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_commerce"), "serve", "--listen", "127.0.0.1:0", "--log", "off", "--store"]);
    command.arg(place.store());
    let server = Server::start(command);
    server.stock("A", 100);
    let order = r#"{"product_id": "A", "quantity": 1}"#;
    let (mut placed, mut refused) = (Vec::new(), 0);
    while refused < 20 {
        let reply = server.post("/api/v1/orders", order);
        if reply.status == 201 {
            placed.push(reply.text("/id"));
            continue;
        }
        let reply = reply.with(503);
        assert!(["store_unavailable", "outcome_unknown"].contains(&reply.text("/code").as_str()), "{reply:?}");
        assert_eq!(reply.header("retry-after"), Some("1"));
        refused += 1;
    }
    assert!(!placed.is_empty());
    for id in &placed {
        server.get(&format!("/api/v1/orders/{id}")).with(200);
    }
    server.end();
    let server = place.serve();
    for id in &placed {
        server.get(&format!("/api/v1/orders/{id}")).with(200);
    }
    server.post("/api/v1/orders", order).with(201);
    server.end();
    let (output, out, err) = run(&["verify"], Some(&place.store()));
    assert!(output.status.success(), "{out}{err}");
}
