//! The engine inside a program: the README's Rust example, run as a test of the documentation.

#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
