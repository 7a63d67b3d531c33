//! Plain decimal numbers as text.

/// Reads `-?digits(.digits)?` as mantissa and scale: `19.99` is `(1999, 2)`.
///
/// The caller bounds the text to fewer digits than an `i128` holds. The error is the index of the first character that does not belong.
pub(super) fn decimal(text: &str) -> Result<(i128, u32), usize> {
    let (mut mantissa, mut point, mut length) = (0_i128, None, 0);
    let mut digit_before = false;
    for (index, c) in text.chars().enumerate() {
        match (c, c.to_digit(10)) {
            (_, Some(digit)) => mantissa = mantissa * 10 + i128::from(digit),
            ('-', _) if index == 0 => {}
            ('.', _) if digit_before && point.is_none() => point = Some(index),
            _ => return Err(index),
        }
        digit_before = c.is_ascii_digit();
        length = index + 1;
    }
    if !digit_before {
        return Err(length);
    }
    let scale = point.map_or(0, |point| length - point - 1);
    let scale = u32::try_from(scale).map_err(|_| length)?;
    Ok((if text.starts_with('-') { -mantissa } else { mantissa }, scale))
}
