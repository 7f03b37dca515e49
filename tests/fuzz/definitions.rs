//! Task definitions as ECS returns them, and the copies that are registered.

use std::collections::BTreeMap;

use handler::inventory::Definition;
use handler::revision::{Registration, copy, without_images};
use serde_json::Value;

use super::{fuzz, mutate, seeds, unless};

const NEW: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/web:new";

#[test]
fn rule_05_of_any_definition_only_the_image_changes() {
    fuzz("of_any_definition", |random| {
        let answer = mutate::json(seeds::definition(), random);
        let Some(base) = Definition::read(&answer) else {
            return Ok(());
        };
        let images: BTreeMap<usize, String> = base
            .images
            .keys()
            .map(|index| (*index, NEW.to_owned()))
            .collect();
        let stamps = BTreeMap::from([(
            "ecroll:0a1b2c3d".to_owned(),
            "2026-01-01T00:00:00Z a sha256:aa 0a1b2c3d".to_owned(),
        )]);
        let registration = Registration {
            base: base.arn.clone(),
            images: images.clone(),
            stamps: stamps.clone(),
        };
        let copied = match copy(&base, &registration) {
            Ok(copied) => copied,
            // Fifty tags, or a definition that is none.
            Err(why) => return unless(why.contains(&base.arn), &why, &answer),
        };
        let mut expected = without_images(&base.raw);
        let mut found = without_images(&copied);
        for value in [&mut expected, &mut found] {
            value.as_object_mut().unwrap().remove("tags");
        }
        unless(
            expected == found,
            "something else than the image changed",
            &answer,
        )?;
        let image = |raw: &Value, index: usize| {
            raw.pointer(&format!("/containerDefinitions/{index}/image"))
                .cloned()
        };
        let containers = base
            .raw
            .get("containerDefinitions")
            .and_then(Value::as_array);
        for index in 0..containers.map_or(0, Vec::len) {
            let wanted = images.get(&index).map(|image| Value::from(image.clone()));
            let wanted = wanted.or_else(|| image(&base.raw, index));
            unless(
                image(&copied, index) == wanted,
                &format!("image of container {index}"),
                &answer,
            )?;
        }
        let tags = copied
            .get("tags")
            .and_then(Value::as_array)
            .cloned()
            .unwrap_or_default();
        let stamped =
            |tag: &Value| tag.get("key").and_then(Value::as_str) == Some("ecroll:0a1b2c3d");
        unless(
            tags.iter().filter(|tag| stamped(tag)).count() == 1,
            "one stamp",
            &copied,
        )?;
        unless(tags.len() <= 50, "more tags than ECS takes", &copied)
    });
}
