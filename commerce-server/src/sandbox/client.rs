//! The sandbox process as a payment provider.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use commerce_core::ports::{
    self, AuthorizeRequest, CallKey, Capabilities, CaptureRequest, LookUp, NotSent, PaymentProvider, ProviderFact, RefundRequest,
    VoidRequest,
};
use commerce_core::sandbox::{Call, Options};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Bytes;
use hyper::{Method, Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::wire::{self, CallBody, Fact, LookUpBody, LookedUp, Outcome, WireError};

/// Most bytes of an answer.
const ANSWER_MAX_BYTES: usize = 4 * 1_048_576;
const IDLE_TIMEOUT_MS: u64 = 30_000;

/// Why the sandbox process gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No connection: the request was not sent.
    #[error("cannot connect to the sandbox at {address}")]
    Connect {
        /// Where it should listen.
        address: SocketAddr,
        /// Why.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The sandbox refused the request before it took it.
    #[error("the sandbox did not take the request: status {status}, {message}")]
    NotTaken {
        /// The status of HTTP.
        status: u16,
        /// What it said.
        message: String,
    },
    /// The connection failed after the request may have been sent.
    #[error("the answer of the sandbox was lost")]
    Lost(#[source] Box<dyn Error + Send + Sync>),
    /// No answer in time.
    #[error("the sandbox did not answer within {timeout_ms} ms")]
    Timeout {
        /// The limit.
        timeout_ms: u64,
    },
    /// An answer that is none.
    #[error("the sandbox answered with status {status}, and nothing that can be read")]
    Unreadable {
        /// The status of HTTP.
        status: u16,
        /// Why, where the body was looked at.
        #[source]
        source: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl ClientError {
    /// Whether the request was provably not taken.
    pub const fn is_not_sent(&self) -> bool {
        matches!(self, Self::Connect { .. } | Self::NotTaken { .. })
    }
}

/// The provider port over HTTP. No connection is `NotSent`; once bytes may have left, all doubt is `Unknown`.
#[derive(Clone, Debug)]
pub struct SandboxClient {
    http: Client<HttpConnector, Full<Bytes>>,
    address: SocketAddr,
    capabilities: Capabilities,
    timeout_ms: u64,
}

impl SandboxClient {
    /// A client for a sandbox with these options, running or not. A call has `timeout_ms` for its answer.
    pub fn new(address: SocketAddr, options: Options, timeout_ms: u64) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(Duration::from_millis(timeout_ms)));
        let mut builder = Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(Duration::from_millis(IDLE_TIMEOUT_MS));
        Self { http: builder.build(connector), address, capabilities: options.capabilities(), timeout_ms }
    }

    /// A client for the sandbox that runs there, with its own options.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub async fn connect(address: SocketAddr, timeout_ms: u64) -> Result<Self, ClientError> {
        let client = Self::new(address, Options::CARDS, timeout_ms);
        let options: wire::Options = client.get("/options").await?;
        Ok(Self { capabilities: Options::from(options).capabilities(), ..client })
    }

    /// Reports from the `after`-th on, a page of at most [`commerce_core::sandbox::Sandbox::REPORTS_MAX`], oldest first.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub async fn reports(&self, after: usize) -> Result<Vec<ProviderFact>, ClientError> {
        let facts: Vec<Fact> = self.get(&format!("/reports?after={after}")).await?;
        facts.iter().map(|fact| ProviderFact::try_from(fact).map_err(|error| unreadable(StatusCode::OK, error))).collect()
    }

    /// Reads one of the process's documents, such as `/ledger`.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Cancel safety
    /// Dropping it loses nothing.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let (status, body) = self.send(Method::GET, path, Bytes::new()).await?;
        read(status, &body)
    }

    /// Sends one of the process's bodies, such as [`wire::SettleBody`] to `/settlements`.
    ///
    /// # Errors
    /// [`ClientError`].
    ///
    /// # Cancel safety
    /// Dropping it may leave it done.
    pub async fn post(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<(), ClientError> {
        let (status, body) = self.post_bytes(path, body).await?;
        if status.is_success() { Ok(()) } else { Err(refused(status, &body)) }
    }

    async fn post_bytes(&self, path: &str, body: &(impl Serialize + Sync)) -> Result<(StatusCode, Bytes), ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| ClientError::NotTaken { status: 0, message: error.to_string() })?;
        self.send(Method::POST, path, body.into()).await
    }

    async fn send(&self, method: Method, path: &str, body: Bytes) -> Result<(StatusCode, Bytes), ClientError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(Full::new(body))
            .map_err(|error| ClientError::NotTaken { status: 0, message: error.to_string() })?;
        let exchange = async {
            let response = self.http.request(request).await.map_err(|error| {
                if error.is_connect() {
                    ClientError::Connect { address: self.address, source: error.into() }
                } else {
                    ClientError::Lost(error.into())
                }
            })?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_MAX_BYTES).collect().await.map_err(ClientError::Lost)?;
            Ok((status, body.to_bytes()))
        };
        let timeout_ms = self.timeout_ms;
        match tokio::time::timeout(Duration::from_millis(timeout_ms), exchange).await {
            Ok(answered) => answered,
            Err(_) => Err(ClientError::Timeout { timeout_ms }),
        }
    }

    async fn call(&self, key: &CallKey, call: &Call) -> Result<ports::Outcome, NotSent> {
        let body = CallBody { key: key.to_string(), call: call.into() };
        let answered = match self.post_bytes("/calls", &body).await {
            Ok((status, body)) => read::<Outcome>(status, &body)
                .and_then(|outcome| ports::Outcome::try_from(&outcome).map_err(|error: WireError| unreadable(status, error))),
            Err(error) => Err(error),
        };
        match answered {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.is_not_sent() => Err(NotSent(error.into())),
            Err(error) => {
                tracing::warn!(%key, error = &error as &dyn Error, "the outcome of a sandbox call is unknown");
                Ok(ports::Outcome::Unknown)
            }
        }
    }

    async fn find(&self, key: &CallKey) -> Result<LookUp, ClientError> {
        let (status, body) = self.post_bytes("/look-ups", &LookUpBody { key: key.to_string() }).await?;
        match read::<LookedUp>(status, &body)? {
            LookedUp::Found { outcome } => {
                ports::Outcome::try_from(&outcome).map(LookUp::Found).map_err(|error: WireError| unreadable(status, error))
            }
            LookedUp::NotFound => Ok(LookUp::NotFound),
        }
    }
}

