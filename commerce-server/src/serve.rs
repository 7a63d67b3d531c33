//! The engine as a server: one file, one provider, the workers, and the HTTP door, begun and ended in order.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use commerce_core::clock::TokioClock;
use commerce_core::engine::{Builder, Commerce, Workers};
use commerce_core::id::{MerchantId, ProviderName};
use commerce_core::ports::{Actor, ActorKind, PaymentProvider, Store};
use commerce_core::sandbox::Options;
use commerce_store_sqlite::{SqliteOptions, SqliteStore, StoreHandle};
use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::api::Caller;
use crate::http::{BindError, Listener, Readiness, router};
use crate::sandbox::{ClientError, Desk, OpenError as LedgerError, SandboxClient};

/// The name under which the sandbox is registered.
pub const PROVIDER: &str = "sandbox";
/// Most characters of an actor's id.
const ACTOR_MAX_CHARS: usize = 128;
/// For requests that are open when the server ends, beyond the time that an order waits for its payment.
const DRAIN_EXTRA_MS: u64 = 5_000;
/// For sagas that are under way when the server ends; those that need longer are taken up by the next one.
const REST_TIMEOUT_MS: u64 = 10_000;
/// For an answer of a sandbox that is a process of its own.
const SANDBOX_TIMEOUT_MS: u64 = 20_000;

/// Serves the engine over HTTP on this machine.
#[derive(Args, Clone, Debug)]
pub struct ServeArgs {
    /// The file that everything is kept in; made if it is not there.
    #[arg(long, env = "COMMERCE_STORE", default_value = "./commerce.db")]
    pub store: PathBuf,
    /// Where to listen: a loopback address; port 0 takes a free one.
    #[arg(long, env = "COMMERCE_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The address of a sandbox that runs as a process of its own, such as http://127.0.0.1:7070; without it the sandbox runs in this
    /// process, with its ledger beside the store.
    #[arg(long, env = "COMMERCE_SANDBOX_URL", value_parser = sandbox_address)]
    pub sandbox_url: Option<SocketAddr>,
    /// Who asks: until there is authentication every caller is this member of the staff.
    #[arg(long, env = "COMMERCE_DEFAULT_ACTOR", default_value = "staff", value_parser = actor)]
    pub default_actor: String,
    /// Milliseconds that placing, paying and packing wait for the order to come to rest.
    #[arg(long, env = "COMMERCE_PLACE_WAIT_MS", default_value_t = 10_000)]
    pub place_wait_ms: u64,
}

fn sandbox_address(url: &str) -> Result<SocketAddr, String> {
    let address = url.strip_prefix("http://").map(|rest| rest.strip_suffix('/').unwrap_or(rest));
    let address = address.and_then(|address| address.parse::<SocketAddr>().ok());
    address.ok_or_else(|| "not of the form http://127.0.0.1:7070".to_owned())
}

fn actor(id: &str) -> Result<String, String> {
    let chars = id.chars().count();
    if (1..=ACTOR_MAX_CHARS).contains(&chars) && !id.contains(char::is_control) {
        return Ok(id.to_owned());
    }
    Err(format!("has {chars} characters or a control character, allowed are 1 to {ACTOR_MAX_CHARS}"))
}

