//! The lists of rows: whether there is one that belongs to nothing.
//!
//! Streams tell which rows they own. Only a list that has more rows than that is walked again, row by row.

use crate::engine::Error;
use crate::engine::verify::findings::{Findings, Notes, Owned, Seen, settled, unreadable};
use crate::engine::verify::replay::{self, Replayed};
use crate::engine::verify::stock::Held;
use crate::engine::verify::{Check, Walk, holds, order};
use crate::id::{MerchantId, OrderId, PaymentId};
use crate::order::{Event, Order};
use crate::payment::Payment;
use crate::ports::{Cursor, LIMIT_MAX_ROWS, Page, PortError, SagaPhase, SagaRow, Store, StreamName};
use crate::saga::Task;
use crate::stock::{Hold, Owner};
use crate::stored;

/// A list that is walked to its end, page by page; it ends early where it cannot be read.
pub(super) struct Pages {
    check: Check,
    list: &'static str,
    after: Option<Cursor>,
    limit: u32,
    more: bool,
}

impl Pages {
    pub(super) const fn of(check: Check, list: &'static str) -> Self {
        Self { check, list, after: None, limit: LIMIT_MAX_ROWS, more: true }
    }

    /// Whether another page is to be read.
    pub(super) const fn more(&self) -> bool {
        self.more
    }

    /// Where it begins.
    pub(super) const fn after(&self) -> Option<&Cursor> {
        self.after.as_ref()
    }

    /// How many rows it has.
    pub(super) const fn limit(&self) -> u32 {
        self.limit
    }

    /// The rows of the page that was read. One that cannot be read is read again row by row, up to the row that is at fault.
    pub(super) fn rows<T>(&mut self, walk: &mut Walk<'_>, page: Result<Page<T>, PortError>) -> Result<Vec<T>, Error> {
        if self.limit > 1 && page.as_ref().is_err_and(unreadable) {
            self.limit = 1;
            return Ok(Vec::new());
        }
        let page = walk.readable(self.check, self.list, page)?.unwrap_or_else(|| Page { items: Vec::new(), next: None });
        self.more = page.next.is_some();
        self.after = page.next;
        Ok(page.items)
    }
}

