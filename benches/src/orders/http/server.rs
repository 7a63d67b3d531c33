//! The `commerce` binary as a child process.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::orders::BenchError;

/// A server that listens on a free port of this machine; killed when dropped.
pub(super) struct Server {
    child: Child,
    address: SocketAddr,
    // closed with the server, which may still write to it
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Serves a file with all settings as they come; the log goes beside it.
    pub(super) fn start(binary: &Path, store: &Path) -> Result<Self, BenchError> {
        let mut command = Command::new(binary);
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"COMMERCE_")) {
            command.env_remove(name);
        }
        let log = store.with_extension("log");
        command.args(["serve", "--listen", "127.0.0.1:0", "--store"]).arg(store).stdout(Stdio::piped()).stderr(File::create(&log)?);
        let mut child = command.spawn().map_err(|source| BenchError::NoServer { binary: binary.to_owned(), source })?;
        let Some(stdout) = child.stdout.take() else { return Err(BenchError::Unserved(String::new())) };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line)?;
        match line.trim_end().strip_prefix("listening on ").and_then(|address| address.parse().ok()) {
            Some(address) => Ok(Self { child, address, _stdout: stdout }),
            None => {
                let _gone = child.kill();
                let _status = child.wait();
                Err(BenchError::Unserved(std::fs::read_to_string(&log)?))
            }
        }
    }

    /// The number of its process.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // it may have ended by itself
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}
