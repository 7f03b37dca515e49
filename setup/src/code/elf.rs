//! What an ELF file tells of where it runs: the processor, and the C library that it needs.
//!
//! Layout: System V ABI (gABI), chapters 4 and 5; symbol versions: Linux Standard Base, "Symbol Versioning".

use std::cmp::Ordering;
use std::fmt;

use super::Architecture;

const X86_64: u16 = 62;
const AARCH64: u16 = 183;
/// An executable at a fixed address, and one that may lie anywhere.
const KINDS: [u16; 2] = [2, 3];
/// The program header that names the loader.
const INTERPRETER: u32 = 3;
/// The section that lists which versions of which libraries are needed.
const VERSIONS_NEEDED: u32 = 0x6fff_fffe;

/// The flag of a version that may be missing.
const WEAK: u16 = 2;

/// A version of glibc, such as 2.34.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Glibc(pub(super) u32, pub(super) u32);

/// Amazon Linux 2023's, which `provided.al2023` runs on.
/// Source: <https://docs.aws.amazon.com/linux/al2023/ug/core-glibc.html>
pub(super) const NEWEST_GLIBC: Glibc = Glibc(2, 34);

impl fmt::Display for Glibc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// What a binary needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needs {
    /// The processor.
    pub(super) architecture: Architecture,
    /// The newest glibc that a symbol asks for; none where it is linked statically.
    pub(super) glibc: Option<Glibc>,
}

/// Reads a 64-bit little-endian executable.
///
/// # Errors
/// Says why Lambda could not run the file.
pub(super) fn needs(binary: &[u8]) -> Result<Needs, String> {
    if !binary.starts_with(b"\x7fELF") {
        return Err("it is no ELF executable".to_owned());
    }
    if binary.get(4..6) != Some(&[2, 1]) {
        return Err("it is not 64-bit little-endian".to_owned());
    }
    let file = Bytes(binary);
    let cut = || "its ELF header is cut short".to_owned();
    let architecture = match file.u16(18).ok_or_else(cut)? {
        X86_64 => Architecture::X86_64,
        AARCH64 => Architecture::Arm64,
        other => {
            return Err(format!(
                "it was built for ELF machine {other}, not x86-64 or arm64"
            ));
        }
    };
    let kind = file.u16(16).ok_or_else(cut)?;
    if !KINDS.contains(&kind) {
        return Err(format!(
            "it is an ELF file of type {kind}, not an executable"
        ));
    }
    let loader = file.loader().ok_or_else(cut)?;
    let Some(loader) = loader else {
        // Linked statically, by musl for example: it brings all that it needs. So does a shared library, in a way.
        return match kind {
            3 if file.versions().is_some_and(|found| found.is_some()) => {
                Err("it is a shared library, not an executable".to_owned())
            }
            _ => Ok(Needs {
                architecture,
                glibc: None,
            }),
        };
    };
    if loader.contains("musl") {
        return Err(format!(
            "it needs the loader `{loader}`, which Lambda does not have; link it statically"
        ));
    }
    let damaged = || "its list of needed versions cannot be read".to_owned();
    let glibc = file.versions().ok_or_else(damaged)?;
    Ok(Needs {
        architecture,
        glibc,
    })
}

