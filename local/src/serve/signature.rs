//! Signature Version 4: who signed a request, and whether they did.
//!
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use http::request::Parts;
use sha2::{Digest, Sha256};

use super::refusal::Refusal;
use crate::keys::Key;

const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// How far the time of a signature may be from now.
const SKEW: TimeDelta = TimeDelta::minutes(15);

/// What `Authorization` says.
#[derive(Debug, PartialEq, Eq)]
struct Authorization<'a> {
    key: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    headers: Vec<&'a str>,
    signature: &'a str,
}

/// The key with which the request was signed. `now` is the time of whoever signs, not the account's.
pub(super) fn verify(
    head: &Parts,
    body: &[u8],
    region: &str,
    now: DateTime<Utc>,
    key: impl Fn(&str) -> Option<Key>,
) -> Result<Key, Refusal> {
    let text = header(&head.headers, "authorization").ok_or(Refusal::Unsigned)?;
    let said = read(text)?;
    let key = key(said.key).ok_or(Refusal::UnknownKey)?;
    let time = header(&head.headers, "x-amz-date")
        .ok_or_else(|| Refusal::Malformed("X-Amz-Date is missing".to_owned()))?;
    let signed = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%M%SZ")
        .map_err(|_| Refusal::Malformed(format!("X-Amz-Date {time} is no time")))?
        .and_utc();
    if (now - signed).abs() > SKEW {
        return Err(Refusal::Expired { signed, now });
    }
    if !time.starts_with(said.date) {
        let why = "the dates of Credential and X-Amz-Date differ";
        return Err(Refusal::Malformed(why.to_owned()));
    }
    let global = matches!(said.service, "iam" | "sts") && said.region == "us-east-1";
    if said.region != region && !global {
        return Err(Refusal::Elsewhere {
            signed: said.region.to_owned(),
            region: region.to_owned(),
        });
    }
    let hash = payload(head, body)?;
    let request = canonical(head, &said, &hash);
    let scope = format!(
        "{}/{}/{}/aws4_request",
        said.date, said.region, said.service
    );
    let to_sign = format!(
        "{ALGORITHM}\n{time}\n{scope}\n{}",
        hex(&Sha256::digest(request.as_bytes()))
    );
    let mut signing = format!("AWS4{}", key.secret).into_bytes();
    for part in [said.date, said.region, said.service, "aws4_request"] {
        signing = mac(&signing, part.as_bytes());
    }
    let expected = hex(&mac(&signing, to_sign.as_bytes()));
    // The secret of a pocket account is printed for everybody: nothing can be learnt from the time that this takes.
    if expected == said.signature {
        Ok(key)
    } else {
        Err(Refusal::Mismatch)
    }
}

/// `AWS4-HMAC-SHA256 Credential=…/date/region/service/aws4_request, SignedHeaders=a;b, Signature=…`
fn read(text: &str) -> Result<Authorization<'_>, Refusal> {
    let malformed = |why: &str| Refusal::Malformed(why.to_owned());
    let parts = text
        .strip_prefix(ALGORITHM)
        .ok_or_else(|| malformed("only AWS4-HMAC-SHA256 is read"))?;
    let part = |name: &str| {
        let mut parts = parts.split(',').map(str::trim);
        let found = parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='));
        found.ok_or_else(|| Refusal::Malformed(format!("Authorization has no {name}")))
    };
    let (credential, headers, signature) = (
        part("Credential")?,
        part("SignedHeaders")?,
        part("Signature")?,
    );
    let words: Vec<&str> = credential.split('/').collect();
    let [key, date, region, service, "aws4_request"] = words[..] else {
        return Err(malformed(
            "Credential is not key/date/region/service/aws4_request",
        ));
    };
    let headers: Vec<&str> = headers.split(';').collect();
    if !headers.contains(&"host") {
        return Err(malformed("SignedHeaders lacks host"));
    }
    Ok(Authorization {
        key,
        date,
        region,
        service,
        headers,
        signature,
    })
}

