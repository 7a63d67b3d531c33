use std::fs::OpenOptions;
use std::io::Write;

use commerce_core::ports::{CallKey, LookUp, NotSent, Outcome, PaymentProvider};
use commerce_server::sandbox::SandboxClient;
use commerce_server::sandbox::wire::{Charges, LedgerSummary};
use tokio::sync::mpsc;

use crate::support::*;

const CALLERS: u128 = 8;
const PAIRS_PER_CALLER: u128 = 200;
const KILL_AFTER_ANSWERS: usize = 150;

type Answered = (CallKey, Result<Outcome, NotSent>);

/// Authorizes and captures, one attempt after the other, telling each answer, until the process is gone.
async fn buy(client: SandboxClient, caller: u128, answers: mpsc::UnboundedSender<Answered>) {
    for n in (0..PAIRS_PER_CALLER).map(|n| 1 + caller * PAIRS_PER_CALLER + n) {
        let authorize = CallKey::Authorize(attempt(n));
        let outcome = client.authorize(&authorize, &authorize_request(n, "sandbox_visa", 100)).await;
        let approved = matches!(outcome, Ok(Outcome::Approved { .. }));
        if answers.send((authorize, outcome)).is_err() || !approved {
            return;
        }
        let take = CallKey::Capture(capture(n));
        let outcome = client.capture(&take, &capture_request(n, 60)).await;
        let approved = matches!(outcome, Ok(Outcome::Approved { .. }));
        if answers.send((take, outcome)).is_err() || !approved {
            return;
        }
    }
}

#[tokio::test]
async fn killed_under_load_it_comes_back_with_every_answer_it_gave_and_charges_no_one_twice() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.log");
    let mut process = Process::start(&ledger);
    let (sender, mut answers) = mpsc::unbounded_channel();
    let client = process.client();
    let buyers: Vec<_> = (0..CALLERS).map(|caller| tokio::spawn(buy(client.clone(), caller, sender.clone()))).collect();
    drop(sender);
    let mut answered: Vec<Answered> = Vec::new();
    while let Some(answer) = answers.recv().await {
        answered.push(answer);
        if answered.len() == KILL_AFTER_ANSWERS {
            process.kill();
        }
    }
    for buyer in buyers {
        buyer.await.unwrap();
    }
    let given = answered.iter().filter(|(_, outcome)| matches!(outcome, Ok(Outcome::Approved { .. }))).count();
    assert!(given >= KILL_AFTER_ANSWERS - CALLERS as usize, "{given} answers");
    assert!(given < answered.len(), "the kill met no caller");

    let process = Process::start(&ledger);
    let client = process.client();
    for (key, outcome) in &answered {
        let Ok(outcome @ Outcome::Approved { .. }) = outcome else { continue };
        assert_eq!(client.look_up(key).await.unwrap(), LookUp::Found(outcome.clone()), "{key} was answered and is lost");
    }
    for (key, outcome) in &answered {
        if matches!(outcome, Ok(Outcome::Approved { .. })) {
            continue;
        }
        // in doubt: a repeat under the same key is safe, whatever became of the first
        let n = match key {
            CallKey::Authorize(attempt) => attempt.uuid().as_u128(),
            CallKey::Capture(capture) => capture.uuid().as_u128(),
            CallKey::Void(_) | CallKey::Refund(..) => unreachable!("no one asked for {key}"),
        };
        let repeated = match key {
            CallKey::Authorize(_) => client.authorize(key, &authorize_request(n, "sandbox_visa", 100)).await,
            _ => client.capture(key, &capture_request(n, 60)).await,
        };
        assert!(matches!(repeated, Ok(Outcome::Approved { .. })), "{key}: {repeated:?}");
    }
    let captures = answered.iter().filter(|(key, _)| matches!(key, CallKey::Capture(_))).count();
    let summary: LedgerSummary = client.get("/ledger").await.unwrap();
    assert_eq!((summary.fault, summary.entries), (None, answered.len()));
    assert_eq!(summary.totals[0].net, 60 * captures as i128);
    for (key, _) in &answered {
        let CallKey::Authorize(attempt) = key else { continue };
        let charges: Charges = client.get(&format!("/ledger/attempts/{attempt}")).await.unwrap();
        assert_eq!(charges.charges, 1, "{key}");
    }
}

