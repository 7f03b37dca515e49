//! A window on a stream: what has been read and not yet been judged, of bounded size.

use std::io::{self, Read};

/// Bytes read at once: what a core's own cache holds, so that searching costs no memory access.
const CHUNK: usize = 128 * 1024;

/// The longest event that is held; AWS takes 1 MiB at the most.
pub(super) const LONGEST: usize = 16 * 1024 * 1024;

pub(super) struct Chunk<R> {
    source: R,
    buffer: Vec<u8>,
    /// The bytes not yet consumed.
    from: usize,
    to: usize,
    /// Bytes consumed before `from`, since the beginning.
    before: u64,
    /// What the next attempt to read more will answer.
    pending: Option<io::Error>,
}

/// What came of an attempt to read more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Some,
    /// The source has ended.
    End,
    /// An event fills all the space that there is.
    Full,
}

impl<R: Read> Chunk<R> {
    pub(super) fn new(source: R) -> Self {
        Self {
            source,
            buffer: vec![0; CHUNK],
            from: 0,
            to: 0,
            before: 0,
            pending: None,
        }
    }

    /// What has been read and not consumed.
    pub(super) fn text(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }

    /// How many bytes have been consumed since the beginning.
    pub(super) fn position(&self) -> u64 {
        self.before
    }

    pub(super) fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.to - self.from);
        self.from += bytes;
        self.before += bytes as u64;
    }

    /// Reads until there are so many bytes, or no more; a fault is answered later.
    pub(super) fn prime(&mut self, bytes: usize) {
        while self.text().len() < bytes {
            match self.more() {
                Ok(More::Some) => {}
                Ok(_) => return,
                Err(error) => {
                    self.pending = Some(error);
                    return;
                }
            }
        }
    }

    /// Reads some more behind the text, which may move and the buffer grow, up to [`LONGEST`].
    pub(super) fn more(&mut self) -> io::Result<More> {
        if let Some(error) = self.pending.take() {
            return Err(error);
        }
        self.buffer.copy_within(self.from..self.to, 0);
        self.to -= self.from;
        self.from = 0;
        if self.to == self.buffer.len() {
            if self.to >= LONGEST {
                return Ok(More::Full);
            }
            self.buffer.resize(self.to * 2, 0);
        }
        let space = self.buffer.get_mut(self.to..).unwrap_or_default();
        loop {
            match self.source.read(space) {
                Ok(0) => return Ok(More::End),
                Ok(read) => {
                    self.to += read;
                    return Ok(More::Some);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
