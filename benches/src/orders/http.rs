//! The load of the `commerce` binary over HTTP, on connections that stay open.
//!
//! The client lives on one thread, without a library between it and the socket: it shares the machine with the server.

mod connection;
mod cpu;
mod load;
mod requests;
mod server;

use std::path::Path;
use std::time::Duration;

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
    /// Requests that were answered, those of the warm-up included.
    pub(crate) requests: u64,
    /// What the server used for all of them.
    pub(crate) server_cpu: Duration,
    /// What the client used for all of them.
    pub(crate) client_cpu: Duration,
}

impl Answered {
    /// Microseconds of the processor for each request, in the server and in the client.
    pub(crate) fn cpu_us(&self) -> (f64, f64) {
        let each = |used: Duration| used.as_secs_f64() * 1e6 / self.requests.max(1) as f64;
        (each(self.server_cpu), each(self.client_cpu))
    }
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
    runtime.block_on(load_server(&server, load, skus))
}

async fn load_server(server: &Server, load: &Load, skus: u16) -> Result<Served, BenchError> {
    let mut random = fastrand::Rng::with_seed(load.seed);
    let kept = Kept::default();
    let orders = ask_in_turn(server, load, &long_forms(&mut random, skus), 201, |body| kept.placed(body)).await?;
    let short_orders = ask_in_turn(server, load, &short_forms(&mut random, skus), 201, |body| kept.placed(body)).await?;
    let reads = ask_in_turn(server, load, &reads(&kept.into_ids()), 200, |body| load::confirmed(body).map(|_| ())).await?;
    Ok(Served { orders, short_orders, reads })
}
