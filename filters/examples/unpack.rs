//! Decompresses files and throws the text away: what `ecroll filter` on a .gz cannot be quicker than.
//!
//! With `--read` nothing is decompressed, and with `--search PATTERN` the text of plain files is searched in memory,
//! over and over: the two other floors. `bench/filters.py` runs it beside the program.

use std::error::Error;
use std::fs::File;
use std::io::{BufReader, Read};

use filters::Pattern;
use flate2::bufread::MultiGzDecoder;

fn main() -> Result<(), Box<dyn Error>> {
    let mut buffer = vec![0; 128 * 1024];
    let mut words = std::env::args().skip(1).peekable();
    let read_only = words.next_if(|word| word == "--read").is_some();
    let search = words.next_if(|word| word == "--search").is_some();
    let pattern = if search { words.next() } else { None };
    let pattern = Pattern::parse(&pattern.unwrap_or_default())?;
    let mut bytes = 0;
    for name in words {
        let file = File::open(name)?;
        if search {
            let mut text = Vec::new();
            BufReader::new(file).read_to_end(&mut text)?;
            for _ in 0..10 {
                bytes += pattern.lines(&text).count();
            }
            continue;
        }
        let mut source: Box<dyn Read> = if read_only {
            Box::new(file)
        } else {
            Box::new(MultiGzDecoder::new(BufReader::with_capacity(
                64 * 1024,
                file,
            )))
        };
        loop {
            match source.read(&mut buffer)? {
                0 => break,
                read => bytes += read,
            }
        }
    }
    // Else a compiler could leave the work out.
    std::process::exit(i32::from(bytes == 0));
}
