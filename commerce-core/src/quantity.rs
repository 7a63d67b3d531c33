//! Counts of goods.

use std::fmt;

use crate::id::LineId;

/// A number of units: at least one, at most [`Quantity::MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(u32);

/// A number of units that is zero or too large.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("quantity {0} is not within 1 to {max}", max = Quantity::MAX.0)]
pub struct QuantityError(pub i128);

impl Quantity {
    /// One unit.
    pub const ONE: Self = Self(1);
    /// The largest count of one line or movement: a thousand million units, so that four of them sum within a `u32`.
    pub const MAX: Self = Self(1_000_000_000);

    /// Checks a count.
    ///
    /// # Errors
    /// [`QuantityError`] if it is below 1 or above [`Quantity::MAX`].
    pub fn new(units: impl Into<i128>) -> Result<Self, QuantityError> {
        let units = units.into();
        match u32::try_from(units) {
            Ok(count) if (1..=Self::MAX.0).contains(&count) => Ok(Self(count)),
            _ => Err(QuantityError(units)),
        }
    }

    /// The count; `None` for no units, and for more than [`Quantity::MAX`].
    pub fn some(units: u32) -> Option<Self> {
        Self::new(units).ok()
    }

    /// The count.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Some units of one line of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LineQty {
    /// The line.
    pub line_id: LineId,
    /// How many of its units.
    pub qty: Quantity,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_quantity_is_never_zero_negative_or_huge() {
        assert_eq!(Quantity::new(1).map(Quantity::get), Ok(1));
        assert_eq!(Quantity::new(1_000_000_000).map(Quantity::get), Ok(1_000_000_000));
        for bad in [0_i128, -1, 1_000_000_001, i128::MAX, i128::MIN] {
            assert_eq!(Quantity::new(bad), Err(QuantityError(bad)));
        }
        assert_eq!((Quantity::some(0), Quantity::some(1), Quantity::some(u32::MAX)), (None, Some(Quantity::ONE), None));
        assert_eq!(QuantityError(-1).to_string(), "quantity -1 is not within 1 to 1000000000");
    }

    proptest! {
        #[test]
        fn a_count_is_kept_exactly_or_refused_by_name(units in prop_oneof![any::<i128>(), any::<u32>().prop_map(i128::from), -5..5_i128]) {
            match Quantity::new(units) {
                Ok(quantity) => prop_assert_eq!(i128::from(quantity.get()), units),
                Err(QuantityError(refused)) => prop_assert!(refused == units && !(1..=1_000_000_000).contains(&units)),
            }
        }
    }
}
