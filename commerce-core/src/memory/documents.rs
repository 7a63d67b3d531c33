//! Personal data and carts.

use async_trait::async_trait;

use super::MemoryStore;
use super::page::rows_max;
use crate::cart::{Cart, Revision};
use crate::id::{CartId, CustomerId, MerchantId, PersonalRef};
use crate::ports::{Carts, Personal, PersonalRow, PortError};
use crate::time::Timestamp;

#[async_trait]
impl Personal for MemoryStore {
    async fn get(&self, merchant: &MerchantId, reference: PersonalRef) -> Result<Option<PersonalRow>, PortError> {
        Ok(self.state().personal.get(&(merchant.clone(), reference)).cloned())
    }

    async fn erase(&self, merchant: &MerchantId, customer: &CustomerId) -> Result<u64, PortError> {
        let rows = &mut self.state().personal;
        let before = rows.len();
        rows.retain(|(whose, _), row| whose != merchant || row.customer.as_ref() != Some(customer));
        Ok((before - rows.len()) as u64)
    }
}

#[async_trait]
impl Carts for MemoryStore {
    async fn get(&self, merchant: &MerchantId, id: CartId) -> Result<Option<Cart>, PortError> {
        Ok(self.state().carts.get(&(merchant.clone(), id)).cloned())
    }

    async fn put(&self, merchant: &MerchantId, cart: &Cart, expected: Option<Revision>) -> Result<bool, PortError> {
        let carts = &mut self.state().carts;
        let key = (merchant.clone(), cart.id);
        let stands = carts.get(&key).map(|stored| stored.revision) == expected;
        if stands {
            carts.insert(key, cart.clone());
        }
        Ok(stands)
    }

    async fn put_and_delete(
        &self,
        merchant: &MerchantId,
        cart: &Cart,
        expected: Revision,
        gone: (CartId, Revision),
    ) -> Result<bool, PortError> {
        if cart.id == gone.0 {
            return Err(PortError::misuse("a cart is to be written and deleted at once"));
        }
        let carts = &mut self.state().carts;
        let key = |id| (merchant.clone(), id);
        let has = |id, revision| carts.get(&key(id)).is_some_and(|stored| stored.revision == revision);
        let stands = has(cart.id, expected) && has(gone.0, gone.1);
        if stands {
            carts.insert(key(cart.id), cart.clone());
            carts.remove(&key(gone.0));
        }
        Ok(stands)
    }

    async fn delete(&self, merchant: &MerchantId, id: CartId) -> Result<bool, PortError> {
        Ok(self.state().carts.remove(&(merchant.clone(), id)).is_some())
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, PortError> {
        let carts = &mut self.state().carts;
        let expired = carts.iter().filter(|(_, cart)| cart.expires_at < now).take(rows_max(limit));
        let keys: Vec<_> = expired.map(|(key, _)| key.clone()).collect();
        keys.iter().for_each(|key| drop(carts.remove(key)));
        Ok(keys.len() as u64)
    }
}
