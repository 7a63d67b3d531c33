//! Sharing an amount out so that the parts sum to the whole.

use std::cmp::Reverse;

/// Why an amount cannot be shared out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// There is nothing to share over, though the amount is not zero.
    #[error("no part carries weight")]
    NoWeight,
    /// The weights sum to more than 64 bits hold.
    #[error("the weights are too large")]
    Overflow,
}

/// Shares `amount` (minor units) over `weights` by largest remainder (Hamilton's method).
///
/// There is one part per weight, in the same order. The parts sum to `amount`; each differs from its exact share by less than one; a
/// heavier weight never gets less; a weight of zero gets nothing. Of equal remainders the earlier part is served first, so the same
/// input gives the same parts. A negative amount is shared as its absolute value is.
///
/// # Errors
/// [`ShareError::NoWeight`] if the weights sum to zero and the amount is not zero; [`ShareError::Overflow`] if the weights sum to more
/// than [`u64::MAX`].
///
/// # Example
/// ```
/// use commerce_core::money::share_out;
///
/// assert_eq!(share_out(100, &[1, 1, 1]), Ok(vec![34, 33, 33]));
/// assert_eq!(share_out(-5, &[0, 1, 3]), Ok(vec![0, -1, -4]));
/// ```
pub fn share_out(amount: i64, weights: &[u64]) -> Result<Vec<i64>, ShareError> {
    let sum = weights.iter().try_fold(0_u64, |sum, w| sum.checked_add(*w)).ok_or(ShareError::Overflow)?;
    let sign = i128::from(amount.signum());
    let signed = |part: i128| i64::try_from(sign * part).map_err(|_| ShareError::Overflow);
    match (amount, sum) {
        (0, _) => return Ok(vec![0; weights.len()]),
        (_, 0) => return Err(ShareError::NoWeight),
        // the parts of an order that nothing is added to: each is its weight
        _ if amount.unsigned_abs() == sum => return weights.iter().map(|weight| signed(i128::from(*weight))).collect(),
        _ => {}
    }
    // 64 bits times 63 bits: never past 127 bits
    let exact = |weight: &u64| i128::from(amount.unsigned_abs()) * i128::from(*weight);
    let sum = i128::from(sum);
    let mut parts: Vec<i128> = weights.iter().map(|w| exact(w) / sum).collect();
    let remainders: Vec<i128> = weights.iter().map(|w| exact(w) % sum).collect();
    // each remainder is less than one unit, so more parts have one than there are units left: a part without one gets none
    let left = remainders.iter().sum::<i128>() / sum;
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|i| Reverse(remainders[*i]));
    for (i, _) in by_remainder.into_iter().zip(0..left) {
        parts[i] += 1;
    }
    parts.into_iter().map(signed).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(amount: i64, weights: &[u64], expect: &[i64]) {
        assert_eq!(share_out(amount, weights).as_deref(), Ok(expect), "{amount} over {weights:?}");
    }

    #[test]
    fn what_is_left_goes_to_the_largest_remainders_the_earlier_first() {
        check(100, &[1, 1, 1], &[34, 33, 33]);
        check(2, &[1, 1, 1], &[1, 1, 0]);
        check(5, &[0, 1, 3], &[0, 1, 4]);
        check(-5, &[0, 1, 3], &[0, -1, -4]);
        check(10, &[3, 3, 4], &[3, 3, 4]);
        check(-10, &[3, 3, 4], &[-3, -3, -4]);
        check(i64::MIN, &[1 << 63, 0], &[i64::MIN, 0]);
        check(1, &[1, 2], &[0, 1]);
        check(7, &[5], &[7]);
    }

    #[test]
    fn nothing_is_shared_over_anything_even_over_nothing() {
        check(0, &[], &[]);
        check(0, &[0, 0], &[0, 0]);
        check(0, &[3, 4], &[0, 0]);
    }

    #[test]
    fn an_amount_needs_a_weight() {
        assert_eq!(share_out(1, &[]), Err(ShareError::NoWeight));
        assert_eq!(share_out(-1, &[0, 0]), Err(ShareError::NoWeight));
    }

    #[test]
    fn the_ends_of_the_range_are_shared_too() {
        check(i64::MIN, &[1], &[i64::MIN]);
        check(i64::MAX, &[u64::MAX], &[i64::MAX]);
        check(i64::MIN, &[u64::MAX - 1, 1], &[i64::MIN + 1, -1]);
        assert_eq!(share_out(1, &[u64::MAX, 1]), Err(ShareError::Overflow));
    }

    /// Weights from all sizes, zero often, whose sum fits.
    fn weights() -> impl Strategy<Value = Vec<u64>> {
        let weight = prop_oneof![Just(0), 1..10_u64, 1..100_000_u64, 0..=u64::MAX / 16];
        prop::collection::vec(weight, 1..16).prop_filter("some weight", |weights| weights.iter().any(|w| *w > 0))
    }

    fn amounts() -> impl Strategy<Value = i64> {
        prop_oneof![-20..20_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
    }

    proptest! {
        #[test]
        fn the_parts_sum_to_the_whole(amount in amounts(), weights in weights()) {
            let parts = share_out(amount, &weights)?;
            prop_assert_eq!(parts.len(), weights.len());
            prop_assert_eq!(parts.iter().map(|p| i128::from(*p)).sum::<i128>(), i128::from(amount));
        }

        #[test]
        fn each_part_is_within_one_of_its_exact_share(amount in amounts(), weights in weights()) {
            let sum: i128 = weights.iter().map(|w| i128::from(*w)).sum();
            for (part, weight) in share_out(amount, &weights)?.into_iter().zip(&weights) {
                // |part - amount * weight / sum| < 1, times sum
                let off = i128::from(part) * sum - i128::from(amount) * i128::from(*weight);
                prop_assert!(off.abs() < sum, "{part} for {weight} of {sum}");
            }
        }

        #[test]
        fn a_heavier_weight_never_gets_less_and_none_gets_nothing(amount in amounts(), weights in weights()) {
            let parts = share_out(amount, &weights)?;
            let size = |i: usize| parts[i].unsigned_abs();
            for (i, a) in weights.iter().enumerate() {
                prop_assert!(*a > 0 || parts[i] == 0);
                for (j, b) in weights.iter().enumerate() {
                    prop_assert!(a <= b || size(i) >= size(j), "{a} got {}, {b} got {}", parts[i], parts[j]);
                }
            }
        }

        #[test]
        fn a_negative_amount_is_shared_as_its_absolute_value(amount in -i64::MAX..=i64::MAX, weights in weights()) {
            let negated: Vec<i64> = share_out(amount, &weights)?.into_iter().map(|p| -p).collect();
            prop_assert_eq!(share_out(-amount, &weights)?, negated);
        }
    }
}