/// Numbers and texts at places of a file; none where it ends too soon.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn at<const N: usize>(self, place: usize) -> Option<[u8; N]> {
        self.0.get(place..place.checked_add(N)?)?.try_into().ok()
    }

    fn u16(self, place: usize) -> Option<u16> {
        self.at(place).map(u16::from_le_bytes)
    }

    fn u32(self, place: usize) -> Option<u32> {
        self.at(place).map(u32::from_le_bytes)
    }

    /// A 64-bit number that is a place or a length in this file.
    fn place(self, place: usize) -> Option<usize> {
        let number = self.at(place).map(u64::from_le_bytes)?;
        usize::try_from(number).ok().filter(|n| *n <= self.0.len())
    }

    fn offset(self, place: usize) -> Option<usize> {
        usize::try_from(self.u32(place)?).ok()
    }

    /// The text that begins there and ends with a zero.
    fn text(self, place: usize) -> Option<&'a str> {
        let rest = self.0.get(place..)?;
        let end = rest.iter().position(|byte| *byte == 0)?;
        std::str::from_utf8(rest.get(..end)?).ok()
    }

    /// The places of the entries of a table: where it begins, how long an entry is, how many there are.
    fn table(self, begin: usize, size: usize, count: usize) -> Option<Vec<usize>> {
        let (begin, size) = (self.place(begin)?, usize::from(self.u16(size)?));
        let entries = 0..usize::from(self.u16(count)?);
        entries
            .map(|index| begin.checked_add(index.checked_mul(size)?))
            .collect()
    }

    /// The loader that the file asks for; `Some(None)` where it asks for none.
    #[expect(
        clippy::option_option,
        reason = "`None` is a file that is cut short, for all readers here"
    )]
    fn loader(self) -> Option<Option<&'a str>> {
        for header in self.table(0x20, 0x36, 0x38)? {
            if self.u32(header)? == INTERPRETER {
                return Some(Some(self.text(self.place(header + 8)?)?));
            }
        }
        Some(None)
    }

    /// The newest version of glibc that is needed; `Some(None)` where none is.
    #[expect(
        clippy::option_option,
        reason = "`None` is a file that is cut short, for all readers here"
    )]
    fn versions(self) -> Option<Option<Glibc>> {
        let sections = self.table(0x28, 0x3a, 0x3c)?;
        let mut newest = None;
        for section in &sections {
            if self.u32(section + 4)? != VERSIONS_NEEDED {
                continue;
            }
            let strings = *sections.get(self.offset(section + 40)?)?;
            let strings = self.place(strings + 24)?;
            let mut library = self.place(section + 24)?;
            for _ in 0..self.u32(section + 44)? {
                let mut version = library.checked_add(self.offset(library + 8)?)?;
                for _ in 0..self.u16(library + 2)? {
                    let name = strings.checked_add(self.offset(version + 8)?)?;
                    // A weak need is none: the loader goes on without.
                    if self.u16(version + 4)? & WEAK == 0 {
                        newest = newest.max(glibc(self.text(name)?));
                    }
                    match self.offset(version + 12)? {
                        0 => break,
                        next => version = version.checked_add(next)?,
                    }
                }
                match self.offset(library + 12)? {
                    0 => break,
                    next => library = library.checked_add(next)?,
                }
            }
        }
        Some(newest)
    }
}

/// The version in `GLIBC_2.34`; patch levels such as that of `GLIBC_2.2.5` do not matter here. `GLIBC_PRIVATE` and
/// versions of other libraries are none.
fn glibc(name: &str) -> Option<Glibc> {
    let mut parts = name.strip_prefix("GLIBC_")?.split('.');
    let mut number = || parts.next()?.parse().ok();
    Some(Glibc(number()?, number()?))
}

