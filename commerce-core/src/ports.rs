//! The seams: what the engine asks of stores, providers, screens, clocks and ids.
//!
//! Every port is dyn-safe and has no default bodies. A store implements [`Journal`], [`Feed`], [`Consumers`], [`Stock`], [`Views`],
//! [`Sagas`], [`Personal`], [`Carts`], [`Catalogue`] and [`Audit`]; [`Store`] bundles them.

mod audit;
mod catalogue;
mod change_set;
mod clock;
mod consumers;
mod documents;
mod error;
mod feed;
mod journal;
mod page;
mod pricer;
mod provider;
mod saga_rows;
mod screen;
mod stock;
mod store;
mod stream;
mod views;

pub use audit::{Audit, ClaimEntry};
pub use catalogue::Catalogue;
pub use change_set::{Append, ChangeSet, Claim, ClaimSpace, Expected, Partition, PersonalWrite, ResourceKind, ResourceRef, Root};
pub use clock::{Clock, Ids};
pub use consumers::{ConsumerAct, ConsumerRow, ConsumerWrite, Consumers, Park, ParkedQuery, ParkedRow};
pub use documents::{Carts, Personal, PersonalRow};
pub use error::{PortError, PortErrorKind, Retry};
pub use feed::{Feed, FeedEntry, FeedItem, FeedKey, Position, Shard};
pub use journal::{Journal, Proof, Receipt, Rejection, Verdict};
pub use page::{Cursor, CursorError, LIMIT_MAX_ROWS, Page};
pub use pricer::{Pricer, PricerError, Quote, QuoteLine, QuoteRequest, QuotedLine};
pub use provider::{
    AuthorizeRequest, CallKey, Capabilities, CaptureRequest, FactOutcome, LookUp, NotSent, Outcome, PaymentProvider, ProviderFact,
    RefundRequest, VoidRequest,
};
pub use saga_rows::{KindVersion, NewSaga, SagaId, SagaPhase, SagaQuery, SagaRow, SagaUpdate, SagaWrite, Sagas};
pub use screen::{RiskRequest, RiskScreen};
pub use stock::{Stock, StockSummary};
pub use store::{Store, StoreFacts};
pub use stream::{Actor, ActorKind, EventMeta, NewEvent, Stored, StreamId, StreamName, Version};
pub use views::{ClaimRow, OrderQuery, OrderRow, PaymentQuery, PaymentRow, RefundRow, ReturnRow, ShipmentRow, ViewRow, Views};
