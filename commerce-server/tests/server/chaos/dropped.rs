use std::collections::BTreeMap;
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use commerce_core::testkit::Dice;
use serde_json::{Value, json};

use crate::chaos::books::{count, list, pages, text};
use crate::chaos::kills::{SEED, given};
use crate::client::{request, try_raw};
use crate::process::{Place, Server, run};

/// Callers who hang up, and how often each does, unless `CHAOS_DROPS` says otherwise: in all more often than the server has room for
/// connections, so that whatever one of them keeps is missed by those after it.
const CALLERS: u64 = 6;
const DROPS: u64 = 200;
/// Of so many one packs an order that is there already; the others place one.
const PACKS_ONE_IN: u64 = 12;
/// Microseconds from the whole request to the hanging up, at most.
const WAIT_MAX_US: u64 = 10_000;
/// For the answer to someone who stays, while others hang up and after.
const ANSWER_MAX_MS: u128 = 5_000;

/// A command whose caller hung up.
struct Dropped {
    key: String,
    path: String,
    body: Option<String>,
    /// Whether the whole request was sent.
    whole: bool,
}

impl Dropped {
    fn bytes(&self) -> Vec<u8> {
        request("POST", &self.path, &[("idempotency-key", &self.key)], self.body.as_deref())
    }

    /// Sends it, or a part of it, and hangs up without a look at the answer.
    fn hang_up(mut self, address: SocketAddr, dice: &mut Dice) -> Self {
        let bytes = self.bytes();
        let cut = usize::try_from(dice.below(bytes.len() as u64)).unwrap();
        self.whole = dice.below(10) >= 4;
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(if self.whole { &bytes } else { &bytes[..cut] }).unwrap();
        if self.whole && dice.below(2) == 0 {
            thread::sleep(Duration::from_micros(dice.below(WAIT_MAX_US)));
        }
        self
    }
}

#[test]
fn callers_who_hang_up_at_any_moment_keep_nothing_and_each_command_is_done_once_or_not_at_all() {
    let (drops, seed) = (given("CHAOS_DROPS", DROPS), given("CHAOS_SEED", SEED));
    eprintln!("CHAOS_DROPS={drops} CHAOS_SEED={seed}");
    let place = Place::new();
    let server = place.serve();
    server.stock("A", 1_000_000);
    let to_pack: Vec<String> = (0..CALLERS * drops / PACKS_ONE_IN).map(|n| placed(&server, &format!("to-pack-{n}"))).collect();
    let dropped = hang_up(&server, &to_pack, drops, seed);
    for _ in 0..20 {
        in_time(|| server.get("/api/v1/orders?limit=1").with(200));
    }
    let before = by_customer(&server);
    let (mut again, mut anew) = (0, 0);
    for one in dropped.iter().filter(|one| one.whole) {
        let reply = in_time(|| try_raw(server.address, &one.bytes()).unwrap()).with(201);
        let done_before = reply.header("idempotency-replayed") == Some("true");
        if let Some(orders) = before.get(&one.key) {
            assert!(done_before && reply.text("/id") == text(&orders[0]["id"]), "{}: {orders:?}, and again {reply:?}", one.key);
        }
        if done_before { again += 1 } else { anew += 1 }
    }
    eprintln!("{} hung up, {} after the whole request: {again} had been done, {anew} not", dropped.len(), again + anew);
    assert!(again > 0 && anew > 0, "they hung up before and after it was done");
    each_was_done_once(&server, &dropped, &to_pack);
    server.end();
    let (output, out, err) = run(&["verify"], Some(&place.store()));
    assert!(output.status.success(), "{out}{err}");
}

/// All hang up as often as told, while one stays and is served.
fn hang_up(server: &Server, to_pack: &[String], drops: u64, seed: u64) -> Vec<Dropped> {
    let gone = AtomicBool::new(false);
    let address = server.address;
    thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|caller| {
                let mut dice = Dice::new(seed.wrapping_add(caller));
                let share = to_pack.iter().skip(usize::try_from(caller).unwrap()).step_by(usize::try_from(CALLERS).unwrap());
                let mut share = share.collect::<Vec<_>>().into_iter();
                scope.spawn(move || {
                    let mut command = |n: u64, dice: &mut Dice| {
                        let key = format!("drop-{caller}-{n}");
                        match share.next().filter(|_| n.is_multiple_of(PACKS_ONE_IN)) {
                            Some(id) => Dropped { key, path: format!("/api/v1/orders/{id}/shipments"), body: None, whole: false },
                            None => {
                                let mut order = json!({"customer_id": key, "product_id": "A", "quantity": 1});
                                if dice.below(4) == 0 {
                                    order["payment_method_id"] = json!("sandbox_visa");
                                }
                                Dropped { key, path: "/api/v1/orders".to_owned(), body: Some(order.to_string()), whole: false }
                            }
                        }
                    };
                    (0..drops).map(|n| command(n, &mut dice).hang_up(address, &mut dice)).collect::<Vec<_>>()
                })
            })
            .collect();
        let stays = scope.spawn(|| {
            for n in 0.. {
                in_time(|| placed(server, &format!("stays-{n}")));
                if gone.load(Ordering::Relaxed) {
                    return;
                }
            }
        });
        let dropped = callers.into_iter().flat_map(|caller| caller.join().unwrap()).collect();
        gone.store(true, Ordering::Relaxed);
        stays.join().unwrap();
        dropped
    })
}

/// An order that is paid; its id.
fn placed(server: &Server, customer: &str) -> String {
    let order = json!({"customer_id": customer, "product_id": "A", "quantity": 1, "payment_method_id": "sandbox_visa"});
    let reply = server.post("/api/v1/orders", order).with(201);
    assert_eq!(reply.text("/status"), "confirmed");
    reply.text("/id")
}

fn in_time<T>(ask: impl FnOnce() -> T) -> T {
    let began = Instant::now();
    let answer = ask();
    let took_ms = began.elapsed().as_millis();
    assert!(took_ms <= ANSWER_MAX_MS, "answered after {took_ms} ms");
    answer
}

fn by_customer(server: &Server) -> BTreeMap<String, Vec<Value>> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for order in pages(server, "/api/v1/orders") {
        all.entry(text(&order["customer_id"])).or_default().push(order);
    }
    all
}

/// What was repeated is there once; what was never sent whole is not there.
fn each_was_done_once(server: &Server, dropped: &[Dropped], to_pack: &[String]) {
    let orders = by_customer(server);
    for one in dropped.iter().filter(|one| one.body.is_some()) {
        let made = orders.get(&one.key).map_or(0, Vec::len);
        assert_eq!(made, usize::from(one.whole), "orders of {}", one.key);
    }
    let packed: i64 = dropped.iter().filter(|one| one.body.is_none() && one.whole).map(|_| 1).sum();
    let mut parcels = 0;
    for id in to_pack {
        let order = server.get(&format!("/api/v1/orders/{id}")).with(200).json();
        assert!(list(&order["shipments"]).count() <= 1, "{order:#}");
        parcels += list(&order["lines"]).map(|line| count(&line["packed"])).sum::<i64>();
    }
    assert_eq!(parcels, packed);
    let held: i64 = i64::try_from(orders.values().map(Vec::len).sum::<usize>()).unwrap();
    assert_eq!(server.get("/api/v1/inventory/items/A").json()["totals"]["held"], json!(held), "each order holds its one unit");
}
