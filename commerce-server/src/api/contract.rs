//! The contract: the OpenAPI 3.1 document, written from the list of operations.

use std::collections::BTreeMap;

use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathsBuilder};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContentBuilder, HeaderBuilder, HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, Ref,
    RefOr, Required, Response, ResponseBuilder, Type,
};

use super::health::Health;
use super::list::CURSOR;
use super::operation::{AREAS, Area, Method, Operation, PREFIX, Shape};
use super::problem::{Code, Document};

const JSON: &str = "application/json";
const PROBLEM_JSON: &str = "application/problem+json";
/// The name of the area of [`PLAIN`].
const OPERATIONS: &str = "operations";

/// Something at the root that is no operation of the engine: reads only.
#[derive(Clone, Copy, Debug)]
pub struct Plain {
    /// Its name.
    pub id: &'static str,
    /// Its path, as it is.
    pub path: &'static str,
    /// What it tells, in one sentence.
    pub summary: &'static str,
}

/// Whether the server is well.
pub const HEALTH: Plain = Plain { id: "get_health", path: "/health", summary: "Whether the server and its store are well" };
/// Whether the process lives.
pub const LIVE: Plain = Plain { id: "get_live", path: "/health/live", summary: "Whether the process lives; it looks at nothing else" };
/// Whether requests are taken.
pub const READY: Plain = Plain {
    id: "get_ready",
    path: "/health/ready",
    summary: "Whether requests are taken: the store answers and takes writes, and the server is not ending",
};
/// The contract.
pub const CONTRACT: Plain = Plain { id: "get_openapi", path: "/openapi.json", summary: "This document" };

/// All that a server has beside the operations.
pub const PLAIN: &[Plain] = &[HEALTH, LIVE, READY, CONTRACT];

/// The OpenAPI document.
pub fn contract() -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    for area in AREAS {
        for operation in area.operations {
            let item = PathItem::new(method(operation.method), describe(area, operation));
            paths = paths.path(format!("{PREFIX}{}", operation.path), item);
            for shape in operation.body.iter().chain([&operation.answer]) {
                add(&mut schemas, shape);
            }
            operation.query.iter().for_each(|parameter| (parameter.shape.parts)(&mut schemas));
        }
    }
    for plain in PLAIN {
        paths = paths.path(plain.path, PathItem::new(HttpMethod::Get, describe_plain(plain)));
    }
    for shape in [Shape::of::<Document<'static>>(), Shape::of::<Health>()] {
        add(&mut schemas, &shape);
    }
    let tags = AREAS.iter().map(|area| TagBuilder::new().name(area.name).description(Some(area.meaning)).build());
    let operations = TagBuilder::new().name(OPERATIONS).description(Some("Running the server.")).build();
    let license = LicenseBuilder::new().name("MIT OR Apache-2.0").identifier(Some("MIT OR Apache-2.0")).build();
    let info =
        InfoBuilder::new().title("Commerce").version(env!("CARGO_PKG_VERSION")).description(Some(INTRODUCTION)).license(Some(license));
    // by name, so that the document does not depend on the order of the operations
    let schemas: BTreeMap<String, RefOr<Schema>> = schemas.into_iter().collect();
    let mut components = ComponentsBuilder::new().schemas_from_iter(schemas);
    for (header, _) in headers() {
        components = components.parameter(header.name.clone(), header);
    }
    OpenApiBuilder::new()
        .info(info.build())
        .paths(paths.build())
        .components(Some(components.build()))
        .tags(Some(tags.chain([operations])))
        .build()
}

const INTRODUCTION: &str = "Orders, stock, payments and returns. Amounts are `{\"amount\": \"99.99\", \"currency\": \"USD\"}` in major units: \
    a string is returned, a JSON number is accepted too and read exactly. Times are RFC 3339 in UTC. Unknown members and parameters are \
    refused. Whatever is refused has changed nothing.\n\n\
    **Repeats.** `Idempotency-Key` makes a repeated request do its work once: the same key and the same body give the first status and the \
    resource as it is now, with `Idempotency-Replayed: true`; the same key and another body are refused. Refusals are not kept.\n\n\
    **Edits.** `ETag` is the version of a resource; `If-Match` refuses a change of any other.\n\n\
    **Errors** are problem documents (RFC 9457). Programs decide by `code`; `errors` names each fault by a JSON pointer into the body, or by \
    the name of a parameter.\n\n\
    **Traces.** `X-Request-Id` is answered as it was sent, or made; `traceparent` is answered as it was sent. The request's id, or its trace \
    if it has no id, stands in the events that it causes.";

fn add(schemas: &mut Vec<(String, RefOr<Schema>)>, shape: &Shape) {
    schemas.push(((shape.name)().into_owned(), (shape.schema)()));
    (shape.parts)(schemas);
}

fn refer(shape: &Shape) -> RefOr<Schema> {
    Ref::from_schema_name((shape.name)()).into()
}

const fn method(method: Method) -> HttpMethod {
    match method {
        Method::Get => HttpMethod::Get,
        Method::Post => HttpMethod::Post,
        Method::Put => HttpMethod::Put,
        Method::Patch => HttpMethod::Patch,
        Method::Delete => HttpMethod::Delete,
    }
}

