//! Sharing an amount out so that the parts sum to the whole.

/// Why an amount cannot be shared out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ShareError {
    /// There is nothing to share over, though the amount is not zero.
    #[error("no part carries weight")]
    NoWeight,
    /// The weights sum to more than fits.
    #[error("the weights are too large")]
    Overflow,
}

/// Shares `amount` over `weights` by largest remainder (Hamilton's method): parts sum to `amount`, each differs from its exact
/// share by less than one, and a heavier weight never gets less. Ties go to the earlier part; a weight of zero gets nothing.
/// A negative amount is shared as its absolute value.
///
/// # Errors
/// [`ShareError::NoWeight`] if the weights sum to zero and the amount does not; [`ShareError::Overflow`].
pub fn share_out(amount: i64, weights: &[u64]) -> Result<Vec<i64>, ShareError> {
    let sum = weights.iter().try_fold(0_u64, |sum, w| sum.checked_add(*w)).ok_or(ShareError::Overflow)?;
    if amount == 0 {
        return Ok(vec![0; weights.len()]);
    }
    if sum == 0 {
        return Err(ShareError::NoWeight);
    }
    let whole = u128::from(amount.unsigned_abs());
    let exact = |w: u64| whole * u128::from(w);
    let mut parts: Vec<u128> = weights.iter().map(|w| exact(*w) / u128::from(sum)).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by_key(|i| std::cmp::Reverse(exact(weights[*i]) % u128::from(sum)));
    let left = usize::try_from(whole - parts.iter().sum::<u128>()).map_err(|_| ShareError::Overflow)?;
    for i in by_remainder.into_iter().take(left) {
        parts[i] += 1;
    }
    let signed = |part: u128| i64::try_from(part).map(|p| if amount < 0 { -p } else { p }).map_err(|_| ShareError::Overflow);
    parts.into_iter().map(signed).collect()
}
