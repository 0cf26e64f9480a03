//! Plugins: of the site, and those that an organization uses.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use hostwright_api_types::{ActivePlugin, Plugin, PluginVersion};
use serde_json::{Value as Json, json};

use super::hosts::class_text;
use super::packing::{KeygenArguments, PackArguments};
use crate::failure::Failure;
use crate::output::{BOLD, DIM, GREEN, RED};
use crate::place::Word;
use crate::session::{Session, decode};
use crate::view::Table;

/// What can be done with plugins.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginsCommand {
    /// Show all that the site has
    List,
    /// Show a version: what it asks for and what that amounts to
    Show {
        /// PUBLISHER/NAME
        plugin: String,
        /// The newest if not given
        version: Option<String>,
    },
    /// Give a component to the site
    Upload {
        /// The component, with its manifest in it
        file: PathBuf,
        /// Its signature [default: the same name with .sig, if that is there]
        #[arg(long, value_name = "FILE")]
        signature: Option<PathBuf>,
    },
    /// Make a publisher's key
    Keygen(KeygenArguments),
    /// Put a manifest into a component and sign it, ready for upload
    Pack(PackArguments),
    /// Show those that an organization uses
    Active {
        /// [ORGANIZATION]
        #[arg(value_name = "NAMES", num_args = 0..=1)]
        names: Vec<String>,
    },
    /// Let an organization use a version
    Activate {
        /// [ORGANIZATION] PUBLISHER/NAME
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
        /// The newest if not given
        #[arg(long, value_name = "VERSION")]
        version: Option<String>,
        /// JSON file with what it may do; what it asks for if not given
        #[arg(long, value_name = "FILE")]
        grants: Option<PathBuf>,
    },
    /// Let an organization no longer use the plugin of a collection
    Deactivate {
        /// [ORGANIZATION] COLLECTION
        #[arg(value_name = "NAMES", required = true, num_args = 1..=2)]
        names: Vec<String>,
    },
}

/// Does it.
pub(crate) async fn run(command: PluginsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        PluginsCommand::List => {
            let path = session.client.plugins().path().clone();
            session
                .list(&path, "no plugins", |items: &[Plugin]| {
                    Table::of(["PLUGIN", "VERSIONS", "KIND", "OF", "SUMMARY"], items, |plugin| {
                        [
                            plugin.plugin.clone(),
                            plugin.versions.join(", "),
                            plugin.kind.clone(),
                            plugin.collection.clone(),
                            plugin.summary.clone(),
                        ]
                    })
                })
                .await
        }
        PluginsCommand::Show { plugin, version } => show(session, &plugin, version).await,
        PluginsCommand::Upload { file, signature } => upload(session, &file, signature).await,
        // Those two need no orchestrator and were done before anybody looked for one.
        PluginsCommand::Keygen(_) | PluginsCommand::Pack(_) => Ok(()),
        PluginsCommand::Active { names } => {
            let [organization] = session.place.fill([Word::Organization], &names)?;
            let path = session.client.organization(&organization).plugins().path().clone();
            session
                .list(&path, "no plugins", |items: &[ActivePlugin]| {
                    Table::of(["COLLECTION", "PLUGIN", "VERSION", "CLASS", "GENERATION"], items, |plugin| {
                        [
                            plugin.collection.clone(),
                            plugin.plugin.clone(),
                            plugin.version.clone(),
                            plugin.class.clone(),
                            plugin.generation.to_string(),
                        ]
                    })
                })
                .await
        }
        PluginsCommand::Activate { names, version, grants } => {
            let [organization, plugin] =
                session.place.fill([Word::Organization, Word::Name("PUBLISHER/NAME")], &names)?;
            let grants = grants.map(|file| read_json(&file)).transpose()?;
            let body = json!({ "plugin": plugin, "version": version, "grants": grants });
            let path = session.client.organization(&organization).plugins().path().clone();
            let written = session.client.post::<Json>(&path, &body).await?;
            let active: ActivePlugin = decode(written.entity.clone())?;
            let text = format!(
                "organization `{organization}` uses {} {} for {}: {}",
                active.plugin,
                active.version,
                active.collection,
                class_text(&active.class)
            );
            session.done(&text, Some(&written.entity));
            Ok(())
        }
        PluginsCommand::Deactivate { names } => {
            let [organization, collection] =
                session.place.fill([Word::Organization, Word::Name("COLLECTION")], &names)?;
            session.client.organization(&organization).plugins().entity(&collection).delete().await?;
            session.done(&format!("organization `{organization}` uses no plugin for {collection}"), None);
            Ok(())
        }
    }
}

