//! The points at which something can go wrong, by name.

use std::fmt;

/// A call of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// [`crate::ports::Journal::commit`].
    Commit,
    /// [`crate::ports::Journal::outcome`].
    Outcome,
    /// [`crate::ports::Journal::load`].
    Load,
    /// [`crate::ports::Sagas::claim`].
    ClaimSagas,
    /// [`crate::ports::Sagas::renew`].
    RenewLease,
    /// [`crate::ports::Sagas::get`].
    GetSaga,
    /// [`crate::ports::Sagas::list`].
    ListSagas,
    /// [`crate::ports::PaymentProvider::authorize`].
    Authorize,
    /// [`crate::ports::PaymentProvider::capture`].
    Capture,
    /// [`crate::ports::PaymentProvider::void`].
    Void,
    /// [`crate::ports::PaymentProvider::refund`].
    Refund,
    /// [`crate::ports::PaymentProvider::look_up`].
    LookUp,
}

impl Operation {
    /// Every operation.
    pub const ALL: &[Self] = &[
        Self::Commit,
        Self::Outcome,
        Self::Load,
        Self::ClaimSagas,
        Self::RenewLease,
        Self::GetSaga,
        Self::ListSagas,
        Self::Authorize,
        Self::Capture,
        Self::Void,
        Self::Refund,
        Self::LookUp,
    ];

    /// Its name: port and call.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commit => "journal.commit",
            Self::Outcome => "journal.outcome",
            Self::Load => "journal.load",
            Self::ClaimSagas => "sagas.claim",
            Self::RenewLease => "sagas.renew",
            Self::GetSaga => "sagas.get",
            Self::ListSagas => "sagas.list",
            Self::Authorize => "provider.authorize",
            Self::Capture => "provider.capture",
            Self::Void => "provider.void",
            Self::Refund => "provider.refund",
            Self::LookUp => "provider.look_up",
        }
    }

    /// What can go wrong with it.
    pub const fn faults(self) -> &'static [Fault] {
        match self {
            Self::Outcome | Self::Load | Self::GetSaga | Self::ListSagas | Self::LookUp => &[Fault::Fail, Fault::CrashBefore],
            Self::Commit | Self::ClaimSagas | Self::RenewLease | Self::Authorize | Self::Capture | Self::Void | Self::Refund => Fault::ALL,
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fault {
    /// The call was provably not made, and the caller is told so.
    Fail,
    /// The call was made twice; the caller gets the first answer.
    Repeat,
    /// The process ended before the call was made.
    CrashBefore,
    /// The call was made, and the process ended before it heard the answer.
    CrashAfter,
    /// The call was not made, and the caller is told that nobody knows.
    LoseRequest,
    /// The call was made, and the caller is told that nobody knows.
    LoseAnswer,
}

impl Fault {
    /// Every fault.
    pub const ALL: &[Self] = &[Self::Fail, Self::Repeat, Self::CrashBefore, Self::CrashAfter, Self::LoseRequest, Self::LoseAnswer];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Repeat => "repeat",
            Self::CrashBefore => "crash before",
            Self::CrashAfter => "crash after",
            Self::LoseRequest => "lose request",
            Self::LoseAnswer => "lose answer",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that can go wrong with one operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Point {
    /// With which.
    pub operation: Operation,
    /// What.
    pub fault: Fault,
}

impl Point {
    /// Every point of these operations.
    pub fn of(operations: &[Operation]) -> Vec<Self> {
        let of_one = |operation: &Operation| {
            let operation = *operation;
            operation.faults().iter().map(move |fault| Self { operation, fault: *fault })
        };
        operations.iter().flat_map(of_one).collect()
    }

    /// Every point of every operation.
    pub fn all() -> Vec<Self> {
        Self::of(Operation::ALL)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.fault)
    }
}

/// Which call of an operation goes wrong, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Plan {
    /// Where and what.
    pub point: Point,
    /// At which call of the operation, from 1.
    pub visit: usize,
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, call {}", self.point, self.visit)
    }
}
