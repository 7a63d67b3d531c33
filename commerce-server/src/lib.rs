//! The HTTP door of commerce: [`api`] is what can be asked and answered, as data; the rest serves it over HTTP and makes the `commerce`
//! binary of it.

pub mod api;

#[cfg(feature = "http")]
pub mod cli;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "http")]
pub mod sandbox;
#[cfg(feature = "http")]
pub mod serve;
