//! Personal data in requests and answers. Neither type has `Debug`: what it holds must reach no log.

use std::collections::BTreeMap;

use commerce_core::personal as core;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Names, address, note and free metadata of a buyer: kept outside the events, erased on request. All of it is optional.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Personal {
    /// Full name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub name: Option<String>,
    /// Email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// Telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 32)]
    pub phone: Option<String>,
    /// Where goods go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    /// The buyer's words about the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 2000)]
    pub note: Option<String>,
    /// The caller's own entries: at most 20, of at most 40 and 500 characters.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

/// A postal address.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Address {
    /// Street and number.
    #[schema(min_length = 1, max_length = 200)]
    pub line1: String,
    /// Flat, floor, building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 200)]
    pub line2: Option<String>,
    /// City, town or village.
    #[schema(min_length = 1, max_length = 100)]
    pub city: String,
    /// State, province or county.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 100)]
    pub region: Option<String>,
    /// Postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 20)]
    pub postal_code: Option<String>,
    /// Two capital letters of ISO 3166-1.
    #[schema(pattern = "^[A-Z]{2}$")]
    pub country: String,
}

/// The engine checks what is in it.
impl From<Personal> for core::PersonalData {
    fn from(personal: Personal) -> Self {
        let Personal { name, email, phone, address, note, metadata } = personal;
        let address = address.map(|Address { line1, line2, city, region, postal_code, country }| core::Address {
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
        });
        Self { name, email, phone, address, note, metadata }
    }
}

impl From<core::PersonalData> for Personal {
    fn from(data: core::PersonalData) -> Self {
        let core::PersonalData { name, email, phone, address, note, metadata } = data;
        let address = address.map(|core::Address { line1, line2, city, region, postal_code, country }| Address {
            line1,
            line2,
            city,
            region,
            postal_code,
            country,
        });
        Self { name, email, phone, address, note, metadata }
    }
}
