//! The binary as a process of its own.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::client::{Reply, request, try_raw};

/// A folder with a store, and what was logged there.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("shop.db")
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Serves the store.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Serves the store with more arguments.
    pub(crate) fn serve_with(&self, args: &[&str]) -> Server {
        let log = File::options().create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut command = commerce(&["serve", "--listen", "127.0.0.1:0", "--store"]);
        command.arg(self.store()).args(args).stderr(log);
        Server::start(command)
    }
}

/// The binary with these arguments, in an environment that says nothing.
pub(crate) fn commerce(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_commerce"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("COMMERCE_")) {
        command.env_remove(name);
    }
    command.args(args);
    command
}

/// Runs the binary to its end.
pub(crate) fn run(args: &[&str], store: Option<&Path>) -> (Output, String, String) {
    let mut command = commerce(args);
    if let Some(store) = store {
        command.arg("--store").arg(store);
    }
    let output = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    (output, out, err)
}

/// A server that listens; killed when dropped.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(command: Command) -> Self {
        Self::try_start(command).unwrap_or_else(|(status, out)| panic!("it ended with {status}: {out}"))
    }

    /// The process once it listens; how it ended, and what it wrote to standard output, if it never does.
    pub(crate) fn try_start(mut command: Command) -> Result<Self, (ExitStatus, String)> {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        match line.trim().strip_prefix("listening on ") {
            Some(address) => Ok(Self { child, stdout, address: address.parse().unwrap() }),
            None => Err((child.wait().unwrap(), line)),
        }
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn raw(&self, bytes: &[u8]) -> Reply {
        try_raw(self.address, bytes).unwrap()
    }

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Reply {
        self.raw(&request(method, path, headers, body))
    }

    pub(crate) fn get(&self, path: &str) -> Reply {
        self.ask("GET", path, &[], None)
    }

    pub(crate) fn post(&self, path: &str, json: impl ToString) -> Reply {
        self.ask("POST", path, &[], Some(&json.to_string()))
    }

    /// A command without words.
    pub(crate) fn act(&self, path: &str) -> Reply {
        self.ask("POST", path, &[], None)
    }

    /// Puts an item for 2.55 pounds into the catalogue and some on the shelf.
    pub(crate) fn stock(&self, sku: &str, units: u32) {
        let item = r#"{"title": "Hanging heart", "prices": [{"amount": "2.55", "currency": "GBP"}]}"#;
        self.ask("PUT", &format!("/api/v1/catalogue/{sku}"), &[], Some(item)).with(201);
        self.post(&format!("/api/v1/inventory/items/{sku}/receive"), format!("{{\"quantity\": {units}}}")).with(200);
    }

    /// The order of an id, asked again and again until it is as wanted.
    pub(crate) fn order_until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..2_000 {
            let order = self.get(&format!("/api/v1/orders/{id}")).with(200).json();
            if wanted(&order) {
                return order;
            }
        }
        panic!("the order {id} never came to it");
    }

    /// From now on the process writes no file beyond so many bytes, until it is told otherwise: such a write fails as on a full disk.
    pub(crate) fn limit_files(&self, bytes: &str) {
        let limit = format!("--fsize={bytes}:");
        let set = Command::new("prlimit").args(["--pid", &self.pid().to_string(), &limit]).status().unwrap();
        assert!(set.success());
    }

    /// SIGKILL, and gone when this returns.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("sh").args(["-c", &format!("kill -{name} {}", self.child.id())]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the process to end; what it wrote after its first line.
    pub(crate) fn ended(&mut self) -> (ExitStatus, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap(), rest)
    }

    /// Ends it by SIGTERM.
    #[track_caller]
    pub(crate) fn end(mut self) {
        self.signal("TERM");
        assert!(self.ended().0.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may be dead already
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
