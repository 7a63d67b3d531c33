//! The engine: what hosts embed.
//!
//! [`Builder`] makes a [`Commerce`], which answers requests, and [`Workers`], a future that the host spawns: it runs sagas, recovers
//! those of dead processes, and sweeps what is due. What was committed is told by the feed: see [`consumer`].

mod aggregate;
mod cache;
mod call;
mod carts;
mod changes;
mod checkout;
mod commerce;
mod config;
pub mod consumer;
mod customers;
mod error;
mod execute;
mod feed;
mod handoff;
mod holds;
mod idempotency;
mod inventory;
mod items;
mod keyed;
mod orders;
mod payments;
mod place;
mod plain;
mod reservations;
mod rows;
mod sagas;
mod shipments;
mod steps;
mod sweep;
mod verify;
mod workers;

pub use call::{Answer, Call, How, Idempotency};
pub use carts::NewCart;
pub use checkout::CheckoutCart;
pub use commerce::{Builder, Commerce};
pub use config::Config;
pub use consumer::{Consumer, ConsumerConfig, ConsumerError, ConsumerPlace, Handler, HandlerError, Projector};
pub use error::Error;
pub use feed::{FeedCursor, FeedPage};
pub use inventory::{CreateItem, Reorder, StockItem, StockLevel, StockTotals};
pub use items::PutItem;
pub use orders::{EditOrder, OrderEvent, OrderView, PAGE_MAX_ROWS, Status};
pub use payments::{PaymentView, ProcessPayment};
pub use place::{NewLine, PlaceOrder};
pub use plain::{AcceptAll, CatalogPricer, SystemIds};
pub use reservations::{Reservation, ReservationStatus, Reserve, ReservedUnits};
pub use rows::{order_rows, payment_rows};
pub use shipments::{PackUnits, ReturnView, ShipmentView};
pub use verify::{Check, DIFFERENCES_MAX, Difference, MoneySums, Unsettled, VerifyReport};
pub use workers::Workers;
