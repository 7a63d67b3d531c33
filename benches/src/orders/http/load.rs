//! Connections that each send a request, check its answer, and send the next.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures::future::try_join_all;

use super::Answered;
use super::connection::Connection;
use super::cpu;
use super::server::Server;
use crate::orders::BenchError;
use crate::orders::callers::Load;
use crate::orders::latencies::Latencies;

/// Most orders that are kept to be read again.
const KEPT_MAX_ORDERS: usize = 50_000;
const ID_CHARS: usize = 36;

/// Orders that were placed.
#[derive(Default)]
pub(super) struct Kept(RefCell<Vec<String>>);

impl Kept {
    /// Checks an order that was placed, and keeps its id.
    pub(super) fn placed(&self, body: &str) -> Result<(), BenchError> {
        let id = confirmed(body)?;
        let mut kept = self.0.borrow_mut();
        if kept.len() < KEPT_MAX_ORDERS {
            kept.push(id.to_owned());
        }
        Ok(())
    }

    pub(super) fn into_ids(self) -> Vec<String> {
        self.0.into_inner()
    }
}

/// The id of an order in an answer, if it is confirmed.
pub(super) fn confirmed(body: &str) -> Result<&str, BenchError> {
    let id = body.strip_prefix(r#"{"id":""#).and_then(|rest| rest.get(..ID_CHARS));
    id.filter(|_| body.contains(r#""status":"confirmed""#)).ok_or_else(|| BenchError::Unreadable(body.to_owned()))
}

/// When requests are sent and which count.
struct Window {
    warm_at: Instant,
    end_at: Option<Instant>,
    begun: Cell<u64>,
    begun_max: u64,
    last_at: Cell<Instant>,
}

impl Window {
    fn open(load: &Load) -> Self {
        let now = Instant::now();
        let warm_at = now + load.warm_up;
        let end_at = load.time.map(|time| warm_at + time);
        Self { warm_at, end_at, begun: Cell::new(0), begun_max: load.orders_max.unwrap_or(u64::MAX), last_at: Cell::new(warm_at) }
    }

    /// Whether another request is to be sent.
    fn next(&self) -> bool {
        let begun = self.begun.replace(self.begun.get() + 1);
        begun < self.begun_max && self.end_at.is_none_or(|end| Instant::now() < end)
    }

    /// How long a request took, if its answer counts.
    fn count(&self, sent_at: Instant) -> Option<Duration> {
        let now = Instant::now();
        let counts = now >= self.warm_at && self.end_at.is_none_or(|end| now <= end);
        counts.then(|| {
            self.last_at.set(now);
            now.duration_since(sent_at)
        })
    }
}

/// Sends requests taken at random, on as many connections as the load has callers; `status` is what each must be answered with, `check`
/// looks at its body.
pub(super) async fn ask_in_turn(
    server: &Server,
    load: &Load,
    requests: &[Vec<u8>],
    status: u16,
    check: impl Fn(&str) -> Result<(), BenchError>,
) -> Result<Answered, BenchError> {
    let connections = try_join_all((0..load.callers).map(|_| Connection::open(server.address()))).await?;
    let used = || Ok::<_, BenchError>((cpu::used(Some(server.pid()))?, cpu::used(None)?));
    let before = used()?;
    let window = Window::open(load);
    let one = async |mut connection: Connection, mut random: fastrand::Rng| {
        let (mut latencies, mut answers) = (Vec::new(), 0_u64);
        while window.next() {
            let Some(request) = random.choice(requests) else { return Err(BenchError::NothingMeasured) };
            let sent_at = Instant::now();
            let (answered, body) = connection.ask(request).await?;
            let took = window.count(sent_at);
            let body = std::str::from_utf8(body).unwrap_or_default();
            if answered != status {
                return Err(BenchError::Answered { status: answered, body: body.to_owned() });
            }
            check(body)?;
            latencies.extend(took);
            answers += 1;
        }
        Ok((latencies, answers))
    };
    let seeds = (0_u64..).map(|n| fastrand::Rng::with_seed(load.seed.wrapping_add(n)));
    let all = try_join_all(connections.into_iter().zip(seeds).map(|(connection, random)| one(connection, random))).await?;
    let after = used()?;
    let (latencies, answers): (Vec<_>, Vec<_>) = all.into_iter().unzip();
    let latencies = Latencies::of(latencies.concat());
    let time = window.last_at.get().duration_since(window.warm_at);
    if latencies.count() == 0 || time.is_zero() {
        return Err(BenchError::NothingMeasured);
    }
    Ok(Answered {
        per_s: latencies.count() as f64 / time.as_secs_f64(),
        latencies,
        requests: answers.iter().sum(),
        server_cpu: after.0.saturating_sub(before.0),
        client_cpu: after.1.saturating_sub(before.1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_confirmed_order_counts_and_gives_its_id() {
        let id = "01a1ff26-e403-7203-9777-1225a0249b3c";
        let body = |status: &str| format!(r#"{{"id":"{id}","version":5,"status":"{status}"}}"#);
        assert_eq!(confirmed(&body("confirmed")).unwrap(), id);
        for other in
            [body("payment_failed"), String::new(), r#"{"status":"confirmed"}"#.to_owned(), r#"{"id":"1","status":"confirmed"}"#.to_owned()]
        {
            assert!(matches!(confirmed(&other), Err(BenchError::Unreadable(_))), "{other}");
        }
    }
}
