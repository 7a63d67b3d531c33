//! The statements, prepared once, and what each writes.

use rusqlite::{Connection, Statement, params};
use uuid::Uuid;

use crate::orders::BenchError;

use super::bodies;
use super::order::{Approval, Line, Order, Orders};

const LEASE_US: i64 = 30_000_000;

/// One connection's statements, and the last place of the feed.
pub(super) struct Statements<'c> {
    begin: Statement<'c>,
    commit: Statement<'c>,
    event: Statement<'c>,
    movement: Statement<'c>,
    account: Statement<'c>,
    hold: Statement<'c>,
    confirm_hold: Statement<'c>,
    order: Statement<'c>,
    confirm_order: Statement<'c>,
    payment: Statement<'c>,
    authorize_payment: Statement<'c>,
    saga: Statement<'c>,
    settle_saga: Statement<'c>,
    worker: Uuid,
    head: i64,
}

/// Who causes an event, and when.
#[derive(Clone, Copy)]
struct Cause {
    at: i64,
    actor_kind: &'static str,
    actor: &'static str,
}

/// A stream's next event.
struct Event<'a> {
    stream: &'static str,
    stream_id: Uuid,
    version: i64,
    kind: &'static str,
    mirror: bool,
    body: &'a str,
}

impl<'c> Statements<'c> {
    pub(super) fn prepare(conn: &'c Connection, worker: Uuid) -> rusqlite::Result<Self> {
        let head = "SELECT max(coalesce((SELECT max(seq) FROM events), 0), coalesce((SELECT max(seq) FROM movements), 0))";
        Ok(Self {
            begin: conn.prepare("BEGIN IMMEDIATE")?,
            commit: conn.prepare("COMMIT")?,
            event: conn.prepare(
                "INSERT INTO events (seq, merchant, stream, stream_id, version, id, kind, kind_version, mirror, at, actor_kind, actor, body) \
                 VALUES (?1, 'default', ?2, ?3, ?4, ?5, ?6, 1, ?7, ?8, ?9, ?10, ?11)",
            )?,
            movement: conn.prepare(
                "INSERT INTO movements (seq, n, prev, id, account, kind, on_hand_delta, held_delta, hold, at, actor_kind, actor) \
                 SELECT ?1, ?1, last, ?2, id, 'held', 0, 1, ?2, ?3, 'staff', 'bench' FROM accounts \
                 WHERE merchant = 'default' AND sku = ?4 AND location = 'default' AND available >= 1",
            )?,
            account: conn.prepare(
                "UPDATE accounts SET held = held + 1, last = ?1 \
                 WHERE merchant = 'default' AND sku = ?2 AND location = 'default' AND available >= 1",
            )?,
            hold: conn.prepare(
                "INSERT INTO holds (merchant, id, owner_kind, owner, sku, placements, remaining, confirmed, expires_at, first) \
                 VALUES ('default', ?1, 'order', ?2, ?3, '1 default', 1, ?4, ?5, ?6)",
            )?,
            confirm_hold: conn.prepare("UPDATE holds SET confirmed = 1 WHERE merchant = 'default' AND id = ?1 AND remaining = 1")?,
            order: conn.prepare(
                "INSERT INTO orders (merchant, id, customer, status, placed_at, updated_at, version, due, total_minor, currency, doc) \
                 VALUES ('default', ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'EUR', ?9)",
            )?,
            confirm_order: conn.prepare(
                "UPDATE orders SET status = 'confirmed', updated_at = ?2, version = 5, due = ?3, doc = ?4 \
                 WHERE merchant = 'default' AND id = ?1 AND version = 3",
            )?,
            payment: conn.prepare(
                "INSERT INTO payments (merchant, id, order_id, status, created_at, updated_at, version, doc) \
                 VALUES ('default', ?1, ?2, ?3, ?4, ?5, ?6, x'')",
            )?,
            authorize_payment: conn.prepare(
                "UPDATE payments SET status = 'authorized', updated_at = ?2, version = 2 \
                 WHERE merchant = 'default' AND id = ?1 AND version = 1",
            )?,
            saga: conn.prepare(
                "INSERT INTO sagas (id, merchant, kind, kind_version, order_id, phase, epoch, revision, lease_worker, lease_until, due, \
                 failures, state, created_at, updated_at) VALUES (?1, 'default', 'collect', 1, ?2, ?3, 1, ?4, ?5, ?6, ?7, 0, ?8, ?9, ?10)",
            )?,
            settle_saga: conn.prepare(
                "UPDATE sagas SET phase = 'done', revision = 2, lease_worker = NULL, lease_until = NULL, due = NULL, state = ?2, \
                 updated_at = ?3 WHERE id = ?1 AND epoch = 1 AND revision = 1",
            )?,
            worker,
            head: conn.query_row(head, [], |row| row.get(0))?,
        })
    }

    /// Runs `work` in a transaction. A failed one ends the run, and the file with it.
    pub(super) fn in_transaction(&mut self, work: impl FnOnce(&mut Self) -> Result<(), BenchError>) -> Result<(), BenchError> {
        self.begin.execute([])?;
        work(self)?;
        self.commit.execute([])?;
        Ok(())
    }

