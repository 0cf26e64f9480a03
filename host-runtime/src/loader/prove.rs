//! The steps, in order.

use std::sync::Arc;

use bytes::Bytes;
use hostwright_manifest::{ComponentDigest, Grants, Kind, Manifest, digest, section};
use wasmtime::component::Component;

use super::inspect::Import;
use super::{COMPONENT_MAXIMUM, LoadError, inspect, permission};
use crate::api::ApiVersion;
use crate::compiler;
use crate::runtime::Inner;

/// A component that may be instantiated.
pub(crate) struct Proven {
    pub(crate) digest: ComponentDigest,
    pub(crate) manifest: Manifest,
    pub(crate) api: ApiVersion,
    pub(crate) component: Component,
}

/// What is wanted of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Provider,
    Driver,
}

/// Checks a component against its manifest and grants, and makes or finds its machine code.
pub(crate) async fn prove(
    runtime: &Arc<Inner>,
    bytes: Bytes,
    wanted: Wanted,
    granted: &Grants,
) -> Result<Proven, LoadError> {
    let Read { digest, imports, manifest } = {
        let bytes = bytes.clone();
        // A large component takes longer than others may be kept waiting.
        let reading = tokio::task::spawn_blocking(move || read(&bytes));
        reading.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?
    };
    let (plugin, version) = (manifest.id.to_string(), manifest.version.to_string());
    check_kind(&manifest, wanted)?;
    let Some(api) = ApiVersion::parse(&manifest.api) else {
        return Err(LoadError::UnknownApi { plugin, version, api: manifest.api, known: ApiVersion::known() });
    };
    permission::check(&manifest, api, &imports, granted)?;
    let component = code(runtime, bytes, digest, &plugin, &version).await?;
    Ok(Proven { digest, manifest, api, component })
}

/// What can be told without running anything.
struct Read {
    digest: ComponentDigest,
    imports: Vec<Import>,
    manifest: Manifest,
}

fn read(component: &[u8]) -> Result<Read, LoadError> {
    let digest = digest::of(component);
    if component.len() > COMPONENT_MAXIMUM {
        return Err(LoadError::TooLarge { digest, bytes: component.len(), maximum: COMPONENT_MAXIMUM });
    }
    let imports = inspect::imports(component).map_err(|source| LoadError::Malformed {
        digest,
        offset: source.offset(),
        source,
    })?;
    let text = section::extract(component).map_err(|source| LoadError::Section { digest, source })?;
    let manifest = Manifest::parse(&text).map_err(|source| LoadError::Manifest { digest, source })?;
    Ok(Read { digest, imports, manifest })
}

fn check_kind(manifest: &Manifest, wanted: Wanted) -> Result<(), LoadError> {
    let found = match manifest.kind {
        Kind::Provider { .. } => Wanted::Provider,
        Kind::Driver { .. } => Wanted::Driver,
    };
    if found == wanted {
        return Ok(());
    }
    Err(LoadError::WrongKind {
        plugin: manifest.id.to_string(),
        version: manifest.version.to_string(),
        wanted: wanted.name(),
        found: found.name(),
    })
}

async fn code(
    runtime: &Inner,
    bytes: Bytes,
    digest: ComponentDigest,
    plugin: &str,
    version: &str,
) -> Result<Component, LoadError> {
    let cache_failed =
        |source| LoadError::Cache { plugin: plugin.to_owned(), version: version.to_owned(), source };
    if let Some(component) = runtime.cached(digest).await.map_err(cache_failed)? {
        return Ok(component);
    }
    let code = compiler::compile(&runtime.compiler, &runtime.engine, bytes, runtime.ceilings.compile)
        .await
        .map_err(|source| LoadError::Compile {
        plugin: plugin.to_owned(),
        version: version.to_owned(),
        source,
    })?;
    let checked = runtime.cache.keep(digest, code).await.map_err(cache_failed)?;
    checked.load(&runtime.engine).map_err(|error| {
        // A compiler that was built with another configuration; nothing that the plugin did.
        cache_failed(std::io::Error::other(format!("the compiler's code does not load here: {error:#}")))
    })
}

impl Wanted {
    fn name(self) -> &'static str {
        match self {
            Self::Provider => "provider",
            Self::Driver => "driver",
        }
    }
}
