//! What the benchmarks share: one ordinary order's [`life`], change [`sets`] of placed orders, [`shelves`] to judge them by, and
//! [`orders`], which loads an engine with many.

pub mod life;
#[expect(clippy::float_arithmetic, reason = "rates and ratios are figures for readers: no amount and no decision is made of them")]
pub mod orders;
pub mod sets;
pub mod shelves;
