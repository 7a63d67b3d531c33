//! Whether the server is well.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_core::engine::{Call, Commerce};
use futures::future::BoxFuture;

use super::router::Door;
use crate::api::health::Health;
use crate::api::{Answered, Code, Problem};

/// Whether the server takes requests; all clones are one.
#[derive(Clone)]
pub struct Readiness {
    taking: Arc<AtomicBool>,
    writable: Arc<dyn Fn() -> BoxFuture<'static, bool> + Send + Sync>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness").field("taking", &self.taking).finish_non_exhaustive()
    }
}

impl Readiness {
    /// Ready from the start, as long as the store takes writes, which `writable` tells.
    pub fn ready(writable: impl Fn() -> BoxFuture<'static, bool> + Send + Sync + 'static) -> Self {
        Self { taking: Arc::new(AtomicBool::new(true)), writable: Arc::new(writable) }
    }

    /// From now on it is ending.
    pub fn end(&self) {
        self.taking.store(false, Ordering::Release);
    }

    fn is_ready(&self) -> bool {
        self.taking.load(Ordering::Acquire)
    }
}

pub(super) async fn health(State(door): State<Door>) -> Response {
    if !store_answers(&door.commerce).await {
        return unwell("the store does not answer");
    }
    if (door.readiness.writable)().await { well() } else { unwell("the store answers, and takes no writes") }
}

pub(super) async fn live() -> Response {
    well()
}

pub(super) async fn ready(State(door): State<Door>) -> Response {
    if !door.readiness.is_ready() {
        return unwell("the server is ending");
    }
    health(State(door)).await
}

fn well() -> Response {
    Answered::found(&Health::of(true)).into_response()
}

fn unwell(why: &str) -> Response {
    Problem::new(Code::NOT_READY, why).into_response()
}

/// A read of one row at most.
async fn store_answers(commerce: &Commerce) -> bool {
    commerce.list_catalogue(&Call::staff("health"), None, 1).await.is_ok()
}
