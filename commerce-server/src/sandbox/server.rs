//! The listener of the sandbox: HTTP on loopback, drained when it is told to end.

use std::future::Future;
use std::net::SocketAddr;

use super::desk::Desk;
use super::routes;
use crate::http::{BindError, Listener};

const DRAIN_TIMEOUT_MS: u64 = 5_000;

/// A bound listener with a desk behind it.
pub struct Server {
    listener: Listener,
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
        Ok(Self { listener: Listener::bind(address).await?, desk })
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.listener.address()
    }

    /// Answers until `shutdown` ends, then lets open requests finish for a few seconds.
    ///
    /// # Cancel safety
    /// Dropping it cuts open requests off; what they asked for may be done.
    pub async fn serve(self, shutdown: impl Future<Output = ()> + Send) {
        self.listener.serve(routes::router(self.desk), shutdown, DRAIN_TIMEOUT_MS).await;
    }
}
