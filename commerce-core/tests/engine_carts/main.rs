//! Carts through the facade: filled, merged, and ordered once at most.

mod checkout;
mod lines;
mod merging;
mod support;
