//! The HTTP door: routes extract, call and render; what a request means is the business of [`crate::api`].

mod answer;
mod extract;
mod guard;
mod health;
mod listen;
mod router;
mod trace;

pub use health::Readiness;
pub use listen::{BindError, Listener};
pub use router::router;
pub use trace::ANSWERED_TARGET;
