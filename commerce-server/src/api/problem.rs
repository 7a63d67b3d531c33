//! Answers to what cannot be done: problem documents of RFC 9457 with a stable code.

use std::borrow::Cow;

use commerce_core::engine::Error;
use commerce_core::order::Refusal;
use commerce_core::ports::{ResourceRef, Retry};
use commerce_core::stock::ShortItem;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};

pub use super::code::Code;
use super::locate;
use super::word::{OrderStatus, Sku};

/// Seconds after which a request that met a passing failure may be sent again.
const RETRY_AFTER_S: u32 = 1;

/// Why a request was not done. Unless the code says otherwise, nothing has changed.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Problem {
    /// A name of the code for programs that know problem documents: `urn:commerce:problem:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The same short words for every problem with this code.
    pub title: &'static str,
    /// The status of HTTP.
    pub status: u16,
    /// The stable name of what went wrong; programs decide by it.
    #[schema(schema_with = code_schema)]
    pub code: &'static str,
    /// What went wrong here, for people.
    pub detail: String,
    /// Each fault with its place, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<Fault>,
    /// Of an illegal transition: where the order is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_status: Option<OrderStatus>,
    /// Of a stale version: the one that the resource has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<u64>,
    /// What has the key, number or place that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Resource>,
    /// Of missing stock: the first that is short.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub short: Option<Short>,
    /// Seconds after which the request may be sent again; a header of HTTP.
    #[serde(skip)]
    pub retry_after_s: Option<u32>,
    /// Methods that a path has; a header of HTTP.
    #[serde(skip)]
    pub allow: Option<String>,
}

/// One fault and its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fault {
    /// Which part of the request.
    #[serde(rename = "in")]
    pub spot: Spot,
    /// In the body: a JSON pointer to the value; `""` is the body itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// In path, query or header: the parameter's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter: Option<String>,
    /// The stable name of what is wrong with it.
    pub code: &'static str,
    /// What is wrong with it, for people.
    pub detail: String,
    /// Of missing stock.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub short: Option<Short>,
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

/// A demand that stock does not meet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Short {
    /// Of what.
    pub sku: Sku,
    /// Units asked for, over all lines.
    pub requested: u64,
    /// Units that there are.
    pub available: u64,
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
    pub(super) fn new(spot: Spot, place: String, code: Code, detail: String) -> Self {
        let (pointer, parameter) = match spot {
            Spot::Body => (Some(place), None),
            Spot::Path | Spot::Query | Spot::Header => (None, Some(place)),
        };
        Self { spot, pointer, parameter, code: code.name(), detail, short: None }
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
        Self {
            kind: format!("urn:commerce:problem:{code}"),
            title: code.title(),
            status: code.status(),
            code: code.name(),
            detail: detail.into(),
            errors: Vec::new(),
            order_status: None,
            version: None,
            resource: None,
            short: None,
            retry_after_s: (code.status() == Code::STORE_UNAVAILABLE.status()).then_some(RETRY_AFTER_S),
            allow: None,
        }
    }

    /// A problem with one fault, whose code and words it takes.
    pub(super) fn at(spot: Spot, place: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        let (place, detail) = (place.into(), detail.into());
        let said = if place.is_empty() { detail.clone() } else { format!("{place} {detail}") };
        Self { errors: vec![Fault::new(spot, place, code, detail)], ..Self::new(code, said) }
    }

    /// A problem with some faults, of which the first gives code and words.
    pub(super) fn with(faults: Vec<Fault>) -> Self {
        let Some(first) = faults.first() else { return Self::new(Code::INTERNAL, "a value was refused without a reason") };
        let place = first.pointer.as_deref().or(first.parameter.as_deref()).unwrap_or_default();
        let more = match faults.len() {
            1 => String::new(),
            n => format!(", and {} more", n - 1),
        };
        let code = Code::named(first.code).unwrap_or(Code::INVALID_VALUE);
        Self { detail: format!("{place} {}{more}", first.detail).trim_start().to_owned(), errors: faults, ..Self::new(code, "") }
    }

    /// The document.
    pub fn to_json(&self) -> Vec<u8> {
        // strings, numbers and lists of them: nothing that could fail
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// What a failure of the engine is to a client. `body` is the request's, to find places in.
    pub(super) fn of(error: &Error, body: &Value) -> Self {
        let code = Code::named(error.code()).unwrap_or(Code::INTERNAL);
        match error {
            // what the log keeps is not for clients
            _ if code == Code::INTERNAL => Self::new(code, "a fault of the server; its log has it under the request's id"),
            Error::Order(refusal) => Self::of_refusal(code, refusal, body),
            Error::Short(items) => Self::of_shortage(code, items, body),
            Error::Invalid { field, reason } if field.starts_with('/') || field.is_empty() => {
                Self::at(Spot::Body, locate::translated(field, body), code, reason)
            }
            Error::Invalid { field, reason } => Self::at(Spot::Header, field, code, reason),
            Error::UnknownSku { field, sku } => Self {
                detail: error.to_string(),
                ..Self::at(Spot::Body, locate::translated(field, body), code, format!("{sku} is not for sale"))
            },
            Error::Price { field, source } => {
                Self { detail: source.to_string(), ..Self::at(Spot::Body, locate::translated(field, body), code, source.to_string()) }
            }
            Error::Stale { actual } => Self { version: Some(actual.0), ..Self::at(Spot::Header, "If-Match", code, error.to_string()) },
            Error::KeyReused { owner } => {
                Self { resource: Some(owner.into()), ..Self::at(Spot::Header, "Idempotency-Key", code, error.to_string()) }
            }
            Error::Taken { owner } => Self { resource: Some(owner.into()), ..Self::new(code, error.to_string()) },
            Error::UnknownProvider(_) => Self::at(Spot::Body, "/provider", code, error.to_string()),
            Error::Cursor => Self::at(Spot::Query, "cursor", code, error.to_string()),
            Error::Port(port) if port.retry == Retry::Unknown => Self::new(code, "it may have been done"),
            Error::Port(_) => Self::new(code, Cow::from(code.meaning())),
            _ => Self::new(code, error.to_string()),
        }
    }

    fn of_refusal(code: Code, refusal: &Refusal, body: &Value) -> Self {
        let problem = match locate::refusal(refusal, body) {
            Some(pointer) => Self { detail: refusal.to_string(), ..Self::at(Spot::Body, pointer, code, refusal.to_string()) },
            None => Self::new(code, refusal.to_string()),
        };
        match refusal {
            Refusal::Illegal { status, .. } => Self { order_status: Some((*status).into()), ..problem },
            Refusal::NotAtLocation { sku, requested, available, .. } => {
                let short = Short { sku: sku.clone().into(), requested: *requested, available: *available };
                Self { short: Some(short), ..problem }
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
        let errors = items.iter().take(super::place::FAULTS_MAX).map(fault).collect();
        Self { errors, short: items.first().map(Short::from), ..Self::new(code, detail) }
    }
}

/// Every code with its status and meaning: the contract's list of them.
fn code_schema() -> RefOr<Schema> {
    let rows = Code::ALL.iter().map(|code| format!("- `{}` ({}): {}", code.name(), code.status(), code.meaning()));
    let list = rows.collect::<Vec<_>>().join("\n");
    let names = Code::ALL.iter().map(|code| code.name());
    let words = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names));
    words.description(Some(format!("The stable name of what went wrong; programs decide by it.\n\n{list}"))).into()
}
