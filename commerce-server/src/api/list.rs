//! Pages of lists.

use std::borrow::Cow;

use commerce_core::engine::PAGE_MAX_ROWS;
use commerce_core::ports::Page;
use serde::Serialize;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::answered::Answered;
use super::operation::Parameter;

/// Rows of a page if the caller does not say.
pub const PAGE_DEFAULT_ROWS: u32 = 50;

pub(super) const LIMIT: Parameter = Parameter::of::<Limit>("limit", "The most rows of the page; 50 if it is left out.");
pub(super) const CURSOR: Parameter =
    Parameter::of::<String>("cursor", "Where the page begins: `next_cursor` of the page before, unchanged.");

/// One page of a list.
#[derive(Serialize)]
pub struct List<T> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; not there on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl<T: ToSchema> PartialSchema for List<T> {
    fn schema() -> RefOr<Schema> {
        let items = ArrayBuilder::new().items(Ref::from_schema_name(T::name())).description(Some("The rows."));
        let next = ObjectBuilder::new().schema_type(Type::String);
        let next = next.description(Some("Where the next page begins; not there on the last one."));
        let page = ObjectBuilder::new().schema_type(Type::Object).description(Some("One page of a list."));
        page.property("items", items).required("items").property("next_cursor", next).into()
    }
}

impl<T: ToSchema> ToSchema for List<T> {
    // every list has a schema of its own
    fn name() -> Cow<'static, str> {
        format!("{}List", T::name()).into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((T::name().into_owned(), T::schema()));
        T::schemas(schemas);
    }
}

/// One page, each row as `show` has it.
pub(super) fn found<T, U: Serialize>(page: Page<T>, show: impl FnMut(T) -> U) -> Answered {
    let Page { items, next } = page.map(show);
    Answered::found(&List { items, next_cursor: next.map(|cursor| cursor.to_string()) })
}

/// How many rows.
struct Limit;

impl PartialSchema for Limit {
    fn schema() -> RefOr<Schema> {
        let limit = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(PAGE_MAX_ROWS));
        limit.default(Some(PAGE_DEFAULT_ROWS.into())).into()
    }
}

impl ToSchema for Limit {}
