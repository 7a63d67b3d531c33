//! A copy that is not whole yet, under a name of its own.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::{COMPANIONS, CopyError};
use crate::lock::beside;

/// The file `<target>-partial`, locked; deleted when it is dropped.
pub(super) struct Partial {
    path: PathBuf,
    // closed after the file is deleted or renamed; until then nobody else takes it
    file: File,
    named: bool,
}

impl Partial {
    /// Makes the file, or takes over what a dead process left.
    pub(super) fn create(target: &Path) -> Result<Self, CopyError> {
        let path = beside(target, "-partial");
        let wrap = |error| CopyError::target(target, error);
        let file = OpenOptions::new().create(true).write(true).truncate(false).open(&path).map_err(wrap)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(CopyError::Busy { path }),
            Err(TryLockError::Error(error)) => return Err(wrap(error)),
        }
        // whoever had it may have given it its name between the two
        if !same(&file, &path).map_err(wrap)? {
            return Err(CopyError::Busy { path });
        }
        let partial = Self { path, file, named: false };
        partial.forget_companions().map_err(wrap)?;
        partial.file.set_len(0).map_err(wrap)?;
        Ok(partial)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn bytes(&self) -> Result<u64, CopyError> {
        Ok(self.file.metadata().map_err(|error| CopyError::target(&self.path, error))?.len())
    }

    /// Who may read the store may read its copy, and nobody else.
    pub(super) fn take_permissions_of(&self, path: &Path) -> Result<(), CopyError> {
        let taken = fs::metadata(path).and_then(|file| self.file.set_permissions(file.permissions()));
        taken.map_err(|error| CopyError::target(&self.path, error))
    }

    /// Waits until what was written is on disk.
    pub(super) fn sync(&self) -> Result<(), CopyError> {
        self.file.sync_all().map_err(|error| CopyError::target(&self.path, error))
    }

    /// Gives the file its name, and waits until that is on disk.
    pub(super) fn put_in_place(mut self, target: &Path) -> Result<(), CopyError> {
        fs::rename(&self.path, target).map_err(|error| CopyError::target(target, error))?;
        self.named = true;
        let directory = target.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(|error| {
            // a name that may be gone after a crash is none
            let _gone = fs::remove_file(target);
            CopyError::target(target, error)
        })
    }

    fn forget_companions(&self) -> io::Result<()> {
        for path in COMPANIONS.map(|suffix| beside(&self.path, suffix)) {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.named {
            // what cannot be deleted is taken over by the next copy
            let _left = fs::remove_file(&self.path).and_then(|()| self.forget_companions());
        }
    }
}

/// Whether a path leads to this file.
#[cfg(unix)]
fn same(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let there = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there?,
    };
    let here = file.metadata()?;
    Ok((here.dev(), here.ino()) == (there.dev(), there.ino()))
}

/// Whether a path leads to this file: elsewhere a file that is open is not renamed.
#[cfg(not(unix))]
fn same(_file: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}
