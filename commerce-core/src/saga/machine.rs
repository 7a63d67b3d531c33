//! The machine of every saga: which call it makes, and the one table of legal transitions, live and on recovery.

use std::borrow::Cow;

use uuid::Uuid;

use crate::id::{AttemptId, CaptureId, RefundId, ShipmentId};
use crate::time::Timestamp;

/// The version of the state of every shipped saga.
pub const VERSION: u16 = 1;

/// What a saga is for. Its kind and subject name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Authorizes an attempt; its order confirms when it is covered.
    Collect(AttemptId),
    /// Takes authorized money. Captures start with shipments, by themselves and by command, so each has a saga of its own.
    Capture(CaptureId),
    /// Sees to it that a shipment's share is captured; dispatches and delivers what needs no hands.
    Ship(ShipmentId),
    /// Pays a granted refund back.
    Refund(RefundId),
    /// Gives back what is left of an authorization that nothing is owed for.
    Reverse(AttemptId),
}

impl Task {
    /// The names of all kinds.
    pub const KINDS: [&'static str; 5] = ["collect", "capture", "ship", "refund", "reverse"];

    /// The name of its kind.
    pub const fn kind(self) -> &'static str {
        match self {
            Self::Collect(_) => "collect",
            Self::Capture(_) => "capture",
            Self::Ship(_) => "ship",
            Self::Refund(_) => "refund",
            Self::Reverse(_) => "reverse",
        }
    }

    /// The id of what it is for.
    pub const fn subject(self) -> Uuid {
        match self {
            Self::Collect(id) | Self::Reverse(id) => id.uuid(),
            Self::Capture(id) => id.uuid(),
            Self::Ship(id) => id.uuid(),
            Self::Refund(id) => id.uuid(),
        }
    }

    /// The task of a kind and a subject.
    pub fn of(kind: &str, subject: Uuid) -> Option<Self> {
        match kind {
            "collect" => Some(Self::Collect(AttemptId::new(subject))),
            "capture" => Some(Self::Capture(CaptureId::new(subject))),
            "ship" => Some(Self::Ship(ShipmentId::new(subject))),
            "refund" => Some(Self::Refund(RefundId::new(subject))),
            "reverse" => Some(Self::Reverse(AttemptId::new(subject))),
            _ => None,
        }
    }

    /// The saga's id: the subject's, told apart by kind in its last byte, so that it is known without being looked up and sorts by time.
    pub const fn saga_uuid(self) -> Uuid {
        let tag = match self {
            Self::Collect(_) => 0x01,
            Self::Capture(_) => 0x02,
            Self::Ship(_) => 0x03,
            Self::Refund(_) => 0x04,
            Self::Reverse(_) => 0x05,
        };
        Uuid::from_u128(self.subject().as_u128() ^ tag)
    }
}

/// Where a saga's call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The call is recorded; after a crash nobody knows whether it was made.
    Intended,
    /// It was made, and its answer is not known.
    Doubtful,
    /// It was answered, and the outcome comes later; or the saga waits for its order.
    Waiting,
    /// The outcome is recorded.
    Settled,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Intended, Self::Doubtful, Self::Waiting, Self::Settled];

    /// The name in stored forms.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Doubtful => "doubtful",
            Self::Waiting => "waiting",
            Self::Settled => "settled",
        }
    }
}

/// What a step of a saga met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Met {
    /// The outcome is known: by the call, a look-up, a report, or because there is nothing left to do.
    Outcome,
    /// The outcome comes later, or the order is not ready.
    Later,
    /// No answer: the call may have been made.
    Doubt,
    /// The call was not made, or not taken, and may be made again.
    NotTaken,
    /// A look-up knows nothing of the call: it may be repeated under the same key.
    Absent,
    /// Another call of the same saga follows.
    Next,
}

impl Met {
    /// Everything that can be met.
    pub const ALL: [Self; 6] = [Self::Outcome, Self::Later, Self::Doubt, Self::NotTaken, Self::Absent, Self::Next];
}

