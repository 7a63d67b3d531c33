//! Texts of the JSON bodies: each keeps what the caller wrote until it is read into the engine's type, and tells the contract its bounds.

use std::borrow::Cow;

use commerce_core::fact::{FailureCode as CoreFailureCode, RefundCause as CoreRefundCause};
use commerce_core::{engine, goods, id, money, order, ports, stock, time};
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat};
use utoipa::openapi::{KnownFormat, RefOr, Type};
use utoipa::{PartialSchema, ToSchema};

use super::place::{At, Read};

macro_rules! words {
    ($($(#[doc = $doc:literal])* $name:ident($engine:ty) { read: $read:expr, schema: $schema:expr } )*) => {$(
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub String);

        impl Read for $name {
            type Into = $engine;

            fn read(self, at: &At<'_>) -> Option<$engine> {
                let read: fn(&str) -> Result<$engine, String> = $read;
                read(&self.0).map_err(|detail| at.invalid(detail)).ok()
            }
        }

        impl From<$engine> for $name {
            fn from(value: $engine) -> Self {
                Self(value.to_string())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let schema: fn(ObjectBuilder) -> ObjectBuilder = $schema;
                let described = ObjectBuilder::new().schema_type(Type::String).description(Some(concat!($($doc),*).trim()));
                schema(described).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )*};
}

macro_rules! uuids {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => { words! {$(
        $(#[doc = $doc])*
        $name(id::$name) {
            read: |text| text.parse().map_err(|error: id::IdError| error.to_string()),
            schema: |schema| schema.format(Some(SchemaFormat::Custom("uuid".to_owned())))
        }
    )*} };
}

macro_rules! names {
    ($($(#[doc = $doc:literal])* $name:ident;)*) => { words! {$(
        $(#[doc = $doc])*
        $name(id::$name) {
            read: |text| id::$name::new(text).map_err(|error| error.to_string()),
            schema: |schema| schema.min_length(Some(1)).max_length(Some(id::$name::CHARS_MAX))
        }
    )*} };
}

macro_rules! choices {
    ($($(#[doc = $doc:literal])* $name:ident($engine:ty);)*) => { words! {$(
        $(#[doc = $doc])*
        $name($engine) {
            read: |text| <$engine>::parse(text).ok_or_else(|| one_of(<$engine>::ALL.iter().map(|one| one.as_str()))),
            schema: |schema| schema.enum_values(Some(<$engine>::ALL.iter().map(|one| one.as_str())))
        }
    )*} };
}

fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    format!("is none of {}", names.collect::<Vec<_>>().join(", "))
}

uuids! {
    /// An order.
    OrderId;
    /// A payment.
    PaymentId;
    /// A try to authorize money.
    AttemptId;
    /// A capture of authorized money.
    CaptureId;
    /// A refund.
    RefundId;
    /// A shipment.
    ShipmentId;
    /// A return.
    ReturnId;
    /// A cart.
    CartId;
    /// A claim on stock.
    HoldId;
    /// A reservation of stock without an order.
    ReservationId;
    /// One move of the stock ledger.
    MoveId;
    /// One event.
    EventId;
}

names! {
    /// A stock keeping unit: case-sensitive, visible characters, spaces only inside.
    Sku;
    /// The caller's own name for a customer; a key, no personal data.
    CustomerId;
    /// A place that holds stock: letters, digits, `_`, `-` and `.`.
    LocationId;
    /// A registered payment provider.
    ProviderName;
    /// A provider's token for a way to pay. Never a card number.
    MethodRef;
}

choices! {
    /// How an item reaches its buyer.
    ItemKind(goods::ItemKind);
    /// What an adjustment is.
    AdjustmentKind(order::AdjustmentKind);
    /// When an order is paid; `invoice` only by staff.
    Terms(order::Terms);
    /// When authorized money is captured.
    CapturePolicy(order::CapturePolicy);
    /// What a risk screen says.
    RiskVerdict(order::RiskVerdict);
    /// The state in which goods came back; sellable ones go into stock again.
    Condition(order::Condition);
    /// Where a held order goes on.
    Stage(order::Stage);
    /// Why an order is on hold.
    HoldReason(order::HoldReason);
    /// Why an order was cancelled.
    CancelReason(order::CancelReason);
    /// The headline status of an order, which sums up the others.
    OrderStatus(order::Headline);
    /// The payment axis of an order.
    PaymentStatus(order::PaymentStatus);
    /// The fulfillment axis of an order.
    FulfillmentStatus(order::FulfillmentStatus);
    /// The returns axis of an order.
    ReturnStatus(order::ReturnStatus);
    /// What gave rise to a refund.
    RefundCause(CoreRefundCause);
    /// Why an attempt, a capture or a refund failed.
    FailureCode(CoreFailureCode);
    /// Where a reservation stands.
    ReservationStatus(engine::ReservationStatus);
    /// What a stock movement was.
    MovementKind(stock::MovementKind);
    /// What an actor is.
    ActorKind(ports::ActorKind);
}

words! {
    /// An active currency of ISO 4217: three capital letters.
    Currency(money::Currency) {
        read: |code| money::Currency::from_code(code).map_err(|error| format!("is {error}")),
        schema: |schema| schema.pattern(Some("^[A-Z]{3}$"))
    }
    /// A time of RFC 3339. Any offset is read, UTC is returned; digits past the microsecond are cut off.
    Time(time::Timestamp) {
        read: |text| text.parse().map_err(|error: time::TimeError| format!("is {error}")),
        schema: |schema| schema.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
    }
}
