//! Every operation at its path, and what stands at the root.

use std::any::Any;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, get, on};
use commerce_core::engine::Commerce;
use tower_http::catch_panic::CatchPanicLayer;

use super::health::{self, Readiness};
use super::{extract, guard, trace};
use crate::api::contract::{CONTRACT, HEALTH, LIVE, READY, contract};
use crate::api::{Caller, Code, Method, Operation, PREFIX, Problem};

/// What every request needs.
#[derive(Clone)]
pub(super) struct Door {
    pub(super) commerce: Commerce,
    pub(super) readiness: Readiness,
    caller: Caller,
}

/// The routes over an engine. Nobody is asked who they are: every request is the caller's.
///
/// # Panics
/// If the contract cannot be written, which no request changes.
pub fn router(commerce: Commerce, caller: Caller, readiness: Readiness) -> Router {
    let document = contract().to_json().expect("the contract is JSON");
    let serve_document = move || async move { ([(header::CONTENT_TYPE, "application/json")], document) };
    let mut router = Router::new()
        .route(HEALTH.path, get(health::health))
        .route(LIVE.path, get(health::live))
        .route(READY.path, get(health::ready))
        .route(CONTRACT.path, get(serve_document));
    for operation in Operation::all() {
        router = router.route(&format!("{PREFIX}{}", operation.path), route(operation));
    }
    dressed(router).with_state(Door { commerce, caller, readiness })
}

/// The same routes with what all of them have: answers to wrong paths and methods, to panics, and the request's id.
fn dressed<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router
        .fallback(|| async { Problem::new(Code::NOT_FOUND, "there is nothing at this path") })
        .method_not_allowed_fallback(|| async { Problem::new(Code::METHOD_NOT_ALLOWED, Code::METHOD_NOT_ALLOWED.meaning()) })
        .layer(CatchPanicLayer::custom(panicked))
        .layer(axum::middleware::from_fn(guard::guard))
        .layer(axum::middleware::from_fn(trace::trace))
}

fn route(operation: &'static Operation) -> MethodRouter<Door> {
    let filter = match operation.method {
        Method::Get => MethodFilter::GET,
        Method::Post => MethodFilter::POST,
        Method::Put => MethodFilter::PUT,
        Method::Patch => MethodFilter::PATCH,
        Method::Delete => MethodFilter::DELETE,
    };
    on(filter, move |State(door): State<Door>, request: Request<Body>| async move { answer(&door, operation, request).await })
}

async fn answer(door: &Door, operation: &Operation, request: Request<Body>) -> Response {
    let answered = match extract::asked(operation, request).await {
        Ok(asked) => operation.answer(&door.commerce, &door.caller, &asked).await,
        Err(problem) => Err(problem),
    };
    answered.map_or_else(IntoResponse::into_response, IntoResponse::into_response)
}

fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    tracing::error!(panic = said.unwrap_or("without words"), "a request panicked");
    Problem::new(Code::INTERNAL, Code::INTERNAL.meaning()).into_response()
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use tower::ServiceExt;

    use super::*;

    async fn boom() {
        panic!("boom");
    }

    #[tokio::test]
    async fn a_panic_is_a_problem_without_its_words() {
        let router: Router = dressed(Router::new().route("/boom", get(boom)));
        let response = router.oneshot(Request::get("/boom").header("x-request-id", "r-1").body(Body::empty()).unwrap()).await.unwrap();
        assert_eq!((response.status().as_u16(), response.headers()["x-request-id"].to_str().unwrap()), (500, "r-1"));
        assert_eq!(response.headers()["content-type"], "application/problem+json");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let problem: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(problem["code"], "internal");
        assert!(!problem.to_string().contains("boom"), "{problem}");
    }
}
