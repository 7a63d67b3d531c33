//! Tells waiters that something was committed.

use std::sync::{Mutex, PoisonError};

use futures::channel::oneshot;

#[derive(Default)]
pub(crate) struct Notifier {
    waiters: Mutex<Vec<oneshot::Sender<()>>>,
}

impl Notifier {
    /// Wakes all who wait.
    pub(crate) fn notify(&self) {
        let waiters = std::mem::take(&mut *self.waiters.lock().unwrap_or_else(PoisonError::into_inner));
        for waiter in waiters {
            // one that stopped waiting needs no word
            let _gone = waiter.send(());
        }
    }

    /// Ends at the next [`Notifier::notify`] after the call.
    pub(crate) fn changed(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut waiters = self.waiters.lock().unwrap_or_else(PoisonError::into_inner);
        // those that stopped waiting must not add up while nothing is committed
        waiters.retain(|waiter| !waiter.is_canceled());
        waiters.push(sender);
        receiver
    }
}
