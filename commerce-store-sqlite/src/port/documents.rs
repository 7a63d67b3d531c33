use async_trait::async_trait;
use commerce_core::cart::{Cart, Revision};
use commerce_core::id::{CartId, CustomerId, MerchantId, PersonalRef};
use commerce_core::ports::{Carts, Personal, PersonalRow, PortError};
use commerce_core::time::Timestamp;

use super::Ports;
use crate::page::rows_max;
use crate::table::{carts, personal};

#[async_trait]
impl Personal for Ports {
    async fn get(&self, merchant: &MerchantId, reference: PersonalRef) -> Result<Option<PersonalRow>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| personal::get(conn, &merchant, reference)).await
    }

    async fn erase(&self, merchant: &MerchantId, customer: &CustomerId) -> Result<u64, PortError> {
        let (merchant, customer) = (merchant.clone(), customer.clone());
        self.jobs.write(move |conn| personal::erase(conn, &merchant, &customer)).await
    }
}

#[async_trait]
impl Carts for Ports {
    async fn get(&self, merchant: &MerchantId, id: CartId) -> Result<Option<Cart>, PortError> {
        let merchant = merchant.clone();
        self.readers.read(move |conn| carts::get(conn, &merchant, id)).await
    }

    async fn put(&self, merchant: &MerchantId, cart: &Cart, expected: Option<Revision>) -> Result<bool, PortError> {
        let (merchant, cart) = (merchant.clone(), cart.clone());
        self.jobs.write(move |conn| carts::put(conn, &merchant, &cart, expected)).await
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
        let (merchant, cart) = (merchant.clone(), cart.clone());
        self.jobs.write(move |conn| carts::put_and_delete(conn, &merchant, &cart, expected, gone)).await
    }

    async fn delete(&self, merchant: &MerchantId, id: CartId) -> Result<bool, PortError> {
        let merchant = merchant.clone();
        self.jobs.write(move |conn| carts::delete(conn, &merchant, id)).await
    }

    async fn sweep(&self, now: Timestamp, limit: u32) -> Result<u64, PortError> {
        self.jobs.write(move |conn| carts::sweep(conn, now, rows_max(limit))).await
    }
}
