//! An order to place.

use commerce_core::catalogue::Item;
use commerce_core::engine;
use commerce_core::money::{Currency as CoreCurrency, Money};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::ask::Body;
use crate::api::line::{Adjustment, NewLine};
use crate::api::number::Units;
use crate::api::personal::Personal;
use crate::api::place::{At, Faults, Read};
use crate::api::problem::{Code, Problem};
use crate::api::word::{CapturePolicy, CartId, Currency, CustomerId, MethodRef, ProviderName, Sku, Terms, Time};

/// An order to place: `lines`, or the short form of one line, `product_id` and `quantity`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "customer_id": "customer-1",
    "currency": "GBP",
    "lines": [{"sku": "85123A", "quantity": 2}],
    "payment_method_id": "sandbox_visa",
}))]
pub struct PlaceOrder {
    /// The caller's own name for the customer.
    #[serde(default)]
    pub customer_id: Option<CustomerId>,
    /// The same as `customer_id`.
    #[serde(default)]
    pub user_id: Option<CustomerId>,
    /// The currency of all amounts. If it is left out, that of the first line's price: the one given with it, or the only one that its
    /// item has.
    #[serde(default)]
    pub currency: Option<Currency>,
    /// What is ordered; 1 to 10,000 lines.
    #[serde(default)]
    pub lines: Option<Vec<NewLine>>,
    /// In the short form: the one SKU that is ordered.
    #[serde(default)]
    pub product_id: Option<Sku>,
    /// In the short form: how many.
    #[serde(default)]
    pub quantity: Option<Units>,
    /// The way to pay; without one the order waits for a payment.
    #[serde(default)]
    pub payment_method_id: Option<MethodRef>,
    /// The provider of the way to pay, if not the default one.
    #[serde(default)]
    pub provider: Option<ProviderName>,
    /// The cart that becomes this order; it becomes one order at most.
    #[serde(default)]
    pub cart_id: Option<CartId>,
    /// The caller's own number for the order, unique within the merchant; 1 to 64 characters.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 64)]
    pub number: Option<String>,
    /// Where the order came from, in the caller's words; `web` if it is left out.
    #[serde(default)]
    pub channel: Option<String>,
    /// When it is paid; `prepaid` if it is left out.
    #[serde(default)]
    pub terms: Option<Terms>,
    /// When authorized money is captured; `on_shipment` if it is left out.
    #[serde(default)]
    pub capture_policy: Option<CapturePolicy>,
    /// Amounts that belong to the order as a whole; staff only.
    #[serde(default)]
    pub adjustments: Vec<Adjustment>,
    /// Who buys, and where it goes.
    #[serde(default)]
    pub personal: Option<Personal>,
    /// When it happened, if staff tells of the past; not later than now.
    #[serde(default)]
    pub at: Option<Time>,
}

/// An order whose currency may still have to be found.
pub(crate) struct Placing {
    currency: Option<CoreCurrency>,
    order: engine::PlaceOrder,
}

impl Placing {
    /// The SKU whose price tells the currency, if nothing else does.
    pub(super) fn priced_by(&self) -> Option<&commerce_core::id::Sku> {
        self.order.lines.first().filter(|_| self.currency.is_none()).map(|line| &line.sku)
    }

    /// The order, in the currency of the request, or the only one of the first line's item. An item that is not there is left to the
    /// engine to refuse.
    pub(super) fn complete(mut self, first: Option<&Item>) -> Result<engine::PlaceOrder, Problem> {
        self.order.currency = match (self.currency, first.map(|item| item.prices.keys().collect::<Vec<_>>()).as_deref()) {
            (Some(currency), _) => currency,
            (None, Some([only])) => **only,
            (None, None) => self.order.currency,
            (None, Some(prices)) => {
                let faults = Faults::default();
                let several = format_args!("is missing: the first item has {} prices, not one", prices.len());
                At::body(&faults).key("currency").invalid(several);
                return Err(faults.into_problem());
            }
        };
        Ok(self.order)
    }
}

impl Body for PlaceOrder {
    fn take_at(&mut self) -> Option<Time> {
        self.at.take()
    }
}

impl Read for PlaceOrder {
    type Into = Placing;

