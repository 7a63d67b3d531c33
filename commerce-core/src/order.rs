//! The order: four axes, one decider.

mod command;
mod event;

pub use command::{AttemptOutcome, CaptureOutcome, Command, Edit, GrantRefund, Pay, Place, RefundOutcome};
pub use event::{
    Adjustment, AdjustmentKind, Assessment, CancelReason, CapturePolicy, Condition, Edited, Event, HoldReason, LineChange, LineItem,
    Placed, RiskVerdict, Stage, Terms,
};
