//! Records from a trail's bucket: only the folders of the days in question are listed, a few objects are fetched at once,
//! and of each only what lies in the window is kept.

use std::path::Path;

use futures_util::stream::{self, StreamExt as _};

use super::Window;
use super::folders::may_hold;
use crate::clients::Clients;
use crate::error::{Called, Result};
use crate::replay::source::Sources;
use crate::status::text;

/// Objects that are fetched at once.
const AT_ONCE: usize = 8;
/// Endings of objects that hold records.
const ENDINGS: [&str; 3] = [".gz", ".json", ".jsonl"];

/// A bucket answers in its own Region alone.
const ELSEWHERE: &str = "a bucket of another Region takes --region";

/// Fetches them.
///
/// # Errors
/// When the bucket cannot be listed. An object that cannot be fetched is told among what was rejected.
pub(super) async fn fetch(
    clients: &Clients,
    (bucket, prefix): (&str, &str),
    window: Window,
    sources: &mut Sources,
    told: &mut dyn FnMut(String),
) -> Result<()> {
    let keys = keys(clients, bucket, prefix, window).await?;
    let all = keys.len();
    if all == 0 {
        let reason =
            "holds no *.gz, *.json or *.jsonl object of that time: --since and --until widen it";
        sources.reject(Path::new(&name(bucket, prefix)), "", reason);
    }
    let mut objects = stream::iter(keys)
        .map(|key| async {
            let object = object(clients, bucket, &key).await;
            (key, object)
        })
        .buffered(AT_ONCE);
    let (mut done, mut outside) = (0, 0);
    while let Some((key, object)) = objects.next().await {
        let name = name(bucket, &key);
        match object {
            Ok(bytes) => {
                let mut read = Sources::default();
                read.bytes(Path::new(&name), bytes);
                let all = read.records.len();
                read.records.retain(|recorded| window.holds(recorded.time));
                outside += all - read.records.len();
                sources.add(read);
            }
            Err(error) => sources.reject(Path::new(&name), "", error),
        }
        done += 1;
        if done % 100 == 0 || done == all {
            told(format!("{bucket}: {done} of {all} objects"));
        }
    }
    if outside > 0 {
        let reason = format!(
            "{outside} records lie outside {} to {}: --since and --until say which are replayed",
            text(window.from),
            text(window.until)
        );
        sources.reject(Path::new(&name(bucket, prefix)), "", reason);
    }
    Ok(())
}

fn name(bucket: &str, key: &str) -> String {
    format!("s3://{bucket}/{key}")
}

/// The keys of the objects, in their order.
async fn keys(
    clients: &Clients,
    bucket: &str,
    prefix: &str,
    window: Window,
) -> Result<Vec<String>> {
    let (mut keys, mut folders) = (Vec::new(), vec![prefix.to_owned()]);
    while let Some(folder) = folders.pop() {
        let mut pages = clients
            .s3
            .list_objects_v2()
            .bucket(bucket)
            .prefix(&folder)
            .delimiter("/")
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.called("s3:ListBucket", bucket);
            let page = page.map_err(|error| error.and(ELSEWHERE))?;
            let of = page.contents().iter().filter_map(|object| object.key());
            // One that is named in full may be called as it likes.
            let of = of
                .filter(|key| *key == prefix || ENDINGS.iter().any(|ending| key.ends_with(ending)));
            keys.extend(of.map(str::to_owned));
            let below = page.common_prefixes().iter().filter_map(|one| one.prefix());
            let below = below.filter(|folder| may_hold(folder, window));
            folders.extend(below.map(str::to_owned));
        }
    }
    keys.sort();
    Ok(keys)
}

/// An object; in place of it, why it cannot be had.
async fn object(
    clients: &Clients,
    bucket: &str,
    key: &str,
) -> std::result::Result<Vec<u8>, String> {
    let call = clients.s3.get_object().bucket(bucket).key(key).send().await;
    let got = call.called("s3:GetObject", key);
    let body = got.map_err(|error| error.to_string())?.body.collect().await;
    let bytes = body.map_err(|error| format!("the connection was lost: {error}; run it again"))?;
    Ok(bytes.to_vec())
}
