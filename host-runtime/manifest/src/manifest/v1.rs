//! `manifest = 1`. Never changed but by additions with defaults.

use serde::Deserialize;

use super::{AskedLimits, Kind, Manifest, ManifestError, check, syntax};
use crate::capabilities::Capabilities;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct V1 {
    #[serde(rename = "manifest")]
    _manifest: i64,
    id: String,
    version: String,
    kind: KindName,
    api: String,
    collection: Option<String>,
    platform: Option<String>,
    summary: String,
    license: String,
    #[serde(default)]
    authors: Vec<String>,
    #[serde(default)]
    systems: Vec<String>,
    #[serde(default)]
    limits: AskedLimits,
    #[serde(default)]
    capabilities: Capabilities,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindName {
    Provider,
    Driver,
}

pub(super) fn parse(text: &str) -> Result<Manifest, ManifestError> {
    let v1: V1 = toml::from_str(text).map_err(|source| syntax(&source))?;
    let V1 { _manifest: _, id, version, kind, api, collection, platform, .. } = &v1;
    let manifest = Manifest {
        id: id.parse().map_err(|problem| check::invalid("id", problem))?,
        version: version.parse().map_err(|problem| {
            check::invalid("version", format!("`{version}` is no semantic version: {problem}"))
        })?,
        kind: served(*kind, collection.as_deref(), platform.as_deref())?,
        api: api.clone(),
        summary: v1.summary,
        license: v1.license,
        authors: v1.authors,
        systems: v1.systems,
        limits: v1.limits,
        capabilities: v1.capabilities,
    };
    check::check(&manifest)?;
    Ok(manifest)
}

fn served(kind: KindName, collection: Option<&str>, platform: Option<&str>) -> Result<Kind, ManifestError> {
    match (kind, collection, platform) {
        (KindName::Provider, Some(collection), None) => {
            Ok(Kind::Provider { collection: collection.to_owned() })
        }
        (KindName::Driver, None, Some(platform)) => Ok(Kind::Driver { platform: platform.to_owned() }),
        (KindName::Provider, None, _) => Err(check::invalid(
            "collection",
            "a provider serves a collection: add e.g. `collection = \"files\"`",
        )),
        (KindName::Provider, Some(_), Some(_)) => {
            Err(check::invalid("platform", "a provider serves a collection and no platform: remove it"))
        }
        (KindName::Driver, _, None) => {
            Err(check::invalid("platform", "a driver serves a platform: add e.g. `platform = \"Manual\"`"))
        }
        (KindName::Driver, Some(_), Some(_)) => {
            Err(check::invalid("collection", "a driver serves a platform and no collection: remove it"))
        }
    }
}
