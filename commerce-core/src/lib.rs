//! Orders, stock, payments and the sagas that tie them together.
//!
//! Data flows one way: `id, money, quantity` to `order, stock, payment, cart` to `saga` to `ports` to `engine`.

pub mod id;
pub mod money;
pub mod quantity;
pub mod time;