async fn show(session: &mut Session<'_>, plugin: &str, version: Option<String>) -> Result<(), Failure> {
    let Some((publisher, name)) = plugin.split_once('/') else {
        return Err(Failure::usage(format!("`{plugin}` is not a plugin: write it as PUBLISHER/NAME")));
    };
    let path = session.client.plugins().path().join(publisher).join(name);
    let version = match version {
        Some(version) => version,
        None => newest(session, &path).await?,
    };
    let answer: Json = session.client.get(&path.join(version)).await?;
    if session.output.is_json() {
        session.output.json(&answer);
        return Ok(());
    }
    let version: PluginVersion = decode(answer)?;
    session.output.text(&version_text(&version));
    Ok(())
}

async fn newest(session: &Session<'_>, path: &hostwright_client::Path) -> Result<String, Failure> {
    let plugin: Plugin = session.client.get(path).await?;
    let newest = plugin.versions.first().cloned();
    newest.ok_or_else(|| Failure::usage(format!("plugin `{}` has no version", plugin.plugin)))
}

async fn upload(session: &mut Session<'_>, file: &Path, signature: Option<PathBuf>) -> Result<(), Failure> {
    let component = std::fs::read(file).map_err(|error| Failure::file(file, "failed to read", &error))?;
    let beside = PathBuf::from(format!("{}.sig", file.display()));
    let signature = signature.or_else(|| beside.exists().then_some(beside));
    let signature = match signature {
        Some(file) => {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| Failure::file(&file, "failed to read", &error))?;
            Some(text.trim().to_owned())
        }
        None => None,
    };
    let written = session.client.upload_plugin(component.into(), signature).await?;
    let text = format!(
        "the site has {} {}\n\n{}",
        written.entity.plugin,
        written.entity.version,
        version_text(&written.entity)
    );
    let entity = serde_json::to_value(&written.entity).unwrap_or_default();
    session.done(&text, Some(&entity));
    Ok(())
}

fn version_text(version: &PluginVersion) -> String {
    let PluginVersion {
        plugin,
        version: number,
        kind,
        collection,
        summary,
        digest,
        size,
        signed,
        class,
        capabilities,
        ..
    } = version;
    let signature =
        if *signed { format!("{GREEN}signed{GREEN:#}") } else { format!("{RED}not signed{RED:#}") };
    let mut text =
        format!("{BOLD}{plugin}{BOLD:#} {number}  {kind} of {collection}  {}\n", class_text(class));
    text.push_str(&format!("{summary}\n{DIM}{digest}, {size} bytes,{DIM:#} {signature}\n"));
    for capability in capabilities {
        text.push_str(&format!("  {:<8} {}", capability.capability, capability.allows));
        if capability.class == "root-equivalent" {
            text.push_str(&format!("  {}", class_text(&capability.class)));
        }
        text.push('\n');
        if let Some(reason) = &capability.reason {
            text.push_str(&format!("           {DIM}{reason}{DIM:#}\n"));
        }
    }
    text
}

fn read_json(file: &Path) -> Result<Json, Failure> {
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::file(file, "failed to read", &error))?;
    serde_json::from_str(&text).map_err(|error| Failure::file(file, "failed to understand", &error))
}
