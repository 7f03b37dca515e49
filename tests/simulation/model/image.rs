//! What an image string names, read as the ECR guide writes it.

/// A private repository of ECR. Strings that name the same one are told apart by nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Repository {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
}

impl std::fmt::Display for Repository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}/{}", self.account, self.region, self.name)
    }
}

/// What of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Tag(String),
    Digest(String),
}

/// The repository and the image in it; `None` for anything that is not in ECR.
///
/// `<account>.dkr.ecr.<region>.amazonaws.com/<repository>[:tag][@digest]`; no tag is `latest`, and a digest decides
/// whatever the tag says. Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/docker-pull-ecr-image.html>
pub(super) fn read(image: &str) -> Option<(Repository, Named)> {
    let (host, path) = image.split_once('/')?;
    let mut labels = host.split('.');
    let account = labels.next()?;
    let is_account = account.len() == 12 && account.bytes().all(|b| b.is_ascii_digit());
    if !is_account || labels.next() != Some("dkr") || labels.next() != Some("ecr") {
        return None;
    }
    let region = labels.next()?;
    let (path, digest) = match path.split_once('@') {
        Some((path, digest)) => (path, Some(digest)),
        None => (path, None),
    };
    let (name, tag) = match path.split_once(':') {
        Some((name, tag)) => (name, tag),
        None => (path, "latest"),
    };
    let repository = Repository {
        account: account.to_owned(),
        region: region.to_owned(),
        name: name.to_owned(),
    };
    let named = match digest {
        Some(digest) => Named::Digest(digest.to_owned()),
        None => Named::Tag(tag.to_owned()),
    };
    Some((repository, named))
}

#[cfg(test)]
mod tests {
    use super::{Named, read};

    #[test]
    fn an_image_names_account_region_repository_and_tag_or_digest() {
        let host = "111122223333.dkr.ecr.eu-west-1.amazonaws.com";
        let table = [
            ("/web", Named::Tag("latest".to_owned())),
            ("/web:v1", Named::Tag("v1".to_owned())),
            ("/web@sha256:ab", Named::Digest("sha256:ab".to_owned())),
            ("/web:v1@sha256:ab", Named::Digest("sha256:ab".to_owned())),
        ];
        for (rest, named) in table {
            let (repository, found) = read(&format!("{host}{rest}")).unwrap();
            assert_eq!(found, named, "{rest}");
            assert_eq!(repository.to_string(), "111122223333/eu-west-1/web");
        }
        assert_eq!(read("nginx:latest"), None);
        assert_eq!(read("public.ecr.aws/x/web:1"), None);
    }
}
