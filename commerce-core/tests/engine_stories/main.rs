//! The stories of an order's life through the whole engine: requests, sagas, the sandbox's money and the stock on the shelf.
#![expect(clippy::unwrap_used, reason = "a panic of a helper is the failure that its test reports")]

mod answers;
mod changing;
mod dropped;
mod erasing;
mod gate;
mod laws;
mod line;
mod paying;
mod payments;
mod recovery;
mod scene;
mod screens;
mod shipping;
mod stuck;
mod sweeps;
