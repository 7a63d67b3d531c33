//! What a disk can look like after its power was cut: all that was synced is there; of the rest any part, by sectors of 512 bytes, in
//! any order.

use std::collections::BTreeMap;
use std::path::Path;

use commerce_core::testkit::Dice;

use crate::disk::Event;

const SECTOR: usize = 512;

/// What becomes of what was not synced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Loss {
    All,
    None,
    /// Each sector is as it was at any moment since the last sync; so many of eight as they were last.
    Some(u64),
}

impl Loss {
    pub(crate) fn any(dice: &mut Dice) -> Self {
        match dice.below(6) {
            0 => Self::All,
            1 => Self::None,
            2 => Self::Some(1),
            3 => Self::Some(7),
            _ => Self::Some(4),
        }
    }

    /// Chooses one of so many versions, the first one synced and the last one the latest.
    fn choose(self, versions: usize, dice: &mut Dice) -> usize {
        let latest = versions - 1;
        match self {
            Self::All => 0,
            Self::None => latest,
            Self::Some(eighths) if dice.below(8) < eighths => latest,
            Self::Some(_) => usize::try_from(dice.below(versions as u64)).unwrap(),
        }
    }
}

/// A file, whatever its name.
#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    now: Vec<u8>,
    /// The sizes that it had since.
    sizes: Vec<usize>,
    /// What each sector held since.
    sectors: BTreeMap<usize, Vec<Vec<u8>>>,
}

impl File {
    fn sync(&mut self) {
        *self = Self { synced: self.now.clone(), now: std::mem::take(&mut self.now), ..Self::default() };
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        let end = offset + bytes.len();
        let from = self.now.len().min(offset);
        if self.now.len() < end {
            self.now.resize(end, 0);
        }
        self.now[offset..end].copy_from_slice(bytes);
        self.changed(from, end);
    }

    fn truncate(&mut self, size: usize) {
        let before = self.now.len();
        self.now.resize(size, 0);
        self.changed(size, before.max(size));
    }

    fn changed(&mut self, from: usize, to: usize) {
        self.sizes.push(self.now.len());
        for sector in from / SECTOR..to.div_ceil(SECTOR) {
            self.sectors.entry(sector).or_default().push(sector_of(&self.now, sector));
        }
    }

    fn after(&self, loss: Loss, dice: &mut Dice) -> Vec<u8> {
        let mut content = self.synced.clone();
        let size = match loss.choose(self.sizes.len() + 1, dice) {
            0 => content.len(),
            at => self.sizes[at - 1],
        };
        content.resize(size, 0);
        for (sector, versions) in &self.sectors {
            let begin = sector * SECTOR;
            match loss.choose(versions.len() + 1, dice) {
                at if at > 0 && begin < size => {
                    let end = size.min(begin + SECTOR);
                    content[begin..end].copy_from_slice(&versions[at - 1][..end - begin]);
                }
                _ => {}
            }
        }
        content
    }
}

/// A sector of a content, zeros behind its end.
fn sector_of(content: &[u8], sector: usize) -> Vec<u8> {
    let mut bytes: Vec<u8> = content.iter().skip(sector * SECTOR).take(SECTOR).copied().collect();
    bytes.resize(SECTOR, 0);
    bytes
}

/// A folder as the power cut finds it.
#[derive(Debug, Default)]
pub(crate) struct Image {
    files: Vec<File>,
    /// Which file each name has stood for since its folder was synced; none where it stood for none.
    names: BTreeMap<String, Vec<Option<usize>>>,
    /// What was acknowledged.
    pub(crate) told: Vec<u64>,
}

impl Image {
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut image = Self::default();
        image.go_on(events);
        image
    }

    /// The power stays on for these events more.
    pub(crate) fn go_on(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.take(event));
    }

    /// How many sectors of a file that ends so were written and not synced.
    pub(crate) fn unsynced(&self, suffix: &str) -> usize {
        let named = self.names.iter().filter(|(name, _)| name.ends_with(suffix));
        named.filter_map(|(_, files)| files.last().copied().flatten()).map(|file| self.files[file].sectors.len()).sum()
    }

    /// The names that there are, and what they hold.
    pub(crate) fn after(&self, loss: Loss, dice: &mut Dice) -> BTreeMap<String, Vec<u8>> {
        let mut content = BTreeMap::new();
        for (name, files) in &self.names {
            if let Some(file) = files[loss.choose(files.len(), dice)] {
                content.insert(name.clone(), self.files[file].after(loss, dice));
            }
        }
        content
    }

    fn take(&mut self, event: &Event) {
        match event {
            Event::Open(name) => {
                let files = self.names.entry(name.clone()).or_insert_with(|| vec![None]);
                if files.last() == Some(&None) {
                    files.push(Some(self.files.len()));
                    self.files.push(File::default());
                }
            }
            Event::Write { name, offset, bytes } => self.file(name).write(*offset, bytes),
            Event::Truncate { name, size } => self.file(name).truncate(*size),
            Event::Sync { name, names } => {
                self.file(name).sync();
                if *names {
                    self.sync_names();
                }
            }
            Event::Delete { name, synced } => {
                self.names.get_mut(name).unwrap().push(None);
                if *synced {
                    self.sync_names();
                }
            }
            Event::Told(what) => self.told.push(*what),
        }
    }

    fn file(&mut self, name: &str) -> &mut File {
        let file = self.names[name].last().copied().flatten().unwrap_or_else(|| panic!("{name} is open"));
        &mut self.files[file]
    }

    fn sync_names(&mut self) {
        for files in self.names.values_mut() {
            files.drain(..files.len() - 1);
        }
    }
}

/// Puts the files into a folder, and nothing else.
pub(crate) fn write(files: &BTreeMap<String, Vec<u8>>, folder: &Path) {
    for entry in std::fs::read_dir(folder).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    for (name, content) in files {
        std::fs::write(folder.join(name), content).unwrap();
    }
}
