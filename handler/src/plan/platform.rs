//! Whether an image was built for the platform that a service needs.

use serde_json::Value;

use crate::inventory::{Definition, Service};
use crate::manifest::Kind;

/// Why an image cannot start in a service, where that is certain: an index names its platforms, and the service's is given
/// by its revision or by Fargate's default. Tasks on instances of one's own take the platform of the instance.
///
/// Source, `RuntimePlatform`: <https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html>;
/// Fargate's default, Linux on `X86_64`: <https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html>
pub(super) fn mismatch(kind: &Kind, service: &Service, definition: &Definition) -> Option<String> {
    let Kind::Index(platforms) = kind else {
        return None;
    };
    let (os, architecture) = needs(service, definition);
    let same = |needed: Option<&str>, built: &str| needed.is_none_or(|needed| needed == built);
    let fits = platforms
        .iter()
        .any(|built| same(os, &built.os) && same(architecture, &built.architecture));
    if fits {
        return None;
    }
    let built: Vec<String> = platforms.iter().map(ToString::to_string).collect();
    let needed: Vec<&str> = os.into_iter().chain(architecture).collect();
    Some(format!(
        "the image is for {}, the service needs {}: build it for that as well, or change `runtimePlatform`",
        built.join(", "),
        needed.join("/"),
    ))
}

/// Operating system and architecture in the words of an index, where they are certain.
fn needs(
    service: &Service,
    definition: &Definition,
) -> (Option<&'static str>, Option<&'static str>) {
    let given = |member: &str| {
        let platform = definition.raw.get("runtimePlatform")?;
        platform.get(member).and_then(Value::as_str)
    };
    let fargate = service.fargate || is_fargate_only(definition);
    let os = match given("operatingSystemFamily") {
        Some("LINUX") => Some("linux"),
        Some(windows) if windows.starts_with("WINDOWS") => Some("windows"),
        Some(_) => None,
        None => fargate.then_some("linux"),
    };
    let architecture = match given("cpuArchitecture") {
        Some("X86_64") => Some("amd64"),
        Some("ARM64") => Some("arm64"),
        Some(_) => None,
        None => fargate.then_some("amd64"),
    };
    (os, architecture)
}

fn is_fargate_only(definition: &Definition) -> bool {
    let required = definition.raw.get("requiresCompatibilities");
    let required = required.and_then(Value::as_array);
    required.is_some_and(|all| !all.is_empty() && all.iter().all(|one| one == "FARGATE"))
}
