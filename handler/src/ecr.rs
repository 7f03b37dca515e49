//! The calls to ECR: when an image was pushed, which digest a tag names, and what a manifest says.

use std::collections::BTreeMap;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::{DescribeImagesFilter, Image, ImageDetail, ImageIdentifier, TagStatus};
use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ecs::{Keep, next};
use crate::error::AwsError;
use crate::image::Repository;
use crate::plan::missing::Listed;

/// The most images that `DescribeImages` takes in one call.
const MOST_IDS: usize = 100;

/// The media types of manifests that may describe an image; ECR answers others as if the image were missing.
const MANIFESTS: &[&str] = &[
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
];

/// What names an image within a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ImageId {
    /// `sha256:…`.
    Digest(String),
    /// What the tag names at the moment.
    Tag(String),
}

/// An image as ECR knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) digest: String,
    /// The first push of the digest; a further tag does not change it.
    /// Source: <https://github.com/aws/containers-roadmap/issues/214>
    pub(crate) pushed_at: DateTime<Utc>,
}

/// Images of one repository; those that it does not hold are left out.
pub(crate) async fn describe(
    ecr: &Client,
    repository: &Repository,
    ids: &[ImageId],
) -> Result<BTreeMap<ImageId, Found>, AwsError> {
    let mut found = BTreeMap::new();
    for some in ids.chunks(MOST_IDS) {
        match describe_some(ecr, repository, some).await {
            Ok(images) => found.extend(images),
            // One that is missing refuses them all: the others are asked for alone.
            Err(error) if is_missing(&error) && some.len() > 1 => {
                for id in some {
                    match describe_some(ecr, repository, std::slice::from_ref(id)).await {
                        Ok(images) => found.extend(images),
                        Err(error) if is_missing(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
            }
            Err(error) if is_missing(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// Whether the error says no more than that an image is not there.
fn is_missing(error: &AwsError) -> bool {
    error.message.starts_with("ImageNotFoundException")
}

async fn describe_some(
    ecr: &Client,
    repository: &Repository,
    ids: &[ImageId],
) -> Result<BTreeMap<ImageId, Found>, AwsError> {
    let answer = ecr
        .describe_images()
        .registry_id(&repository.account)
        .repository_name(&repository.name)
        .set_image_ids(Some(ids.iter().map(ImageId::sdk).collect()))
        .send()
        .await
        .map_err(|error| AwsError::new("DescribeImages", &error))?;
    let mut found = BTreeMap::new();
    for image in answer.image_details() {
        let pushed_at = image
            .image_pushed_at()
            .and_then(|time| DateTime::from_timestamp(time.secs(), time.subsec_nanos()));
        let (Some(digest), Some(pushed_at)) = (image.image_digest(), pushed_at) else {
            continue;
        };
        for id in ids {
            let named = match id {
                ImageId::Digest(wanted) => wanted == digest,
                ImageId::Tag(wanted) => image.image_tags().contains(wanted),
            };
            if named {
                let digest = digest.to_owned();
                found.insert(id.clone(), Found { digest, pushed_at });
            }
        }
    }
    Ok(found)
}

/// The whole answer about one page of the images with tags that a repository holds.
pub(crate) async fn raw_page(
    ecr: &Client,
    repository: &Repository,
    token: Option<&str>,
) -> Result<Value, AwsError> {
    let keep = Keep::default();
    let tagged = DescribeImagesFilter::builder().tag_status(TagStatus::Tagged);
    ecr.describe_images()
        .registry_id(&repository.account)
        .repository_name(&repository.name)
        .filter(tagged.build())
        .max_results(1000)
        .set_next_token(token.map(str::to_owned))
        .customize()
        .interceptor(keep.clone())
        .send()
        .await
        .map_err(|error| AwsError::new("DescribeImages", &error))?;
    keep.json("DescribeImages")
}

/// What ECR says of one image; nothing where it does not hold it any more.
pub(crate) async fn raw_image(
    ecr: &Client,
    repository: &Repository,
    digest: &str,
) -> Result<Vec<Value>, AwsError> {
    let keep = Keep::default();
    let answer = ecr
        .describe_images()
        .registry_id(&repository.account)
        .repository_name(&repository.name)
        .image_ids(ImageId::Digest(digest.to_owned()).sdk())
        .customize()
        .interceptor(keep.clone())
        .send()
        .await
        .map_err(|error| AwsError::new("DescribeImages", &error));
    match answer {
        Ok(_) => {
            let answer = keep.json("DescribeImages")?;
            let images = answer.get("imageDetails").and_then(Value::as_array);
            Ok(images.cloned().unwrap_or_default())
        }
        Err(error) if is_missing(&error) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// What stands in place of a prefix where all repositories without another may be caches.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html>
pub(crate) const ROOT: &str = "ROOT";

/// Media types of the configuration of what runs as a container; an index has none.
const CONFIGS: &[&str] = &[
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.image.config.v1+json",
];

/// All images with tags that a repository holds: no charts, signatures and the like.
///
/// # Errors
/// What AWS answered to one of the pages.
pub(crate) async fn list(ecr: &Client, repository: &Repository) -> Result<Vec<Listed>, AwsError> {
    let tagged = DescribeImagesFilter::builder().tag_status(TagStatus::Tagged);
    let request = ecr
        .describe_images()
        .registry_id(&repository.account)
        .repository_name(&repository.name)
        .filter(tagged.build())
        .max_results(1000);
    let (mut images, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = request.clone().set_next_token(token.clone()).send().await;
        let page = page.map_err(|error| AwsError::new("DescribeImages", &error))?;
        images.extend(page.image_details().iter().filter_map(listed));
        token = next(token.as_deref(), page.next_token(), "DescribeImages")?;
        if token.is_none() {
            return Ok(images);
        }
    }
}

fn listed(image: &ImageDetail) -> Option<Listed> {
    let known = image.artifact_media_type();
    if known.is_some_and(|media| !CONFIGS.contains(&media)) {
        return None;
    }
    let at = image.image_pushed_at()?;
    Some(Listed {
        digest: image.image_digest()?.to_owned(),
        tags: image.image_tags().to_vec(),
        pushed_at: DateTime::from_timestamp(at.secs(), at.subsec_nanos())?,
    })
}

/// The prefixes of repositories that hold what was pulled through from elsewhere.
///
/// # Errors
/// What AWS answered.
pub(crate) async fn cache_prefixes(ecr: &Client) -> Result<Vec<String>, AwsError> {
    let (mut prefixes, mut token) = (Vec::new(), None::<String>);
    loop {
        let page = ecr
            .describe_pull_through_cache_rules()
            .set_next_token(token.clone());
        let page = page.send().await;
        let page = page.map_err(|error| AwsError::new("DescribePullThroughCacheRules", &error))?;
        let rules = page.pull_through_cache_rules().iter();
        prefixes.extend(rules.filter_map(|rule| rule.ecr_repository_prefix().map(str::to_owned)));
        token = next(
            token.as_deref(),
            page.next_token(),
            "DescribePullThroughCacheRules",
        )?;
        if token.is_none() {
            return Ok(prefixes);
        }
    }
}

/// Lets a tag name an image that the repository holds; what it named before loses it. That it names it already is no
/// error.
///
/// # Errors
/// What AWS answered: the image is gone, the tag is immutable, the call is not allowed.
pub(crate) async fn put_tag(
    ecr: &Client,
    repository: &Repository,
    digest: &str,
    tag: &str,
) -> Result<(), AwsError> {
    let image = fetch(ecr, repository, digest).await?;
    let Some(manifest) = image.as_ref().and_then(Image::image_manifest) else {
        let why = format!("ECR no longer holds {digest}");
        return Err(AwsError::strange("BatchGetImage", why, false));
    };
    let media = image.as_ref().and_then(Image::image_manifest_media_type);
    let put = ecr
        .put_image()
        .registry_id(&repository.account)
        .repository_name(&repository.name)
        .image_manifest(manifest)
        .set_image_manifest_media_type(media.map(str::to_owned))
        .image_tag(tag)
        .image_digest(digest)
        .send()
        .await
        .map_err(|error| AwsError::new("PutImage", &error));
    match put {
        Err(error) if error.message.starts_with("ImageAlreadyExistsException") => Ok(()),
        other => other.map(drop),
    }
}

/// The manifest of an image; `None` when the repository does not hold it, or holds no image under it.
///
/// ECR counts this as a pull of the image.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html> (`lastRecordedPullTime`)
pub(crate) async fn manifest(
    ecr: &Client,
    repository: &Repository,
    digest: &str,
) -> Result<Option<String>, AwsError> {
    let image = fetch(ecr, repository, digest).await?;
    Ok(image.and_then(|image| image.image_manifest))
}

/// An image with its manifest, where the repository holds one under this digest.
async fn fetch(
    ecr: &Client,
    repository: &Repository,
    digest: &str,
) -> Result<Option<Image>, AwsError> {
    let answer = ecr
        .batch_get_image()
        .registry_id(&repository.account)
        .repository_name(&repository.name)
        .image_ids(ImageId::Digest(digest.to_owned()).sdk())
        .set_accepted_media_types(Some(
            MANIFESTS.iter().map(|media| (*media).to_owned()).collect(),
        ))
        .send()
        .await
        .map_err(|error| AwsError::new("BatchGetImage", &error))?;
    Ok(answer.images.unwrap_or_default().into_iter().next())
}

impl ImageId {
    fn sdk(&self) -> ImageIdentifier {
        match self {
            Self::Digest(digest) => ImageIdentifier::builder().image_digest(digest).build(),
            Self::Tag(tag) => ImageIdentifier::builder().image_tag(tag).build(),
        }
    }
}
