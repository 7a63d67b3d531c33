//! From a request of HTTP to a request as data.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{FromRequestParts, Query, RawPathParams};
use axum::http::request::Parts;
use axum::http::{HeaderName, Request, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::trace::RequestId;
use crate::api::problem::Spot;
use crate::api::{Asked, BODY_MAX_BYTES, Code, Method, Operation, Problem};

/// For the whole body to arrive.
const BODY_TIMEOUT_MS: u64 = 30_000;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Extracts what the operation needs.
pub(super) async fn asked(operation: &Operation, request: Request<Body>) -> Result<Asked, Problem> {
    let (mut parts, body) = request.into_parts();
    let path = match RawPathParams::from_request_parts(&mut parts, &()).await {
        Ok(path) => path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => return Err(Problem::new(Code::NOT_FOUND, "the path is not text in UTF-8")),
    };
    let query = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let Query(query) = query.map_err(|error| Problem::new(Code::WRONG_PARAMETER, error.body_text()))?;
    Ok(Asked {
        path,
        query,
        content_type: one(&parts, &header::CONTENT_TYPE)?,
        idempotency_key: one(&parts, &IDEMPOTENCY_KEY)?,
        if_match: one(&parts, &header::IF_MATCH)?,
        correlation: parts.extensions.get::<RequestId>().map(|RequestId(id)| id.clone()),
        body: if matches!(operation.method, Method::Get | Method::Delete) { Vec::new() } else { read(body).await? },
    })
}

/// The value of a header that stands once, as text.
fn one(parts: &Parts, name: &HeaderName) -> Result<Option<String>, Problem> {
    let mut values = parts.headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let refused = |code, detail| Problem::at(Spot::Header, name.as_str(), code, detail);
    if values.next().is_some() {
        return Err(refused(Code::WRONG_PARAMETER, "is given twice"));
    }
    match value.to_str() {
        Ok(text) => Ok(Some(text.to_owned())),
        Err(_) => Err(refused(Code::INVALID_VALUE, "has characters that are not visible ASCII")),
    }
}

async fn read(body: Body) -> Result<Vec<u8>, Problem> {
    let too_large = || Problem::new(Code::TOO_LARGE, format!("the body has more than {BODY_MAX_BYTES} bytes"));
    if body.size_hint().lower() > BODY_MAX_BYTES as u64 {
        return Err(too_large());
    }
    let whole = Limited::new(body, BODY_MAX_BYTES).collect();
    match tokio::time::timeout(Duration::from_millis(BODY_TIMEOUT_MS), whole).await {
        Ok(Ok(whole)) => Ok(whole.to_bytes().into()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Problem::new(Code::MALFORMED_JSON, "the body broke off")),
        Err(_) => Err(Problem::new(Code::BODY_TIMEOUT, format!("the body did not arrive within {BODY_TIMEOUT_MS} ms"))),
    }
}
