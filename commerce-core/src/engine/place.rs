//! Placing orders.

use futures::FutureExt;

use crate::catalogue::Item;
use crate::engine::commerce::Moment;
use crate::engine::execute::{Along, Failed, cart_claim};
use crate::engine::keyed::in_motion;
use crate::engine::{Answer, Call, Commerce, Error, How, OrderView};
use crate::id::{AttemptId, CartId, CustomerId, LineId, MethodRef, OrderId, PaymentId, PersonalRef, ProviderName, Sku};
use crate::money::{Currency, Money};
use crate::order::{Adjustment, Assessment, CapturePolicy, LINES_MAX, LineItem, Pay, Place, Placed, RiskVerdict, Terms};
use crate::personal::PersonalData;
use crate::ports::{Claim, ClaimSpace, PersonalWrite, QuoteLine, QuoteRequest, ResourceKind, ResourceRef, RiskRequest, SagaId};
use crate::quantity::Quantity;
use crate::saga::Task;
use crate::stored;

/// Most characters of a caller's own order number.
const NUMBER_MAX_CHARS: usize = 64;

/// An order to place.
#[derive(Clone, Debug)]
pub struct PlaceOrder {
    /// The caller's name for the customer, if known.
    pub customer_id: Option<CustomerId>,
    /// Name, address, note and free metadata: kept outside the events.
    pub personal: Option<PersonalData>,
    /// The one currency of all amounts.
    pub currency: Currency,
    /// The cart that becomes this order; it becomes one order at most.
    pub cart_id: Option<CartId>,
    /// The caller's own number for the order, unique within the merchant.
    pub number: Option<String>,
    /// Where the order came from, in the caller's words (`web`, `pos`).
    pub channel: String,
    /// The way to pay; without it the order waits for a payment.
    pub method: Option<MethodRef>,
    /// The provider of the way to pay; none: the default one.
    pub provider: Option<ProviderName>,
    /// Its lines.
    pub lines: Vec<NewLine>,
    /// Amounts that belong to the order as a whole, beside what the pricer quotes; staff only.
    pub adjustments: Vec<Adjustment>,
    /// When it is paid; on invoice: staff only.
    pub terms: Terms,
    /// When authorized money is captured.
    pub capture_policy: CapturePolicy,
}

/// A line to order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLine {
    /// What.
    pub sku: Sku,
    /// How many.
    pub qty: Quantity,
    /// What one costs, if not what the catalogue says; staff only.
    pub unit_price: Option<Money>,
    /// Amounts that belong to the line as a whole; staff only.
    pub adjustments: Vec<Adjustment>,
}

impl PlaceOrder {
    /// An order of some lines, paid before it is confirmed, each shipment capturing its share.
    pub fn new(currency: Currency, lines: Vec<NewLine>) -> Self {
        Self {
            customer_id: None,
            personal: None,
            currency,
            cart_id: None,
            number: None,
            channel: "web".to_owned(),
            method: None,
            provider: None,
            lines,
            adjustments: Vec::new(),
            terms: Terms::Prepaid,
            capture_policy: CapturePolicy::OnShipment,
        }
    }

    /// The same order, paid with a method.
    #[must_use]
    pub fn paid_with(mut self, method: MethodRef) -> Self {
        self.method = Some(method);
        self
    }
}

impl NewLine {
    /// Some units at the catalogue's price.
    pub const fn new(sku: Sku, qty: Quantity) -> Self {
        Self { sku, qty, unit_price: None, adjustments: Vec::new() }
    }
}

impl Commerce {
    /// Places an order: prices and screens it, holds its stock, starts its payment, and waits up to `place_wait_ms` for it to come
    /// to rest. A declined payment is an order too: it keeps its stock and can be paid again.
    ///
    /// The same idempotency key, or the same cart, gives the order that exists.
    ///
    /// # Errors
    /// [`Error::Short`] if there is not enough stock, [`Error::UnknownSku`], [`Error::Price`], [`Error::Invalid`],
    /// [`Error::KeyReused`], [`Error::Taken`] for an order number in use, [`Error::Order`], [`Error::Port`]. Nothing was written.
    ///
    /// # Cancel safety
    /// Dropping it cancels only the waiting: the order is placed as a whole or not at all, and its payment goes on.
    ///
    /// # Crash
    /// What was answered is on disk. A payment under way is taken up again when the workers run.
    pub async fn place_order(&self, call: &Call, request: PlaceOrder) -> Result<Answer<OrderView>, Error> {
        const OPERATION: &str = "place_order";
        let moment = self.inner.moment(call)?;
        match self.inner.replayed(call, &moment, OPERATION).await? {
            Some(owner) => self.existing(call, &owner, How::Replayed).await,
            None => self.place_anew(call, &moment, OPERATION, request).await,
        }
    }