/// Why the server does not run, or ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address.
    #[error("cannot serve")]
    Bind(#[from] BindError),
    /// The store.
    #[error("cannot open the store")]
    Store(#[from] commerce_store_sqlite::OpenError),
    /// The ledger of the sandbox in this process.
    #[error("cannot open the ledger of the sandbox at {path}")]
    Ledger {
        /// Where it is kept.
        path: PathBuf,
        /// Why.
        #[source]
        source: LedgerError,
    },
    /// The sandbox that is a process of its own.
    #[error("cannot reach the sandbox")]
    Sandbox(#[from] ClientError),
    /// The workers ended by themselves: no money would move.
    #[error("the workers ended by themselves")]
    Workers(#[source] Option<tokio::task::JoinError>),
    /// A thread that opens or closes the store panicked.
    #[error("the store's thread ended by itself")]
    Thread(#[source] tokio::task::JoinError),
}

/// Opens everything, tells `ready` the address, and serves until `shutdown` ends; then open requests finish, the workers come to rest,
/// and the store is closed.
///
/// # Errors
/// [`ServeError`].
///
/// # Cancel safety
/// Dropping it ends everything where it is, as a crash would: nothing that was acknowledged is lost.
pub async fn serve(
    args: &ServeArgs,
    ready: impl FnOnce(SocketAddr) + Send,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let listener = Listener::bind(args.listen).await?;
    let (store, file) = open(args.store.clone()).await?;
    let probe = file.write_probe();
    let readiness = Readiness::ready(move || {
        let probe = probe.clone();
        async move { probe.takes_writes().await }.boxed()
    });
    let served = serve_store(args, listener, store, readiness, ready, shutdown).await;
    tokio::task::spawn_blocking(move || file.close()).await.map_err(ServeError::Thread)?;
    tracing::info!("the store is closed");
    served
}

async fn serve_store(
    args: &ServeArgs,
    listener: Listener,
    store: Store,
    readiness: Readiness,
    ready: impl FnOnce(SocketAddr) + Send,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let provider = provider(args).await?;
    let (commerce, workers) = engine(store, provider, args.place_wait_ms);
    let mut workers = Running::start(workers);
    let actor = Actor { kind: ActorKind::Staff, id: args.default_actor.as_str().into() };
    let caller = Caller { merchant: MerchantId::default(), actor };
    let router = router(commerce, caller, readiness.clone());
    tracing::info!(store = %args.store.display(), address = %listener.address(), default_actor = args.default_actor, "serving");
    ready(listener.address());
    let mut died = None;
    let until = async {
        tokio::select! {
            () = shutdown => tracing::info!("ending: open requests finish first"),
            ended = &mut workers.task => died = Some(ended),
        }
        readiness.end();
    };
    listener.serve(router, until, args.place_wait_ms.saturating_add(DRAIN_EXTRA_MS)).await;
    match died {
        Some(ended) => Err(ServeError::Workers(ended.err())),
        None => workers.rest().await,
    }
}

/// The workers' task, and what ends it.
struct Running {
    task: JoinHandle<()>,
    end: oneshot::Sender<()>,
}

impl Running {
    fn start(workers: Workers) -> Self {
        let (end, ended) = oneshot::channel::<()>();
        // dropping the sender ends them too
        let task = tokio::spawn(workers.run(async move { drop(ended.await) }));
        Self { task, end }
    }

    /// Lets them come to rest.
    async fn rest(mut self) -> Result<(), ServeError> {
        // they may have ended already
        let _ = self.end.send(());
        match tokio::time::timeout(Duration::from_millis(REST_TIMEOUT_MS), &mut self.task).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(panicked)) => Err(ServeError::Workers(Some(panicked))),
            Err(_) => {
                tracing::warn!("sagas are still under way; the next start takes them up");
                self.task.abort();
                Ok(())
            }
        }
    }
}

/// Opens the store on a thread that may block.
pub(crate) async fn open(path: PathBuf) -> Result<(Store, StoreHandle), ServeError> {
    let opened = tokio::task::spawn_blocking(move || SqliteStore::open(path, SqliteOptions::new(Arc::new(TokioClock))));
    Ok(opened.await.map_err(ServeError::Thread)??)
}

pub(crate) fn engine(store: Store, provider: Arc<dyn PaymentProvider>, place_wait_ms: u64) -> (Commerce, Workers) {
    let name = ProviderName::new(PROVIDER).expect("the name above is short and plain");
    Builder::new(store, Arc::new(TokioClock), name, provider).configure(|config| config.place_wait_ms = place_wait_ms).build()
}

async fn provider(args: &ServeArgs) -> Result<Arc<dyn PaymentProvider>, ServeError> {
    if let Some(address) = args.sandbox_url {
        return Ok(Arc::new(SandboxClient::connect(address, SANDBOX_TIMEOUT_MS).await?));
    }
    let path = ledger_beside(&args.store);
    match Desk::open(&path, Options::CARDS, Arc::new(TokioClock)) {
        Ok(desk) => Ok(Arc::new(desk)),
        Err(source) => Err(ServeError::Ledger { path, source }),
    }
}

/// Where the sandbox in this process keeps its ledger.
fn ledger_beside(store: &Path) -> PathBuf {
    let mut name = store.as_os_str().to_owned();
    name.push("-sandbox");
    PathBuf::from(name)
}
