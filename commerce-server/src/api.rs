//! Requests, answers and errors as data, without a transport.
//!
//! [`Operation::all`] lists what can be asked; [`Operation::answer`] takes a request that a door has extracted ([`Asked`]), reads it, calls
//! the engine, and gives the answer ([`Answered`]) or the problem document ([`Problem`]) to send back. A door only extracts, calls and
//! renders: the HTTP server is one, and any other host of the engine can be.
//!
//! Bodies are read in two steps. Their shape first: unknown, missing and mistyped members are refused with their place. Then their values:
//! every one that is not allowed is noted with a JSON pointer, and all are answered at once.

mod answered;
mod ask;
mod asked;
mod bodies;
mod canonical;
pub mod catalogue;
mod code;
pub mod contract;
pub mod health;
pub mod inventory;
pub mod line;
pub mod list;
mod locate;
pub mod number;
mod operation;
pub mod orders;
pub mod personal;
mod place;
pub mod problem;
pub mod reservations;
pub mod returns;
pub mod shipments;
mod strict;
pub mod word;

pub use answered::Answered;
pub use asked::{Asked, BODY_MAX_BYTES, Caller};
pub use bodies::Now;
pub use contract::contract;
pub use operation::{AREAS, Area, Method, Operation, PREFIX};
pub use place::FAULTS_MAX;
pub use problem::{Code, Problem};