fn describe(area: &Area, operation: &Operation) -> utoipa::openapi::path::Operation {
    let mut described = OperationBuilder::new().operation_id(Some(operation.id)).tag(area.name).summary(Some(operation.summary));
    for parameter in parameters(operation) {
        described = described.parameter(parameter);
    }
    for (header, _) in headers().iter().filter(|(_, heeds)| heeds(operation)) {
        described = described.parameter_ref(Ref::new(format!("#/components/parameters/{}", header.name)));
    }
    if let Some(body) = &operation.body {
        let required = if operation.body_required { Required::True } else { Required::False };
        let content = ContentBuilder::new().schema(Some(refer(body))).build();
        described = described.request_body(Some(RequestBodyBuilder::new().content(JSON, content).required(Some(required)).build()));
    }
    let answers = [(operation.status, "The answer.")].into_iter().chain(operation.also.iter().copied());
    for (status, meaning) in answers {
        described = described.response(status.to_string(), answer(operation, status, meaning));
    }
    for (status, codes) in operation.refusals() {
        described = described.response(status.to_string(), refusal(&codes));
    }
    described.build()
}

fn describe_plain(plain: &Plain) -> utoipa::openapi::path::Operation {
    let schema =
        if plain.id == CONTRACT.id { ObjectBuilder::new().schema_type(Type::Object).into() } else { refer(&Shape::of::<Health>()) };
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let described = OperationBuilder::new().operation_id(Some(plain.id)).tag(OPERATIONS).summary(Some(plain.summary));
    let described = described.response("200", ResponseBuilder::new().description("The answer.").content(JSON, content).build());
    let described = described.response("421", refusal(&[Code::MISDIRECTED]));
    let tells_of_the_store = plain.id == HEALTH.id || plain.id == READY.id;
    if tells_of_the_store { described.response("503", refusal(&[Code::NOT_READY])).build() } else { described.build() }
}

fn answer(operation: &Operation, status: u16, meaning: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(refer(&operation.answer))).build();
    let mut response = ResponseBuilder::new().description(meaning).content(JSON, content);
    let header = |meaning: &str| HeaderBuilder::new().schema(Some(text())).description(Some(meaning)).build();
    if operation.answer_is_versioned() {
        response = response.header("ETag", header("The version of the resource."));
    }
    if status == 201 {
        response = response.header("Location", header("Where the resource is."));
    }
    if operation.keyed {
        response = response.header("Idempotency-Replayed", header("`true` if it was done before under the same key."));
    }
    response.build()
}

fn refusal(codes: &[Code]) -> Response {
    let names = codes.iter().map(|code| format!("`{code}`")).collect::<Vec<_>>().join(", ");
    let content = ContentBuilder::new().schema(Some(refer(&Shape::of::<Document<'static>>()))).build();
    let response = ResponseBuilder::new().description(names).content(PROBLEM_JSON, content);
    let waits = codes.iter().any(|code| code.status() == 503);
    let header = HeaderBuilder::new().schema(Some(text())).description(Some("Seconds after which to try again.")).build();
    if waits { response.header("Retry-After", header).build() } else { response.build() }
}

fn text() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn one(name: &str, place: ParameterIn, meaning: &str, schema: RefOr<Schema>) -> Parameter {
    let required = if place == ParameterIn::Path { Required::True } else { Required::False };
    ParameterBuilder::new().name(name).parameter_in(place).description(Some(meaning)).required(required).schema(Some(schema)).build()
}

/// Which operations heed a header.
type Heeds = fn(&Operation) -> bool;

/// Headers that many operations heed.
fn headers() -> [(Parameter, Heeds); 3] {
    let header = |name, meaning, schema| one(name, ParameterIn::Header, meaning, schema);
    let key = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(255));
    let id = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1)).max_length(Some(128));
    [
        (header("Idempotency-Key", "Makes a repeated request do its work once.", key.into()), |operation| operation.keyed),
        (header("If-Match", "The `ETag` that the resource must have.", text()), |operation| operation.versioned),
        (header("X-Request-Id", "The request's own id, in visible characters.", id.into()), |_| true),
    ]
}

fn parameters(operation: &Operation) -> Vec<Parameter> {
    let path = operation.placeholders().map(|name| one(name, ParameterIn::Path, "Which one.", text()));
    let query = operation.query.iter().map(|query| one(query.name, ParameterIn::Query, query.meaning, (query.shape.schema)()));
    path.chain(query).collect()
}

impl Operation {
    /// The names of the path's placeholders.
    pub fn placeholders(&self) -> impl Iterator<Item = &'static str> {
        self.path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
    }

    /// The codes that it may refuse with, by status.
    pub fn refusals(&self) -> BTreeMap<u16, Vec<Code>> {
        let mut codes = vec![Code::MISDIRECTED, Code::WRONG_PARAMETER, Code::INVALID_VALUE];
        codes.extend([Code::INTERNAL, Code::STORE_DAMAGED, Code::STORE_UNAVAILABLE]);
        let mut also = |applies: bool, more: &[Code]| codes.extend(more.iter().filter(|_| applies));
        also(self.path.contains('{'), &[Code::NOT_FOUND]);
        also(self.query.iter().any(|parameter| parameter.name == CURSOR.name), &[Code::INVALID_CURSOR]);
        let body = [Code::MALFORMED_JSON, Code::WRONG_SHAPE, Code::UNSUPPORTED_MEDIA_TYPE, Code::TOO_LARGE, Code::BODY_TIMEOUT];
        also(self.body.is_some(), &body);
        also(self.keyed, &[Code::IDEMPOTENCY_KEY_REUSED, Code::CONTENDED]);
        also(self.method != Method::Get, &[Code::STALE_VERSION, Code::OUTCOME_UNKNOWN]);
        also(self.versioned, &[Code::ILLEGAL_TRANSITION]);
        also(true, self.problems);
        let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
        for code in Code::ALL.iter().filter(|code| codes.contains(code)) {
            by_status.entry(code.status()).or_default().push(*code);
        }
        by_status
    }

    /// Whether its answers carry an `ETag`.
    fn answer_is_versioned(&self) -> bool {
        ["Order", "Shipment", "Return"].contains(&(self.answer.name)().as_ref())
    }
}