    /// Places an order that was not there when somebody looked; `operation` is what its idempotency key is for.
    pub(super) async fn place_anew(
        &self,
        call: &Call,
        moment: &Moment,
        operation: &str,
        request: PlaceOrder,
    ) -> Result<Answer<OrderView>, Error> {
        let inner = &self.inner;
        let id = OrderId::new(inner.fresh());
        let owner = ResourceRef { kind: ResourceKind::Order, id: id.to_string() };
        let attempt = AttemptId::new(inner.fresh());
        let (place, personal) = self.prepare(call, id, attempt, &request).await?;
        let mut claims: Vec<Claim> = inner.claim_of(call, moment, operation, &owner)?.into_iter().collect();
        claims.extend(request.cart_id.map(|cart| cart_claim(cart, owner.clone())));
        claims.extend(number_claim(request.number.as_deref(), &owner)?);
        let along = Along { claims, personal: personal.into_iter().collect(), ..Along::default() };
        let saga = SagaId(Task::Collect(attempt).saga_uuid());
        let wait = inner.handoff.settled(saga);
        match inner.place_order(call, moment, id, along, place).await {
            Ok(done) => {
                if done.begun.contains(&saga) {
                    self.wait(moment, wait).await;
                }
                let root = inner.remembered_order(&call.merchant, id).await?;
                Ok(Answer::done(self.view(call, id, root.state()).await?))
            }
            // which of several claims it names is the store's choice
            Err(failed @ Failed::Claimed { .. }) => match self.placed_before(call, moment, operation, request.cart_id).await? {
                Some((owner, how)) => self.existing(call, &owner, how).await,
                None => Err(failed.into_error()),
            },
            Err(failed) => Err(failed.into_error()),
        }
    }

    /// The order that was placed under the call's idempotency key, or from the cart.
    pub(super) async fn placed_before(
        &self,
        call: &Call,
        moment: &Moment,
        operation: &str,
        cart: Option<CartId>,
    ) -> Result<Option<(ResourceRef, How)>, Error> {
        if let Some(owner) = self.inner.replayed(call, moment, operation).await? {
            return Ok(Some((owner, How::Replayed)));
        }
        let Some(cart) = cart else { return Ok(None) };
        Ok(self.order_of_cart(call, cart, moment).await?.map(|owner| (owner, How::Existing)))
    }

    /// The order that a request made before; one that is still on its way to rest is waited for.
    pub(super) async fn existing(&self, call: &Call, owner: &ResourceRef, how: How) -> Result<Answer<OrderView>, Error> {
        let id: OrderId = owner.id.parse().map_err(Error::stored)?;
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let before = inner.state_now(&call.merchant, id).await?;
        self.come_to_rest(call, &moment, in_motion(&before.order.tenders)).await?;
        Ok(Answer { value: self.get_order(call, id).await?, how })
    }

    /// Prices and screens an order.
    async fn prepare(
        &self,
        call: &Call,
        id: OrderId,
        attempt: AttemptId,
        request: &PlaceOrder,
    ) -> Result<(Place, Option<PersonalWrite>), Error> {
        if request.terms == Terms::Invoice && !call.is_staff() {
            return Err(Error::invalid("/terms", "only staff may sell on invoice"));
        }
        let (lines, mut adjustments) = self.priced(call, request.currency, request.customer_id.as_ref(), &request.lines, "/lines").await?;
        if !request.adjustments.is_empty() && !call.is_staff() {
            return Err(Error::invalid("/adjustments", "only staff may adjust"));
        }
        adjustments.extend(request.adjustments.iter().copied());
        let personal = self.personal_write(request.personal.as_ref(), request.customer_id.as_ref(), id)?;
        let order = Placed {
            customer_id: request.customer_id.clone(),
            personal_ref: personal.as_ref().map(|write| write.reference),
            currency: request.currency,
            cart_id: request.cart_id,
            channel: request.channel.clone(),
            method_ref: request.method.clone(),
            lines,
            adjustments,
            total: Money::zero(request.currency),
            terms: request.terms,
            capture_policy: request.capture_policy,
            pay_by: crate::time::Timestamp::MAX,
        };
        let assessment = self.assess(call, id, &order).await;
        let inner = &self.inner;
        let payment = match &request.method {
            None => None,
            Some(method) => {
                let provider = request.provider.clone().unwrap_or_else(|| inner.config.default_provider.clone());
                inner.provider(&provider)?;
                let payment_id = PaymentId::new(inner.fresh());
                Some(Pay { payment_id, attempt_id: attempt, provider, method_ref: method.clone(), amount: None })
            }
        };
        Ok((Place { order, assessment, payment }, personal))
    }

