//! The load of the `commerce` binary over HTTP, on connections that stay open.
//!
//! The client lives on one thread, without a library between it and the socket: it shares the machine with the server.

mod connection;
mod load;
mod requests;
mod server;

use std::net::SocketAddr;
use std::path::Path;

use super::BenchError;
use super::callers::Load;
use super::latencies::Latencies;
use load::{Kept, ask_in_turn};
use requests::{long_forms, reads, short_forms};
use server::Server;

/// What one kind of request came to.
#[derive(Clone, Debug)]
pub(crate) struct Answered {
    pub(crate) latencies: Latencies,
    pub(crate) per_s: f64,
}

/// What the server came to.
#[derive(Clone, Debug)]
pub(crate) struct Served {
    /// `POST /orders` of three lines.
    pub(crate) orders: Answered,
    /// `POST /orders` in the short form of one line.
    pub(crate) short_orders: Answered,
    /// `GET /orders/{id}` of orders placed before.
    pub(crate) reads: Answered,
}

/// Starts a server over a file with a catalogue and loads it; `load` says with how many connections and for how long. Blocks.
pub(crate) fn serve_and_load(binary: &Path, store: &Path, load: &Load, skus: u16) -> Result<Served, BenchError> {
    let server = Server::start(binary, store)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(load_server(server.address(), load, skus))
}

async fn load_server(address: SocketAddr, load: &Load, skus: u16) -> Result<Served, BenchError> {
    let mut random = fastrand::Rng::with_seed(load.seed);
    let kept = Kept::default();
    let orders = ask_in_turn(address, load, &long_forms(&mut random, skus), 201, |body| kept.placed(body)).await?;
    let short_orders = ask_in_turn(address, load, &short_forms(&mut random, skus), 201, |body| kept.placed(body)).await?;
    let reads = ask_in_turn(address, load, &reads(&kept.into_ids()), 200, |body| load::confirmed(body).map(|_| ())).await?;
    Ok(Served { orders, short_orders, reads })
}
