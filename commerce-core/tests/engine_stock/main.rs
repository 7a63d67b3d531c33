//! The catalogue, stock, reservations and customers, asked through the facade of an engine over the memory store.

mod reservations;
mod support;
