//! Carts become orders, each one at most.

use crate::cart::Cart;
use crate::engine::commerce::Moment;
use crate::engine::{Answer, Call, Commerce, Error, NewLine, OrderView, PlaceOrder};
use crate::id::{CartId, CustomerId, MethodRef, ProviderName};
use crate::order::{Adjustment, CapturePolicy, Terms};
use crate::personal::PersonalData;
use crate::ports::Version;

/// What an order needs beside the lines, the currency and the customer of its cart.
#[derive(Clone, Debug)]
pub struct CheckoutCart {
    /// The customer, if the cart is nobody's.
    pub customer_id: Option<CustomerId>,
    /// Name, address, note and free metadata: kept outside the events.
    pub personal: Option<PersonalData>,
    /// The caller's own number for the order, unique within the merchant.
    pub number: Option<String>,
    /// Where the order came from, in the caller's words (`web`, `pos`).
    pub channel: String,
    /// The way to pay; without it the order waits for a payment.
    pub method: Option<MethodRef>,
    /// The provider of the way to pay; none: the default one.
    pub provider: Option<ProviderName>,
    /// Amounts that belong to the order as a whole, beside what the pricer quotes; staff only.
    pub adjustments: Vec<Adjustment>,
    /// When it is paid; on invoice: staff only.
    pub terms: Terms,
    /// When authorized money is captured.
    pub capture_policy: CapturePolicy,
}

impl Default for CheckoutCart {
    /// Paid before it is confirmed, each shipment capturing its share, without a way to pay yet.
    fn default() -> Self {
        Self {
            customer_id: None,
            personal: None,
            number: None,
            channel: "web".to_owned(),
            method: None,
            provider: None,
            adjustments: Vec::new(),
            terms: Terms::Prepaid,
            capture_policy: CapturePolicy::OnShipment,
        }
    }
}

impl CheckoutCart {
    /// The same order, paid with a method.
    #[must_use]
    pub fn paid_with(mut self, method: MethodRef) -> Self {
        self.method = Some(method);
        self
    }
}

impl Commerce {
    /// Places an order of what is in a cart, as [`Commerce::place_order`] does; the cart is gone then. A cart becomes one order at most:
    /// asked again, under the same key or another, the order that exists is the answer. The call may expect a revision of the cart.
    ///
    /// # Errors
    /// Those of [`Commerce::place_order`], the lines being those of the cart; [`Error::NotFound`] if there is no such cart,
    /// [`Error::Stale`] if it has another revision, [`Error::Invalid`] if it is empty or someone else's. Nothing was written, and the
    /// cart is as it was.
    ///
    /// # Cancel safety
    /// Dropping it cancels only the waiting: the order is placed as a whole or not at all, and its payment goes on.
    ///
    /// # Crash
    /// What was answered is on disk. A cart that was left over is not ordered again.
    pub async fn checkout_cart(&self, call: &Call, id: CartId, request: CheckoutCart) -> Result<Answer<OrderView>, Error> {
        let moment = self.inner.moment(call)?;
        let operation = format!("checkout_cart/{id}");
        let answer = match self.placed_before(call, &moment, &operation, Some(id)).await? {
            Some((owner, how)) => self.existing(call, &owner, how).await?,
            None => match self.order_cart(call, &moment, &operation, id, request).await {
                Ok(answer) => answer,
                // a twin that was quicker took the cart away
                Err(refusal) => match self.placed_before(call, &moment, &operation, Some(id)).await? {
                    Some((owner, how)) => self.existing(call, &owner, how).await?,
                    None => return Err(refusal),
                },
            },
        };
        if let Err(error) = self.inner.store.carts.delete(&call.merchant, id).await {
            // it can neither be ordered nor written any more, and expires
            tracing::warn!(cart = %id, %error, "a cart that was ordered is left over");
        }
        Ok(answer)
    }

    async fn order_cart(
        &self,
        call: &Call,
        moment: &Moment,
        operation: &str,
        id: CartId,
        request: CheckoutCart,
    ) -> Result<Answer<OrderView>, Error> {
        let cart = self.living_cart(call, id, moment).await?.ok_or(Error::NotFound("cart"))?;
        let actual = Version(cart.revision.0);
        if call.expected.is_some_and(|expected| expected != actual) {
            return Err(Error::Stale { actual });
        }
        self.place_anew(call, moment, operation, order_of(cart, request)?).await
    }
}

fn order_of(cart: Cart, request: CheckoutCart) -> Result<PlaceOrder, Error> {
    let CheckoutCart { customer_id, personal, number, channel, method, provider, adjustments, terms, capture_policy } = request;
    if cart.lines.is_empty() {
        return Err(Error::invalid("/lines", "the cart is empty"));
    }
    if cart.customer.is_some() && customer_id.is_some() && cart.customer != customer_id {
        return Err(Error::invalid("/customer_id", "the cart is someone else's"));
    }
    Ok(PlaceOrder {
        customer_id: cart.customer.or(customer_id),
        personal,
        currency: cart.currency,
        cart_id: Some(cart.id),
        number,
        channel,
        method,
        provider,
        lines: cart.lines.into_iter().map(|line| NewLine::new(line.sku, line.qty)).collect(),
        adjustments,
        terms,
        capture_policy,
    })
}
