//! A service changes only if a container's image names exactly the pushed account, Region and repository.

use handler::config::Config;
use serde_json::json;

use crate::world::{World, image};

#[tokio::test(start_paused = true)]
async fn rule_04_names_that_begin_alike_are_different_repositories() {
    let seed = |name| image(name, "seed");
    let services = [
        ("api", seed("api")),
        ("api-admin", seed("api-admin")),
        ("x", seed("x/api")),
    ];
    let services: Vec<(&str, &str)> = services.iter().map(|(n, i)| (*n, i.as_str())).collect();
    let world = World::new(&services).await;
    world.push("api", "v1", "one", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("api", 0), image("api", "v1"));
    assert_eq!(world.image_of("api-admin", 0), seed("api-admin"));
    assert_eq!(world.image_of("x", 0), seed("x/api"));
    world.push("api-admin", "v2", "two", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("api", 0), image("api", "v1"));
    assert_eq!(world.image_of("api-admin", 0), image("api-admin", "v2"));
}

#[tokio::test(start_paused = true)]
async fn rule_04_other_accounts_regions_and_registries_are_others() {
    let others = [
        (
            "account",
            "444455556666.dkr.ecr.eu-west-1.amazonaws.com/web:seed",
        ),
        (
            "region",
            "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:seed",
        ),
        ("public", "public.ecr.aws/111122223333/web:seed"),
        ("hub", "web:seed"),
        ("own", "registry.example.com/web:seed"),
    ];
    let world = World::new(&others).await;
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    for (name, image) in others {
        assert_eq!(world.image_of(name, 0), image);
        assert_eq!(world.deployments(name), 0);
        assert!(
            world.describe(name)["tags"]
                .as_array()
                .is_none_or(Vec::is_empty),
            "{name}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn rule_04_only_the_containers_that_match_change() {
    let world = World::new(&[]).await;
    let containers = json!([
        {"name": "init", "image": image("web", "seed"), "essential": false},
        {"name": "proxy", "image": image("proxy", "seed")},
        {"name": "app", "image": image("web", "seed")},
        {"name": "logs", "image": "fluent/fluent-bit:3"},
    ]);
    world.service("web", &json!({}), &containers);
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.image_of("web", 1), image("proxy", "seed"));
    assert_eq!(world.image_of("web", 2), image("web", "v1"));
    assert_eq!(world.image_of("web", 3), "fluent/fluent-bit:3");
    world.push("proxy", "v9", "nine", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.image_of("web", 1), image("proxy", "v9"));
    assert_eq!(world.deployments("web"), 2);
}

#[tokio::test(start_paused = true)]
async fn rule_04_every_form_of_the_registrys_host_is_the_same_registry() {
    let forms = [
        ("plain", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/web"),
        (
            "fips",
            "111122223333.dkr.ecr-fips.eu-west-1.amazonaws.com/web",
        ),
        ("dual", "111122223333.dkr-ecr.eu-west-1.on.aws/web"),
    ];
    let seeds: Vec<(&str, String)> = forms
        .iter()
        .map(|(name, host)| (*name, format!("{host}:seed")))
        .collect();
    let seeds: Vec<(&str, &str)> = seeds.iter().map(|(n, i)| (*n, i.as_str())).collect();
    let world = World::new(&seeds).await;
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    for (name, host) in forms {
        assert_eq!(world.image_of(name, 0), format!("{host}:v1"));
    }
}

#[tokio::test(start_paused = true)]
async fn rule_04_what_the_configuration_leaves_out_stays() {
    let config = json!({
        "services": [
            {"service": "held", "hold": true},
            {"service": "picky", "tags": "prefix:release-"},
        ],
    });
    let config = Config::from_json(&config).unwrap();
    let seed = image("web", "seed");
    let world = World::with(
        &[("web", &seed), ("held", &seed), ("picky", &seed)],
        &config,
    )
    .await;
    world.push("web", "v1", "one", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "v1"));
    assert_eq!(world.image_of("held", 0), seed);
    assert_eq!(world.image_of("picky", 0), seed);
    world.push("web", "release-2", "two", 5);
    world.minutes(30).await;
    assert_eq!(world.image_of("web", 0), image("web", "release-2"));
    assert_eq!(world.image_of("picky", 0), image("web", "release-2"));
    assert_eq!(world.image_of("held", 0), seed);
}
