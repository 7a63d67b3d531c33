use std::sync::Arc;

use commerce_core::clock::TokioClock;
use commerce_core::fact::FailureCode;
use commerce_core::ports::{CallKey, FactOutcome, LookUp, Outcome, PaymentProvider};
use commerce_core::sandbox::Options;
use commerce_server::http::BindError;
use commerce_server::sandbox::wire::{ActBody, Charges, Entry, LedgerSummary, SettleBody, Totals};
use commerce_server::sandbox::{ClientError, Desk, LedgerFileError, OpenError, SandboxClient, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

#[tokio::test]
async fn every_call_and_look_up_works_over_http_as_it_does_in_process() {
    let inside = inside(Options { report_all: true, ..Options::CARDS }).await;
    let client = &inside.client;
    let (authorize, void) = (CallKey::Authorize(attempt(1)), CallKey::Void(attempt(1)));
    let (take, pay_back) = (CallKey::Capture(capture(1)), CallKey::Refund(refund(1), capture(1)));
    assert_eq!(client.capabilities(), Options::CARDS.capabilities());
    assert_eq!(client.look_up(&authorize).await.unwrap(), LookUp::NotFound);
    let answers = [
        (authorize, client.authorize(&authorize, &authorize_request(1, "sandbox_visa", 100)).await.unwrap()),
        (take, client.capture(&take, &capture_request(1, 60)).await.unwrap()),
        (pay_back, client.refund(&pay_back, &refund_request(1, 10)).await.unwrap()),
        (void, client.void(&void, &void_request(1)).await.unwrap()),
    ];
    for ((key, answer), minor) in answers.iter().zip([100, 60, 10, 40]) {
        assert!(matches!(answer, Outcome::Approved { amount, .. } if amount.minor() == minor), "{key}: {answer:?}");
        assert_eq!(client.look_up(key).await.unwrap(), LookUp::Found(answer.clone()));
    }
    let reports = client.reports(0).await.unwrap();
    assert_eq!(reports.iter().map(|fact| fact.key).collect::<Vec<_>>(), answers.map(|(key, _)| key));
    assert!(matches!(&reports[3].outcome, FactOutcome::Voided { amount } if amount.minor() == 40));
    assert_eq!(client.reports(3).await.unwrap(), reports[3..]);

    let summary: LedgerSummary = client.get("/ledger").await.unwrap();
    assert_eq!((summary.entries, summary.fault), (4, None));
    let totals: Vec<Totals> = client.get(&format!("/ledger/payments/{}", payment(1))).await.unwrap();
    assert_eq!((totals.len(), totals[0].net, totals[0].released), (1, 50, 40));
    let charges: Charges = client.get(&format!("/ledger/attempts/{}", attempt(1))).await.unwrap();
    assert_eq!(charges.charges, 1);
    let entries: Vec<Entry> = client.get("/ledger/entries?after=3").await.unwrap();
    assert_eq!(entries.iter().map(|entry| entry.kind.as_str()).collect::<Vec<_>>(), ["voided"]);
}

#[tokio::test]
async fn the_buyer_acts_and_a_pending_call_is_settled_over_http() {
    let inside = inside(Options::CARDS).await;
    let [action, pending] = [1, 2].map(|n| CallKey::Authorize(attempt(n)));
    let asked = inside.client.authorize(&action, &authorize_request(1, "sandbox_action", 100)).await.unwrap();
    assert!(matches!(asked, Outcome::ActionRequired { .. }), "{asked:?}");
    let waiting = inside.client.authorize(&pending, &authorize_request(2, "sandbox_pending", 100)).await.unwrap();
    assert_eq!(waiting, Outcome::Pending);

    let act = ActBody { attempt: attempt(1).to_string(), decision: "approve".to_owned() };
    inside.client.post("/acts", &act).await.unwrap();
    let settle = SettleBody { key: pending.to_string(), decision: "decline".to_owned() };
    inside.client.post("/settlements", &settle).await.unwrap();
    let again = inside.client.post("/settlements", &settle).await;
    assert!(matches!(again, Err(ClientError::NotTaken { status: 409, .. })), "{again:?}");

    let reports = inside.client.reports(0).await.unwrap();
    assert!(matches!(reports[0].outcome, FactOutcome::Authorized { .. }));
    assert_eq!(reports[1].outcome, FactOutcome::Declined { reason: FailureCode::Declined, retryable: false });
}

#[tokio::test]
async fn a_late_answer_is_late_and_the_money_moves_once() {
    let inside = inside(Options { late_s: 1, ..Options::CARDS }).await;
    let key = CallKey::Authorize(attempt(1));
    let hasty = SandboxClient::new(inside.address, Options::CARDS, 200);
    let request = authorize_request(1, "sandbox_late", 100);
    assert_eq!(hasty.authorize(&key, &request).await.unwrap(), Outcome::Unknown, "no answer in time");
    let answer = inside.client.authorize(&key, &request).await.unwrap();
    assert!(matches!(answer, Outcome::Approved { .. }), "{answer:?}");
    let charges: Charges = inside.client.get(&format!("/ledger/attempts/{}", attempt(1))).await.unwrap();
    assert_eq!(charges.charges, 1);
}

#[tokio::test]
async fn where_nothing_listens_a_call_is_not_sent() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let client = SandboxClient::new(address, Options::CARDS, TIMEOUT_MS);
    let key = CallKey::Authorize(attempt(1));
    client.authorize(&key, &authorize_request(1, "sandbox_visa", 100)).await.unwrap_err();
    client.look_up(&key).await.unwrap_err();
    assert!(matches!(SandboxClient::connect(address, TIMEOUT_MS).await, Err(error) if error.is_not_sent()));
}

