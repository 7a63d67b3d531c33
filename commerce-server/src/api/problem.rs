//! Answers to what cannot be done: problem documents of RFC 9457 with a stable code.

use commerce_core::engine::Error;
use commerce_core::order::Refusal;
use commerce_core::ports::ResourceRef;
use commerce_core::stock::ShortItem;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

mod document;

pub(super) use document::Document;

pub use super::code::Code;
use super::locate;
use super::place::FAULTS_MAX;
use super::word::{OrderStatus, Sku};

/// Seconds after which a request that met a passing failure may be sent again.
const RETRY_AFTER_S: u32 = 1;

/// Why a request was not done. Unless the code says otherwise, nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// What went wrong here, for people.
    pub detail: String,
    /// Each fault with its place, as far as they are known.
    pub errors: Vec<Fault>,
    /// What some codes tell besides.
    pub more: Option<Box<More>>,
}

/// What some codes tell besides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct More {
    /// Of an illegal transition: where the order is.
    pub order_status: Option<OrderStatus>,
    /// Of a stale version: the one that the resource has.
    pub version: Option<u64>,
    /// What has the key, number or place that was asked for.
    pub resource: Option<Resource>,
    /// Of missing stock: the first that is short.
    pub short: Option<Short>,
}

/// One fault and its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Which part of the request.
    pub spot: Spot,
    /// In the body a JSON pointer, where `""` is the body itself; else the parameter's name.
    pub place: String,
    /// What is wrong there.
    pub code: Code,
    /// What is wrong there, for people.
    pub detail: String,
    /// Of missing stock.
    pub short: Option<Short>,
}

/// A demand that stock does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// Of what.
    pub sku: Sku,
    /// Units asked for, over all lines.
    pub requested: u64,
    /// Units that there are.
    pub available: u64,
}

/// A part of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Spot {
    /// The body.
    Body,
    /// The path.
    Path,
    /// The query.
    Query,
    /// The header.
    Header,
}

/// Names a resource.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Resource {
    /// What it is, such as `order`.
    pub kind: &'static str,
    /// Its id.
    pub id: String,
}

impl Fault {
    pub(super) const fn new(spot: Spot, place: String, code: Code, detail: String) -> Self {
        Self { spot, place, code, detail, short: None }
    }
}

impl From<&ShortItem> for Short {
    fn from(item: &ShortItem) -> Self {
        Self { sku: item.sku.clone().into(), requested: item.requested, available: item.available }
    }
}

impl From<&ResourceRef> for Resource {
    fn from(owner: &ResourceRef) -> Self {
        Self { kind: owner.kind.as_str(), id: owner.id.clone() }
    }
}