/// The hash of the body as the signature has it: what `x-amz-content-sha256` says, if it is true.
fn payload(head: &Parts, body: &[u8]) -> Result<String, Refusal> {
    let hash = || hex(&Sha256::digest(body));
    match header(&head.headers, "x-amz-content-sha256") {
        None => Ok(hash()),
        Some(said) if said == "UNSIGNED-PAYLOAD" || said.starts_with("STREAMING-") => {
            Ok(said.to_owned())
        }
        Some(said) if said == hash() => Ok(said.to_owned()),
        Some(_) => Err(Refusal::OtherBody),
    }
}

/// The request in the one form that both sides can write.
fn canonical(head: &Parts, said: &Authorization<'_>, hash: &str) -> String {
    let path = head.uri.path();
    let path = if said.service == "s3" {
        path.to_owned()
    } else {
        normalized(path)
    };
    let mut query: Vec<(String, String)> = head
        .uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (reencoded(name), reencoded(value))
        })
        .collect();
    query.sort();
    let query: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut text = format!("{}\n{path}\n{}\n", head.method, query.join("&"));
    for name in &said.headers {
        let values = head.headers.get_all(*name).into_iter();
        let values: Vec<String> = values
            .map(|value| squeezed(&String::from_utf8_lossy(value.as_bytes())))
            .collect();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name}:{}", values.join(","));
    }
    let _ = write!(text, "\n{}\n{hash}", said.headers.join(";"));
    text
}

/// The path of any service but S3: without empty and dotted parts, and encoded once more than it was sent.
fn normalized(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let parts: Vec<String> = parts.iter().map(|part| encoded(part.as_bytes())).collect();
    let end = if path.ends_with('/') && !parts.is_empty() {
        "/"
    } else {
        ""
    };
    format!("/{}{end}", parts.join("/"))
}

/// A part of the query in its canonical encoding, whatever the client left unencoded.
fn reencoded(text: &str) -> String {
    encoded(&crate::wire::percent_bytes(text))
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
fn encoded(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(*byte));
            }
            _ => _ = write!(text, "%{byte:02X}"),
        }
    }
    text
}

