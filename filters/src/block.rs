//! Sixty-four bytes of JSON at once, a bit for each: what a loop over bytes would branch on, found
//! without branches.

/// Bytes in a block.
pub(crate) const SIZE: usize = 64;

/// The first block of a text, and blanks behind its end; how many bytes are the text's.
pub(crate) fn first(text: &[u8]) -> ([u8; SIZE], usize) {
    if let Some(block) = text.first_chunk() {
        return (*block, SIZE);
    }
    let mut block = [b' '; SIZE];
    for (to, from) in block.iter_mut().zip(text) {
        *to = *from;
    }
    (block, text.len())
}

/// Which bytes pass the test; the first is the lowest bit.
#[inline]
pub(crate) fn bits(block: &[u8; SIZE], test: impl Fn(u8) -> bool) -> u64 {
    // Of eight bytes that are 0 or 1 the product's highest byte holds one bit each.
    const GATHER: u64 = 0x0102_0408_1020_4080;
    let flags = block.map(|byte| u8::from(test(byte)));
    let (eights, _) = flags.as_chunks::<8>();
    eights.iter().rev().fold(0, |bits, eight| {
        bits << 8 | u64::from_le_bytes(*eight).wrapping_mul(GATHER) >> 56
    })
}

/// Which bytes stand behind a backslash that is not itself escaped. `carry` is 1 when the first one
/// does, and is set to the same for the next block.
#[inline]
pub(crate) fn escaped(backslashes: u64, carry: &mut u64) -> u64 {
    const ODD: u64 = 0xAAAA_AAAA_AAAA_AAAA;
    if backslashes == 0 {
        return std::mem::take(carry);
    }
    // Adding carries through each run of backslashes, which ends in an odd or an even place; after
    // simdjson (Langdale and Lemire, "Parsing Gigabytes of JSON per Second", section 3.1.1).
    let escaping = backslashes & !*carry;
    let maybe = escaping << 1;
    let maybe_odd = maybe | ODD;
    let even_code = maybe_odd.wrapping_sub(escaping);
    let codes = even_code ^ ODD;
    let escaped = codes ^ (backslashes | *carry);
    let escape = codes & backslashes;
    *carry = escape >> 63;
    escaped
}

/// Which bytes lie behind an odd number of these: between quotes, the opening one included.
#[inline]
pub(crate) fn between(mut quotes: u64) -> u64 {
    for step in [1, 2, 4, 8, 16, 32] {
        quotes ^= quotes << step;
    }
    quotes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SIZE, between, bits, escaped, first};

    proptest! {
        #[test]
        fn bits_are_what_a_loop_finds(text in "[a\\\\\"]{0,200}") {
            let (mut behind, mut carry, mut string, mut inside) = (false, 0, false, 0);
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                let (block, length) = first(rest);
                let found = escaped(bits(&block, |b| b == b'\\'), &mut carry);
                let quotes = bits(&block, |b| b == b'"') & !found;
                let strings = between(quotes) ^ inside;
                inside = 0_u64.wrapping_sub(strings >> 63);
                for (n, byte) in rest[..length].iter().enumerate() {
                    prop_assert_eq!(found >> n & 1 == 1, behind, "escaped {}", n);
                    string ^= *byte == b'"' && !behind;
                    prop_assert_eq!(strings >> n & 1 == 1, string, "inside {}", n);
                    behind = *byte == b'\\' && !behind;
                }
                rest = &rest[length.min(SIZE)..];
            }
        }
    }
}