fn read<T: DeserializeOwned>(status: StatusCode, body: &[u8]) -> Result<T, ClientError> {
    if status.is_success() { serde_json::from_slice(body).map_err(|error| unreadable(status, error)) } else { Err(refused(status, body)) }
}

fn refused(status: StatusCode, body: &[u8]) -> ClientError {
    match serde_json::from_slice::<wire::Problem>(body) {
        Ok(problem) if status.is_client_error() || problem.code == "not_taken" => {
            ClientError::NotTaken { status: status.as_u16(), message: problem.message }
        }
        _ => ClientError::Unreadable { status: status.as_u16(), source: None },
    }
}

fn unreadable(status: StatusCode, source: impl Into<Box<dyn Error + Send + Sync>>) -> ClientError {
    ClientError::Unreadable { status: status.as_u16(), source: Some(source.into()) }
}

#[async_trait]
impl PaymentProvider for SandboxClient {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn authorize(&self, key: &CallKey, request: &AuthorizeRequest) -> Result<ports::Outcome, NotSent> {
        self.call(key, &Call::Authorize(request.clone())).await
    }

    async fn capture(&self, key: &CallKey, request: &CaptureRequest) -> Result<ports::Outcome, NotSent> {
        self.call(key, &Call::Capture(request.clone())).await
    }

    async fn void(&self, key: &CallKey, request: &VoidRequest) -> Result<ports::Outcome, NotSent> {
        self.call(key, &Call::Void(request.clone())).await
    }

    async fn refund(&self, key: &CallKey, request: &RefundRequest) -> Result<ports::Outcome, NotSent> {
        self.call(key, &Call::Refund(request.clone())).await
    }

    async fn look_up(&self, key: &CallKey) -> Result<LookUp, NotSent> {
        self.find(key).await.map_err(|error| NotSent(error.into()))
    }
}
