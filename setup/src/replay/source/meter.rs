//! How many bytes and records have been read.

use std::cell::{Cell, RefCell};
use std::io::{self, Read};
use std::path::PathBuf;

use super::files_below;

/// So many bytes lie between two tellings.
const STRIDE: u64 = 4 << 20;

/// Counts, and tells of it now and then.
pub(crate) struct Meter<'t> {
    bytes: Cell<u64>,
    records: Cell<usize>,
    told_at: Cell<u64>,
    told: RefCell<Box<dyn FnMut(u64, usize) + 't>>,
}

impl<'t> Meter<'t> {
    /// Tells how many bytes have been read, and how many records found in them.
    pub(crate) fn new(told: impl FnMut(u64, usize) + 't) -> Self {
        Self {
            bytes: Cell::new(0),
            records: Cell::new(0),
            told_at: Cell::new(0),
            told: RefCell::new(Box::new(told)),
        }
    }

    /// Tells nobody.
    pub(super) fn silent() -> Self {
        Self::new(|_, _| ())
    }

    /// Counts what is read of this.
    pub(super) fn over<'m, R: Read>(&'m self, source: R) -> Counted<'m, 't, R> {
        Counted {
            source,
            meter: self,
        }
    }

    /// One more record.
    pub(super) fn record(&self) {
        self.records.set(self.records.get() + 1);
    }

    fn read(&self, bytes: usize) {
        let bytes = self.bytes.get() + bytes as u64;
        self.bytes.set(bytes);
        if bytes - self.told_at.get() >= STRIDE {
            self.told_at.set(bytes);
            (self.told.borrow_mut())(bytes, self.records.get());
        }
    }
}

/// A source that is counted.
pub(super) struct Counted<'m, 't, R> {
    source: R,
    meter: &'m Meter<'t>,
}

impl<R: Read> Read for Counted<'_, '_, R> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let read = self.source.read(space)?;
        self.meter.read(read);
        Ok(read)
    }
}

/// How many bytes these files have, and those in these folders.
pub(crate) fn size(paths: &[PathBuf]) -> u64 {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            // What cannot be listed is told when it is read.
            files_below(path, &mut files, &mut Vec::new());
        } else {
            files.push(path.clone());
        }
    }
    let sizes = files.iter().filter_map(|file| file.metadata().ok());
    sizes.map(|found| found.len()).sum()
}
