//! The problem document, as it is written.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};

use super::{Code, Fault, Problem, Resource, Spot};
use crate::api::word::{OrderStatus, Sku};

/// A problem document of RFC 9457.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(in crate::api) struct Document<'a> {
    /// A name of the code for programs that know problem documents: `urn:commerce:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The same short words for every problem with this code.
    title: &'static str,
    /// The status of HTTP.
    status: u16,
    /// The stable name of what went wrong; programs decide by it.
    #[schema(schema_with = code_schema)]
    code: &'static str,
    /// What went wrong here, for people.
    detail: &'a str,
    /// Each fault with its place, as far as they are known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Detail<'a>>,
    /// Of an illegal transition: where the order is.
    #[serde(skip_serializing_if = "Option::is_none")]
    order_status: Option<&'a OrderStatus>,
    /// Of a stale version: the one that the resource has.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    /// What has the key, number or place that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a Resource>,
    /// Of missing stock: the first SKU that is short.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<&'a Sku>,
    /// Of missing stock: units asked for, over all lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<u64>,
    /// Of missing stock: units that there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<u64>,
}

/// One fault and its place.
#[derive(Serialize, ToSchema)]
#[schema(as = Fault)]
struct Detail<'a> {
    /// Which part of the request.
    #[serde(rename = "in")]
    spot: Spot,
    /// In the body: a JSON pointer to the value; `""` is the body itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    /// In path, query or header: the parameter's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    /// The stable name of what is wrong there.
    code: &'static str,
    /// What is wrong there, for people.
    detail: &'a str,
    /// Of missing stock: of what.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<&'a Sku>,
    /// Of missing stock: units asked for, over all lines.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested: Option<u64>,
    /// Of missing stock: units that there are.
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<u64>,
}

impl<'a> From<&'a Fault> for Detail<'a> {
    fn from(fault: &'a Fault) -> Self {
        let (place, short) = (fault.place.as_str(), fault.short.as_ref());
        Self {
            spot: fault.spot,
            pointer: (fault.spot == Spot::Body).then_some(place),
            parameter: (fault.spot != Spot::Body).then_some(place),
            code: fault.code.name(),
            detail: &fault.detail,
            sku: short.map(|short| &short.sku),
            requested: short.map(|short| short.requested),
            available: short.map(|short| short.available),
        }
    }
}

impl<'a> Document<'a> {
    pub(super) fn of(problem: &'a Problem) -> Self {
        let more = problem.more.as_deref();
        let short = more.and_then(|more| more.short.as_ref());
        Self {
            kind: format!("urn:commerce:problem:{}", problem.code),
            title: problem.code.title(),
            status: problem.status(),
            code: problem.code.name(),
            detail: &problem.detail,
            errors: problem.errors.iter().map(Detail::from).collect(),
            order_status: more.and_then(|more| more.order_status.as_ref()),
            version: more.and_then(|more| more.version),
            resource: more.and_then(|more| more.resource.as_ref()),
            sku: short.map(|short| &short.sku),
            requested: short.map(|short| short.requested),
            available: short.map(|short| short.available),
        }
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
