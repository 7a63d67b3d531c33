use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use commerce_core::clock::TokioClock;
use commerce_core::id::{AttemptId, CaptureId, MerchantId, MethodRef, PaymentId, RefundId};
use commerce_core::money::{Currency, Money};
use commerce_core::ports::{AuthorizeRequest, CaptureRequest, RefundRequest, VoidRequest};
use commerce_core::sandbox::Options;
use commerce_server::sandbox::{Desk, SandboxClient, Server};
use tokio::sync::oneshot;
use uuid::Uuid;

pub(crate) const TIMEOUT_MS: u64 = 20_000;

/// A process of its own; killed when dropped.
pub(crate) struct Process {
    child: Child,
    pub(crate) address: SocketAddr,
}

impl Process {
    pub(crate) fn start(ledger: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_commerce"))
            .args(["sandbox", "--listen", "127.0.0.1:0", "--ledger"])
            .arg(ledger)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap_or_else(|| panic!("it said {line:?}")).parse().unwrap();
        Self { child, address }
    }

    pub(crate) fn client(&self) -> SandboxClient {
        SandboxClient::new(self.address, Options::CARDS, TIMEOUT_MS)
    }

    /// From now on the process writes no file beyond so many bytes: such a write fails as on a full disk.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let limit = format!("--fsize={bytes}:");
        let set = Command::new("prlimit").args(["--pid", &self.child.id().to_string(), &limit]).status().unwrap();
        assert!(set.success());
    }

    /// SIGKILL, and gone when this returns.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // it may be dead already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The same server within the test.
pub(crate) struct Inside {
    pub(crate) client: SandboxClient,
    pub(crate) address: SocketAddr,
    pub(crate) ledger: PathBuf,
    _folder: tempfile::TempDir,
    _shutdown: oneshot::Sender<()>,
}

pub(crate) async fn inside(options: Options) -> Inside {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.log");
    let desk = Desk::open(&ledger, options, Arc::new(TokioClock)).unwrap();
    let server = Server::bind(([127, 0, 0, 1], 0).into(), desk).await.unwrap();
    let address = server.address();
    let (shutdown, stopped) = oneshot::channel::<()>();
    tokio::spawn(server.serve(async move { drop(stopped.await) }));
    let client = SandboxClient::connect(address, TIMEOUT_MS).await.unwrap();
    Inside { client, address, ledger, _folder: folder, _shutdown: shutdown }
}

pub(crate) fn attempt(n: u128) -> AttemptId {
    AttemptId::new(Uuid::from_u128(n))
}

pub(crate) fn capture(n: u128) -> CaptureId {
    CaptureId::new(Uuid::from_u128(n))
}

pub(crate) fn refund(n: u128) -> RefundId {
    RefundId::new(Uuid::from_u128(n))
}

pub(crate) fn payment(n: u128) -> PaymentId {
    PaymentId::new(Uuid::from_u128(n))
}

fn eur(minor: i64) -> Money {
    Money::from_minor(minor, Currency::EUR)
}

pub(crate) fn authorize_request(n: u128, method: &str, minor: i64) -> AuthorizeRequest {
    let (merchant, method) = (MerchantId::default(), MethodRef::new(method).unwrap());
    AuthorizeRequest { merchant, payment: payment(n), order: None, method, amount: eur(minor) }
}

pub(crate) fn capture_request(n: u128, minor: i64) -> CaptureRequest {
    CaptureRequest { merchant: MerchantId::default(), attempt: attempt(n), reference: None, amount: eur(minor), last: false }
}

pub(crate) fn void_request(n: u128) -> VoidRequest {
    VoidRequest { merchant: MerchantId::default(), attempt: attempt(n), reference: None }
}

pub(crate) fn refund_request(n: u128, minor: i64) -> RefundRequest {
    RefundRequest { merchant: MerchantId::default(), attempt: attempt(n), capture: capture(n), reference: None, amount: eur(minor) }
}