    fn read(self, at: &At<'_>) -> Option<Placing> {
        let customer_id = customer(at, self.customer_id, self.user_id);
        let named = at.key("currency").maybe(self.currency);
        let lines = lines(at, self.lines, self.product_id, self.quantity);
        let method = at.key("payment_method_id").maybe(self.payment_method_id);
        let provider = at.key("provider").maybe(self.provider);
        let cart_id = at.key("cart_id").maybe(self.cart_id);
        let terms = at.key("terms").maybe(self.terms);
        let capture_policy = at.key("capture_policy").maybe(self.capture_policy);
        let adjustments = at.key("adjustments").each(self.adjustments);
        let (named, lines, adjustments) = (named?, lines?, adjustments?);
        let currency = named.or_else(|| lines.first().and_then(|line| line.unit_price).map(Money::currency));
        if let Some(currency) = currency {
            one_currency(at, currency, &lines, &adjustments)?;
        }
        let plain = engine::PlaceOrder::new(currency.unwrap_or(CoreCurrency::USD), lines);
        let order = engine::PlaceOrder {
            customer_id: customer_id?,
            personal: self.personal.map(Into::into),
            cart_id: cart_id?,
            number: self.number,
            channel: self.channel.unwrap_or(plain.channel),
            method: method?,
            provider: provider?,
            adjustments,
            terms: terms?.unwrap_or(plain.terms),
            capture_policy: capture_policy?.unwrap_or(plain.capture_policy),
            ..plain
        };
        Some(Placing { currency, order })
    }
}

/// The customer, under either of the two names.
#[expect(clippy::option_option, reason = "none: a fault was noted; some of none: nobody was named")]
pub(super) fn customer(
    at: &At<'_>,
    customer: Option<CustomerId>,
    user: Option<CustomerId>,
) -> Option<Option<commerce_core::id::CustomerId>> {
    if customer.is_some() && user.is_some() {
        at.key("user_id").fault(Code::WRONG_SHAPE, "is the same as customer_id: give one of them");
        return None;
    }
    let name = if user.is_some() { "user_id" } else { "customer_id" };
    at.key(name).maybe(customer.or(user))
}

/// The lines, or the one line of the short form.
fn lines(at: &At<'_>, lines: Option<Vec<NewLine>>, product: Option<Sku>, quantity: Option<Units>) -> Option<Vec<engine::NewLine>> {
    match (lines, product, quantity) {
        (Some(lines), None, None) => at.key("lines").each(lines),
        (None, Some(product), quantity) => {
            let sku = at.key("product_id").read(product);
            let qty = match quantity {
                Some(quantity) => at.key("quantity").read(quantity),
                None => {
                    at.key("quantity").fault(Code::WRONG_SHAPE, "is missing beside product_id");
                    None
                }
            };
            Some(vec![engine::NewLine::new(sku?, qty?)])
        }
        (Some(_), ..) => {
            at.key("lines").fault(Code::WRONG_SHAPE, "stands beside product_id or quantity: give one form");
            None
        }
        (None, None, _) => {
            at.key("lines").fault(Code::WRONG_SHAPE, "is missing, and so is product_id");
            None
        }
    }
}

/// Notes every amount that is of another currency.
fn one_currency(at: &At<'_>, currency: CoreCurrency, lines: &[engine::NewLine], all: &[commerce_core::order::Adjustment]) -> Option<()> {
    let mut mixed = false;
    let mut check = |at: At<'_>, money: Money| {
        if money.currency() != currency {
            at.key("currency").fault(Code::MIXED_CURRENCIES, format_args!("is {}, the order is in {currency}", money.currency()));
            mixed = true;
        }
    };
    let whole = at.key("adjustments");
    for (index, adjustment) in all.iter().enumerate() {
        check(whole.index(index).key("amount"), adjustment.amount);
    }
    let whole = at.key("lines");
    for (index, line) in lines.iter().enumerate() {
        let line_at = whole.index(index);
        if let Some(price) = line.unit_price {
            check(line_at.key("unit_price"), price);
        }
        let adjustments = line_at.key("adjustments");
        for (index, adjustment) in line.adjustments.iter().enumerate() {
            check(adjustments.index(index).key("amount"), adjustment.amount);
        }
    }
    (!mixed).then_some(())
}
