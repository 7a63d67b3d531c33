//! An open file: our part, and the file below right behind it in the room that SQLite gave for both.

use std::ffi::c_int;
use std::ptr;

use rusqlite::ffi;

use super::below::Below;
use super::guarded;
use super::methods;
use crate::layer::{Code, FileLayer};

/// Our part of an open file. SQLite sees its beginning alone.
#[repr(C)]
pub(super) struct ShimFile {
    base: ffi::sqlite3_file,
    layer: Option<Box<dyn FileLayer>>,
}

// the file below begins right behind ours, and SQLite gives room aligned to eight bytes
const _: () = assert!(align_of::<ShimFile>() <= 8 && size_of::<ShimFile>().is_multiple_of(8) && align_of::<ffi::sqlite3_file>() <= 8);

/// How much room our part takes, in bytes.
pub(super) const OWN_BYTES: c_int = size_of::<ShimFile>() as c_int;

/// The file below.
///
/// # Safety
/// `file` points to room of [`OWN_BYTES`] and of the file below.
pub(super) unsafe fn below(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: the caller gave room for both
    unsafe { file.cast::<ShimFile>().add(1) }.cast()
}

/// Says that nothing is open in this room.
///
/// # Safety
/// As for [`below`]; nobody else uses the room.
pub(super) unsafe fn clear(file: *mut ffi::sqlite3_file) {
    let empty = ShimFile { base: ffi::sqlite3_file { pMethods: ptr::null() }, layer: None };
    // SAFETY: there is room for it; what is overwritten is no value yet
    unsafe { file.cast::<ShimFile>().write(empty) };
}

/// Makes a file whose file below is open an open one.
///
/// # Safety
/// As for [`clear`], which was called before; the file below is open.
pub(super) unsafe fn adopt(file: *mut ffi::sqlite3_file, layer: Box<dyn FileLayer>) {
    // SAFETY: there is room for it
    let below = unsafe { below(file) };
    // SAFETY: the file below is open
    let below_methods = unsafe { (*below).pMethods };
    // SAFETY: the methods of an open file stay for as long as it is open
    let version = unsafe { below_methods.as_ref() }.map_or(1, |methods| methods.iVersion);
    // SAFETY: the room was cleared, and is ours
    let shim = unsafe { &mut *file.cast::<ShimFile>() };
    shim.layer = Some(layer);
    shim.base.pMethods = methods::of_version(version);
}

/// Closes the file below and lets go of the layer.
///
/// # Safety
/// The file is open, and this is the last use of it.
pub(super) unsafe fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the file is open, and ours
    let shim = unsafe { &mut *file.cast::<ShimFile>() };
    shim.base.pMethods = ptr::null();
    let layer = shim.layer.take();
    // SAFETY: there is room for it
    let below = unsafe { below(file) };
    // SAFETY: it is open for as long as ours is, and this is the last use of both
    let code = unsafe { close_below(below) };
    let dropped = guarded(move || {
        drop(layer);
        Ok(())
    });
    if code == ffi::SQLITE_OK { dropped } else { code }
}

/// Closes the file below, if it is open.
///
/// # Safety
/// The room of the file below is in order, and this is the last use of it.
#[expect(clippy::multiple_unsafe_ops_per_block, reason = "one file, looked at and closed")]
pub(super) unsafe fn close_below(below: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the methods of an open file are there, and closing is its last use
    unsafe {
        match (*below).pMethods.as_ref().and_then(|methods| methods.xClose) {
            Some(close) => close(below),
            None => ffi::SQLITE_OK,
        }
    }
}

/// Lets the layer of an open file do something.
///
/// # Safety
/// The file is open, and nobody else uses it for as long as the call takes.
pub(super) unsafe fn with_layer(
    file: *mut ffi::sqlite3_file,
    work: impl FnOnce(&mut dyn FileLayer, &mut Below<'_>) -> Result<(), Code>,
) -> c_int {
    // SAFETY: the file is open, and ours for now
    let shim = unsafe { &mut *file.cast::<ShimFile>() };
    // SAFETY: the file below is behind ours
    let below = unsafe { below(file) };
    // SAFETY: it is open for as long as ours is, and only ours uses it
    let below = unsafe { Below::new(below) };
    match (shim.layer.as_deref_mut(), below) {
        (Some(layer), Some(mut below)) => guarded(|| work(layer, &mut below)),
        _ => Code::FAILED.0,
    }
}
