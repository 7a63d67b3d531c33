//! What an operation works with: a request, who asks, and the engine.

use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use commerce_core::engine::{Call, Commerce, Error, Idempotency, PAGE_MAX_ROWS};
use commerce_core::ports::{Cursor, CursorError, Version};
use commerce_core::time::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use super::asked::{Asked, Caller};
use super::canonical;
use super::list::PAGE_DEFAULT_ROWS;
use super::operation::Operation;
use super::place::{At, Faults, Read};
use super::problem::{Code, Problem, Spot};
use super::strict::Strict;
use super::word::Time;

/// One request on its way through its operation.
pub(super) struct Ask<'a> {
    pub(super) commerce: &'a Commerce,
    pub(super) caller: &'a Caller,
    pub(super) operation: &'a Operation,
    pub(super) asked: &'a Asked,
}

/// A body that a request may carry.
pub(super) trait Body: Read + DeserializeOwned {
    /// Takes out when it happened, if staff tells of the past.
    fn take_at(&mut self) -> Option<Time>;
}

impl Ask<'_> {
    /// The call of a request without a body.
    pub(super) fn call(&self) -> Result<Call, Problem> {
        self.call_at(None)
    }

    /// The call of a request, and its body as the engine takes it. No body is an empty object.
    pub(super) fn told<B: Body>(&self) -> Result<(Call, B::Into), Problem> {
        let mut body: B = self.body()?;
        let faults = Faults::default();
        let whole = At::body(&faults);
        let at = whole.key("at").maybe(body.take_at());
        match (at, body.read(&whole)) {
            (Some(at), Some(told)) if faults.is_empty() => Ok((self.call_at(at)?, told)),
            _ => Err(faults.into_problem()),
        }
    }

    /// A value in the path.
    pub(super) fn path<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        let text = self.asked.path.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value);
        text.parse().map_err(|error: T::Err| Problem::at(Spot::Path, name, Code::INVALID_VALUE, error.to_string()))
    }

    /// One parameter of the query, read as a word of the bodies.
    pub(super) fn query<W: Read + From<String>>(&self, name: &str) -> Result<Option<W::Into>, Problem> {
        let Some(text) = self.parameter(name) else { return Ok(None) };
        let faults = Faults::default();
        let read = W::from(text.to_owned()).read(&At::parameter(&faults, Spot::Query, name));
        read.map(Some).ok_or_else(|| faults.into_problem())
    }

    /// How many rows of a list, and from where on.
    pub(super) fn page(&self) -> Result<(Option<Cursor>, u32), Problem> {
        let limit = match self.parameter("limit") {
            None => PAGE_DEFAULT_ROWS,
            Some(text) => text.parse().ok().filter(|limit| (1..=PAGE_MAX_ROWS).contains(limit)).ok_or_else(|| {
                Problem::at(Spot::Query, "limit", Code::INVALID_VALUE, format!("is no whole number from 1 to {PAGE_MAX_ROWS}"))
            })?,
        };
        let cursor: Result<Option<Cursor>, CursorError> = self.parameter("cursor").map(str::parse).transpose();
        let cursor = cursor.map_err(|error| Problem::at(Spot::Query, "cursor", Code::INVALID_CURSOR, error.to_string()))?;
        Ok((cursor, limit))
    }

    /// A failure of the engine as an answer.
    pub(super) fn failed(&self, error: &Error) -> Problem {
        let body = serde_json::from_slice(&self.asked.body).unwrap_or(Value::Null);
        let problem = Problem::of(error, &body);
        if problem.status() >= 500 {
            let (operation, correlation) = (self.operation.id, self.asked.correlation.as_deref());
            tracing::error!(operation, correlation, error = error as &dyn std::error::Error, "an operation failed");
        }
        problem
    }

    /// Refuses parameters of the query that the operation does not know, or that are given twice.
    pub(super) fn check_query(&self) -> Result<(), Problem> {
        for (index, (name, _)) in self.asked.query.iter().enumerate() {
            if !self.operation.query.iter().any(|parameter| parameter.name == name) {
                return Err(Problem::at(Spot::Query, name, Code::WRONG_PARAMETER, "is no parameter of this operation"));
            }
            if self.asked.query[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::at(Spot::Query, name, Code::WRONG_PARAMETER, "is given twice"));
            }
        }
        Ok(())
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        self.asked.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn body<B: DeserializeOwned>(&self) -> Result<B, Problem> {
        let bytes: &[u8] = match self.asked.body.as_slice() {
            [] => b"{}",
            bytes if is_json(self.asked.content_type.as_deref()) => bytes,
            _ => return Err(Problem::new(Code::UNSUPPORTED_MEDIA_TYPE, Code::UNSUPPORTED_MEDIA_TYPE.meaning())),
        };
        let mut json = serde_json::Deserializer::from_slice(bytes);
        let mut track = serde_path_to_error::Track::new();
        let body = B::deserialize(Strict(serde_path_to_error::Deserializer::new(&mut json, &mut track)));
        let body = body.map_err(|error| unread(&error, &track.path()))?;
        json.end().map_err(|error| Problem::at(Spot::Body, "", Code::MALFORMED_JSON, error.to_string()))?;
        Ok(body)
    }

    fn call_at(&self, at: Option<Timestamp>) -> Result<Call, Problem> {
        let idempotency = self.asked.idempotency_key.as_ref().map(|key| Idempotency { key: key.clone(), body: self.canonical() });
        Ok(Call {
            merchant: self.caller.merchant.clone(),
            actor: self.caller.actor.clone(),
            correlation: self.asked.correlation.as_deref().map(Arc::from),
            idempotency,
            at,
            expected: self.expected()?,
        })
    }

    /// The version that the caller has seen.
    fn expected(&self) -> Result<Option<Version>, Problem> {
        let Some(tag) = self.asked.if_match.as_deref().map(str::trim).filter(|tag| *tag != "*") else { return Ok(None) };
        // a weak tag, a list of them, or the tag of something without versions matches nothing
        let digits = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).filter(|_| self.operation.versioned);
        let version = digits.and_then(|digits| digits.parse().ok());
        match version {
            Some(version) => Ok(Some(Version(version))),
            None => Err(Problem::at(Spot::Header, "If-Match", Code::STALE_VERSION, "is not the entity tag of the resource")),
        }
    }

    /// What was asked, in one form: the values of the path, and the body.
    fn canonical(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for (_, value) in &self.asked.path {
            canonical::text(value, &mut bytes);
        }
        let body = std::str::from_utf8(&self.asked.body).unwrap_or_default();
        canonical::write(if body.is_empty() { "{}" } else { body }, &mut bytes);
        bytes
    }
}

fn is_json(content_type: Option<&str>) -> bool {
    let essence = content_type.and_then(|value| value.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// Why a body was not read: no JSON at all, or JSON of another shape.
fn unread(error: &serde_json::Error, path: &serde_path_to_error::Path) -> Problem {
    if !error.is_data() {
        return Problem::at(Spot::Body, "", Code::MALFORMED_JSON, error.to_string());
    }
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } => pointer.push_str(&format!("/{}", key.replace('~', "~0").replace('/', "~1"))),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    Problem::at(Spot::Body, pointer, Code::WRONG_SHAPE, error.to_string())
}