#[tokio::test]
async fn a_torn_end_is_dropped_and_the_process_goes_on_behind_it() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.log");
    let mut process = Process::start(&ledger);
    let key = |n| CallKey::Authorize(attempt(n));
    let first = process.client().authorize(&key(1), &authorize_request(1, "sandbox_visa", 100)).await.unwrap();
    process.kill();
    let whole = std::fs::read(&ledger).unwrap();

    // the last frame once more, but for its last byte: what a kill in the middle of a write leaves
    let second = Process::start(&ledger);
    second.client().authorize(&key(2), &authorize_request(2, "sandbox_visa", 100)).await.unwrap();
    drop(second);
    let longer = std::fs::read(&ledger).unwrap();
    std::fs::write(&ledger, &longer[..longer.len() - 1]).unwrap();

    let mut third = Process::start(&ledger);
    assert_eq!(std::fs::read(&ledger).unwrap(), whole);
    assert_eq!(third.client().look_up(&key(1)).await.unwrap(), LookUp::Found(first.clone()));
    assert_eq!(third.client().look_up(&key(2)).await.unwrap(), LookUp::NotFound);
    let again = third.client().authorize(&key(2), &authorize_request(2, "sandbox_visa", 100)).await.unwrap();
    third.kill();

    let fourth = Process::start(&ledger);
    assert_eq!(fourth.client().look_up(&key(1)).await.unwrap(), LookUp::Found(first));
    assert_eq!(fourth.client().look_up(&key(2)).await.unwrap(), LookUp::Found(again));
}

#[test]
fn a_damaged_ledger_is_refused_with_the_place_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.log");
    drop(Process::start(&ledger));
    let mut bytes = std::fs::read(&ledger).unwrap();
    bytes[20] ^= 1;
    std::fs::write(&ledger, &bytes).unwrap();
    OpenOptions::new().append(true).open(&ledger).unwrap().write_all(b"more").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_commerce"))
        .args(["sandbox", "--listen", "127.0.0.1:0", "--ledger"])
        .arg(&ledger)
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("is damaged at byte 0"), "{said}");
    assert_eq!(std::fs::read(&ledger).unwrap().len(), bytes.len() + 4);
}

#[tokio::test]
async fn a_full_disk_leaves_calls_undone_and_the_process_goes_on_when_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.log");
    let mut process = Process::start(&ledger);
    let client = process.client();
    let key = |n| CallKey::Authorize(attempt(n));
    let first = client.authorize(&key(1), &authorize_request(1, "sandbox_visa", 100)).await.unwrap();
    // room for a part of an entry
    let end = std::fs::metadata(&ledger).unwrap().len();
    process.limit_files(&(end + 20).to_string());
    for _ in 0..3 {
        let refused = client.authorize(&key(2), &authorize_request(2, "sandbox_visa", 100)).await;
        assert!(!matches!(refused, Ok(Outcome::Approved { .. })), "{refused:?}");
        assert_eq!(client.look_up(&key(2)).await.unwrap(), LookUp::NotFound);
        assert_eq!(client.look_up(&key(1)).await.unwrap(), LookUp::Found(first.clone()), "reads are answered");
    }
    process.limit_files("unlimited");
    let second = client.authorize(&key(2), &authorize_request(2, "sandbox_visa", 100)).await.unwrap();
    assert!(matches!(second, Outcome::Approved { .. }), "{second:?}");
    process.kill();
    let next = Process::start(&ledger);
    assert_eq!(next.client().look_up(&key(1)).await.unwrap(), LookUp::Found(first));
    assert_eq!(next.client().look_up(&key(2)).await.unwrap(), LookUp::Found(second));
    assert_eq!(next.client().get::<LedgerSummary>("/ledger").await.unwrap().entries, 2);
}
