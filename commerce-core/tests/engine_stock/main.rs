//! The catalogue, stock, reservations and customers, asked through the facade of an engine over the memory store.

#[path = "../shared/after_the_look.rs"]
mod after_the_look;
mod catalogue;
mod counters;
mod customers;
mod inventory;
mod inventory_refusals;
mod reservation_repeats;
mod reservations;
mod support;
mod twins;
