//! What was pushed: an image, or one of the other things that a registry holds.

use serde_json::Value;

/// What a manifest describes. Only images roll; everything that is not known to be one is something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// An image for one platform, or an index of such images.
    Image,
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
    if children.iter().any(image) {
        Kind::Image
    } else {
        Kind::Other("an index without images".to_owned())
    }
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
        assert!(is_image(&docker) && is_image(&oci) && is_image(&index));
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
