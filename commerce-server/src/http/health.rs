//! Whether the server is well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use commerce_core::engine::{Call, Commerce};

use super::router::Door;
use crate::api::health::Health;
use crate::api::{Answered, Code, Problem};

/// Whether the server takes requests; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<AtomicBool>);

impl Readiness {
    /// Ready from the start.
    pub fn ready() -> Self {
        Self(Arc::new(AtomicBool::new(true)))
    }

    /// From now on it is ending.
    pub fn end(&self) {
        self.0.store(false, Ordering::Release);
    }

    fn is_ready(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

pub(super) async fn health(State(door): State<Door>) -> Response {
    if store_answers(&door.commerce).await { well() } else { unwell("the store does not answer") }
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