impl Walk<'_> {
    fn unowned(&self, row: Owned, rows: usize) -> bool {
        rows as u64 > self.owned.get(&row).copied().unwrap_or(0)
    }

    /// Looks for rows that belong to nothing.
    pub(super) async fn rows(&mut self) -> Result<(), Error> {
        self.order_rows().await?;
        self.payment_rows().await?;
        self.parcel_rows().await?;
        self.refund_rows().await?;
        self.saga_rows().await?;
        self.personal_rows().await
    }

    async fn order_rows(&mut self) -> Result<(), Error> {
        let store = self.store;
        let check = Check::OrderRow;
        let mut rows = 0;
        let mut pages = Pages::of(check, "orders");
        while pages.more() {
            let page = store.audit.all_orders(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            rows += page.len();
        }
        if self.unowned(Owned::Order, rows) {
            let mut pages = Pages::of(check, "orders");
            while pages.more() {
                let page = store.audit.all_orders(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for (merchant, row) in page {
                    let streams = replay::exists(store, &replay::stream(&merchant, StreamName::Order(row.id))).await?;
                    self.unless(streams, check, &merchant, &format!("order/{}", row.id), "a stream, for there is a row");
                }
            }
        }
        Ok(())
    }

    async fn payment_rows(&mut self) -> Result<(), Error> {
        let store = self.store;
        let check = Check::PaymentRow;
        let (mut rows, mut of_orders) = (0, 0);
        let mut pages = Pages::of(check, "payments");
        while pages.more() {
            let page = store.audit.all_payments(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            rows += page.len();
            of_orders += page.iter().filter(|(_, row)| row.order.is_some()).count();
        }
        // that of an order is checked with its order; one whose order does not name it was not
        if self.unowned(Owned::Payment, rows) || self.unowned(Owned::OrderPayment, of_orders) {
            let mut pages = Pages::of(check, "payments");
            while pages.more() {
                let page = store.audit.all_payments(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for (merchant, row) in page {
                    let subject = format!("payment/{}", row.id);
                    let streams = replay::exists(store, &replay::stream(&merchant, StreamName::Payment(row.id))).await?;
                    self.unless(streams, check, &merchant, &subject, "a stream, for there is a row");
                    if let Some(id) = row.order
                        && streams
                    {
                        let found = settled(async || {
                            let named =
                                |order: &Replayed<Event, Order>| order.state.tenders.attempts.iter().any(|a| a.payment_id == row.id);
                            named_by_order(store, &merchant, id, check, &subject, named).await
                        });
                        self.add(found.await?, Some(&merchant), &subject);
                    }
                }
            }
        }
        Ok(())
    }

    async fn parcel_rows(&mut self) -> Result<(), Error> {
        let store = self.store;
        let check = Check::ShipmentRow;
        let mut rows = 0;
        let mut pages = Pages::of(check, "shipments");
        while pages.more() {
            let page = store.audit.all_shipments(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            rows += page.len();
        }
        if self.unowned(Owned::Shipment, rows) {
            let mut pages = Pages::of(check, "shipments");
            while pages.more() {
                let page = store.audit.all_shipments(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for (merchant, row) in page {
                    let subject = format!("shipment/{}", row.id);
                    let named = |order: &Replayed<Event, Order>| order.state.shipment(row.id).is_some();
                    let found = settled(async || named_by_order(store, &merchant, row.order, check, &subject, named).await).await?;
                    self.add(found, Some(&merchant), &subject);
                }
            }
        }
        let check = Check::ReturnRow;
        let mut rows = 0;
        let mut pages = Pages::of(check, "returns");
        while pages.more() {
            let page = store.audit.all_returns(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            rows += page.len();
        }
        if self.unowned(Owned::Return, rows) {
            let mut pages = Pages::of(check, "returns");
            while pages.more() {
                let page = store.audit.all_returns(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for (merchant, row) in page {
                    let subject = format!("return/{}", row.id);
                    let named = |order: &Replayed<Event, Order>| order.state.return_of_goods(row.id).is_some();
                    let found = settled(async || named_by_order(store, &merchant, row.order, check, &subject, named).await).await?;
                    self.add(found, Some(&merchant), &subject);
                }
            }
        }
        Ok(())
    }

    async fn refund_rows(&mut self) -> Result<(), Error> {
        let store = self.store;
        let check = Check::RefundRow;
        let mut rows = 0;
        let mut pages = Pages::of(check, "refunds");
        while pages.more() {
            let page = store.audit.all_refunds(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            rows += page.len();
        }
        if self.unowned(Owned::Refund, rows) {
            let mut pages = Pages::of(check, "refunds");
            while pages.more() {
                let page = store.audit.all_refunds(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for (merchant, row) in page {
                    let subject = format!("refund/{}", row.id);
                    let named = |payment: &Payment| payment.tenders.refund(row.id).is_some();
                    let found = settled(async || named_by_payment(store, &merchant, row.payment, check, &subject, named).await).await?;
                    self.add(found, Some(&merchant), &subject);
                }
            }
        }
        Ok(())
    }

    async fn saga_rows(&mut self) -> Result<(), Error> {
        let store = self.store;
        let check = Check::SagaRow;
        let mut rows = 0;
        let mut pages = Pages::of(check, "sagas");
        while pages.more() {
            let page = store.audit.all_sagas(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            rows += page.len();
            for row in page.into_iter().filter(|row| matches!(row.phase, SagaPhase::Stuck | SagaPhase::Abandoned)) {
                let streams = replay::exists(store, &replay::stream(&row.merchant, StreamName::Saga(row.id))).await?;
                let subject = format!("saga/{}", row.id);
                self.unless(streams, Check::SagaStream, &row.merchant, &subject, format!("a stream that says why it is {}", row.phase));
            }
        }
        if self.unowned(Owned::Saga, rows) {
            let mut pages = Pages::of(check, "sagas");
            while pages.more() {
                let page = store.audit.all_sagas(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for row in page {
                    let found = settled(async || saga(store, &row).await).await?;
                    self.add(found, Some(&row.merchant), &format!("saga/{}", row.id));
                }
            }
        }
        Ok(())
    }

    async fn personal_rows(&mut self) -> Result<(), Error> {
        let store = self.store;
        let check = Check::PersonalReference;
        let mut rows = 0;
        let mut pages = Pages::of(check, "personal data");
        while pages.more() {
            let page = store.audit.all_personal(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            rows += page.len();
        }
        if self.unowned(Owned::Personal, rows) {
            let mut pages = Pages::of(check, "personal data");
            while pages.more() {
                let page = store.audit.all_personal(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for (merchant, row) in page {
                    let subject = format!("personal/{}", row.reference);
                    let named = |order: &Replayed<Event, Order>| order::references(order).contains(&row.reference);
                    let found = match row.order {
                        Some(id) => settled(async || named_by_order(store, &merchant, id, check, &subject, named).await).await?,
                        None => Some(Findings::default()),
                    };
                    self.add(found, Some(&merchant), &subject);
                    self.unless(row.order.is_some(), check, &merchant, &subject, "an order that it is kept for");
                }
            }
        }
        Ok(())
    }

    /// Sums what is held, and checks the holds of reservations, and those of orders that there are not.
    pub(super) async fn holds(&mut self) -> Result<Held, Error> {
        let store = self.store;
        let check = Check::OrderHolds;
        let mut held = Held::default();
        let mut of_orders = 0;
        let mut pages = Pages::of(check, "holds");
        while pages.more() {
            let page = store.audit.all_holds(pages.after(), pages.limit()).await;
            let page = pages.rows(self, page)?;
            page.iter().for_each(|hold| held.add(hold));
            of_orders += page.iter().filter(|hold| matches!(hold.owner, Owner::Order(_))).count();
            for hold in page.into_iter().filter(|hold| matches!(hold.owner, Owner::Reservation(_))) {
                let found = settled(async || reserved(store, &hold).await).await?;
                self.add(found, Some(&hold.merchant), &format!("hold/{}", hold.id));
            }
        }
        if self.unowned(Owned::Hold, of_orders) {
            let mut pages = Pages::of(check, "holds");
            while pages.more() {
                let page = store.audit.all_holds(pages.after(), pages.limit()).await;
                let page = pages.rows(self, page)?;
                for hold in page {
                    let Owner::Order(id) = hold.owner else { continue };
                    let streams = replay::exists(store, &replay::stream(&hold.merchant, StreamName::Order(id))).await?;
                    self.unless(streams, check, &hold.merchant, &format!("hold/{}", hold.id), format!("order/{id}, whose it is"));
                }
            }
        }
        Ok(held)
    }
}

/// Whether an order's stream names a row; a stream that is not lawful says nothing, and is told of by itself.
async fn named_by_order(
    store: &Store,
    merchant: &MerchantId,
    id: OrderId,
    check: Check,
    subject: &str,
    named: impl Fn(&Replayed<Event, Order>) -> bool,
) -> Result<Seen, Error> {
    let stream = replay::stream(merchant, StreamName::Order(id));
    let mut quiet = Notes::new(merchant);
    let mut notes = Notes::new(merchant);
    let expected = format!("a row that order/{id} names");
    if !replay::exists(store, &stream).await? {
        notes.differ(check, subject, expected, "one whose order does not exist");
    } else if let Some(order) = replay::order(store, &stream, &mut quiet).await?
        && !named(&order)
    {
        notes.differ(check, subject, expected, "one that it does not name");
    }
    Ok(Seen::Judged(notes.findings))
}

/// The same of a payment's stream.
async fn named_by_payment(
    store: &Store,
    merchant: &MerchantId,
    id: PaymentId,
    check: Check,
    subject: &str,
    named: impl Fn(&Payment) -> bool,
) -> Result<Seen, Error> {
    let stream = replay::stream(merchant, StreamName::Payment(id));
    let mut quiet = Notes::new(merchant);
    let mut notes = Notes::new(merchant);
    let expected = format!("a row that payment/{id} names");
    if !replay::exists(store, &stream).await? {
        notes.differ(check, subject, expected, "one whose payment does not exist");
    } else if let Some(payment) = replay::payment(store, &stream, &mut quiet).await?
        && !named(&payment.state)
    {
        notes.differ(check, subject, expected, "one that it does not name");
    }
    Ok(Seen::Judged(notes.findings))
}

/// Whether what a saga serves has what the saga is for.
async fn saga(store: &Store, row: &SagaRow) -> Result<Seen, Error> {
    let (check, subject) = (Check::SagaRow, format!("saga/{}", row.id));
    let mut notes = Notes::new(&row.merchant);
    let task = match stored::decode_saga_state(&row.kind.kind, row.kind.version, &row.state) {
        Ok(state) => state.task,
        Err(error) => {
            notes.differ(check, &subject, "a state that can be read", error);
            return Ok(Seen::Judged(notes.findings));
        }
    };
    if task.saga_uuid() != row.id.0 {
        notes.differ(check, &subject, "the id of its task", format!("the task to {} {}", task.kind(), task.subject()));
    }
    let of_tenders = |tenders: &crate::tender::Tenders| match task {
        Task::Collect(id) | Task::Reverse(id) => tenders.attempt(id).is_some(),
        Task::Capture(id) => tenders.capture(id).is_some(),
        Task::Refund(id) => tenders.refund(id).is_some(),
        Task::Ship(_) => false,
    };
    let seen = match (row.order, row.payment) {
        (Some(id), None) => {
            let named = |order: &Replayed<Event, Order>| match task {
                Task::Ship(id) => order.state.shipment(id).is_some(),
                _ => of_tenders(&order.state.tenders),
            };
            named_by_order(store, &row.merchant, id, check, &subject, named).await?
        }
        (None, Some(id)) => named_by_payment(store, &row.merchant, id, check, &subject, |payment| of_tenders(&payment.tenders)).await?,
        (Some(_), Some(_)) | (None, None) => {
            notes.differ(check, &subject, "an order or a payment that it serves", "both or neither");
            return Ok(Seen::Judged(notes.findings));
        }
    };
    if let Seen::Judged(found) = seen {
        notes.findings.differences.extend(found.differences);
    }
    Ok(Seen::Judged(notes.findings))
}

/// The hold of a reservation against its movements.
async fn reserved(store: &Store, hold: &Hold) -> Result<Seen, Error> {
    let mut notes = Notes::new(&hold.merchant);
    let found = store.stock.hold(&hold.merchant, hold.id).await;
    if let Some(Some(hold)) = notes.readable(Check::HoldMovements, &format!("hold/{}", hold.id), found)? {
        holds::with_movements(store, &mut notes, vec![hold]).await?;
    }
    Ok(Seen::Judged(notes.findings))
}
