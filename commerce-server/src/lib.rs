//! The HTTP door of commerce: [`api`] is what can be asked and answered, as data; the rest serves it.

pub mod api;

#[cfg(feature = "http")]
pub mod sandbox;
