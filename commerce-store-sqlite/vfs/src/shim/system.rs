//! The functions that SQLite calls on a file system as a whole.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;

use rusqlite::ffi::{self, sqlite3_file, sqlite3_filename, sqlite3_vfs};

use super::below::Below;
use super::file::{OWN_BYTES, adopt, below, clear, close_below};
use super::guarded;
use crate::layer::{Code, FileKind, Layer, Opened};

/// What our functions find behind `pAppData`. Never freed.
pub(super) struct System {
    parent: *mut sqlite3_vfs,
    layer: Box<dyn Layer>,
}

impl System {
    /// A file system over `parent`, of which `facts` are, for as long as the process lives.
    pub(super) fn leak(name: CString, parent: *mut sqlite3_vfs, facts: &sqlite3_vfs, layer: Box<dyn Layer>) -> *mut sqlite3_vfs {
        let system: &'static Self = Box::leak(Box::new(Self { parent, layer }));
        Box::leak(Box::new(sqlite3_vfs {
            // the third version adds system calls to be replaced, which are the parent's affair
            iVersion: facts.iVersion.min(2),
            szOsFile: OWN_BYTES + facts.szOsFile,
            mxPathname: facts.mxPathname,
            pNext: std::ptr::null_mut(),
            zName: name.into_raw(),
            pAppData: std::ptr::from_ref(system).cast_mut().cast(),
            xOpen: Some(x_open),
            xDelete: Some(x_delete),
            xAccess: Some(x_access),
            xFullPathname: Some(x_full_pathname),
            xDlOpen: Some(x_dl_open),
            xDlError: Some(x_dl_error),
            xDlSym: Some(x_dl_sym),
            xDlClose: Some(x_dl_close),
            xRandomness: Some(x_randomness),
            xSleep: Some(x_sleep),
            xCurrentTime: Some(x_current_time),
            xGetLastError: Some(x_get_last_error),
            xCurrentTimeInt64: Some(x_current_time_int64),
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        }))
    }

    /// # Safety
    /// `vfs` was made by [`leak`](Self::leak).
    #[expect(clippy::multiple_unsafe_ops_per_block, reason = "one pointer, followed twice")]
    unsafe fn of(vfs: *mut sqlite3_vfs) -> &'static Self {
        // SAFETY: both were leaked
        unsafe { &*(*vfs).pAppData.cast::<Self>() }
    }
}

/// Calls a function of the parent, or answers `$absent` if it has none.
macro_rules! pass {
    ($vfs:ident . $function:ident ($($argument:expr),*), $absent:expr) => {{
        // SAFETY: SQLite calls with the structure that we gave it
        let parent = unsafe { System::of($vfs) }.parent;
        // SAFETY: a registered file system stays where it is
        match unsafe { (*parent).$function } {
            // SAFETY: the arguments are those that SQLite gave for this very function
            Some(function) => unsafe { function(parent, $($argument),*) },
            None => $absent,
        }
    }};
}

/// A path that SQLite gave.
///
/// # Safety
/// `name` is null, or ends with a zero and stays for as long as the path is used.
unsafe fn path_of<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller promised
    let name = unsafe { CStr::from_ptr(name) };
    #[cfg(unix)]
    let path = Some(Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(name.to_bytes())));
    #[cfg(not(unix))]
    let path = name.to_str().ok().map(Path::new);
    path
}

fn kind_of(flags: c_int) -> FileKind {
    match flags {
        _ if flags & ffi::SQLITE_OPEN_MAIN_DB != 0 => FileKind::Database,
        _ if flags & ffi::SQLITE_OPEN_WAL != 0 => FileKind::Log,
        _ if flags & ffi::SQLITE_OPEN_MAIN_JOURNAL != 0 => FileKind::Journal,
        _ => FileKind::Other,
    }
}

