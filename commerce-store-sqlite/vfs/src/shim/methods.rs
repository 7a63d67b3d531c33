//! The functions that SQLite calls on an open file.
//!
//! Every one is called with a file that our `x_open` made, by one thread at a time: SQLite's own contract, on which each `SAFETY` here
//! rests.

use std::ffi::{c_int, c_void};
use std::slice;

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_io_methods};

use super::file::{below, close, with_layer};

/// The methods for a file below of this version: what it lacks, ours lacks too.
pub(super) fn of_version(version: c_int) -> *const sqlite3_io_methods {
    match version {
        ..=1 => &const { table(1) },
        2 => &const { table(2) },
        _ => &const { table(3) },
    }
}

const fn table(version: c_int) -> sqlite3_io_methods {
    sqlite3_io_methods {
        iVersion: version,
        xClose: Some(x_close),
        xRead: Some(x_read),
        xWrite: Some(x_write),
        xTruncate: Some(x_truncate),
        xSync: Some(x_sync),
        xFileSize: Some(x_file_size),
        xLock: Some(x_lock),
        xUnlock: Some(x_unlock),
        xCheckReservedLock: Some(x_check_reserved_lock),
        xFileControl: Some(x_file_control),
        xSectorSize: Some(x_sector_size),
        xDeviceCharacteristics: Some(x_device_characteristics),
        xShmMap: Some(x_shm_map),
        xShmLock: Some(x_shm_lock),
        xShmBarrier: Some(x_shm_barrier),
        xShmUnmap: Some(x_shm_unmap),
        xFetch: Some(x_fetch),
        xUnfetch: Some(x_unfetch),
    }
}

/// Calls a method of the file below, or answers `$absent` if it has none.
macro_rules! pass {
    ($file:ident . $method:ident ($($argument:expr),*), $absent:expr) => {{
        // SAFETY: the file below is behind ours
        let below = unsafe { below($file) };
        // SAFETY: it is open for as long as ours is
        let methods = unsafe { (*below).pMethods };
        // SAFETY: the methods of an open file stay for as long as it is open
        match unsafe { methods.as_ref() }.and_then(|methods| methods.$method) {
            // SAFETY: the arguments are those that SQLite gave for this very method
            Some(method) => unsafe { method(below, $($argument),*) },
            None => $absent,
        }
    }};
}

fn offset_of(offset: sqlite3_int64) -> u64 {
    // never negative
    u64::try_from(offset).unwrap_or_default()
}

fn length_of(length: c_int) -> usize {
    // never negative
    usize::try_from(length).unwrap_or_default()
}

unsafe extern "C" fn x_close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: the file is open, and closing is its last use
    unsafe { close(file) }
}

unsafe extern "C" fn x_read(file: *mut sqlite3_file, bytes: *mut c_void, length: c_int, offset: sqlite3_int64) -> c_int {
    // SAFETY: SQLite gives room for so many bytes, which nobody else uses now
    let bytes = unsafe { slice::from_raw_parts_mut(bytes.cast::<u8>(), length_of(length)) };
    // SAFETY: the file is open and SQLite's, which waits
    unsafe { with_layer(file, |layer, below| layer.read(below, bytes, offset_of(offset))) }
}

unsafe extern "C" fn x_write(file: *mut sqlite3_file, bytes: *const c_void, length: c_int, offset: sqlite3_int64) -> c_int {
    // SAFETY: SQLite gives so many bytes, which nobody changes now
    let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), length_of(length)) };
    // SAFETY: the file is open and SQLite's, which waits
    unsafe { with_layer(file, |layer, below| layer.write(below, bytes, offset_of(offset))) }
}

unsafe extern "C" fn x_truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    // SAFETY: the file is open and SQLite's, which waits
    unsafe { with_layer(file, |layer, below| layer.truncate(below, offset_of(size))) }
}

unsafe extern "C" fn x_sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file is open and SQLite's, which waits
    unsafe { with_layer(file, |layer, below| layer.sync(below, flags)) }
}

unsafe extern "C" fn x_file_size(file: *mut sqlite3_file, size: *mut sqlite3_int64) -> c_int {
    pass!(file.xFileSize(size), ffi::SQLITE_IOERR_FSTAT)
}

unsafe extern "C" fn x_lock(file: *mut sqlite3_file, lock: c_int) -> c_int {
    pass!(file.xLock(lock), ffi::SQLITE_IOERR_LOCK)
}

unsafe extern "C" fn x_unlock(file: *mut sqlite3_file, lock: c_int) -> c_int {
    pass!(file.xUnlock(lock), ffi::SQLITE_IOERR_UNLOCK)
}

unsafe extern "C" fn x_check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    pass!(file.xCheckReservedLock(out), ffi::SQLITE_IOERR_CHECKRESERVEDLOCK)
}

unsafe extern "C" fn x_file_control(file: *mut sqlite3_file, operation: c_int, argument: *mut c_void) -> c_int {
    pass!(file.xFileControl(operation, argument), ffi::SQLITE_NOTFOUND)
}

unsafe extern "C" fn x_sector_size(file: *mut sqlite3_file) -> c_int {
    // what SQLite takes if it is told nothing
    pass!(file.xSectorSize(), 4_096)
}

unsafe extern "C" fn x_device_characteristics(file: *mut sqlite3_file) -> c_int {
    // without this promise SQLite reads whole pages alone, of which a layer can judge
    pass!(file.xDeviceCharacteristics(), 0) & !ffi::SQLITE_IOCAP_SUBPAGE_READ
}

unsafe extern "C" fn x_shm_map(file: *mut sqlite3_file, region: c_int, size: c_int, extend: c_int, out: *mut *mut c_void) -> c_int {
    pass!(file.xShmMap(region, size, extend, out.cast()), ffi::SQLITE_IOERR_SHMMAP)
}

unsafe extern "C" fn x_shm_lock(file: *mut sqlite3_file, offset: c_int, count: c_int, flags: c_int) -> c_int {
    pass!(file.xShmLock(offset, count, flags), ffi::SQLITE_IOERR_SHMLOCK)
}

unsafe extern "C" fn x_shm_barrier(file: *mut sqlite3_file) {
    pass!(file.xShmBarrier(), ());
}

unsafe extern "C" fn x_shm_unmap(file: *mut sqlite3_file, delete: c_int) -> c_int {
    pass!(file.xShmUnmap(delete), ffi::SQLITE_OK)
}

/// Maps nothing into memory, so that every page goes through `x_read` and no layer is passed by.
unsafe extern "C" fn x_fetch(_file: *mut sqlite3_file, _offset: sqlite3_int64, _length: c_int, out: *mut *mut c_void) -> c_int {
    // SAFETY: SQLite gives a place for the pointer; none sends it to `x_read`
    unsafe { out.write(std::ptr::null_mut()) };
    ffi::SQLITE_OK
}

/// Undoes nothing: nothing was mapped.
unsafe extern "C" fn x_unfetch(_file: *mut sqlite3_file, _offset: sqlite3_int64, _page: *mut c_void) -> c_int {
    ffi::SQLITE_OK
}
