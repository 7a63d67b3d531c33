//! Carts: documents that customers fill.

use crate::cart::{Cart, Refusal};
use crate::engine::commerce::Moment;
use crate::engine::{Answer, Call, Commerce, Error, How};
use crate::id::{CartId, CustomerId, Sku};
use crate::money::Currency;
use crate::ports::{ActorKind, ClaimSpace, PortError, ResourceKind, ResourceRef, Retry, Version};
use crate::quantity::Quantity;

/// How often a write is decided again after another was quicker; with so many at once someone always gets through.
const TRIES_MAX: u32 = 32;

/// A cart to begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCart {
    /// Whose it is; none: nobody's, until it is merged into somebody's.
    pub customer_id: Option<CustomerId>,
    /// The currency that it will be ordered in.
    pub currency: Currency,
}

impl Commerce {
    /// Begins a cart with nothing in it. It is gone `cart_ttl_s` after its last write.
    ///
    /// # Errors
    /// [`Error::KeyReused`]; [`Error::Taken`] if the cart that was begun under the key has become an order; [`Error::Invalid`],
    /// [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    ///
    /// # Crash
    /// What was answered is on disk.
    pub async fn create_cart(&self, call: &Call, request: NewCart) -> Result<Answer<Cart>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        let NewCart { customer_id, currency } = request;
        if !may_touch(call, customer_id.as_ref()) {
            return Err(Error::invalid("/customer_id", "is someone else"));
        }
        // no claim can stand beside a document: the key says the id, and the cart itself what was asked for under it
        let keyed = inner.id_of_key(call, "create_cart")?;
        let id = CartId::new(keyed.unwrap_or_else(|| inner.fresh()));
        let begun = Cart::new(id, customer_id, currency, moment.now, inner.config.cart_ttl_s);
        for _ in 0..TRIES_MAX {
            let kept = if keyed.is_some() { self.kept_cart(call, id).await? } else { None };
            let revision = kept.as_ref().map(|cart| cart.revision);
            let cart = match kept {
                None => begun.clone(),
                Some(dead) if dead.is_expired(moment.now) => Cart { revision: dead.revision.next(), ..begun.clone() },
                Some(same) if (&same.customer, same.currency) == (&begun.customer, currency) => {
                    self.not_ordered(call, id, &moment).await?;
                    return Ok(Answer { value: same, how: How::Replayed });
                }
                Some(_) => return Err(Error::KeyReused { owner: resource(id) }),
            };
            if keyed.is_some() {
                self.not_ordered(call, id, &moment).await?;
            }
            let written = inner.store.carts.put(&call.merchant, &cart, revision).await;
            if self.stands(call, &cart, written).await? {
                return Ok(Answer::done(cart));
            }
        }
        Err(Error::Contended)
    }

    /// One cart.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, it has expired or become an order, or is another customer's; [`Error::Port`].
    pub async fn get_cart(&self, call: &Call, id: CartId) -> Result<Cart, Error> {
        let moment = self.inner.moment(call)?;
        self.living_cart(call, id, &moment).await?.ok_or(Error::NotFound("cart"))
    }

    /// Deletes a cart.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::Stale`], [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn delete_cart(&self, call: &Call, id: CartId) -> Result<(), Error> {
        let carts = &self.inner.store.carts;
        let moment = self.inner.moment(call)?;
        let cart = self.living_cart(call, id, &moment).await?.ok_or(Error::NotFound("cart"))?;
        if let Some(expected) = call.expected {
            // whoever writes it meanwhile wins: it is ended where it was read
            let ended = Cart { expires_at: moment.now, ..cart.clone().written(moment.now, 0) };
            if !is_at(&cart, expected) || !carts.put(&call.merchant, &ended, Some(cart.revision)).await? {
                return Err(self.stale(call, id, &cart).await?);
            }
        }
        carts.delete(&call.merchant, id).await?;
        Ok(())
    }

    /// Sets how many units of a SKU are in a cart. Setting it again changes nothing, so an idempotency key is not needed and not kept.
    ///
    /// # Errors
    /// [`Error::UnknownSku`] if it is not for sale, [`Error::Invalid`] for too many units or lines, [`Error::NotFound`],
    /// [`Error::Stale`], [`Error::Taken`] if the cart has become an order, [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn put_cart_line(&self, call: &Call, id: CartId, sku: &Sku, qty: Quantity) -> Result<Answer<Cart>, Error> {
        if !self.catalogued(call, sku).await?.is_some_and(|item| item.active) {
            return Err(Error::UnknownSku { field: "/sku".to_owned(), sku: sku.clone() });
        }
        self.cart_write(call, id, |cart| cart.put_line(sku, qty)).await
    }

    /// Takes the line of a SKU out of a cart.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is no such cart or line, [`Error::Stale`], [`Error::Taken`] if the cart has become an order,
    /// [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    pub async fn remove_cart_line(&self, call: &Call, id: CartId, sku: &Sku) -> Result<Answer<Cart>, Error> {
        self.cart_write(call, id, |cart| cart.remove_line(sku)).await
    }

    /// Adds the lines of another cart, SKU by SKU, and deletes that cart: both or neither. A cart that is somebody's is merged into
    /// their own carts alone. Asked again, the other cart is not there any more, and nothing is added twice.
    ///
    /// # Errors
    /// [`Error::NotFound`] and [`Error::Stale`] for the cart that is merged into; [`Error::Invalid`] if the other one is not there,
    /// is someone else's, is in another currency, or has too many lines; [`Error::Taken`] if either has become an order;
    /// [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    ///
    /// # Crash
    /// Both carts are as they were before or as they are after.
    pub async fn merge_carts(&self, call: &Call, into: CartId, from: CartId) -> Result<Answer<Cart>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        for _ in 0..TRIES_MAX {
            let cart = self.cart_to_write(call, into, &moment).await?;
            let Some(other) = self.living_cart(call, from, &moment).await? else {
                self.not_ordered(call, from, &moment).await?;
                return Err(Error::invalid("/cart_id", "there is no such cart"));
            };
            let mut merged = cart.clone();
            merged.merge(&other).map_err(|refusal| Error::invalid("/cart_id", refusal))?;
            let merged = merged.written(moment.now, inner.config.cart_ttl_s);
            let gone = (from, other.revision);
            let written = inner.store.carts.put_and_delete(&call.merchant, &merged, cart.revision, gone).await;
            if self.stands(call, &merged, written).await? {
                return Ok(Answer::done(merged));
            }
        }
        Err(Error::Contended)
    }

    /// Changes a cart, and again when others were quicker.
    async fn cart_write(
        &self,
        call: &Call,
        id: CartId,
        change: impl Fn(&mut Cart) -> Result<(), Refusal> + Send + Sync,
    ) -> Result<Answer<Cart>, Error> {
        let inner = &self.inner;
        let moment = inner.moment(call)?;
        for _ in 0..TRIES_MAX {
            let cart = self.cart_to_write(call, id, &moment).await?;
            let mut changed = cart.clone();
            change(&mut changed).map_err(refused)?;
            let changed = changed.written(moment.now, inner.config.cart_ttl_s);
            let written = inner.store.carts.put(&call.merchant, &changed, Some(cart.revision)).await;
            if self.stands(call, &changed, written).await? {
                return Ok(Answer::done(changed));
            }
        }
        Err(Error::Contended)
    }

    /// A cart as its writer expects it.
    async fn cart_to_write(&self, call: &Call, id: CartId, moment: &Moment) -> Result<Cart, Error> {
        let Some(cart) = self.living_cart(call, id, moment).await? else {
            self.not_ordered(call, id, moment).await?;
            return Err(Error::NotFound("cart"));
        };
        match call.expected {
            Some(expected) if !is_at(&cart, expected) => Err(Error::Stale { actual: Version(cart.revision.0) }),
            _ => Ok(cart),
        }
    }

    /// A cart that the caller may see, and that neither has expired nor become an order.
    pub(super) async fn living_cart(&self, call: &Call, id: CartId, moment: &Moment) -> Result<Option<Cart>, Error> {
        let Some(cart) = self.kept_cart(call, id).await? else { return Ok(None) };
        if cart.is_expired(moment.now) || !may_touch(call, cart.customer.as_ref()) {
            return Ok(None);
        }
        // what was ordered may be left over
        Ok(if self.order_of_cart(call, id, moment).await?.is_some() { None } else { Some(cart) })
    }

    async fn kept_cart(&self, call: &Call, id: CartId) -> Result<Option<Cart>, Error> {
        Ok(self.inner.store.carts.get(&call.merchant, id).await?)
    }

    /// Refuses a cart that has become an order.
    async fn not_ordered(&self, call: &Call, id: CartId, moment: &Moment) -> Result<(), Error> {
        match self.order_of_cart(call, id, moment).await? {
            Some(owner) => Err(Error::Taken { owner }),
            None => Ok(()),
        }
    }

    /// The order that a cart has become.
    pub(super) async fn order_of_cart(&self, call: &Call, id: CartId, moment: &Moment) -> Result<Option<ResourceRef>, Error> {
        let claim = self.inner.store.views.claim(&call.merchant, ClaimSpace::Cart, &id.to_string(), moment.now).await?;
        Ok(claim.map(|claim| claim.owner))
    }

    /// Whether a write of a cart stands; one whose answer was lost does if the cart is as it would be.
    async fn stands(&self, call: &Call, cart: &Cart, written: Result<bool, PortError>) -> Result<bool, Error> {
        match written {
            Err(error) if error.retry == Retry::Unknown && self.kept_cart(call, cart.id).await?.as_ref() == Some(cart) => Ok(true),
            other => Ok(other?),
        }
    }

    async fn stale(&self, call: &Call, id: CartId, read: &Cart) -> Result<Error, Error> {
        let actual = self.kept_cart(call, id).await?.map_or(read.revision, |cart| cart.revision);
        Ok(Error::Stale { actual: Version(actual.0) })
    }
}

fn is_at(cart: &Cart, expected: Version) -> bool {
    cart.revision.0 == expected.0
}

/// Whether a caller may see and change what is this customer's: customers their own and nobody's.
fn may_touch(call: &Call, customer: Option<&CustomerId>) -> bool {
    call.actor.kind != ActorKind::Customer || customer.is_none_or(|customer| customer.as_str() == &*call.actor.id)
}

fn resource(id: CartId) -> ResourceRef {
    ResourceRef { kind: ResourceKind::Cart, id: id.to_string() }
}

/// Why a line is refused, and where.
fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::NoLine(_) => Error::NotFound("line of the cart"),
        Refusal::TooMany { .. } => Error::invalid("/quantity", refusal),
        other => Error::invalid("/sku", other),
    }
}