    /// Lines with their titles, kinds and prices, and the amounts that the pricer adds to the order.
    pub(super) async fn priced(
        &self,
        call: &Call,
        currency: Currency,
        customer: Option<&CustomerId>,
        lines: &[NewLine],
        field: &str,
    ) -> Result<(Vec<LineItem>, Vec<Adjustment>), Error> {
        if lines.len() > LINES_MAX {
            return Err(Error::invalid(field, format!("has {} lines, at most {LINES_MAX} are allowed", lines.len())));
        }
        let skus: Vec<Sku> = lines.iter().map(|line| line.sku.clone()).collect();
        let items = self.inner.store.catalogue.get(&call.merchant, &skus).await?;
        let by_sku: std::collections::HashMap<&Sku, &Item> = items.iter().map(|item| (&item.sku, item)).collect();
        let mut wanted = Vec::with_capacity(lines.len());
        for (index, line) in lines.iter().enumerate() {
            let unknown = || Error::UnknownSku { field: format!("{field}/{index}/sku"), sku: line.sku.clone() };
            let item = by_sku.get(&line.sku).filter(|item| item.active).ok_or_else(unknown)?;
            if (line.unit_price.is_some() || !line.adjustments.is_empty()) && !call.is_staff() {
                return Err(Error::invalid(format!("{field}/{index}/unit_price"), "only staff may set prices"));
            }
            let (list_price, set_price) = (item.prices.get(&currency).copied(), line.unit_price);
            wanted.push((item, QuoteLine { sku: line.sku.clone(), qty: line.qty, kind: item.kind, list_price, set_price }));
        }
        let quote_lines = wanted.iter().map(|(_, line)| line.clone()).collect();
        let request = QuoteRequest { merchant: call.merchant.clone(), customer: customer.cloned(), currency, lines: quote_lines };
        let quote = self.inner.pricer.quote(&request).await.map_err(|source| price_error(field, lines, source))?;
        if quote.lines.len() != lines.len() {
            return Err(Error::stored("the pricer quoted other lines than it was asked for"));
        }
        let items = lines.iter().zip(wanted).zip(quote.lines).map(|((line, (item, _)), quoted)| LineItem {
            line_id: LineId(0),
            sku: line.sku.clone(),
            title: item.title.clone(),
            kind: item.kind,
            qty: line.qty,
            unit_price: quoted.unit_price,
            adjustments: quoted.adjustments.into_iter().chain(line.adjustments.iter().copied()).collect(),
        });
        Ok((items.collect(), quote.adjustments))
    }

    /// What the risk screen says; one that fails, or takes too long, says `review`.
    async fn assess(&self, call: &Call, id: OrderId, order: &Placed) -> Assessment {
        let inner = &self.inner;
        let total = order.lines.iter().try_fold(0_i64, |sum, line| {
            line.unit_price.minor().checked_mul(i64::from(line.qty.get())).and_then(|gross| sum.checked_add(gross))
        });
        let request = RiskRequest {
            merchant: call.merchant.clone(),
            order: id,
            customer: order.customer_id.clone(),
            total: Money::from_minor(total.unwrap_or(i64::MAX), order.currency),
            units: order.lines.iter().map(|line| u64::from(line.qty.get())).sum(),
            channel: order.channel.clone(),
        };
        let review = |why: &str| Assessment { verdict: RiskVerdict::Review, score: 0, reasons: vec![why.to_owned()] };
        let mut judged = inner.screen.assess(&request).fuse();
        let mut late = inner.clock.sleep_until(inner.clock.now().plus_millis(inner.config.screen_timeout_ms)).fuse();
        futures::select_biased! {
            judged = judged => judged.unwrap_or_else(|error| {
                tracing::warn!(order = %id, %error, "the risk screen failed");
                review("the risk screen failed")
            }),
            () = late => review("the risk screen took too long"),
        }
    }

    /// The row of someone's personal data, checked.
    pub(super) fn personal_write(
        &self,
        data: Option<&PersonalData>,
        customer: Option<&CustomerId>,
        order: OrderId,
    ) -> Result<Option<PersonalWrite>, Error> {
        let Some(data) = data else { return Ok(None) };
        data.check().map_err(|error| Error::invalid(format!("/personal{}", error.pointer()), error.problem))?;
        Ok(Some(PersonalWrite {
            reference: PersonalRef::new(self.inner.fresh()),
            customer: customer.cloned(),
            order: Some(order),
            bytes: stored::encode_personal(data).map_err(Error::stored)?,
        }))
    }
}

fn price_error(field: &str, lines: &[NewLine], source: crate::ports::PricerError) -> Error {
    match source {
        crate::ports::PricerError::NoPrice { ref sku, .. } => {
            let index = lines.iter().position(|line| line.sku == *sku).unwrap_or(0);
            Error::Price { field: format!("{field}/{index}/unit_price"), source }
        }
        crate::ports::PricerError::Failed(error) => Error::Port(error),
    }
}

fn number_claim(number: Option<&str>, owner: &ResourceRef) -> Result<Option<Claim>, Error> {
    let Some(number) = number else { return Ok(None) };
    let chars = number.chars().count();
    if chars == 0 || chars > NUMBER_MAX_CHARS || number.contains('\0') {
        return Err(Error::invalid("/number", format!("has {chars} characters or a U+0000, allowed are 1 to {NUMBER_MAX_CHARS}")));
    }
    let (space, key) = (ClaimSpace::OrderNumber, number.to_owned());
    Ok(Some(Claim { space, key, owner: owner.clone(), request_hash: None, expires_at: None }))
}
