//! The listener: HTTP/1.1 and HTTP/2 on loopback, drained when it is told to end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections that are open at once; more wait to be accepted.
const CONNECTIONS_MAX: usize = 1_024;
/// Requests that one connection of HTTP/2 has open at once.
const STREAMS_MAX: u32 = 256;
/// For the head of a request to arrive.
const HEADER_TIMEOUT_MS: u64 = 10_000;
/// Between two signs of life that a connection of HTTP/2 is asked for.
const PING_INTERVAL_MS: u64 = 20_000;
/// Between two tries when the system has no more sockets.
const ACCEPT_RETRY_MS: u64 = 50;

/// Why nobody listens.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Nobody is asked who they are, so that only this machine may ask.
    #[error("{address} is not a loopback address: there is no authentication, so that only this machine may connect")]
    NotLoopback {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The system refused.
    #[error("cannot listen on {address}")]
    Io {
        /// What was asked for.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// A bound listener.
#[derive(Debug)]
pub struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds; port 0 takes a free one.
    ///
    /// # Errors
    /// [`BindError`].
    ///
    /// # Cancel safety
    /// Dropping it leaves nothing bound.
    pub async fn bind(address: SocketAddr) -> Result<Self, BindError> {
        if !address.ip().is_loopback() {
            return Err(BindError::NotLoopback { address });
        }
        let failed = |source| BindError::Io { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` ends, then lets open requests finish for at most `drain_ms` milliseconds.
    ///
    /// # Cancel safety
    /// Dropping it cuts open requests off; what they asked for may be done.
    pub async fn serve(self, router: Router, shutdown: impl Future<Output = ()> + Send, drain_ms: u64) {
        let graceful = GracefulShutdown::new();
        let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let (stream, permit) = tokio::select! {
                accepted = accept(&self.listener, &free) => accepted,
                () = &mut shutdown => break,
            };
            let service = TowerToHyperService::new(router.clone());
            let connection = graceful.watch(builder().serve_connection(TokioIo::new(stream), service).into_owned());
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection ended badly");
                }
                drop(permit);
            });
        }
        drop(self.listener);
        if tokio::time::timeout(Duration::from_millis(drain_ms), graceful.shutdown()).await.is_err() {
            tracing::warn!(address = %self.address, "the listener ends with requests still open");
        }
    }
}

/// The next connection, once there is room for it.
async fn accept(listener: &TcpListener, free: &Arc<Semaphore>) -> (TcpStream, Option<OwnedSemaphorePermit>) {
    // the semaphore is never closed
    let permit = Arc::clone(free).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                // small answers must not wait for more to send; without it they are only slower
                let _ = stream.set_nodelay(true);
                return (stream, permit);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
            }
        }
    }
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_millis(HEADER_TIMEOUT_MS));
    let ping = Duration::from_millis(PING_INTERVAL_MS);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS_MAX).keep_alive_interval(ping);
    builder
}