/// A step that the machine does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a saga that is {} cannot meet {met:?}", status.as_str())]
pub struct IllegalStep {
    /// Where it stood.
    pub status: Status,
    /// What it met.
    pub met: Met,
}

/// The status after a step: the one table of legal transitions.
///
/// # Errors
/// [`IllegalStep`] for every other pair.
pub const fn next_status(status: Status, met: Met) -> Result<Status, IllegalStep> {
    match (status, met) {
        (Status::Intended | Status::Doubtful | Status::Waiting, Met::Outcome) => Ok(Status::Settled),
        (Status::Intended | Status::Doubtful | Status::Waiting, Met::Later) => Ok(Status::Waiting),
        (Status::Intended | Status::Doubtful, Met::Doubt) => Ok(Status::Doubtful),
        // what was answered once stays answered, though a look-up fails
        (Status::Waiting, Met::Doubt) => Ok(Status::Waiting),
        (Status::Intended, Met::NotTaken) => Ok(Status::Intended),
        (Status::Doubtful | Status::Waiting | Status::Intended, Met::Absent) => Ok(Status::Intended),
        (Status::Settled, Met::Next) => Ok(Status::Intended),
        (Status::Doubtful | Status::Waiting | Status::Settled, Met::NotTaken)
        | (Status::Intended | Status::Doubtful | Status::Waiting, Met::Next)
        | (Status::Settled, Met::Outcome | Met::Later | Met::Doubt | Met::Absent) => Err(IllegalStep { status, met }),
    }
}

/// The state of a saga, as its row keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct State {
    /// What it is for.
    pub task: Task,
    /// Where its call stands.
    pub status: Status,
    /// When the call was last intended, by the clock, give or take some seconds: its absence is proved by the time since.
    pub since: Timestamp,
    /// Of a payment without an order: what is authorized is captured in the same commit.
    pub then_capture: bool,
}

impl State {
    /// A saga that begins.
    pub const fn new(task: Task, now: Timestamp) -> Self {
        Self { task, status: Status::Intended, since: now, then_capture: false }
    }

    /// The state after a step.
    ///
    /// # Errors
    /// [`IllegalStep`].
    pub fn met(self, met: Met) -> Result<Self, IllegalStep> {
        next_status(self.status, met).map(|status| Self { status, ..self })
    }

    /// The name of its kind.
    pub const fn kind(&self) -> Cow<'static, str> {
        Cow::Borrowed(self.task.kind())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_of_status_and_step_is_legal_or_not_as_the_table_says() {
        use Met::{Absent, Doubt, Later, Next, NotTaken, Outcome};
        use Status::{Doubtful, Intended, Settled, Waiting};
        let legal = [
            (Intended, Outcome, Settled),
            (Intended, Later, Waiting),
            (Intended, Doubt, Doubtful),
            (Intended, NotTaken, Intended),
            (Intended, Absent, Intended),
            (Doubtful, Outcome, Settled),
            (Doubtful, Later, Waiting),
            (Doubtful, Doubt, Doubtful),
            (Doubtful, Absent, Intended),
            (Waiting, Outcome, Settled),
            (Waiting, Later, Waiting),
            (Waiting, Doubt, Waiting),
            (Waiting, Absent, Intended),
            (Settled, Next, Intended),
        ];
        for status in Status::ALL {
            for met in Met::ALL {
                let expected = legal.iter().find(|row| (row.0, row.1) == (status, met)).map(|row| row.2).ok_or(IllegalStep { status, met });
                assert_eq!(next_status(status, met), expected, "{status:?} {met:?}");
            }
        }
    }

    #[test]
    fn two_sagas_of_one_subject_have_two_names() {
        let attempt = AttemptId::new(Uuid::from_u128(7));
        assert_ne!(Task::Collect(attempt).saga_uuid(), Task::Reverse(attempt).saga_uuid());
        for kind in Task::KINDS {
            let task = Task::of(kind, Uuid::from_u128(7)).unwrap();
            assert_eq!((task.kind(), task.subject()), (kind, Uuid::from_u128(7)));
        }
    }
}
