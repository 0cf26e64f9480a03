//! Plugins that come with this installation.

use std::path::Path;

use anyhow::Context as _;
use hostwright_model::event::Actor;

use crate::app::App;
use crate::operations::OperationError;
use crate::operations::plugins::{self, Origin, RegisterPlugin};

/// Registers every component in the directory that a trusted key signed and that is not known yet, and lets it serve every
/// organization. A missing directory is an empty one.
pub(crate) async fn import_shipped(app: &App, directory: &Path) -> anyhow::Result<u32> {
    let mut imported = 0;
    for path in components(directory)? {
        let component = std::fs::read(&path).with_context(|| format!("read plugin `{}`", path.display()))?;
        let signature = path.with_extension("wasm.sig");
        let Ok(signature) = std::fs::read_to_string(&signature) else {
            tracing::warn!("plugin `{}` has no signature beside it and is left out", path.display());
            continue;
        };
        let mut work = app.begin(Actor::System).await?;
        let register = RegisterPlugin { component, signature: Some(signature), origin: Origin::Shipped };
        match plugins::register_plugin(&mut work, register).await {
            Ok(plugin) => {
                plugins::activate_everywhere(&mut work, &plugin).await?;
                work.commit().await?;
                imported += 1;
                tracing::info!(
                    plugin.name = %plugin.plugin,
                    "imported plugin `{}` {} for {}", plugin.plugin, plugin.version, plugin.kind.serves()
                );
            }
            Err(OperationError::Taken { .. }) => work.abandon().await?,
            Err(error @ OperationError::Invalid(_)) => {
                tracing::warn!("plugin `{}` is left out: {error}", path.display());
                work.abandon().await?;
            }
            Err(error) => {
                return Err(error).with_context(|| format!("import plugin `{}`", path.display()));
            }
        }
    }
    Ok(imported)
}

fn components(directory: &Path) -> anyhow::Result<Vec<std::path::PathBuf>> {
    let entries = match std::fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(error).with_context(|| format!("list plugins in `{}`", directory.display()));
        }
    };
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "wasm") {
            paths.push(path);
        }
    }
    // Older versions first, so that the newest is the one that serves.
    paths.sort();
    Ok(paths)
}
