//! What bodies of commands share: each may tell when it happened.

use serde::Deserialize;
use utoipa::ToSchema;

use super::ask::Body;
use super::place::{At, Read};
use super::word::Time;

macro_rules! bodies {
    ($($name:ident)*) => {$(
        impl Body for $name {
            fn take_at(&mut self) -> Option<Time> {
                self.at.take()
            }
        }
    )*};
}
pub(super) use bodies;

bodies! { Now }

/// A command that needs no words.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Now {
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

impl Read for Now {
    type Into = ();

    fn read(self, _: &At<'_>) -> Option<()> {
        Some(())
    }
}