    /// An order that is placed and paid in one transaction: each row is written once, as it stays.
    pub(super) fn write_paid(&mut self, orders: &Orders, order: &Order, approval: &Approval) -> Result<(), BenchError> {
        self.placement(orders, order, true)?;
        self.payment_events(orders, order, approval)?;
        let doc: &[u8] = b"authorized unfulfilled none";
        let Order { id, customer, placed_at, total_minor, .. } = order;
        let Approval { at, expires_at } = approval;
        self.order.execute(params![bytes(id), customer, "confirmed", placed_at, at, 5, expires_at, total_minor, doc])?;
        self.payment.execute(params![bytes(&order.payment), bytes(id), "authorized", placed_at, at, 2])?;
        let state = bodies::saga(order, "settled");
        let none = None::<i64>;
        self.saga.execute(params![
            bytes(&order.saga),
            bytes(id),
            "done",
            2,
            None::<[u8; 16]>,
            none,
            none,
            state.as_bytes(),
            placed_at,
            at
        ])?;
        Ok(())
    }

    /// The first commit of an order: it waits for its payment, and its saga is leased.
    pub(super) fn write_placed(&mut self, orders: &Orders, order: &Order) -> Result<(), BenchError> {
        self.placement(orders, order, false)?;
        let doc: &[u8] = b"unpaid unfulfilled none";
        let Order { id, customer, placed_at, pay_by, total_minor, .. } = order;
        self.order.execute(params![bytes(id), customer, "pending", placed_at, placed_at, 3, pay_by, total_minor, doc])?;
        self.payment.execute(params![bytes(&order.payment), bytes(id), "pending", placed_at, placed_at, 1])?;
        let state = bodies::saga(order, "intended");
        let (worker, until) = (self.worker.into_bytes(), placed_at + LEASE_US);
        self.saga.execute(params![
            bytes(&order.saga),
            bytes(id),
            "running",
            1,
            worker,
            until,
            placed_at,
            state.as_bytes(),
            placed_at,
            placed_at
        ])?;
        Ok(())
    }

    /// The second commit of an order: it is paid and confirmed.
    pub(super) fn write_confirmed(&mut self, orders: &Orders, order: &Order, approval: &Approval) -> Result<(), BenchError> {
        self.payment_events(orders, order, approval)?;
        let doc: &[u8] = b"authorized unfulfilled none";
        let Approval { at, expires_at } = approval;
        one(self.confirm_order.execute(params![bytes(&order.id), at, expires_at, doc])?)?;
        one(self.authorize_payment.execute(params![bytes(&order.payment), at])?)?;
        one(self.settle_saga.execute(params![bytes(&order.saga), bodies::saga(order, "settled").as_bytes(), at])?)?;
        for line in &order.lines {
            one(self.confirm_hold.execute([bytes(&line.hold)])?)?;
        }
        Ok(())
    }

    /// The events of a placement, and the stock that it holds.
    fn placement(&mut self, orders: &Orders, order: &Order, confirmed: bool) -> Result<(), BenchError> {
        let cause = Cause { at: order.placed_at, actor_kind: "staff", actor: "bench" };
        let (placed, started) = (bodies::placed(order), bodies::payment_started(order));
        let (id, payment) = (order.id, order.payment);
        let event = |stream, stream_id, version, kind, mirror, body| Event { stream, stream_id, version, kind, mirror, body };
        self.append(orders, cause, &event("order", id, 1, "OrderPlaced", false, &placed))?;
        self.append(orders, cause, &event("order", id, 2, "RiskAssessed", false, bodies::RISK_ASSESSED))?;
        self.append(orders, cause, &event("order", id, 3, "PaymentStarted", true, &started))?;
        self.append(orders, cause, &event("payment", payment, 1, "PaymentStarted", false, &started))?;
        order.lines.iter().try_for_each(|line| self.take(order, line, confirmed))
    }

    /// The events of an approval.
    fn payment_events(&mut self, orders: &Orders, order: &Order, approval: &Approval) -> Result<(), BenchError> {
        let cause = Cause { at: approval.at, actor_kind: "system", actor: "engine" };
        let authorized = bodies::payment_authorized(order, approval);
        let (id, payment) = (order.id, order.payment);
        let event = |stream, stream_id, version, kind, mirror, body| Event { stream, stream_id, version, kind, mirror, body };
        self.append(orders, cause, &event("order", id, 4, "PaymentAuthorized", true, &authorized))?;
        self.append(orders, cause, &event("order", id, 5, "OrderConfirmed", false, bodies::CONFIRMED))?;
        self.append(orders, cause, &event("payment", payment, 2, "PaymentAuthorized", false, &authorized))
    }

    fn append(&mut self, orders: &Orders, cause: Cause, event: &Event<'_>) -> Result<(), BenchError> {
        self.head += 1;
        self.event.execute(params![
            self.head,
            event.stream,
            bytes(&event.stream_id),
            event.version,
            bytes(&orders.fresh()),
            event.kind,
            event.mirror,
            cause.at,
            cause.actor_kind,
            cause.actor,
            event.body.as_bytes(),
        ])?;
        Ok(())
    }

    /// Holds one unit if it is there.
    fn take(&mut self, order: &Order, line: &Line, confirmed: bool) -> Result<(), BenchError> {
        self.head += 1;
        one(self.movement.execute(params![self.head, bytes(&line.hold), order.placed_at, line.sku])?)?;
        one(self.account.execute(params![self.head, line.sku])?)?;
        self.hold.execute(params![bytes(&line.hold), bytes(&order.id), line.sku, confirmed, order.pay_by, self.head])?;
        Ok(())
    }
}

fn bytes(id: &Uuid) -> [u8; 16] {
    id.into_bytes()
}

/// A guarded write must find its row.
fn one(rows: usize) -> Result<(), BenchError> {
    if rows == 1 { Ok(()) } else { Err(BenchError::Unguarded) }
}
