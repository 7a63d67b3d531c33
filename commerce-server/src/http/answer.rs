//! From an answer as data to a response of HTTP.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::api::{Answered, Problem};

const JSON: HeaderValue = HeaderValue::from_static("application/json");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

impl IntoResponse for Answered {
    fn into_response(self) -> Response {
        let mut response = json(self.status, JSON, self.body);
        let headers = response.headers_mut();
        if let Some(version) = self.version {
            headers.extend(HeaderValue::try_from(format!("\"{version}\"")).map(|tag| (header::ETAG, tag)));
        }
        if let Some(location) = self.location {
            headers.extend(HeaderValue::try_from(location).map(|location| (header::LOCATION, location)));
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = json(self.status(), PROBLEM_JSON, self.to_json());
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

fn json(status: u16, content_type: HeaderValue, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    response
}
