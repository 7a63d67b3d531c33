//! A disk that remembers: the file system that all of this process goes through, which notes what it is asked for, in order.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use commerce_sqlite_vfs::layer::{Below, Code, FileKind, FileLayer, Layer, Opened};
use commerce_sqlite_vfs::register;

/// What the disk was asked for, and what the test says happened meanwhile.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A file was opened, or made.
    Open(String),
    Write {
        name: String,
        offset: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        name: String,
        size: usize,
    },
    /// All that was written to a file is on disk; with `names`, so is what was made and deleted in its folder.
    Sync {
        name: String,
        names: bool,
    },
    Delete {
        name: String,
        synced: bool,
    },
    /// Something was acknowledged.
    Told(u64),
}

#[derive(Default)]
struct Notes {
    folder: PathBuf,
    events: Vec<Event>,
    /// From so many events on, nothing reaches the disk.
    ends_at: Option<usize>,
}

impl Notes {
    fn is_off(&self) -> bool {
        self.ends_at.is_some_and(|end| self.events.len() >= end)
    }

    fn note(&mut self, event: Event) -> Result<(), Code> {
        if self.is_off() {
            return Err(Code::FAILED);
        }
        self.events.push(event);
        Ok(())
    }
}

/// The disk. What happens outside of the folder that it watches passes through, but for syncs: no power is cut there.
#[derive(Clone)]
pub(crate) struct Disk(Arc<Mutex<Notes>>);

impl Disk {
    /// Makes it the disk of this process, before anything is opened.
    pub(crate) fn new() -> Self {
        let disk = Self(Arc::default());
        register("recorder", Recorder(disk.clone()), true).unwrap();
        disk
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap()
    }

    /// Begins anew with an empty folder.
    pub(crate) fn watch(&self, folder: &Path) {
        *self.notes() = Notes { folder: folder.canonicalize().unwrap(), ..Notes::default() };
    }

    /// Takes the power away after so many events more.
    pub(crate) fn end_after(&self, events: usize) {
        let mut notes = self.notes();
        notes.ends_at = Some(notes.events.len() + events);
    }

    pub(crate) fn is_off(&self) -> bool {
        self.notes().is_off()
    }

    /// Notes that something was acknowledged; nothing, if the power was gone by then.
    pub(crate) fn told(&self, what: u64) {
        // what is told after the end is told to nobody
        let _late = self.notes().note(Event::Told(what));
    }

    pub(crate) fn events(&self) -> Vec<Event> {
        self.notes().events.clone()
    }

    /// How many writes to the log are not on disk.
    pub(crate) fn unsynced_log_writes(&self) -> usize {
        let mut unsynced = 0;
        for event in &self.notes().events {
            match event {
                Event::Write { name, .. } if name.ends_with("-wal") => unsynced += 1,
                Event::Sync { name, .. } if name.ends_with("-wal") => unsynced = 0,
                _ => {}
            }
        }
        unsynced
    }
}

struct Recorder(Disk);

impl Recorder {
    fn name(&self, path: Option<&Path>) -> Option<String> {
        let notes = self.0.notes();
        let name = path?.strip_prefix(&notes.folder).ok()?.to_str()?;
        (!notes.folder.as_os_str().is_empty()).then(|| name.to_owned())
    }
}

impl Layer for Recorder {
    fn open(&self, file: &Opened<'_>, _below: &mut Below<'_>) -> Result<Box<dyn FileLayer>, Code> {
        let Some(name) = self.name(file.path) else { return Ok(Box::new(Unwatched)) };
        self.0.notes().note(Event::Open(name.clone()))?;
        // SQLite syncs the folder with the first sync of these
        let names = matches!(file.kind, FileKind::Log | FileKind::Journal);
        Ok(Box::new(Recorded { disk: self.0.clone(), name, names }))
    }

    fn delete(&self, path: &Path, synced: bool, below: &mut dyn FnMut() -> Result<(), Code>) -> Result<(), Code> {
        let Some(name) = self.name(Some(path)) else { return below() };
        let mut notes = self.0.notes();
        if notes.is_off() {
            return Err(Code::FAILED);
        }
        below()?;
        notes.note(Event::Delete { name, synced })
    }
}

struct Unwatched;

impl FileLayer for Unwatched {
    fn sync(&mut self, _below: &mut Below<'_>, _flags: i32) -> Result<(), Code> {
        Ok(())
    }
}

struct Recorded {
    disk: Disk,
    name: String,
    names: bool,
}

impl FileLayer for Recorded {
    fn write(&mut self, below: &mut Below<'_>, bytes: &[u8], offset: u64) -> Result<(), Code> {
        let mut notes = self.disk.notes();
        let offset_here = usize::try_from(offset).unwrap();
        notes.note(Event::Write { name: self.name.clone(), offset: offset_here, bytes: bytes.to_vec() })?;
        below.write(bytes, offset)
    }

    fn truncate(&mut self, below: &mut Below<'_>, size: u64) -> Result<(), Code> {
        let mut notes = self.disk.notes();
        notes.note(Event::Truncate { name: self.name.clone(), size: usize::try_from(size).unwrap() })?;
        below.truncate(size)
    }

    /// Only noted: the disk of a test is as large as its notes.
    fn sync(&mut self, _below: &mut Below<'_>, _flags: i32) -> Result<(), Code> {
        self.disk.notes().note(Event::Sync { name: self.name.clone(), names: std::mem::take(&mut self.names) })
    }
}