unsafe extern "C" fn x_open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gives room of `szOsFile`, which is ours and the parent's
    unsafe { clear(file) };
    // SAFETY: the same
    let below = unsafe { below(file) };
    // SAFETY: as above; the parent need not set it if it fails
    unsafe { (*below).pMethods = std::ptr::null() };
    // the name is handed on as it is: behind it lie parameters that the parent looks for
    let code = pass!(vfs.xOpen(name, below, flags, out), ffi::SQLITE_CANTOPEN);
    if code != ffi::SQLITE_OK {
        // SAFETY: some leave a file open that they failed to open
        unsafe { close_below(below) };
        return code;
    }
    // SAFETY: it was opened, and nobody else knows of it
    let Some(mut handle) = (unsafe { Below::new(below) }) else { return ffi::SQLITE_CANTOPEN };
    // SAFETY: SQLite keeps the name for as long as the file is open
    let opened = Opened { path: unsafe { path_of(name) }, kind: kind_of(flags) };
    // SAFETY: SQLite calls with the structure that we gave it
    let system = unsafe { System::of(vfs) };
    let mut layer = None;
    let code = guarded(|| {
        layer = Some(system.layer.open(&opened, &mut handle)?);
        Ok(())
    });
    match layer {
        Some(layer) if code == ffi::SQLITE_OK => {
            // SAFETY: the room was cleared, and the file below is open
            unsafe { adopt(file, layer) };
            ffi::SQLITE_OK
        }
        _ => {
            // SAFETY: it is open, and nobody will use it
            unsafe { close_below(below) };
            code
        }
    }
}

unsafe extern "C" fn x_delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_directory: c_int) -> c_int {
    // SAFETY: SQLite calls with the structure that we gave it
    let system = unsafe { System::of(vfs) };
    // SAFETY: SQLite's names end with a zero and stay for the call
    let Some(path) = (unsafe { path_of(name) }) else { return ffi::SQLITE_IOERR_DELETE };
    let mut delete = || Code::check(pass!(vfs.xDelete(name, sync_directory), ffi::SQLITE_IOERR_DELETE));
    guarded(|| system.layer.delete(path, sync_directory != 0, &mut delete))
}

unsafe extern "C" fn x_access(vfs: *mut sqlite3_vfs, name: *const c_char, flags: c_int, out: *mut c_int) -> c_int {
    pass!(vfs.xAccess(name, flags, out), ffi::SQLITE_IOERR_ACCESS)
}

unsafe extern "C" fn x_full_pathname(vfs: *mut sqlite3_vfs, name: *const c_char, length: c_int, out: *mut c_char) -> c_int {
    pass!(vfs.xFullPathname(name, length, out), ffi::SQLITE_CANTOPEN)
}

unsafe extern "C" fn x_dl_open(vfs: *mut sqlite3_vfs, name: *const c_char) -> *mut c_void {
    pass!(vfs.xDlOpen(name), std::ptr::null_mut())
}

unsafe extern "C" fn x_dl_error(vfs: *mut sqlite3_vfs, length: c_int, message: *mut c_char) {
    pass!(vfs.xDlError(length, message), ());
}

type Symbol = Option<unsafe extern "C" fn(*mut sqlite3_vfs, *mut c_void, *const c_char)>;

unsafe extern "C" fn x_dl_sym(vfs: *mut sqlite3_vfs, library: *mut c_void, symbol: *const c_char) -> Symbol {
    pass!(vfs.xDlSym(library, symbol), None)
}

unsafe extern "C" fn x_dl_close(vfs: *mut sqlite3_vfs, library: *mut c_void) {
    pass!(vfs.xDlClose(library), ());
}

unsafe extern "C" fn x_randomness(vfs: *mut sqlite3_vfs, length: c_int, out: *mut c_char) -> c_int {
    pass!(vfs.xRandomness(length, out), 0)
}

unsafe extern "C" fn x_sleep(vfs: *mut sqlite3_vfs, micros: c_int) -> c_int {
    pass!(vfs.xSleep(micros), 0)
}

unsafe extern "C" fn x_current_time(vfs: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    pass!(vfs.xCurrentTime(out), ffi::SQLITE_ERROR)
}

unsafe extern "C" fn x_get_last_error(vfs: *mut sqlite3_vfs, length: c_int, message: *mut c_char) -> c_int {
    pass!(vfs.xGetLastError(length, message), 0)
}

unsafe extern "C" fn x_current_time_int64(vfs: *mut sqlite3_vfs, out: *mut ffi::sqlite3_int64) -> c_int {
    pass!(vfs.xCurrentTimeInt64(out), ffi::SQLITE_ERROR)
}
