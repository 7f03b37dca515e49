//! The body of a request: read to its end within bounds, and freed of its encodings.

use std::io::Read as _;

use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;

use super::refusal::Refusal;

/// The largest body, in bytes, before and after decoding: what Lambda allows for a request that carries a zip.
pub(super) const LARGEST: usize = 70_167_211;

/// The body as it was sent; `Transfer-Encoding` and `Expect` are hyper's affair.
pub(super) async fn read(headers: &HeaderMap, incoming: Incoming) -> Result<Bytes, Refusal> {
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| usize::try_from(length).map_or(true, |n| n > LARGEST)) {
        return Err(Refusal::TooLarge);
    }
    match Limited::new(incoming, LARGEST).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::TooLarge),
        Err(error) => Err(Refusal::Unreadable(format!("its body breaks off: {error}"))),
    }
}

/// The content of a body, whose encodings are undone from the last to the first.
pub(super) fn decoded(headers: &HeaderMap, sent: Bytes) -> Result<Bytes, Refusal> {
    let mut content = sent;
    let named = headers.get_all(CONTENT_ENCODING).into_iter();
    let named: Vec<&str> = named
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    // SDKs that chunk say so in one header or the other.
    let chunked = headers
        .get("x-amz-content-sha256")
        .is_some_and(|hash| hash.as_bytes().starts_with(b"STREAMING-"));
    if chunked && !named.contains(&"aws-chunked") {
        content = unchunked(&content)?;
    }
    for name in named.iter().rev() {
        content = match *name {
            "identity" => content,
            "gzip" => unzipped(&content)?,
            "aws-chunked" => unchunked(&content)?,
            other => {
                return Err(Refusal::Unreadable(format!(
                    "the Content-Encoding {other} is not supported; gzip and aws-chunked are"
                )));
            }
        };
    }
    Ok(content)
}

fn unzipped(content: &Bytes) -> Result<Bytes, Refusal> {
    let mut unzipped = Vec::new();
    let bound = u64::try_from(LARGEST).unwrap_or(u64::MAX) + 1;
    MultiGzDecoder::new(&**content)
        .take(bound)
        .read_to_end(&mut unzipped)
        .map_err(|error| Refusal::Unreadable(format!("its body is no gzip: {error}")))?;
    if unzipped.len() > LARGEST {
        return Err(Refusal::TooLarge);
    }
    Ok(unzipped.into())
}

/// `<size in hex>[;chunk-signature=…]\r\n<bytes>\r\n …`, ended by a chunk of size 0 and trailers, which are not read.
fn unchunked(content: &Bytes) -> Result<Bytes, Refusal> {
    let broken = || Refusal::Unreadable("its body is not aws-chunked".to_owned());
    let mut rest = content.clone();
    let mut whole = BytesMut::new();
    loop {
        let end = rest
            .windows(2)
            .position(|two| two == b"\r\n")
            .ok_or_else(broken)?;
        let line = rest.split_to(end);
        let size = line.split(|byte| *byte == b';').next().unwrap_or_default();
        let size = std::str::from_utf8(size).map_err(|_| broken())?;
        let size = usize::from_str_radix(size, 16).map_err(|_| broken())?;
        if size == 0 {
            return Ok(whole.freeze());
        }
        // Both line ends and the chunk between them must be there.
        if size > rest.len().saturating_sub(4) {
            return Err(broken());
        }
        let _ = rest.split_to(2);
        whole.extend_from_slice(&rest.split_to(size));
        if rest.split_to(2) != b"\r\n"[..] {
            return Err(broken());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &str)| {
            (http::HeaderName::from_static(name), value.parse().unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    fn gzip(content: &[u8]) -> Bytes {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap().into()
    }

    #[test]
    fn encodings_are_undone_in_their_order() {
        let zipped = gzip(b"hello");
        let gzipped = headers(&[("content-encoding", "gzip")]);
        assert_eq!(decoded(&gzipped, zipped.clone()).unwrap(), "hello");

        let mut chunked = format!("{:x};chunk-signature=00\r\n", zipped.len()).into_bytes();
        chunked.extend_from_slice(&zipped);
        chunked.extend_from_slice(b"\r\n0\r\nx-amz-checksum-crc32:AAAA\r\n\r\n");
        let both = headers(&[("content-encoding", "gzip, aws-chunked")]);
        assert_eq!(decoded(&both, chunked.into()).unwrap(), "hello");

        let by_hash = headers(&[("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")]);
        let body = Bytes::from_static(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
        assert_eq!(decoded(&by_hash, body).unwrap(), "abcde");
    }

    #[test]
    fn rule_10_broken_encodings_are_refused() {
        let unreadable = |name: &str, body: &'static [u8]| {
            let headers = headers(&[("content-encoding", name)]);
            matches!(
                decoded(&headers, Bytes::from_static(body)),
                Err(Refusal::Unreadable(_))
            )
        };
        assert!(unreadable("gzip", b"no gzip"));
        assert!(unreadable("br", b""));
        for body in [
            &b""[..],
            b"zz\r\n",
            b"5\r\nab\r\n",
            b"2\r\nabXX0\r\n\r\n",
            b"ffffffffffffffff\r\nab\r\n",
            b"2\r\nab\r\n",
            b"-1\r\n",
        ] {
            assert!(unreadable("aws-chunked", body), "{body:?}");
        }
    }

    #[test]
    fn a_small_body_that_unpacks_to_too_much_is_refused() {
        let bomb = gzip(&vec![0; LARGEST + 1]);
        assert!(bomb.len() < 1_000_000);
        let gzipped = headers(&[("content-encoding", "gzip")]);
        assert!(matches!(decoded(&gzipped, bomb), Err(Refusal::TooLarge)));
    }
}
