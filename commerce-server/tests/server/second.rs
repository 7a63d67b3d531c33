//! One process at a time on a file, whatever became of the one before.

use std::fs::{self, File};
use std::thread;

use crate::files::refused;
use crate::process::{Place, Server, commerce, run};

const CONTENDERS: usize = 4;
const ROUNDS: usize = 5;

#[test]
fn a_second_process_on_the_same_file_is_refused_by_the_name_of_the_first_which_goes_on() {
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 1);
    let holds = format!("shop.db is open in process {}, which holds ", server.pid());
    let said = refused(&place);
    assert!(said.contains(&holds) && said.contains("shop.db-lock"), "{said}");
    let (output, out, err) = run(&["migrate"], Some(&place.store()));
    assert_eq!((output.status.code(), out.as_str()), (Some(1), ""));
    assert!(err.contains(&holds), "{err}");
    server.get("/api/v1/inventory/items/A").with(200);
    server.end();
    // what an earlier process wrote of itself means nothing once it is gone
    let next = place.serve();
    let said = refused(&place);
    assert!(said.contains(&format!("is open in process {}, ", next.pid())), "{said}");
}

#[test]
fn a_lock_without_the_number_of_its_process_refuses_all_the_same() {
    let place = Place::new();
    run(&["migrate"], Some(&place.store()));
    for said in ["", "no number", "99999999999999999999", "12\u{0}"] {
        let path = place.folder.path().join("shop.db-lock");
        fs::write(&path, said).unwrap();
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        let err = refused(&place);
        assert!(err.contains("is open in another process, which holds ") && err.contains("shop.db-lock"), "{err}");
    }
    place.serve().stock("A", 1);
}

#[test]
fn of_many_that_start_while_the_first_is_killed_one_serves_at_most_and_no_lock_stays_behind() {
    let place = Place::new();
    let mut server = place.serve();
    server.stock("A", 1);
    for round in 0..ROUNDS {
        let (served, refused) = contend(&place, &mut server);
        assert!(served.len() <= 1, "round {round}: {} serve one file", served.len());
        assert_eq!(served.len() + refused.len(), CONTENDERS);
        for said in refused {
            assert!(said.contains("shop.db is open in ") && said.contains("shop.db-lock"), "round {round}: {said}");
        }
        server = served.into_iter().next().unwrap_or_else(|| place.serve());
        server.get("/api/v1/inventory/items/A").with(200);
    }
}

/// Kills a server while others start on its file: those that serve it then, and what the others said.
fn contend(place: &Place, server: &mut Server) -> (Vec<Server>, Vec<String>) {
    let contender = |n: usize| {
        let log = place.folder.path().join(format!("log-{n}"));
        let mut command = commerce(&["serve", "--log", "off", "--listen", "127.0.0.1:0", "--store"]);
        command.arg(place.store()).stderr(File::create(&log).unwrap());
        Server::try_start(command).map_err(|(status, out)| {
            assert_eq!((status.code(), out.as_str()), (Some(1), ""));
            fs::read_to_string(log).unwrap()
        })
    };
    let ended: Vec<_> = thread::scope(|scope| {
        let contenders: Vec<_> = (0..CONTENDERS).map(|n| scope.spawn(move || contender(n))).collect();
        server.kill();
        contenders.into_iter().map(|contender| contender.join().unwrap()).collect()
    });
    let (mut served, mut refused) = (Vec::new(), Vec::new());
    for one in ended {
        match one {
            Ok(server) => served.push(server),
            Err(said) => refused.push(said),
        }
    }
    (served, refused)
}
