//! A window on a stream: what has been read and not yet been judged, of bounded size.

use std::io::{self, Read};

/// Bytes read at once: what a core's own cache holds, so that searching costs no memory access.
const CHUNK: usize = 128 * 1024;

/// The longest event that is held; AWS takes 1 MiB at the most.
pub(crate) const LONGEST: usize = 16 * 1024 * 1024;

pub(crate) struct Chunk<R> {
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
pub(crate) enum More {
    Some,
    /// The source has ended.
    End,
    /// An event fills all the space that there is.
    Full,
}

impl<R: Read> Chunk<R> {
    pub(crate) fn new(source: R) -> Self {
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
    pub(crate) fn text(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }

    /// How many bytes have been consumed since the beginning.
    pub(crate) fn position(&self) -> u64 {
        self.before
    }

    pub(crate) fn consume(&mut self, bytes: usize) {
        let bytes = bytes.min(self.to - self.from);
        self.from += bytes;
        self.before += bytes as u64;
    }

    /// Reads until there are so many bytes, or no more; a fault is answered later.
    pub(crate) fn prime(&mut self, bytes: usize) {
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

    /// Goes forward to the next byte that is no blank, and answers it; `None` at the end.
    pub(crate) fn next_token(&mut self) -> io::Result<Option<u8>> {
        loop {
            let text = self.text();
            let blanks = text.len() - text.trim_ascii_start().len();
            self.consume(blanks);
            if let Some(byte) = self.text().first() {
                return Ok(Some(*byte));
            }
            if self.more()? == More::End {
                return Ok(None);
            }
        }
    }

    /// Reads on until there is a whole line, and answers how long it is, its end included; `None` where it is too long or the
    /// source fails, which is answered later.
    pub(crate) fn first_line(&mut self) -> Option<usize> {
        loop {
            if let Some(line) = filters::text::first_line(self.text()) {
                return Some(line.len());
            }
            match self.more() {
                Ok(More::Some) => {}
                Ok(More::End) => return Some(self.text().len()),
                Ok(More::Full) => return None,
                Err(error) => {
                    self.pending = Some(error);
                    return None;
                }
            }
        }
    }

    /// Reads some more behind the text, which may move and the buffer grow, up to [`LONGEST`].
    pub(crate) fn more(&mut self) -> io::Result<More> {
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
