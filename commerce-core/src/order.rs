//! The order: four independent axes (placement, payment, fulfillment, returns) and one derived headline.
//!
//! [`decide`] turns a command into events or refuses it; [`evolve`] folds events into the state, live and on replay. Both are pure.

mod amounts;
mod balance;
mod command;
mod decide;
mod event;
mod evolve;
mod policy;
mod refusal;
mod state;
mod status;

pub use amounts::MINOR_MAX;
pub use command::{AttemptOutcome, CaptureOutcome, Command, Edit, GrantRefund, Pay, Place, RefundOutcome};
pub use decide::{Decided, LINE_UNITS_MAX, LINES_MAX, PARTS_MAX, TEXT_MAX_CHARS, decide};
pub use event::{
    Adjustment, AdjustmentKind, Assessment, CancelReason, CapturePolicy, Condition, Edited, Event, HoldReason, LineChange, LineItem,
    Placed, RiskVerdict, Stage, Terms,
};
pub use evolve::{IllegalTransition, evolve};
pub use policy::{Context, Policy, ProviderTraits};
pub use refusal::Refusal;
pub use state::{Carriage, Line, Order, Placement, Return, ReturnLine, Shipment, ShipmentLine, ShipmentState};
pub use status::{FulfillmentStatus, Headline, PaymentStatus, ReturnStatus};
