//! The id of a request: taken or made, answered, logged, and kept with the events that the request causes.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::api::problem::Spot;
use crate::api::{Code, Problem};

/// The target of the one line that is logged for each request.
pub const ANSWERED_TARGET: &str = module_path!();
/// Most characters of a request's id.
const ID_MAX_CHARS: usize = 128;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The request's id.
#[derive(Clone, Debug)]
pub(super) struct RequestId(pub(super) String);

/// Gives the request its id, answers it, and logs what came of the request. The log names the route, never what was asked.
pub(super) async fn trace(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let traceparent = request.headers().get(&TRACEPARENT).filter(|value| trace_id(value).is_some()).cloned();
    let given = request.headers().get(&REQUEST_ID).map(|value| value.to_str().ok().filter(|id| is_id(id)).map(str::to_owned));
    let fresh = || Uuid::now_v7().to_string();
    let traced = || traceparent.as_ref().and_then(trace_id).unwrap_or_else(fresh);
    let id = given.clone().flatten().unwrap_or_else(traced);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    request.extensions_mut().insert(RequestId(id.clone()));
    let mut response = match given {
        Some(None) => {
            let detail = format!("has other than 1 to {ID_MAX_CHARS} visible characters of ASCII");
            Problem::at(Spot::Header, "X-Request-Id", Code::INVALID_VALUE, detail).into_response()
        }
        Some(Some(_)) | None => next.run(request).await,
    };
    let (status, route) = (response.status().as_u16(), route.as_deref().unwrap_or("-"));
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(target: ANSWERED_TARGET, %method, route, status, ms, request_id = id, "answered");
    let headers = response.headers_mut();
    headers.extend(HeaderValue::try_from(id).map(|id| (REQUEST_ID, id)));
    headers.extend(traceparent.map(|value| (TRACEPARENT, value)));
    response
}

fn is_id(id: &str) -> bool {
    (1..=ID_MAX_CHARS).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The trace of a `traceparent`: version, trace, parent and flags in small hexadecimal digits.
fn trace_id(traceparent: &HeaderValue) -> Option<String> {
    let parts: Vec<&str> = traceparent.to_str().ok()?.split('-').collect();
    let [version, trace, parent, flags] = parts.as_slice() else { return None };
    let hex = |part: &str, len: usize| part.len() == len && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    let whole = hex(version, 2) && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    let real = *version != "ff" && trace.bytes().any(|b| b != b'0') && parent.bytes().any(|b| b != b'0');
    (whole && real).then(|| (*trace).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_read_as_its_standard_has_it_or_passed_over() {
        let read = |text| trace_id(&HeaderValue::from_static(text));
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(read("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"), Some(trace.to_owned()));
        for text in [
            "",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
