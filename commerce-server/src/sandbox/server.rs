//! The listener: HTTP on loopback, drained when it is told to end.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

use super::desk::Desk;
use super::routes;

const HEADER_TIMEOUT_MS: u64 = 10_000;
const DRAIN_TIMEOUT_MS: u64 = 5_000;
/// Between two tries when the system has no more sockets.
const ACCEPT_RETRY_MS: u64 = 50;

/// Why the sandbox does not listen.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It asks for no credentials, so that it listens on loopback only.
    #[error("{address} is not a loopback address")]
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

/// A bound listener with a desk behind it.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    desk: Desk,
}

impl Server {
    /// Binds; port 0 takes a free one.
    ///
    /// # Errors
    /// [`BindError`].
    ///
    /// # Cancel safety
    /// Dropping it leaves nothing bound.
    pub async fn bind(address: SocketAddr, desk: Desk) -> Result<Self, BindError> {
        if !address.ip().is_loopback() {
            return Err(BindError::NotLoopback { address });
        }
        let failed = |source| BindError::Io { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, address, desk })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `shutdown` ends, then lets open requests finish for a few seconds.
    ///
    /// # Cancel safety
    /// Dropping it cuts open requests off; what they asked for may be done.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) {
        let router = routes::router(self.desk);
        let graceful = GracefulShutdown::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = &mut shutdown => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    tracing::warn!(%error, "the sandbox cannot accept a connection");
                    tokio::time::sleep(Duration::from_millis(ACCEPT_RETRY_MS)).await;
                    continue;
                }
            };
            // small answers must not wait for more to send; without it they are only slower
            let _ = stream.set_nodelay(true);
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http1().timer(TokioTimer::new()).header_read_timeout(Duration::from_millis(HEADER_TIMEOUT_MS));
            let service = TowerToHyperService::new(router.clone());
            let connection = graceful.watch(builder.serve_connection(TokioIo::new(stream), service).into_owned());
            tokio::spawn(async move {
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection to the sandbox ended badly");
                }
            });
        }
        if tokio::time::timeout(Duration::from_millis(DRAIN_TIMEOUT_MS), graceful.shutdown()).await.is_err() {
            tracing::warn!("the sandbox ends with requests still open");
        }
    }
}
