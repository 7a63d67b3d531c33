//! Orders, stock, payments and the sagas that tie them together.
//!
//! Data flows one way: `id, money, quantity` to `order, stock, payment, cart` to `saga` to `ports` to `engine`.

mod names;
pub(crate) use names::names;

pub mod cart;
pub mod catalogue;
#[cfg(feature = "tokio")]
pub mod clock;
pub mod commit;
pub mod consumer;
pub mod engine;
pub mod fact;
pub mod goods;
pub mod id;
pub mod memory;
pub mod money;
pub mod order;
pub mod payment;
pub mod personal;
pub mod ports;
pub mod quantity;
pub mod saga;
pub mod sandbox;
pub mod stock;
pub mod stored;
pub mod tender;
#[cfg(feature = "testkit")]
pub mod testkit;
pub mod time;
