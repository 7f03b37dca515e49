//! The few bytes of an ELF header that tell what a binary was built for.

use super::Architecture;

/// Where the header of any ELF file keeps the machine, and the numbers of the two that Lambda runs (System V ABI).
const MACHINE_AT: usize = 18;
const X86_64: u16 = 62;
const AARCH64: u16 = 183;

/// Tells the architecture of a 64-bit little-endian executable.
///
/// # Errors
/// Says why Lambda could not run the file.
pub(super) fn architecture(binary: &[u8]) -> Result<Architecture, String> {
    if !binary.starts_with(b"\x7fELF") {
        return Err("it is no ELF executable".to_owned());
    }
    if binary.get(4..6) != Some(&[2, 1]) {
        return Err("it is not 64-bit little-endian".to_owned());
    }
    let machine = binary
        .get(MACHINE_AT..MACHINE_AT + 2)
        .and_then(|bytes| bytes.try_into().ok());
    match machine.map(u16::from_le_bytes) {
        Some(X86_64) => Ok(Architecture::X86_64),
        Some(AARCH64) => Ok(Architecture::Arm64),
        Some(other) => Err(format!(
            "it was built for ELF machine {other}, not x86-64 or arm64"
        )),
        None => Err("its ELF header is cut short".to_owned()),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::{Architecture, architecture};

    /// The smallest file that passes for an executable of this machine.
    pub(in crate::code) fn header(machine: u16) -> Vec<u8> {
        let mut bytes = b"\x7fELF\x02\x01\x01".to_vec();
        bytes.resize(18, 0);
        bytes.extend(machine.to_le_bytes());
        bytes
    }

    #[test]
    fn the_header_tells_the_architecture() {
        assert_eq!(architecture(&header(62)), Ok(Architecture::X86_64));
        assert_eq!(architecture(&header(183)), Ok(Architecture::Arm64));
        assert!(architecture(&header(8)).unwrap_err().contains("machine 8"));
        assert!(
            architecture(b"\x7fELF\x02\x01")
                .unwrap_err()
                .contains("cut short")
        );
        assert!(
            architecture(b"\x7fELF\x01\x01")
                .unwrap_err()
                .contains("64-bit")
        );
        assert!(architecture(b"").is_err());
    }
}
