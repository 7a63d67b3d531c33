//! The whole process, for a binary to run.

use std::future::Future;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use commerce_core::clock::TokioClock;
use commerce_core::sandbox::Options;

use super::desk::{Desk, OpenError};
use super::server::Server;
use crate::http::BindError;

/// Runs the sandbox payment provider as a process of its own.
#[derive(Args, Clone, Debug)]
pub struct SandboxArgs {
    /// Where to listen: a loopback address; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:7070")]
    pub listen: SocketAddr,
    /// The ledger file; made if it is not there.
    #[arg(long, default_value = "sandbox-ledger.log")]
    pub ledger: PathBuf,
    /// Take money at authorization.
    #[arg(long)]
    pub sale_only: bool,
    /// Capture each authorization once.
    #[arg(long)]
    pub single_capture: bool,
    /// Report every settled outcome.
    #[arg(long)]
    pub report_all: bool,
    /// Seconds until a call whose answer was lost is found.
    #[arg(long, default_value_t = Options::CARDS.settle_after_s)]
    pub settle_after_s: u32,
    /// Seconds until an authorization lapses.
    #[arg(long, default_value_t = Options::CARDS.authorization_ttl_s)]
    pub authorization_ttl_s: u32,
    /// Seconds until the authorization of `sandbox_short_lived` lapses.
    #[arg(long, default_value_t = Options::CARDS.short_ttl_s)]
    pub short_ttl_s: u32,
    /// Seconds until a pending call is decided.
    #[arg(long, default_value_t = Options::CARDS.pending_s)]
    pub pending_s: u32,
    /// Seconds that `sandbox_late` takes to answer.
    #[arg(long, default_value_t = Options::CARDS.late_s)]
    pub late_s: u32,
}

impl SandboxArgs {
    /// What kind of provider they describe.
    pub const fn options(&self) -> Options {
        Options {
            sale_only: self.sale_only,
            multi_capture: !self.single_capture && !self.sale_only,
            report_all: self.report_all,
            settle_after_s: self.settle_after_s,
            authorization_ttl_s: self.authorization_ttl_s,
            short_ttl_s: self.short_ttl_s,
            pending_s: self.pending_s,
            late_s: self.late_s,
        }
    }
}

/// Why the process does not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The ledger.
    #[error("cannot open the sandbox's ledger")]
    Open(#[from] OpenError),
    /// The listener.
    #[error("cannot serve the sandbox")]
    Bind(#[from] BindError),
}

/// Opens the ledger, listens, tells `ready` the address, and serves until `shutdown` ends.
///
/// # Errors
/// [`RunError`].
///
/// # Cancel safety
/// As [`Server::serve`].
pub async fn run(
    args: &SandboxArgs,
    ready: impl FnOnce(SocketAddr) + Send,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), RunError> {
    let desk = Desk::open(&args.ledger, args.options(), Arc::new(TokioClock))?;
    let server = Server::bind(args.listen, desk).await?;
    ready(server.address());
    server.serve(shutdown).await;
    Ok(())
}
