//! From a plugin's crate to a component that can be loaded.

use std::path::{Path, PathBuf};
use std::process::Command;

use bytes::Bytes;
use hostwright_manifest::section;
use serde::Deserialize;

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A file of the crate cannot be read.
    #[error("failed to read `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// No cargo.
    #[error("failed to start cargo")]
    Cargo(#[source] std::io::Error),
    /// The crate does not build.
    #[error(
        "`{package}` does not build for wasm32-wasip2 (`rustup target add wasm32-wasip2` if the target is missing):\n{output}"
    )]
    Build {
        /// The crate.
        package: String,
        /// What cargo said.
        output: String,
    },
    /// It builds, but not to a component.
    #[error("`{package}` makes no component: its crate-type must contain \"cdylib\"")]
    NoComponent {
        /// The crate.
        package: String,
    },
    /// The manifest cannot be put in.
    #[error("failed to put `plugin.toml` into the component")]
    Manifest(#[source] hostwright_manifest::section::SectionError),
}

/// Builds the plugin in this directory and embeds its `plugin.toml`, as the release does.
///
/// Runs `cargo build --target wasm32-wasip2 --profile plugin`, in the target directory that cargo uses otherwise.
pub fn component(crate_directory: impl AsRef<Path>) -> Result<Bytes, BuildError> {
    let directory = crate_directory.as_ref();
    let manifest = read_text(&directory.join("plugin.toml"))?;
    let package = package_name(&read_text(&directory.join("Cargo.toml"))?);
    let path = build(directory, &package)?;
    let component = std::fs::read(&path).map_err(|source| BuildError::Read { path, source })?;
    section::embed(&component, &manifest).map(Bytes::from).map_err(BuildError::Manifest)
}

fn read_text(path: &Path) -> Result<String, BuildError> {
    std::fs::read_to_string(path).map_err(|source| BuildError::Read { path: path.to_owned(), source })
}

/// The first `name` of a `Cargo.toml` is that of the package.
fn package_name(cargo_toml: &str) -> String {
    let name = cargo_toml.lines().find_map(|line| line.strip_prefix("name")?.trim_start().strip_prefix('='));
    name.unwrap_or_default().trim().trim_matches('"').to_owned()
}

/// What cargo says of what it made.
#[derive(Deserialize)]
struct Message {
    reason: String,
    #[serde(default)]
    filenames: Vec<PathBuf>,
    #[serde(default)]
    package_id: String,
}

fn build(directory: &Path, package: &str) -> Result<PathBuf, BuildError> {
    #[expect(clippy::disallowed_methods, reason = "this file owns the one program that the test kit starts")]
    let mut command = Command::new("cargo");
    command
        .args(["build", "--quiet", "--target", "wasm32-wasip2", "--profile", "plugin", "--package", package])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(directory);
    let output = command.output().map_err(BuildError::Cargo)?;
    if !output.status.success() {
        let output = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(BuildError::Build { package: package.to_owned(), output });
    }
    let folder = directory.canonicalize().unwrap_or_else(|_| directory.to_owned());
    let folder = folder.to_string_lossy();
    let messages = output.stdout.split(|byte| *byte == b'\n');
    messages
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
        .filter(|message| message.reason == "compiler-artifact" && message.package_id.contains(&*folder))
        .flat_map(|message| message.filenames)
        .find(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .ok_or_else(|| BuildError::NoComponent { package: package.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::{BuildError, component, package_name};

    #[test]
    fn the_package_is_named_by_its_own_manifest() {
        assert_eq!(package_name("[package]\nname = \"example\"\n[lib]\nname = \"other\"\n"), "example");
    }

    #[test]
    fn what_is_no_plugin_is_told_by_the_file_that_is_missing() {
        let missing = component("/nonexistent").unwrap_err();
        assert!(
            matches!(&missing, BuildError::Read { path, .. } if path.ends_with("plugin.toml")),
            "{missing}"
        );
    }
}
