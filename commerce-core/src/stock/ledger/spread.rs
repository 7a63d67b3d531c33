//! How the units of a hold are spread over its candidates.

use crate::stock::Split;

/// Units per candidate, which sum to `qty`; `None` if the candidates cannot serve it.
///
/// `free`: what each candidate can promise, not below zero, the preferred first.
pub(super) fn spread(free: &[i64], qty: i64, split: Split) -> Option<Vec<i64>> {
    if let Some(alone) = free.iter().position(|units| *units >= qty) {
        return Some((0..free.len()).map(|i| if i == alone { qty } else { 0 }).collect());
    }
    if split == Split::Never || free.iter().sum::<i64>() < qty {
        return None;
    }
    Some(fill(free, qty, split))
}

/// As many units per candidate as they can serve of a demand that is too large for them.
pub(super) fn what_there_is(free: &[i64], qty: i64, split: Split) -> Vec<i64> {
    match split {
        Split::Never => {
            let most = free.iter().copied().max().unwrap_or(0);
            let alone = free.iter().position(|units| *units == most);
            (0..free.len()).map(|i| if Some(i) == alone { most.min(qty) } else { 0 }).collect()
        }
        Split::InOrder | Split::Fewest => fill(free, qty, split),
    }
}

fn fill(free: &[i64], qty: i64, split: Split) -> Vec<i64> {
    let mut order: Vec<usize> = (0..free.len()).collect();
    if split == Split::Fewest {
        order.sort_by_key(|i| std::cmp::Reverse(free[*i]));
    }
    let mut shares = vec![0; free.len()];
    let mut rest = qty;
    for i in order {
        shares[i] = free[i].min(rest);
        rest -= shares[i];
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_location_serves_a_hold_if_any_can_and_else_the_split_decides() {
        for (free, qty, split, expect) in [
            (vec![5, 9], 5, Split::Never, Some(vec![5, 0])),
            (vec![4, 9], 5, Split::InOrder, Some(vec![0, 5])),
            (vec![3, 3], 5, Split::Never, None),
            (vec![3, 4], 5, Split::InOrder, Some(vec![3, 2])),
            (vec![3, 4, 1], 5, Split::Fewest, Some(vec![1, 4, 0])),
            (vec![3, 1], 5, Split::Fewest, None),
            (vec![], 1, Split::InOrder, None),
        ] {
            assert_eq!(spread(&free, qty, split), expect, "{free:?} {qty} {split:?}");
        }
    }

    #[test]
    fn a_demand_that_is_too_large_gets_what_its_split_allows() {
        assert_eq!(what_there_is(&[3, 4], 9, Split::Never), vec![0, 4]);
        assert_eq!(what_there_is(&[3, 4], 9, Split::InOrder), vec![3, 4]);
        assert_eq!(what_there_is(&[], 9, Split::Never), Vec::<i64>::new());
    }
}