#[tokio::test]
async fn once_bytes_may_have_left_every_failure_is_unknown() {
    for answer in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = SandboxClient::new(listener.local_addr().unwrap(), Options::CARDS, TIMEOUT_MS);
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let _ = stream.read(&mut [0; 4_096]).await.unwrap();
                stream.write_all(answer).await.unwrap();
            }
        });
        let key = CallKey::Authorize(attempt(1));
        let outcome = client.authorize(&key, &authorize_request(1, "sandbox_visa", 100)).await.unwrap();
        assert_eq!(outcome, Outcome::Unknown, "after {:?}", String::from_utf8_lossy(answer));
        client.look_up(&key).await.unwrap_err();
    }
}

async fn raw(inside: &Inside, request: &str) -> String {
    let mut stream = TcpStream::connect(inside.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_cannot_be_read_is_refused_with_its_place_and_changes_nothing() {
    let inside = inside(Options::CARDS).await;
    let before = std::fs::metadata(&inside.ledger).unwrap().len();
    let uuid = attempt(1);
    let call = |key: &str, amount: &str| {
        format!(
            r#"{{"key":"{key}","call":{{"authorize":{{"merchant":"default","payment":"{uuid}","order":null,"method":"m","amount":{amount}}}}}}}"#
        )
    };
    let good = format!("authorize/{uuid}");
    let euros = r#"{"minor":1,"currency":"EUR"}"#;
    for (path, body, said) in [
        ("/calls", "{".to_owned(), "EOF"),
        ("/calls", "{}".to_owned(), "missing field `key`"),
        ("/calls", call("authorize/1", euros), "key: AttemptId is not a uuid"),
        ("/calls", call(&format!("{good}/2/3"), euros), "key: "),
        ("/calls", call(&good, r#"{"minor":1.5,"currency":"EUR"}"#), "1.5"),
        ("/calls", call(&good, r#"{"minor":99999999999999999999,"currency":"EUR"}"#), "minor"),
        ("/calls", call(&good, r#"{"minor":1,"currency":"XXX"}"#), "amount.currency: "),
        ("/calls", call(&good, r#"{"minor":1,"currency":"EUR","more":1}"#), "more"),
        ("/calls", format!("\"{}\"", "x".repeat(20_000)), "limit"),
        ("/settlements", format!(r#"{{"key":"{good}","decision":"perhaps"}}"#), "decision: neither approve nor decline"),
        ("/nowhere", "{}".to_owned(), "there is nothing here"),
    ] {
        let length = body.len();
        let head = format!("POST {path} HTTP/1.1\r\nhost: sandbox\r\nconnection: close\r\ncontent-type: application/json");
        let answer = raw(&inside, &format!("{head}\r\ncontent-length: {length}\r\n\r\n{body}")).await;
        assert!(answer.starts_with("HTTP/1.1 4") && answer.contains(said), "{path} {body} got {answer}");
    }
    assert_eq!(std::fs::metadata(&inside.ledger).unwrap().len(), before);
}

#[tokio::test]
async fn a_ledger_in_use_or_begun_with_other_options_is_refused() {
    let inside = inside(Options::CARDS).await;
    let in_use = Desk::open(&inside.ledger, Options::CARDS, Arc::new(TokioClock));
    assert!(matches!(in_use, Err(OpenError::File(LedgerFileError::InUse { .. }))));
    let copy = inside.ledger.with_extension("copy");
    std::fs::copy(&inside.ledger, &copy).unwrap();
    let other = Desk::open(&copy, Options::SALES, Arc::new(TokioClock));
    assert!(matches!(other, Err(OpenError::OtherOptions { found: Options::CARDS })));
}

#[tokio::test]
async fn it_listens_on_loopback_only() {
    let folder = tempfile::tempdir().unwrap();
    let desk = Desk::open(&folder.path().join("ledger.log"), Options::CARDS, Arc::new(TokioClock)).unwrap();
    assert!(matches!(Server::bind(([0, 0, 0, 0], 0).into(), desk).await, Err(BindError::NotLoopback { .. })));
}
