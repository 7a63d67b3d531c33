//! The SQL, one module per table: each statement stands in the function that runs it.

pub(crate) mod accounts;
pub(crate) mod carts;
pub(crate) mod claims;
pub(crate) mod consumers;
pub(crate) mod events;
pub(crate) mod holds;
pub(crate) mod items;
pub(crate) mod movements;
pub(crate) mod orders;
pub(crate) mod parcels;
pub(crate) mod payments;
pub(crate) mod personal;
pub(crate) mod refunds;
pub(crate) mod sagas;