impl Needs {
    /// Whether Amazon Linux 2023 has what the binary needs. The error says what it lacks.
    pub(super) fn check(&self) -> Result<(), String> {
        match self.glibc.map(|needed| (needed.cmp(&NEWEST_GLIBC), needed)) {
            Some((Ordering::Greater, needed)) => Err(format!(
                "it needs glibc {needed}, and Lambda's Amazon Linux 2023 has {NEWEST_GLIBC}"
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Architecture, Glibc, glibc, needs};

    /// The smallest file that passes for a static executable for this machine.
    pub(in crate::code) fn header(machine: u16) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(16, 0);
        bytes.extend(2_u16.to_le_bytes());
        bytes.extend(machine.to_le_bytes());
        bytes.resize(64, 0);
        bytes
    }

    fn put(bytes: &mut [u8], place: usize, value: &[u8]) {
        bytes[place..place + value.len()].copy_from_slice(value);
    }

    /// An executable for x86-64 that asks for this loader and these versions of one library.
    pub(in crate::code) fn linked(loader: &str, versions: &[&str]) -> Vec<u8> {
        let mut bytes = header(62);
        bytes.resize(1024, 0);
        // One program header at 64, three section headers at 128: nothing, versions at 512, texts at 768; loader at 448.
        put(&mut bytes, 0x20, &64_u64.to_le_bytes());
        put(&mut bytes, 0x36, &56_u16.to_le_bytes());
        put(&mut bytes, 0x38, &1_u16.to_le_bytes());
        put(&mut bytes, 64, &3_u32.to_le_bytes());
        put(&mut bytes, 72, &448_u64.to_le_bytes());
        put(&mut bytes, 448, loader.as_bytes());
        put(&mut bytes, 0x28, &128_u64.to_le_bytes());
        put(&mut bytes, 0x3a, &64_u16.to_le_bytes());
        put(&mut bytes, 0x3c, &3_u16.to_le_bytes());
        put(&mut bytes, 192 + 4, &0x6fff_fffe_u32.to_le_bytes());
        put(&mut bytes, 192 + 24, &512_u64.to_le_bytes());
        put(&mut bytes, 192 + 40, &2_u32.to_le_bytes());
        put(&mut bytes, 192 + 44, &1_u32.to_le_bytes());
        put(&mut bytes, 256 + 24, &768_u64.to_le_bytes());
        put(
            &mut bytes,
            512 + 2,
            &u16::try_from(versions.len()).unwrap().to_le_bytes(),
        );
        put(&mut bytes, 512 + 8, &16_u32.to_le_bytes());
        let mut text = 1_u32;
        for (index, version) in versions.iter().enumerate() {
            let entry = 528 + index * 16;
            put(&mut bytes, entry + 8, &text.to_le_bytes());
            put(&mut bytes, entry + 12, &16_u32.to_le_bytes());
            put(
                &mut bytes,
                768 + usize::try_from(text).unwrap(),
                version.as_bytes(),
            );
            text += u32::try_from(version.len()).unwrap() + 1;
        }
        bytes
    }

    #[test]
    fn the_header_tells_the_architecture() {
        let architecture = |machine| needs(&header(machine)).map(|needs| needs.architecture);
        assert_eq!(architecture(62), Ok(Architecture::X86_64));
        assert_eq!(architecture(183), Ok(Architecture::Arm64));
        assert!(architecture(8).unwrap_err().contains("machine 8"));
        let refused = |bytes: &[u8]| needs(bytes).unwrap_err();
        assert!(refused(b"\x7fELF\x02\x01").contains("cut short"));
        assert!(refused(b"\x7fELF\x01\x01").contains("64-bit"));
        assert!(refused(b"").contains("no ELF"));
        let mut object = header(62);
        object[16] = 1;
        assert!(refused(&object).contains("type 1"));
    }

    #[test]
    fn the_newest_version_of_glibc_counts() {
        const LOADER: &str = "/lib64/ld-linux-x86-64.so.2";
        let found = |versions: &[&str]| needs(&linked(LOADER, versions)).unwrap();
        let fits = found(&[
            "GLIBC_2.2.5",
            "GLIBC_2.34",
            "GLIBC_2.9",
            "GCC_3.0",
            "GLIBC_PRIVATE",
        ]);
        assert_eq!(fits.glibc, Some(Glibc(2, 34)));
        assert_eq!(fits.check(), Ok(()));
        let newer = found(&["GLIBC_2.4", "GLIBC_2.39"]);
        assert_eq!(
            newer.check().unwrap_err(),
            "it needs glibc 2.39, and Lambda's Amazon Linux 2023 has 2.34"
        );
        let mut weak = linked(LOADER, &["GLIBC_2.39"]);
        weak[528 + 4] = 2;
        assert_eq!(needs(&weak).unwrap().glibc, None, "it may be missing");
        assert!(found(&["GLIBC_3.0"]).check().is_err());
        assert_eq!(needs(&header(62)).unwrap().glibc, None, "linked statically");
        let musl = needs(&linked("/lib/ld-musl-x86_64.so.1", &[])).unwrap_err();
        assert!(musl.contains("link it statically"), "{musl}");
        assert_eq!(glibc("GLIBC_2.2.5"), Some(Glibc(2, 2)));
        assert_eq!(glibc("GLIBC_x"), None);
    }

    #[test]
    fn a_file_cut_anywhere_is_refused_or_read_and_never_more() {
        let whole = linked("/lib64/ld-linux-x86-64.so.2", &["GLIBC_2.39"]);
        for end in 0..whole.len() {
            let _ = needs(&whole[..end]);
        }
        // Wrong numbers anywhere, likewise.
        for place in 0..whole.len() {
            let mut wrong = whole.clone();
            wrong[place] = 0xff;
            let _ = needs(&wrong);
        }
    }

    /// This test program is linked as any other on this machine: it is read like a handler.
    #[test]
    fn a_real_executable_is_read() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let needs = needs(&own).unwrap();
        if cfg!(target_env = "gnu") {
            let glibc = needs.glibc.unwrap();
            assert!(glibc >= Glibc(2, 17) && glibc < Glibc(3, 0), "{glibc}");
        }
    }
}
