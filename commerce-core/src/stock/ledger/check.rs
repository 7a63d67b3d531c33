//! What can be said of a move before any stock is read.

use crate::id::{MerchantId, MoveId};
use crate::stock::{Limits, Move};

/// The most candidate locations that a hold may name.
pub const CANDIDATES_MAX: usize = 64;
/// The most units that an account may have on hand.
pub const COUNTER_MAX_UNITS: i64 = 1_000_000_000_000_000;
/// The most units that a limit of an account may be.
pub const LIMIT_MAX_UNITS: i64 = 1_000_000_000;
/// The longest reason of an adjustment.
pub const REASON_MAX_CHARS: usize = 256;

/// A move that contradicts itself, or an earlier one under the same id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("move at index {index}: {fault}")]
pub struct MoveError {
    /// Where in the change set, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub fault: MoveFault,
}

/// What is wrong with a move.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveFault {
    /// It is about the stock of another merchant than the change set.
    #[error("it belongs to merchant {0}")]
    Merchant(MerchantId),
    /// A hold names too many locations.
    #[error("{0} candidate locations, allowed are {CANDIDATES_MAX}")]
    Candidates(usize),
    /// An adjustment by nothing.
    #[error("an adjustment by zero units")]
    Zero,
    /// A reason that is too long, or has a zero character.
    #[error("the reason has {0} characters, allowed are {REASON_MAX_CHARS} without U+0000")]
    Reason(usize),
    /// A limit below zero or too large.
    #[error("a limit is not within 0 to {LIMIT_MAX_UNITS}")]
    Limits,
    /// Units that stay where they are.
    #[error("from and to are the same location")]
    SameLocation,
    /// The account would have more units than can be counted.
    #[error("more than {COUNTER_MAX_UNITS} units on hand")]
    TooMany,
    /// The id was applied before, with other content.
    #[error("the id {0} was applied with other content")]
    Repeated(MoveId),
}

/// Checks each move by itself.
pub(super) fn moves(merchant: &MerchantId, moves: &[Move]) -> Result<(), MoveError> {
    for (index, one) in moves.iter().enumerate() {
        check(merchant, one).map_err(|fault| MoveError { index, fault })?;
    }
    Ok(())
}

fn check(merchant: &MerchantId, one: &Move) -> Result<(), MoveFault> {
    match one {
        Move::Receive { account, .. } => same(merchant, &account.merchant),
        Move::Adjust { account, delta, reason, .. } => {
            same(merchant, &account.merchant)?;
            let chars = reason.chars().count();
            if *delta == 0 {
                Err(MoveFault::Zero)
            } else if chars > REASON_MAX_CHARS || reason.contains('\0') {
                Err(MoveFault::Reason(chars))
            } else {
                Ok(())
            }
        }
        Move::Relocate { merchant: whose, from, to, .. } => {
            same(merchant, whose)?;
            if from == to { Err(MoveFault::SameLocation) } else { Ok(()) }
        }
        Move::Hold { merchant: whose, candidates, .. } => {
            same(merchant, whose)?;
            if candidates.len() > CANDIDATES_MAX { Err(MoveFault::Candidates(candidates.len())) } else { Ok(()) }
        }
        Move::Configure { account, limits, .. } => {
            same(merchant, &account.merchant)?;
            if within(limits) { Ok(()) } else { Err(MoveFault::Limits) }
        }
        Move::Extend { .. } | Move::Confirm { .. } | Move::Fulfill { .. } | Move::Release { .. } | Move::Expire { .. } => Ok(()),
    }
}

fn same(merchant: &MerchantId, whose: &MerchantId) -> Result<(), MoveFault> {
    if merchant == whose { Ok(()) } else { Err(MoveFault::Merchant(whose.clone())) }
}

fn within(limits: &Limits) -> bool {
    [limits.backorder, limits.safety, limits.reorder_point.unwrap_or(0), limits.reorder_qty]
        .iter()
        .all(|units| (0..=LIMIT_MAX_UNITS).contains(units))
}
