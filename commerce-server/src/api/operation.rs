//! One list of operations: each with its name, its place, its shapes, and what runs it. Doors route by it, the contract is written from it.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;

use commerce_core::engine::{Commerce, Error};
use utoipa::ToSchema;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;

use super::answered::Answered;
use super::ask::Ask;
use super::asked::{Asked, Caller};
use super::bodies::Now;
use super::problem::{Code, Problem};
use super::{catalogue, inventory, orders, reservations, returns, shipments};

/// What the path of every operation begins with.
pub const PREFIX: &str = "/api/v1";

/// All operations, by area.
pub const AREAS: &[Area] = &[orders::AREA, shipments::AREA, returns::AREA, inventory::AREA, reservations::AREA, catalogue::AREA];

/// Operations on one kind of thing.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    /// Its name.
    pub name: &'static str,
    /// What it is about, in one sentence.
    pub meaning: &'static str,
    /// Its operations.
    pub operations: &'static [Operation],
}

/// Something that can be asked for.
#[derive(Clone, Copy)]
pub struct Operation {
    /// The name of the engine's operation that it is.
    pub id: &'static str,
    /// How it is asked for.
    pub method: Method,
    /// Where, after [`PREFIX`]; placeholders stand in braces.
    pub path: &'static str,
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// The status of its answer.
    pub status: u16,
    /// Further statuses of its answer, and when.
    pub(super) also: &'static [(u16, &'static str)],
    /// What the answer is.
    pub(super) answer: Shape,
    /// What the body is, if it takes one.
    pub(super) body: Option<Shape>,
    /// Whether the body may not be left out.
    pub(super) body_required: bool,
    /// Parameters of the query.
    pub(super) query: &'static [Parameter],
    /// Whether its resource has an `ETag`, so that `If-Match` can be met.
    pub(super) versioned: bool,
    /// Whether it heeds `Idempotency-Key`.
    pub(super) keyed: bool,
    /// Codes of refusals that are its own, beside those that every operation has.
    pub(super) problems: &'static [Code],
    /// What runs it.
    pub(super) run: Run,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {PREFIX}{})", self.id, self.method.as_str(), self.path)
    }
}

/// A method of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// Reads.
    Get,
    /// Does something new.
    Post,
    /// Writes as a whole.
    Put,
    /// Changes.
    Patch,
    /// Takes away.
    Delete,
}

/// A parameter of the query.
#[derive(Clone, Copy)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) meaning: &'static str,
    pub(super) shape: Shape,
}

impl Parameter {
    pub(super) const fn of<T: ToSchema>(name: &'static str, meaning: &'static str) -> Self {
        Self { name, meaning, shape: Shape::of::<T>() }
    }
}

/// The shape of a value, for the contract.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub(super) name: fn() -> Cow<'static, str>,
    pub(super) schema: fn() -> RefOr<Schema>,
    pub(super) parts: fn(&mut Vec<(String, RefOr<Schema>)>),
}

impl Shape {
    pub(super) const fn of<T: ToSchema>() -> Self {
        Self { name: T::name, schema: T::schema, parts: T::schemas }
    }
}

/// Why an operation has no answer.
pub(super) enum Failure {
    /// The request is refused.
    Problem(Problem),
    /// The engine failed or refused.
    Engine(Box<Error>),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Engine(Box::new(error))
    }
}

type Running<'a> = Pin<Box<dyn Future<Output = Result<Answered, Failure>> + Send + 'a>>;
pub(super) type Run = for<'a> fn(&'a Ask<'a>) -> Running<'a>;

impl Operation {
    /// An operation that reads one thing.
    pub(super) const fn get(id: &'static str, path: &'static str, summary: &'static str, answer: Shape, run: Run) -> Self {
        Self {
            id,
            method: Method::Get,
            path,
            summary,
            status: 200,
            also: &[],
            answer,
            body: None,
            body_required: false,
            query: &[],
            versioned: false,
            keyed: false,
            problems: &[],
            run,
        }
    }

    /// An operation that moves a resource with an `ETag` on, once per idempotency key, and needs no words.
    pub(super) const fn command(id: &'static str, path: &'static str, summary: &'static str, answer: Shape, run: Run) -> Self {
        let read = Self::get(id, path, summary, answer, run);
        Self { method: Method::Post, body: Some(Shape::of::<Now>()), versioned: true, keyed: true, ..read }
    }

    /// All operations.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        AREAS.iter().flat_map(|area| area.operations)
    }

    /// The operation of this name.
    pub fn named(id: &str) -> Option<&'static Self> {
        Self::all().find(|operation| operation.id == id)
    }

    /// Answers a request.
    ///
    /// # Errors
    /// The [`Problem`] to answer with.
    ///
    /// # Cancel safety
    /// As the engine's operation: what it writes is written as a whole or not at all.
    pub async fn answer(&self, commerce: &Commerce, caller: &Caller, asked: &Asked) -> Result<Answered, Problem> {
        let ask = Ask { commerce, caller, operation: self, asked };
        ask.check_query()?;
        (self.run)(&ask).await.map_err(|failure| match failure {
            Failure::Problem(problem) => problem,
            Failure::Engine(error) => ask.failed(&error),
        })
    }
}

impl Method {
    /// Its name in HTTP.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// A text as one segment of a path.
pub(super) fn segment(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
