//! The calls on repositories themselves.

use serde_json::{Value, json};

use super::answer::{epoch, page_size};
use super::store::Repository;
use super::{Ecr, Key, no_such_repository};
use crate::input::{Input, page, present};
use crate::service::{Answer, Fault, Place, Scope};

impl Repository {
    fn about(&self, key: &Key, place: &Place) -> Value {
        let Key {
            registry,
            region,
            name,
        } = key;
        let suffix = if place.partition == "aws-cn" {
            "amazonaws.com.cn"
        } else {
            "amazonaws.com"
        };
        let partition = &place.partition;
        let first = self.images.values().map(|image| image.pushed_at).min();
        present(json!({
            "repositoryArn": format!("arn:{partition}:ecr:{region}:{registry}:repository/{name}"),
            "registryId": registry,
            "repositoryName": name,
            "repositoryUri": format!("{registry}.dkr.ecr.{region}.{suffix}/{name}"),
            "createdAt": self.created.or(first).map(epoch),
            "imageTagMutability": "MUTABLE",
            "imageScanningConfiguration": {"scanOnPush": false},
            "encryptionConfiguration": {"encryptionType": "AES256"},
        }))
    }
}

impl Ecr {
    pub(super) fn create_repository(
        &mut self,
        key: Key,
        input: Input<'_>,
        scope: &Scope<'_>,
    ) -> Answer {
        let Key { registry, name, .. } = &key;
        if !legal(name) {
            return Err(input.fault(format!(
                "Invalid parameter at 'repositoryName' failed to satisfy constraint: 'must satisfy regular expression \
                 '(?:[a-z0-9]+(?:[._-][a-z0-9]+)*/)*[a-z0-9]+(?:[._-][a-z0-9]+)*'', not '{name}'"
            )));
        }
        if self.repositories.contains_key(&key) {
            let message = format!(
                "The repository with name '{name}' already exists in the registry with id '{registry}'"
            );
            let code = "RepositoryAlreadyExistsException";
            return Err(Fault::client(code, message));
        }
        let repository = Repository {
            created: Some(scope.now),
            ..Repository::default()
        };
        let about = repository.about(&key, scope.place);
        self.repositories.insert(key, repository);
        Ok(json!({"repository": about}))
    }

    pub(super) fn delete_repository(
        &mut self,
        key: &Key,
        input: Input<'_>,
        place: &Place,
    ) -> Answer {
        let Some(repository) = self.repositories.get(key) else {
            return Err(no_such_repository(key));
        };
        if !repository.images.is_empty() && input.flag("force") != Some(true) {
            let Key { registry, name, .. } = key;
            let message = format!(
                "The repository with name '{name}' in registry with id '{registry}' cannot be deleted because it \
                 still contains images"
            );
            return Err(Fault::client("RepositoryNotEmptyException", message));
        }
        let about = repository.about(key, place);
        self.repositories.remove(key);
        Ok(json!({"repository": about}))
    }

    /// Those that are named, or all of the registry in pages.
    pub(super) fn describe_repositories(
        &self,
        registry: &str,
        input: Input<'_>,
        place: &Place,
    ) -> Answer {
        let named = input.texts("repositoryNames");
        if !named.is_empty() {
            let mut found = Vec::new();
            for name in named {
                let key = Key {
                    registry: registry.to_owned(),
                    region: place.region.clone(),
                    name,
                };
                let repository = self.repositories.get(&key);
                let repository = repository.ok_or_else(|| no_such_repository(&key))?;
                found.push(repository.about(&key, place));
            }
            return Ok(json!({"repositories": found}));
        }
        let of = self.repositories.iter();
        let of = of.filter(|(key, _)| key.registry == registry && key.region == place.region);
        let of = of.map(|(key, repository)| (&key.name, (key, repository)));
        let (page, next) = page(of, input.text("nextToken"), page_size(input)?);
        let found: Vec<Value> = page
            .into_iter()
            .map(|(_, (key, repository))| repository.about(key, place))
            .collect();
        Ok(present(json!({"repositories": found, "nextToken": next})))
    }
}

/// Words of small letters and digits, joined by `.`, `_` or `-`, in parts joined by `/`; 2 to 256 characters.
fn legal(name: &str) -> bool {
    let word = |word: &str| {
        !word.is_empty()
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    (2..=256).contains(&name.len())
        && name
            .split('/')
            .all(|part| part.split(['.', '_', '-']).all(word))
}
