//! A shop and its bank, each a process of its own over a file of its own, and the door by which callers find the shop.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use commerce_core::testkit::Dice;

use crate::process::{Place, Server, commerce};

/// For a shop that was killed to be there again.
const OPEN_TIMEOUT_S: u64 = 20;
/// Room that is left beyond the end of the log when the disk fills, at most.
const ROOM_MAX_BYTES: u64 = 65_536;
/// Milliseconds that a request waits for its order to come to rest: short, since a dead bank answers nobody.
const PLACE_WAIT_MS: &str = "500";

/// Where the shop is now. It has another address in each of its lives.
pub(crate) struct Door {
    open: Mutex<(u64, SocketAddr)>,
    opened: Condvar,
}

impl Door {
    /// The present life of the shop, and its address.
    pub(crate) fn now(&self) -> (u64, SocketAddr) {
        *self.open.lock().unwrap()
    }

    /// Waits for a life after this one.
    pub(crate) fn after(&self, life: u64) {
        let open = self.open.lock().unwrap();
        let timeout = Duration::from_secs(OPEN_TIMEOUT_S);
        let (_open, waited) = self.opened.wait_timeout_while(open, timeout, |open| open.0 <= life).unwrap();
        assert!(!waited.timed_out(), "life {life} of the shop let a caller down, and no other life followed");
    }

    fn reopen(&self, address: SocketAddr) {
        let mut open = self.open.lock().unwrap();
        *open = (open.0 + 1, address);
        self.opened.notify_all();
    }
}

/// The two processes.
pub(crate) struct Town {
    pub(crate) place: Place,
    pub(crate) bank: Server,
    pub(crate) shop: Server,
    pub(crate) door: Arc<Door>,
}

impl Town {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        let bank = serve_bank(&place, SocketAddr::new(own_address().into(), 0));
        let shop = serve_shop(&place, &bank);
        let door = Arc::new(Door { open: Mutex::new((1, shop.address)), opened: Condvar::new() });
        Self { place, bank, shop, door }
    }

    /// SIGKILL for the shop; gone when this returns.
    pub(crate) fn kill_shop(&mut self) {
        self.shop.kill();
    }

    /// Serves the shop's file anew, for those who wait at the door.
    pub(crate) fn reopen_shop(&mut self) {
        self.shop = serve_shop(&self.place, &self.bank);
        self.door.reopen(self.shop.address);
    }

    /// SIGKILL for the bank, which comes back on the same ledger under the same address.
    pub(crate) fn kill_bank(&mut self) {
        self.bank.kill();
        self.bank = serve_bank(&self.place, self.bank.address);
    }

    /// The shop's disk is full: none of its files takes a byte beyond a place that is drawn from its log of writes. Some of what it
    /// writes next may fit.
    pub(crate) fn fill_disk(&self, dice: &mut Dice) {
        let log = self.place.store().with_extension("db-wal").metadata().unwrap().len();
        self.shop.limit_files(&dice.below(log + ROOM_MAX_BYTES).to_string());
    }

    /// There is room again.
    pub(crate) fn free_disk(&self) {
        self.shop.limit_files("unlimited");
    }

    /// Ends the shop as its host would; what it wrote goes into the one file.
    pub(crate) fn close_shop(&mut self) {
        self.shop.signal("TERM");
        let (status, _) = self.shop.ended();
        assert!(status.success(), "{status}: {}", self.place.log());
    }
}

fn serve_shop(place: &Place, bank: &Server) -> Server {
    place.serve_with(&["--place-wait-ms", PLACE_WAIT_MS, "--sandbox-url", &format!("http://{}", bank.address)])
}

fn serve_bank(place: &Place, address: SocketAddr) -> Server {
    let mut command = commerce(&["sandbox", "--settle-after-s", "1", "--pending-s", "1", "--late-s", "1", "--listen"]);
    command.arg(address.to_string()).arg("--ledger").arg(place.folder.path().join("ledger.log"));
    Server::start(command)
}

/// A loopback address that no other process of this test or of another one listens on: a killed bank must find its port free again.
fn own_address() -> Ipv4Addr {
    static TOWNS: AtomicU32 = AtomicU32::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    Ipv4Addr::new(127, high, low, u8::try_from(TOWNS.fetch_add(1, Ordering::Relaxed) % 250 + 2).unwrap())
}
