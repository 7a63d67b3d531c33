//! The HTTP door of commerce.

#[cfg(feature = "http")]
pub mod sandbox;