/// A header's value without white space around it and with single spaces inside.
fn squeezed(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so the second arm is never taken; an empty answer would match nothing.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            mac.update(message);
            mac.finalize().into_bytes().to_vec()
        }
        Err(_) => Vec::new(),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    fn key(id: &str) -> Option<Key> {
        (id == "AKIDEXAMPLE").then(|| Key {
            secret: SECRET.to_owned(),
            arn: "arn:aws:iam::000000000000:user/example".to_owned(),
        })
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// A request of AWS's own test vectors.
    fn vector(uri: &str, service: &str, headers: &str, signature: &str) -> http::request::Builder {
        Request::builder()
            .uri(uri)
            .header("x-amz-date", "20150830T123600Z")
            .header(
                "authorization",
                format!(
                    "{ALGORITHM} Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, \
                     SignedHeaders={headers}, Signature={signature}"
                ),
            )
    }

    fn verified(request: http::request::Builder, now: &str) -> Result<Key, Refusal> {
        let (head, ()) = request.body(()).unwrap().into_parts();
        verify(&head, b"", "us-east-1", at(now), key)
    }

    /// `get-vanilla` of the test suite of Signature Version 4.
    fn vanilla(signature: &str) -> http::request::Builder {
        vector("/", "service", "host;x-amz-date", signature).header("host", "example.amazonaws.com")
    }
    const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

    /// The example of the IAM user guide: `ListUsers`, signed with its content type.
    #[test]
    fn the_published_examples_are_verified() {
        assert!(verified(vanilla(VANILLA), "2015-08-30T12:36:00Z").is_ok());
        let list_users = vector(
            "/?Action=ListUsers&Version=2010-05-08",
            "iam",
            "content-type;host;x-amz-date",
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
        )
        .header("host", "iam.amazonaws.com")
        .header(
            "content-type",
            "application/x-www-form-urlencoded; charset=utf-8",
        );
        assert!(verified(list_users, "2015-08-30T12:50:59Z").is_ok());
        let order = vector(
            "/?Param2=value2&Param1=value1",
            "service",
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        )
        .header("host", "example.amazonaws.com");
        assert!(verified(order, "2015-08-30T12:21:01Z").is_ok());
    }

    #[test]
    fn what_was_changed_after_signing_is_refused() {
        let now = "2015-08-30T12:36:00Z";
        let wrong = VANILLA.replace('5', "6");
        assert_eq!(verified(vanilla(&wrong), now), Err(Refusal::Mismatch));
        let path = vanilla(VANILLA).uri("/other");
        assert_eq!(verified(path, now), Err(Refusal::Mismatch));
        let method = vanilla(VANILLA).method("PUT");
        assert_eq!(verified(method, now), Err(Refusal::Mismatch));
        let query = vanilla(VANILLA).uri("/?a=b");
        assert_eq!(verified(query, now), Err(Refusal::Mismatch));
        let (head, ()) = vanilla(VANILLA).body(()).unwrap().into_parts();
        let body = verify(&head, b"x", "us-east-1", at(now), key);
        assert_eq!(body, Err(Refusal::Mismatch));
        let hashed = vanilla(VANILLA).header("x-amz-content-sha256", "00");
        assert_eq!(verified(hashed, now), Err(Refusal::OtherBody));
    }

    #[test]
    fn a_signature_holds_for_fifteen_minutes_in_its_region() {
        for late in ["2015-08-30T12:51:01Z", "2015-08-30T12:20:59Z"] {
            let refused = verified(vanilla(VANILLA), late);
            assert!(matches!(refused, Err(Refusal::Expired { .. })), "{late}");
        }
        let (head, ()) = vanilla(VANILLA).body(()).unwrap().into_parts();
        let elsewhere = verify(&head, b"", "eu-west-1", at("2015-08-30T12:36:00Z"), key);
        assert!(matches!(elsewhere, Err(Refusal::Elsewhere { .. })));
    }

    #[test]
    fn rule_10_signatures_that_cannot_be_read_name_what_is_wrong() {
        let now = "2015-08-30T12:36:00Z";
        let (head, ()) = Request::builder().body(()).unwrap().into_parts();
        let none = verify(&head, b"", "us-east-1", at(now), key);
        assert_eq!(none, Err(Refusal::Unsigned));
        for (text, says) in [
            ("Basic abc", "AWS4-HMAC-SHA256"),
            ("AWS4-HMAC-SHA256", "Credential"),
            ("AWS4-HMAC-SHA256 Credential=a/b", "SignedHeaders"),
            (
                "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=00",
                "aws4_request",
            ),
            (
                "AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request, SignedHeaders=date, Signature=00",
                "host",
            ),
        ] {
            let Err(Refusal::Malformed(why)) = read(text) else {
                panic!("{text} is read");
            };
            assert!(why.contains(says), "{why}");
        }
        let stranger = "AWS4-HMAC-SHA256 Credential=WHO/20150830/us-east-1/sns/aws4_request, \
                        SignedHeaders=host, Signature=00";
        let stranger = Request::builder().header("authorization", stranger);
        assert_eq!(verified(stranger, now), Err(Refusal::UnknownKey));
    }

    #[test]
    fn paths_are_normalised_and_encoded_once_more() {
        assert_eq!(normalized("/"), "/");
        assert_eq!(normalized("//a/./b/../c/"), "/a/c/");
        assert_eq!(normalized("/tags/arn%3Aaws"), "/tags/arn%253Aaws");
        assert_eq!(reencoded("a%2Fb:c"), "a%2Fb%3Ac");
    }
}