impl Problem {
    /// A problem with this code.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), errors: Vec::new(), more: None }
    }

    /// A problem with one fault, whose code and words it takes.
    pub(crate) fn at(spot: Spot, place: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self::with(vec![Fault::new(spot, place.into(), code, detail.into())])
    }

    /// A problem with some faults, of which the first gives code and words.
    pub(super) fn with(faults: Vec<Fault>) -> Self {
        let Some(first) = faults.first() else { return Self::new(Code::INTERNAL, "a value was refused without a reason") };
        let more = match faults.len() {
            1 => String::new(),
            n => format!(", and {} more", n - 1),
        };
        Self::new(first.code, format!("{} {}{more}", first.place, first.detail).trim_start()).and(faults)
    }

    fn and(self, errors: Vec<Fault>) -> Self {
        Self { errors, ..self }
    }

    fn telling(self, more: More) -> Self {
        Self { more: Some(Box::new(more)), ..self }
    }

    /// The same faults in other words.
    fn saying(self, detail: impl ToString) -> Self {
        Self { detail: detail.to_string(), ..self }
    }

    /// The status of HTTP.
    pub const fn status(&self) -> u16 {
        self.code.status()
    }

    /// Seconds after which the request may be sent again, if that may help.
    pub fn retry_after_s(&self) -> Option<u32> {
        (self.status() == Code::STORE_UNAVAILABLE.status()).then_some(RETRY_AFTER_S)
    }

    /// The document.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(&Document::of(self)).expect("strings, numbers and lists of them are JSON")
    }

    /// What a failure of the engine is to a client. `body` is the request's, to find places in.
    pub(super) fn of(error: &Error, body: &Value) -> Self {
        let code = Code::named(error.code()).unwrap_or(Code::INTERNAL);
        let said = error.to_string();
        match error {
            // what the log keeps is not for clients
            _ if code == Code::INTERNAL => Self::new(code, code.meaning()),
            Error::Order(refusal) => Self::of_refusal(code, refusal, body),
            Error::Short(items) => Self::of_shortage(code, items, body),
            Error::Invalid { field, reason } => Self::of_value(code, field, reason, body),
            Error::UnknownSku { field, .. } => Self::at(Spot::Body, locate::translated(field, body), code, &said).saying(said),
            Error::Price { field, source } => {
                Self::at(Spot::Body, locate::translated(field, body), code, source.to_string()).saying(source)
            }
            Error::Stale { actual } => {
                let more = More { version: Some(actual.0), ..More::default() };
                Self::at(Spot::Header, "If-Match", code, &said).saying(said).telling(more)
            }
            Error::KeyReused { owner } => {
                let more = More { resource: Some(owner.into()), ..More::default() };
                Self::at(Spot::Header, "Idempotency-Key", code, &said).saying(said).telling(more)
            }
            Error::Taken { owner } => Self::new(code, said).telling(More { resource: Some(owner.into()), ..More::default() }),
            Error::UnknownProvider(_) => Self::at(Spot::Body, "/provider", code, &said).saying(said),
            Error::Cursor => Self::at(Spot::Query, "cursor", code, &said).saying(said),
            Error::Port(_) => Self::new(code, code.meaning()),
            _ => Self::new(code, said),
        }
    }

    fn of_value(code: Code, field: &str, reason: &str, body: &Value) -> Self {
        match field {
            // where the body has none, it is that of the path
            "/sku" if body.get("sku").is_none() => Self::at(Spot::Path, "sku", code, reason),
            "correlation" => Self::at(Spot::Header, "X-Request-Id", code, reason),
            _ if field.starts_with('/') => Self::at(Spot::Body, locate::translated(field, body), code, reason),
            _ => Self::at(Spot::Header, field, code, reason),
        }
    }

    fn of_refusal(code: Code, refusal: &Refusal, body: &Value) -> Self {
        let said = refusal.to_string();
        let problem = match locate::refusal(refusal, body) {
            Some(pointer) => Self::at(Spot::Body, pointer, code, &said).saying(said),
            None => Self::new(code, said),
        };
        match refusal {
            Refusal::Illegal { status, .. } => problem.telling(More { order_status: Some((*status).into()), ..More::default() }),
            Refusal::NotAtLocation { sku, requested, available, .. } => {
                let short = Short { sku: sku.clone().into(), requested: *requested, available: *available };
                problem.telling(More { short: Some(short), ..More::default() })
            }
            _ => problem,
        }
    }

    fn of_shortage(code: Code, items: &[ShortItem], body: &Value) -> Self {
        let said = |item: &ShortItem| format!("{} units of {} are asked for, {} can be", item.requested, item.sku, item.available);
        let fault = |item: &ShortItem| {
            let pointer = locate::sku(&item.sku, body).unwrap_or_default();
            Fault { short: Some(item.into()), ..Fault::new(Spot::Body, pointer, code, said(item)) }
        };
        let detail = items.first().map_or_else(|| code.title().to_owned(), said);
        let more = More { short: items.first().map(Short::from), ..More::default() };
        Self::new(code, detail).and(items.iter().take(FAULTS_MAX).map(fault).collect()).telling(more)
    }
}
