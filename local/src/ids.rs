//! Identifiers: they look random and follow from the seed.

use fastrand::Rng;

/// A source of identifiers; every service has its own, so that one service's calls do not change
/// the identifiers of another.
#[derive(Debug)]
pub(crate) struct Ids(Rng);

impl Ids {
    /// The source of `service` under `seed`.
    pub(crate) fn new(seed: u64, service: &str) -> Self {
        let salt = service
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        Self(Rng::with_seed(seed ^ salt))
    }

    /// A version 4 UUID.
    pub(crate) fn uuid(&mut self) -> String {
        let high = self.0.u64(..);
        let low = self.0.u64(..);
        let time_high = (high & 0x0fff) | 0x4000;
        let clock = ((low >> 48) & 0x3fff) | 0x8000;
        let node = low & 0xffff_ffff_ffff;
        format!(
            "{:08x}-{:04x}-{time_high:04x}-{clock:04x}-{node:012x}",
            high >> 32,
            (high >> 16) & 0xffff
        )
    }

    /// `prefix` and seventeen capitals and digits, as IAM numbers its entities.
    pub(crate) fn entity(&mut self, prefix: &str) -> String {
        let mut id = prefix.to_owned();
        id.extend((0..17).map(|_| {
            let digit = self.0.u32(..32);
            char::from_digit(digit, 32)
                .unwrap_or('0')
                .to_ascii_uppercase()
        }));
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_series() {
        let mut first = Ids::new(7, "sns");
        let mut again = Ids::new(7, "sns");
        let mut other = Ids::new(7, "sqs");
        let id = first.uuid();
        assert_eq!(id, again.uuid());
        assert_ne!(id, other.uuid());
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
    }
}
