//! What was pushed: an image, or one of the other things that a registry holds.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

/// What an image of an index was built for, in the words of Go: `linux`, `arm64`.
///
/// Source: <https://github.com/opencontainers/image-spec/blob/main/image-index.md>
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Platform {
    /// The operating system.
    pub os: String,
    /// The processor's architecture.
    pub architecture: String,
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)
    }
}

/// What a manifest describes. Only images roll; everything that is not known to be one is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An image, or an index of images; for which platforms, the manifest does not say.
    Image,
    /// An index of images for these platforms, at least one.
    Index(BTreeSet<Platform>),
    /// Something else, in words for the report.
    Other(String),
}

const IMAGE_MANIFESTS: &[&str] = &[
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
];
const INDEXES: &[&str] = &[
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.index.v1+json",
];
const IMAGE_CONFIGS: &[&str] = &[
    "application/vnd.docker.container.image.v1+json",
    "application/vnd.oci.image.config.v1+json",
];
/// Signatures and attestations borrow the config of an image; their layers give them away.
const IMAGE_LAYERS: &[&str] = &[
    "application/vnd.docker.image.rootfs.",
    "application/vnd.oci.image.layer.",
];

impl Kind {
    /// Whether it is an image, or an index of images.
    #[must_use]
    pub fn is_image(&self) -> bool {
        !matches!(self, Self::Other(_))
    }

    /// Tells what a manifest describes from its text, as the PutImage record carries it.
    #[must_use]
    pub fn of(manifest: Option<&str>) -> Self {
        let Some(text) = manifest else {
            return Self::Other("the record carries no manifest".to_owned());
        };
        let Ok(manifest) = serde_json::from_str::<Value>(text) else {
            return Self::Other("its manifest cannot be read".to_owned());
        };
        match manifest.get("manifests").and_then(Value::as_array) {
            Some(children) => index(&manifest, children),
            None => single(&manifest),
        }
    }
}

fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

fn index(manifest: &Value, children: &[Value]) -> Kind {
    if let Some(kind) = text(manifest, "/artifactType") {
        return Kind::Other(format!("an artifact of type {kind}"));
    }
    let declared = text(manifest, "/mediaType");
    if declared.is_some_and(|media| !INDEXES.contains(&media)) {
        return Kind::Other(format!("media type {}", declared.unwrap_or_default()));
    }
    let image = |child: &Value| {
        let media = text(child, "/mediaType").is_some_and(|media| IMAGE_MANIFESTS.contains(&media));
        media && child.get("artifactType").is_none()
    };
    let images: Vec<&Value> = children.iter().filter(|child| image(child)).collect();
    if images.is_empty() {
        return Kind::Other("an index without images".to_owned());
    }
    // Attestations stand in an index as images for the platform unknown/unknown.
    // Source: <https://docs.docker.com/build/metadata/attestations/attestation-storage/>
    let built = images
        .into_iter()
        .map(platform)
        .filter(|platform| platform.as_ref().is_none_or(|p| p.os != "unknown"));
    match built.collect::<Option<BTreeSet<Platform>>>() {
        Some(platforms) if !platforms.is_empty() => Kind::Index(platforms),
        _ => Kind::Image,
    }
}

/// The platform of an index's entry; `None` where it names none.
fn platform(child: &Value) -> Option<Platform> {
    Some(Platform {
        os: text(child, "/platform/os")?.to_owned(),
        architecture: text(child, "/platform/architecture")?.to_owned(),
    })
}

fn single(manifest: &Value) -> Kind {
    if let Some(kind) = text(manifest, "/artifactType") {
        return Kind::Other(format!("an artifact of type {kind}"));
    }
    let Some(config) = text(manifest, "/config/mediaType") else {
        return Kind::Other("its manifest names no image config".to_owned());
    };
    if !IMAGE_CONFIGS.contains(&config) {
        return Kind::Other(format!("config of type {config}"));
    }
    let layers = manifest
        .get("layers")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let foreign = layers
        .iter()
        .filter_map(|layer| text(layer, "/mediaType"))
        .find(|media| !IMAGE_LAYERS.iter().any(|family| media.starts_with(family)));
    foreign.map_or(Kind::Image, |media| {
        Kind::Other(format!("layers of type {media}"))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Kind;

    fn is_image(manifest: &serde_json::Value) -> bool {
        Kind::of(Some(&manifest.to_string())) == Kind::Image
    }

    #[test]
    fn images_and_indexes_of_images_are_eligible() {
        let docker = json!({"schemaVersion": 2,
            "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
            "config": {"mediaType": "application/vnd.docker.container.image.v1+json"},
            "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip"}]});
        let oci = json!({"schemaVersion": 2,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json"},
            "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+zstd"}]});
        let index = json!({"schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "platform": {"os": "linux", "architecture": "arm64"}}]});
        assert!(is_image(&docker) && is_image(&oci));
        assert_eq!(platforms(&index), ["linux/arm64"]);
    }

    fn platforms(index: &serde_json::Value) -> Vec<String> {
        match Kind::of(Some(&index.to_string())) {
            Kind::Index(platforms) => platforms.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_index_names_its_platforms_attestations_aside() {
        let entry = |os: &str, architecture: &str| {
            json!({"mediaType": "application/vnd.oci.image.manifest.v1+json",
                   "platform": {"os": os, "architecture": architecture, "variant": "v8"}})
        };
        let index = |entries: Vec<serde_json::Value>| json!({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": entries});
        let built = index(vec![
            entry("linux", "arm64"),
            entry("linux", "amd64"),
            entry("unknown", "unknown"),
        ]);
        assert_eq!(platforms(&built), ["linux/amd64", "linux/arm64"]);
        // Where one image does not say, nothing is certain.
        let silent = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json"});
        assert!(is_image(&index(vec![entry("linux", "arm64"), silent])));
        assert!(is_image(&index(vec![entry("unknown", "unknown")])));
        let odd = json!({"mediaType": "application/vnd.oci.image.manifest.v1+json", "platform": 7});
        assert!(is_image(&index(vec![odd])));
    }

    #[test]
    fn charts_signatures_attestations_and_the_unknown_are_not() {
        let with = |config: &str, layer: &str| {
            json!({"schemaVersion": 2, "config": {"mediaType": config},
                   "layers": [{"mediaType": layer}]})
        };
        let image = "application/vnd.oci.image.config.v1+json";
        let table = [
            with(
                "application/vnd.cncf.helm.config.v1+json",
                "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
            ),
            with(image, "application/vnd.dev.cosign.simplesigning.v1+json"),
            with(image, "application/vnd.in-toto+json"),
            json!({"artifactType": "application/spdx+json", "config": {"mediaType": image}}),
            json!({"mediaType": "application/vnd.oci.image.index.v1+json", "manifests": []}),
            json!({"schemaVersion": 1, "fsLayers": []}),
            json!({}),
            json!([1]),
            json!("text"),
        ];
        for manifest in table {
            assert!(!is_image(&manifest), "{manifest}");
        }
        assert!(matches!(Kind::of(None), Kind::Other(_)));
        assert!(matches!(Kind::of(Some("{")), Kind::Other(_)));
    }
}
