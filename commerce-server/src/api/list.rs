//! Pages of lists.
#![expect(unused_qualifications, reason = "the derive of the schema writes them")]

use commerce_core::engine::PAGE_MAX_ROWS;
use commerce_core::ports::Page;
use serde::Serialize;
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::answered::Answered;
use super::operation::Parameter;

/// Rows of a page if the caller does not say.
pub const PAGE_DEFAULT_ROWS: u32 = 50;

pub(super) const LIMIT: Parameter = Parameter::of::<Limit>("limit", "The most rows of the page; 50 if it is left out.");
pub(super) const CURSOR: Parameter =
    Parameter::of::<String>("cursor", "Where the page begins: `next_cursor` of the page before, unchanged.");

/// One page of a list.
#[derive(Serialize, ToSchema)]
pub struct List<T: ToSchema> {
    /// The rows.
    pub items: Vec<T>,
    /// Where the next page begins; not there on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// One page, each row as `show` has it.
pub(super) fn found<T, U: Serialize + ToSchema>(page: Page<T>, show: impl FnMut(T) -> U) -> Answered {
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
