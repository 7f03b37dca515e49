//! The services of a world, with images of similar names.

use crate::history::{ELSEWHERE, HOME, OTHER, REGION, digest, host};
use crate::trace::{Policy, Service};

use super::Chance;

/// A repository that is pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Repository {
    pub(super) account: &'static str,
    pub(super) region: &'static str,
    pub(super) name: String,
}

impl Repository {
    pub(super) fn path(&self) -> String {
        format!("{}/{}", host(self.account, self.region), self.name)
    }
}

/// Names that are parts of each other.
const NAMES: [&str; 6] = [
    "api",
    "api-admin",
    "team/api",
    "ap",
    "web",
    "team/api-admin",
];

/// The repositories of a world; most are the account's own.
pub(super) fn repositories(chance: &mut Chance, small: bool) -> Vec<Repository> {
    let count = if small {
        chance.within(1..=2)
    } else {
        chance.within(2..=5)
    };
    let mut repositories = Vec::new();
    for _ in 0..count {
        let repository = Repository {
            account: chance.of(&[HOME, HOME, HOME, HOME, HOME, OTHER]),
            region: chance.of(&[REGION, REGION, REGION, REGION, REGION, ELSEWHERE]),
            name: chance.of(&NAMES).to_owned(),
        };
        if !repositories.contains(&repository) {
            repositories.push(repository);
        }
    }
    repositories
}

/// The services at the beginning.
pub(super) fn services(
    chance: &mut Chance,
    repositories: &[Repository],
    small: bool,
) -> Vec<Service> {
    let count = if small {
        chance.within(1..=2)
    } else {
        chance.within(2..=7)
    };
    let mut services: Vec<Service> = Vec::new();
    for _ in 0..count {
        let service = service(chance, repositories);
        let taken = |held: &Service| held.cluster == service.cluster && held.name == service.name;
        if !services.iter().any(taken) {
            services.push(service);
        }
    }
    services
}

/// A service as somebody would create it.
pub(super) fn service(chance: &mut Chance, repositories: &[Repository]) -> Service {
    let first = chance.of(repositories);
    let plain = first.name.replace('/', "-");
    let name = match chance.of(&[0, 0, 0, 1, 2, 3]) {
        0 => plain,
        1 => format!("{plain}-worker"),
        2 => format!("{plain}s"),
        _ => format!("the-{plain}"),
    };
    let daemon = chance.one_in(8);
    let (minimum, maximum) = chance.of(&[
        (100, 200),
        (100, 200),
        (50, 200),
        (0, 100),
        (50, 100),
        (100, 150),
        (50, 150),
        (90, 110),
        (75, 125),
    ]);
    Service {
        cluster: chance.of(&["default", "default", "prod"]).to_owned(),
        name,
        containers: containers(chance, &first, repositories),
        daemon,
        desired: chance.of(&[1, 1, 2, 2, 2, 3, 4, 8, 0]),
        minimum: if daemon { minimum.min(50) } else { minimum },
        maximum: if daemon { 100 } else { maximum },
        breaker: chance.one_in(2),
        rollback: true,
        own: if chance.one_in(3) {
            policy(chance)
        } else {
            Policy::default()
        },
    }
}

fn containers(
    chance: &mut Chance,
    first: &Repository,
    repositories: &[Repository],
) -> Vec<(String, String)> {
    let mut containers = vec![("app".to_owned(), image(chance, first))];
    if chance.one_in(5) {
        let other = chance.of(repositories);
        containers.push(("second".to_owned(), image(chance, &other)));
    }
    if chance.one_in(5) {
        let sidecar = chance.of(&[
            "public.ecr.aws/datadog/agent:7".to_owned(),
            "envoy".to_owned(),
            // The same name in a registry that nobody pushes to.
            format!(
                "444455556666.dkr.ecr.{REGION}.amazonaws.com/{}:latest",
                first.name
            ),
            format!("{}/{}:seed", host(HOME, "ap-south-1"), first.name),
        ]);
        containers.push(("sidecar".to_owned(), sidecar));
    }
    containers
}

/// How a container names an image of a repository.
pub(super) fn image(chance: &mut Chance, repository: &Repository) -> String {
    let path = repository.path();
    match chance.of(&[0, 0, 0, 0, 1, 1, 2, 3, 4]) {
        0 => format!("{path}:seed"),
        1 => format!("{path}:latest"),
        2 => format!("{path}:1.0.0"),
        3 => format!("{path}@{}", digest(&format!("seed of {}", repository.name))),
        _ => path,
    }
}

/// Settings as a person would make them.
pub(super) fn policy(chance: &mut Chance) -> Policy {
    let tags = [
        "any",
        "exact:latest",
        "prefix:main-",
        "prefix:v",
        "semver:1.x",
        "newest-semver",
        "newest-semver",
    ];
    Policy {
        tags: chance.one_in(2).then(|| chance.of(&tags).to_owned()),
        force: chance.one_in(5).then(|| !chance.one_in(4)),
        name_prefix: chance.one_in(8).then_some(true),
        pin_digest: chance.one_in(5).then_some(true),
        hold: chance.one_in(12).then_some(true),
        minimum: chance.one_in(6).then(|| chance.of(&[0, 50, 100])),
        maximum: chance.one_in(6).then(|| chance.of(&[150, 200])),
    }
}
