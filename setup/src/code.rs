//! The function's code: the built handler as a zip that is the same, byte for byte, whenever the binary is.

mod elf;

use std::fmt::{self, Write as _};
use std::io::{Cursor, Write as _};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::error::{Error, Result};

/// The processor that a binary was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// `x86_64`.
    X86_64,
    /// `arm64`.
    Arm64,
}

impl fmt::Display for Architecture {
    /// As Lambda spells it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        })
    }
}

/// What a function runs.
#[derive(Clone, PartialEq, Eq)]
pub struct Code {
    /// The zip with one executable, `bootstrap`.
    pub zip: Vec<u8>,
    /// What the executable was built for.
    pub architecture: Architecture,
}

/// Above this the zip is larger than it has any reason to be, and slower to start.
const LARGE_ZIP: usize = 4 * 1024 * 1024;

/// What the operator should know of a zip that is larger than it need be.
#[must_use]
pub fn large(zip: &[u8]) -> Option<String> {
    let size = zip.len();
    (size > LARGE_ZIP).then(|| {
        let megabytes = size / (1024 * 1024);
        format!("the zip has {megabytes} MB; build it with `--profile lambda` for a quicker start")
    })
}

/// How to build the handler; shown wherever it is missing.
const BUILD: &str = "cargo build --profile lambda -p ecroll-handler --bin handler";

/// How to build it against an older C library.
const OLDER: &str = "build it with `cargo lambda build --profile lambda -p ecroll-handler --bin handler`, which links \
                     against an older one, or on a machine with that glibc or an older one, or statically with musl";

impl Code {
    /// Stands for the handler where no function ever runs it, as in the pocket account.
    #[must_use]
    pub fn placeholder() -> Self {
        // Writing to memory cannot fail; if it did, an empty zip would be as good a placeholder.
        let zip = zip(b"ecroll: a placeholder").unwrap_or_default();
        Self {
            zip,
            architecture: Architecture::X86_64,
        }
    }

    /// Packs the built handler.
    ///
    /// # Errors
    /// When the file cannot be read, is no Linux executable for x86-64 or arm64, or needs a newer C library than Lambda
    /// has; each says how to build it.
    pub fn pack(handler: &Path) -> Result<Self> {
        let binary = std::fs::read(handler).map_err(|error| {
            let path = handler.display();
            Error::Wrong(format!(
                "cannot read the handler `{path}`: {error}; --handler names another, an archive has it as lambda/handler beside \
                 the program, and this builds it: {BUILD}"
            ))
        })?;
        let refused = |mend: &str, why: String| {
            let path = handler.display();
            Error::Wrong(format!("`{path}` is no handler for Lambda: {why}; {mend}"))
        };
        let needs =
            elf::needs(&binary).map_err(|why| refused(&format!("build it: {BUILD}"), why))?;
        needs.check().map_err(|why| refused(OLDER, why))?;
        let architecture = needs.architecture;
        let zip = zip(&binary).map_err(|error| {
            Error::Wrong(format!("cannot pack `{}`: {error}", handler.display()))
        })?;
        Ok(Self { zip, architecture })
    }

    /// The zip's digest as Lambda reports it: SHA-256 in base64.
    #[must_use]
    pub fn sha256(&self) -> String {
        STANDARD.encode(Sha256::digest(&self.zip))
    }

    /// The same digest in hexadecimal, as file names take it.
    #[must_use]
    pub fn sha256_hex(&self) -> String {
        let mut text = String::new();
        for byte in Sha256::digest(&self.zip) {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (bytes, architecture) = (self.zip.len(), self.architecture);
        write!(f, "Code({bytes} bytes, {architecture})")
    }
}

/// Binaries up to this size are packed as tightly as deflate can: two seconds for what then starts for years. Larger ones,
/// of the dev profile, would take ten and be above [`LARGE_ZIP`] all the same.
const TIGHTLY: usize = 16 * 1024 * 1024;

/// One entry, executable, with the time at which zip's clock begins: nothing in it depends on when or where.
fn zip(binary: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level((binary.len() <= TIGHTLY).then_some(9))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o755);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("bootstrap", options)?;
    writer.write_all(binary)?;
    Ok(writer.finish()?.into_inner())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::{Architecture, Code, elf, zip};

    #[test]
    fn the_same_binary_gives_the_same_zip() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handler");
        std::fs::write(&path, elf::tests::header(62)).unwrap();
        let first = Code::pack(&path).unwrap();
        std::fs::write(&path, elf::tests::header(62)).unwrap();
        let second = Code::pack(&path).unwrap();
        assert_eq!(first, second);
        assert_eq!(first.architecture, Architecture::X86_64);

        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(first.zip)).unwrap();
        let mut entry = archive.by_index(0).unwrap();
        assert_eq!(entry.name().unwrap(), "bootstrap");
        assert_eq!(entry.unix_mode(), Some(0o100_755));
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        assert_eq!(content, elf::tests::header(62));
    }

    #[test]
    fn a_binary_is_packed_as_tightly_as_deflate_can() {
        // Text that the levels pack differently.
        let text = include_bytes!("code.rs");
        let packed = |level| {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), level);
            std::io::Write::write_all(&mut encoder, text).unwrap();
            u64::try_from(encoder.finish().unwrap().len()).unwrap()
        };
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(zip(text).unwrap())).unwrap();
        let size = archive.by_index(0).unwrap().compressed_size();
        assert_eq!(size, packed(flate2::Compression::best()));
        assert!(size < packed(flate2::Compression::default()), "{size}");
    }

    #[test]
    fn rule_10_a_missing_handler_is_refused_with_the_build_command() {
        let error = Code::pack(std::path::Path::new("no/such/handler"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("no/such/handler"), "{error}");
        assert!(error.contains("cargo build --profile lambda"), "{error}");
    }

    #[test]
    fn rule_10_a_handler_for_a_newer_glibc_is_refused_with_the_mend() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handler");
        let newer =
            elf::tests::linked("/lib64/ld-linux-x86-64.so.2", &["GLIBC_2.34", "GLIBC_2.36"]);
        std::fs::write(&path, newer).unwrap();
        let error = Code::pack(&path).unwrap_err().to_string();
        let error = error.replace(&path.display().to_string(), "handler");
        insta::assert_snapshot!(error);
    }

    #[test]
    fn rule_10_a_file_that_is_no_executable_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("handler");
        std::fs::write(&path, "#!/bin/sh").unwrap();
        let error = Code::pack(&path).unwrap_err().to_string();
        assert!(error.contains("no ELF executable"), "{error}");
    }
}
