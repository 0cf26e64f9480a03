//! Builds binaries and plugins.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::programs::Program;
use crate::workspace::Workspace;

/// Builds the native binaries of the development profile.
///
/// The compiler of components apart from the rest, because cargo unifies features within one run: agent and orchestrator
/// have no compiler in them.
pub fn binaries(workspace: &Workspace) -> Result<()> {
    let programs = ["hostwright-agent", "hostwright-orchestrator", "hostwright-cli"];
    let mut build = vec!["build", "--quiet"];
    build.extend(programs.iter().flat_map(|program| ["--package", program]));
    cargo(workspace, &build)?;
    for program in ["hostwright-agent", "hostwright-orchestrator", "wright"] {
        keep(workspace, program)?;
    }
    let compiler =
        ["--package", "hostwright-runtime", "--features", "compiler", "--bin", "hostwright-compiler"];
    cargo(workspace, &[&["build", "--quiet"], &compiler[..]].concat())?;
    keep(workspace, "hostwright-compiler")
}

/// Copies a binary to where it is run from, in one step: an earlier copy may be running.
fn keep(workspace: &Workspace, program: &str) -> Result<()> {
    let built = workspace.target().join("debug").join(program);
    let kept = workspace.binary(program);
    let fresh = kept.with_extension("new");
    fs::create_dir_all(workspace.private().join("bin")).context("make a place for programs")?;
    fs::copy(&built, &fresh).with_context(|| format!("copy {}", built.display()))?;
    fs::rename(&fresh, &kept).with_context(|| format!("put {} in place", kept.display()))
}

/// Builds what managed machines are given: the agent alone, so that nothing which another program asks of a library comes
/// into it, and the compiler of components.
pub fn shipped(workspace: &Workspace) -> Result<()> {
    cargo(workspace, &["build", "--quiet", "--profile", "agent", "--package", "hostwright-agent"])?;
    let compiler =
        ["--package", "hostwright-runtime", "--features", "compiler", "--bin", "hostwright-compiler"];
    cargo(workspace, &[&["build", "--quiet", "--release"], &compiler[..]].concat())
}

/// Builds all plugins, embeds their manifests and signs them with the development key, which is made if there is none.
pub fn plugins(workspace: &Workspace) -> Result<()> {
    let crates = plugin_crates(workspace.root())?;
    let mut build = vec!["build", "--quiet", "--target", "wasm32-wasip2", "--profile", "plugin"];
    build.extend(crates.iter().flat_map(|plugin| ["--package", plugin.package.as_str()]));
    cargo(workspace, &build)?;

    let directory = workspace.plugins();
    fs::create_dir_all(&directory).with_context(|| format!("create {}", directory.display()))?;
    let key = workspace.private().join("release.key");
    if !key.exists() {
        wright(workspace)
            .args(["plugins", "keygen"])
            .arg(&key)
            .capture()
            .context("make the development key")?;
    }
    for plugin in &crates {
        let component = plugin.package.replace('-', "_") + ".wasm";
        wright(workspace)
            .args(["plugins", "pack"])
            .arg(workspace.target().join("wasm32-wasip2/plugin").join(component))
            .arg("--manifest")
            .arg(plugin.directory.join("plugin.toml"))
            .arg("--key")
            .arg(&key)
            .arg("--directory")
            .arg(&directory)
            .capture()
            .with_context(|| format!("pack {}", plugin.package))?;
    }
    Ok(())
}

/// The public half of the development key, as the orchestrator wants to be told of it.
pub fn publisher_key(workspace: &Workspace) -> Result<String> {
    let public = workspace.private().join("release.key.pub");
    let public =
        fs::read_to_string(public).context("read the development key; run `cargo xtask build` first")?;
    Ok(format!("hostwright:{}", public.trim()))
}

/// The command line, of the development profile.
pub fn wright(workspace: &Workspace) -> Program {
    Program::new(workspace.binary("wright"))
}

struct Plugin {
    package: String,
    directory: PathBuf,
}

/// Every folder with a `plugin.toml` is a plugin's crate.
fn plugin_crates(root: &Path) -> Result<Vec<Plugin>> {
    let mut crates = Vec::new();
    for kind in ["providers", "drivers"] {
        let parent = root.join("plugins").join(kind);
        for entry in fs::read_dir(&parent).with_context(|| format!("list {}", parent.display()))? {
            let directory = entry.with_context(|| format!("list {}", parent.display()))?.path();
            if directory.join("plugin.toml").is_file() {
                crates.push(Plugin { package: package_name(&directory)?, directory });
            }
        }
    }
    crates.sort_by(|one, other| one.package.cmp(&other.package));
    Ok(crates)
}

fn package_name(directory: &Path) -> Result<String> {
    let path = directory.join("Cargo.toml");
    let manifest = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let name =
        manifest.lines().find_map(|line| line.strip_prefix("name = ")).context("a package without a name")?;
    Ok(name.trim_matches('"').to_owned())
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    Program::new("cargo").args(arguments).current_dir(workspace.root()).run()
}
