//! What lies between SQLite and the disk.
//!
//! [`layer`] lets a safe trait see and alter what SQLite reads, writes, truncates, syncs and deletes, over whatever it used before.
//! [`checked`] is the layer under every store: a checksum in each page of the file and for each frame of its log, so that what comes
//! back from the disk is what was written, or an error that names the page.
//!
//! Only `shim` and one function of `connect` speak C; the rest is safe.

pub mod checked;
mod connect;
mod damage;
pub mod layer;
#[expect(unsafe_code, reason = "SQLite calls a file system through tables of C functions")]
mod shim;

pub use damage::{Damage, Place, take_damage};
pub use shim::{RegisterError, register};
