//! Callers who order, ship, cancel and send back, all at once. Each command has a key of its own, and is repeated under it until it is
//! answered.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use commerce_core::testkit::Dice;

use crate::chaos::town::Door;
use crate::client::{Reply, request, try_raw};
use crate::process::Server;

/// Callers at once.
const CALLERS: u64 = 8;
/// What a caller does who is told to come back later.
const LATER_PAUSE_MS: u64 = 50;
/// For the next answer to come.
const ANSWER_TIMEOUT_S: u64 = 30;
/// How often a caller comes back before it calls that a fault.
const LATER_MAX: u32 = 2_000;

/// SKUs of which there is plenty, and those that run out, each with what is on the shelf at first.
pub(crate) const SHELF: [(&str, u32); 8] = [
    ("PLENTY-1", 100_000),
    ("PLENTY-2", 100_000),
    ("PLENTY-3", 100_000),
    ("PLENTY-4", 100_000),
    ("PLENTY-5", 100_000),
    ("RARE-1", 25),
    ("RARE-2", 25),
    ("RARE-3", 25),
];

/// A command that was answered.
#[derive(Debug)]
pub(crate) struct Told {
    /// What was asked for, in the words of the load.
    pub(crate) deed: Deed,
    pub(crate) key: String,
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Option<String>,
    pub(crate) reply: Reply,
    /// How often it was sent before and got no answer.
    pub(crate) unheard: u32,
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Deed {
    Place,
    Pay,
    Cancel,
    CancelLines,
    Pack,
    Dispatch,
    Deliver,
    AskReturn,
    TakeBack,
    Refund,
    Receive,
}

impl Told {
    /// Whether it was done.
    pub(crate) fn done(&self) -> bool {
        self.reply.status < 300
    }

    /// Whether it was done by a request that nobody heard the answer of.
    pub(crate) fn done_unheard(&self) -> bool {
        self.done() && self.reply.header("idempotency-replayed") == Some("true")
    }

    /// The same request under the same key.
    pub(crate) fn again(&self, address: SocketAddr) -> Reply {
        try_raw(address, &keyed(self.method, &self.path, &self.key, self.body.as_deref())).unwrap()
    }
}

/// Callers at work.
pub(crate) struct Load {
    callers: Vec<JoinHandle<()>>,
    enough: Arc<AtomicBool>,
    later: Arc<AtomicU64>,
    /// What they were told, in the order in which they heard it.
    told: Receiver<Told>,
}

impl Load {
    /// Fills the shelf and sends the callers in.
    pub(crate) fn start(shop: &Server, door: &Arc<Door>, seed: u64) -> Self {
        for (sku, units) in SHELF {
            shop.stock(sku, units);
        }
        let (tell, told) = channel();
        let enough = Arc::new(AtomicBool::new(false));
        let (orders, later) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
        let caller = |n: u64| {
            let mut caller = Caller {
                name: n,
                asked: 0,
                dice: Dice::new(seed.wrapping_add(n)),
                door: Arc::clone(door),
                orders: Arc::clone(&orders),
                later: Arc::clone(&later),
                tell: tell.clone(),
            };
            let enough = Arc::clone(&enough);
            std::thread::spawn(move || {
                while !enough.load(Ordering::Relaxed) {
                    caller.does_something();
                }
            })
        };
        Self { callers: (1..=CALLERS).map(caller).collect(), enough, later, told }
    }

    /// How often callers were told to come back later.
    pub(crate) fn later(&self) -> u64 {
        self.later.load(Ordering::Acquire)
    }

    /// The next so many answers.
    pub(crate) fn hear(&self, answers: u64) -> Vec<Told> {
        (0..answers).map(|_| self.told.recv_timeout(Duration::from_secs(ANSWER_TIMEOUT_S)).unwrap()).collect()
    }

    /// Lets them finish what they are at; what they were told since the last one was taken.
    pub(crate) fn stop(self) -> Vec<Told> {
        self.enough.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.join().unwrap();
        }
        self.told.into_iter().collect()
    }
}

/// One caller.
pub(crate) struct Caller {
    name: u64,
    asked: u64,
    pub(crate) dice: Dice,
    door: Arc<Door>,
    /// Orders that any of them has placed.
    pub(crate) orders: Arc<Mutex<Vec<String>>>,
    later: Arc<AtomicU64>,
    tell: Sender<Told>,
}

impl Caller {
    /// A key that nobody used yet.
    pub(crate) fn fresh_key(&mut self) -> String {
        self.asked += 1;
        format!("caller-{}-{}", self.name, self.asked)
    }

    /// Gives a command until it is answered.
    pub(crate) fn command(&mut self, deed: Deed, path: &str, body: Option<String>) -> Reply {
        let key = self.fresh_key();
        self.command_under(deed, key, path, body)
    }

    /// The same, under a key of the caller's choice.
    pub(crate) fn command_under(&mut self, deed: Deed, key: String, path: &str, body: Option<String>) -> Reply {
        let method = "POST";
        let (reply, unheard) = self.until_answered(&keyed(method, path, &key, body.as_deref()));
        let told = Told { deed, key, method, path: path.to_owned(), body, reply: reply.clone(), unheard };
        self.tell.send(told).unwrap();
        reply
    }

    /// Reads something until it is answered.
    pub(crate) fn read(&self, path: &str) -> Reply {
        self.until_answered(&request("GET", path, &[], None)).0
    }

    /// Sends a request again and again, to each life of the shop, until there is an answer that is not "later"; and how often it
    /// got none.
    fn until_answered(&self, bytes: &[u8]) -> (Reply, u32) {
        let mut unheard = 0;
        for _ in 0..LATER_MAX {
            let (life, address) = self.door.now();
            match try_raw(address, bytes) {
                Ok(reply) if reply.status == 503 => {
                    self.later.fetch_add(1, Ordering::AcqRel);
                    assert_eq!(reply.header("retry-after"), Some("1"), "{reply:?}");
                    let code = reply.text("/code");
                    reply.problem(503, if code == "outcome_unknown" { &code } else { "store_unavailable" });
                    std::thread::sleep(Duration::from_millis(LATER_PAUSE_MS));
                }
                Ok(reply) => {
                    let whole = reply.status < 300 || [409, 422].contains(&reply.status);
                    assert!(whole, "{} got {reply:?}", String::from_utf8_lossy(bytes));
                    return (reply, unheard);
                }
                Err(_) => {
                    unheard += 1;
                    self.door.after(life);
                }
            }
        }
        panic!("told to come back later {LATER_MAX} times: {}", String::from_utf8_lossy(bytes));
    }
}

fn keyed(method: &str, path: &str, key: &str, body: Option<&str>) -> Vec<u8> {
    request(method, path, &[("idempotency-key", key)], body)
}
