//! Image references: which repository a container's image names.

use std::fmt;

use serde::Serialize;

use crate::record::{is_digest, is_tag};

/// What a host of the private registry ends in, per partition.
///
/// Source: the host pattern that AWS ships in amazon-ecr-credential-helper, `ecr-login/api/client.go` (2026-07).
const SUFFIXES: &[&str] = &[
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "on.aws",
    "on.amazonwebservices.com.cn",
    "sc2s.sgov.gov",
    "c2s.ic.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
];

/// One repository of Amazon ECR: what a push and a container must have in common, all three parts of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Repository {
    /// The registry: twelve digits.
    pub account: String,
    /// The registry's Region.
    pub region: String,
    /// The repository's name, for example `team/web`.
    pub name: String,
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.region, self.name)
    }
}

/// An image of a private ECR repository, as a container definition names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// The repository, whatever form of host names it.
    pub repository: Repository,
    /// Host and path as written, without tag and digest.
    pub location: String,
    /// The tag; `latest` where neither tag nor digest is written.
    pub tag: Option<String>,
    /// The digest, `sha256:…`.
    pub digest: Option<String>,
}

impl ImageRef {
    /// Reads an image string; `None` for images of other registries (Docker Hub, `public.ecr.aws`, your own), and for
    /// what no registry can have: a `:` in the name, a tag or a digest that is none.
    #[must_use]
    pub fn parse(image: &str) -> Option<Self> {
        let (host, path) = image.split_once('/')?;
        let (account, region) = registry(host)?;
        let (path, digest) = match path.split_once('@') {
            Some((path, digest)) => (path, Some(digest.to_owned())),
            None => (path, None),
        };
        let (name, tag) = match path.rsplit_once(':') {
            Some((name, tag)) => (name, Some(tag.to_owned())),
            None => (path, None),
        };
        let good = |part: Option<&str>, good: fn(&str) -> bool| part.is_none_or(good);
        if name.is_empty()
            || name.contains(':')
            || !good(tag.as_deref(), is_tag)
            || !good(digest.as_deref(), is_digest)
        {
            return None;
        }
        let tag = tag.or_else(|| digest.is_none().then(|| "latest".to_owned()));
        let repository = Repository {
            account,
            region,
            name: name.to_owned(),
        };
        Some(Self {
            repository,
            location: format!("{host}/{name}"),
            tag,
            digest,
        })
    }

    /// The image string for a push, in the form that this one has: a digest stays a digest, a tag a tag. With `pinned`
    /// it is a digest in any case.
    ///
    /// ECS documents `repository:tag` and `repository@digest` and no third form, so a reference that has both becomes the
    /// latter. Source, `ContainerDefinition$image`:
    /// <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html>
    #[must_use]
    pub fn moved_to(&self, tag: &str, digest: &str, pinned: bool) -> String {
        if pinned || self.digest.is_some() {
            format!("{}@{digest}", self.location)
        } else {
            format!("{}:{tag}", self.location)
        }
    }
}

/// Account and Region of a private registry's host, in any of its four forms:
/// `….dkr.ecr.r.…`, `….dkr.ecr-fips.r.…`, `….dkr-ecr.r.…`, `….dkr-ecr-fips.r.…`.
fn registry(host: &str) -> Option<(String, String)> {
    let (account, rest) = host.split_once('.')?;
    let rest = ["dkr.ecr.", "dkr.ecr-fips.", "dkr-ecr.", "dkr-ecr-fips."]
        .iter()
        .find_map(|form| rest.strip_prefix(form))?;
    let (region, suffix) = rest.split_once('.')?;
    let digits = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    (digits && !region.is_empty() && SUFFIXES.contains(&suffix))
        .then(|| (account.to_owned(), region.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::ImageRef;

    fn parts(image: &str) -> Option<(String, Option<String>, Option<String>)> {
        ImageRef::parse(image).map(|i| (i.repository.to_string(), i.tag, i.digest))
    }

    #[test]
    fn rule_04_every_form_of_host_names_the_same_repository() {
        for host in [
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com",
            "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com",
            "111122223333.dkr-ecr.eu-west-1.on.aws",
            "111122223333.dkr-ecr-fips.eu-west-1.on.aws",
        ] {
            let (repository, tag, digest) = parts(&format!("{host}/team/web:v1")).unwrap();
            assert_eq!(repository, "111122223333/eu-west-1/team/web");
            assert_eq!((tag.as_deref(), digest), (Some("v1"), None));
        }
        let china = parts("111122223333.dkr.ecr.cn-north-1.amazonaws.com.cn/web").unwrap();
        assert_eq!(china.0, "111122223333/cn-north-1/web");
    }

    #[test]
    fn a_tag_a_digest_both_or_none() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web";
        let of = |rest: &str| parts(&format!("{host}{rest}")).map(|(_, t, d)| (t, d));
        let text = |s: &str| Some(s.to_owned());
        assert_eq!(of(""), Some((text("latest"), None)));
        assert_eq!(of(":v1"), Some((text("v1"), None)));
        assert_eq!(of("@sha256:ab"), Some((None, text("sha256:ab"))));
        assert_eq!(of(":v1@sha256:ab"), Some((text("v1"), text("sha256:ab"))));
    }

    #[test]
    fn rule_04_other_registries_are_left_alone() {
        for image in [
            "nginx",
            "nginx:1.27",
            "library/nginx",
            "public.ecr.aws/docker/library/nginx:1",
            "ghcr.io/a/b:1",
            "11112222333.dkr.ecr.eu-west-1.amazonaws.com/web:1",
            "111122223333.dkr.ecr.eu-west-1.example.com/web:1",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/:1",
            "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:",
            "localhost:5000/web:1",
            "",
        ] {
            assert_eq!(ImageRef::parse(image), None, "{image}");
        }
    }

    /// Found by fuzzing: what was read here did not come back from what was made of it.
    #[test]
    fn rule_10_what_no_registry_can_have_is_no_reference() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let long = format!("web:{}", "t".repeat(129));
        for rest in [
            "web:v1:v2",
            "a:b/web",
            "a:b/web:v1",
            "web:v1/x",
            "web:-v1",
            "web: ",
            &long,
            "web@sha256",
            "web@sha256:",
            "web@a@b:c",
            "web:v1@",
            "web:@sha256:ab",
        ] {
            assert_eq!(ImageRef::parse(&format!("{host}/{rest}")), None, "{rest}");
        }
    }

    #[test]
    fn the_form_of_a_reference_stays() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web";
        let moved = |rest: &str| {
            ImageRef::parse(&format!("{host}{rest}"))
                .unwrap()
                .moved_to("v2", "sha256:cd", false)
        };
        assert_eq!(moved(":v1"), format!("{host}:v2"));
        assert_eq!(moved(""), format!("{host}:v2"));
        assert_eq!(moved("@sha256:ab"), format!("{host}@sha256:cd"));
        assert_eq!(moved(":v1@sha256:ab"), format!("{host}@sha256:cd"));
        for rest in ["", ":v1", "@sha256:ab", ":v1@sha256:ab"] {
            let image = ImageRef::parse(&format!("{host}{rest}")).unwrap();
            let pinned = image.moved_to("v2", "sha256:cd", true);
            assert_eq!(pinned, format!("{host}@sha256:cd"), "{rest}");
        }
    }
}
