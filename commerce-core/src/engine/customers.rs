//! What the engine does for a customer as a person.

use crate::engine::{Call, Commerce, Error};
use crate::id::CustomerId;

impl Commerce {
    /// Deletes all names, addresses, notes and metadata that are kept of a customer; answers how many rows there were. Orders stay,
    /// and show no personal data from then on.
    ///
    /// # Errors
    /// [`Error::Port`].
    ///
    /// # Cancel safety
    /// Done as a whole or not at all.
    ///
    /// # Crash
    /// All rows are there or none.
    pub async fn erase_customer(&self, call: &Call, customer: &CustomerId) -> Result<u64, Error> {
        self.inner.moment(call)?;
        Ok(self.inner.store.personal.erase(&call.merchant, customer).await?)
    }
}
