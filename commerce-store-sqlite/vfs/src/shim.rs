//! A file system of SQLite over another one: our structures lie before those of the other, and what is not a layer's passes through.

mod below;
mod file;
mod methods;
mod system;

use std::ffi::{CString, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Mutex, PoisonError};

use rusqlite::ffi;

pub use below::Below;
use system::System;

use crate::layer::{Code, Layer};

/// Why a layer cannot be registered.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegisterError {
    /// The name is taken, or has a zero in it.
    #[error("no file system of sqlite can be named {0:?}")]
    Name(String),
    /// SQLite did not start, or has no file system to lay this one over.
    #[error("sqlite has no file system: {0}")]
    Sqlite(Code),
}

/// Lets connections that name it go through `layer`, over the file system that is the default now. With `default` it becomes the
/// default itself: for those that name none, and for layers that are registered later.
///
/// It stays for as long as the process lives.
///
/// # Errors
/// [`RegisterError`].
pub fn register(name: &str, layer: impl Layer, default: bool) -> Result<(), RegisterError> {
    // two threads that register one name at once would both find it free
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _one = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let c_name = CString::new(name).map_err(|_| RegisterError::Name(name.to_owned()))?;
    // SAFETY: may be called at any time, from any thread
    Code::check(unsafe { ffi::sqlite3_initialize() }).map_err(RegisterError::Sqlite)?;
    // SAFETY: the name ends with a zero
    if !unsafe { ffi::sqlite3_vfs_find(c_name.as_ptr()) }.is_null() {
        return Err(RegisterError::Name(name.to_owned()));
    }
    // SAFETY: no name asks for the default
    let parent = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    // SAFETY: a file system that SQLite knows stays where it is until it is unregistered, which nothing here does
    let Some(facts) = (unsafe { parent.as_ref() }) else { return Err(RegisterError::Sqlite(Code::FAILED)) };
    let system = System::leak(c_name, parent, facts, Box::new(layer));
    // SAFETY: the structure is whole and never freed
    Code::check(unsafe { ffi::sqlite3_vfs_register(system, c_int::from(default)) }).map_err(RegisterError::Sqlite)
}

/// Runs what a layer does; its panic, which must not cross the border to C, becomes a failure.
fn guarded(work: impl FnOnce() -> Result<(), Code>) -> c_int {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(Ok(())) => ffi::SQLITE_OK,
        Ok(Err(code)) => code.0,
        Err(_) => {
            tracing::error!("a layer below sqlite panicked");
            Code::FAILED.0
        }
    }
}
