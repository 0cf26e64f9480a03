//! Somebody who makes plugins.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use xtask::programs::Program;
use xtask::workspace::Workspace;

/// A publisher with a key of its own.
#[derive(Debug)]
pub struct Publisher {
    workspace: Workspace,
    directory: TempDir,
    public_key: String,
}

impl Publisher {
    /// Makes one.
    pub fn new() -> Result<Self> {
        let workspace = Workspace::locate();
        let directory = tempfile::tempdir().context("make a directory for the publisher")?;
        let key = directory.path().join("publisher.key");
        Program::new(workspace.binary("wright")).args(["plugins", "keygen"]).arg(&key).capture()?;
        let public_key =
            fs::read_to_string(key.with_extension("key.pub")).context("read the publisher's key")?;
        Ok(Self { workspace, directory, public_key: public_key.trim().to_owned() })
    }

    /// The public half of its key, as the orchestrator wants to be told of it: trusted for the guests of the tests.
    pub fn trusted_key(&self) -> String {
        format!("test:{}", self.public_key)
    }

    /// Builds and signs a guest of the tests; `more` is added to its manifest. Returns where it is, with its signature
    /// beside it.
    pub fn pack_guest(&self, name: &str, more: &str) -> Result<PathBuf> {
        let package = format!("hostwright-guest-{name}");
        Program::new("cargo")
            .args([
                "build",
                "--quiet",
                "--target",
                "wasm32-wasip2",
                "--profile",
                "plugin",
                "--package",
                &package,
            ])
            .arg("--target-dir")
            .arg(self.workspace.target())
            .current_dir(self.workspace.root())
            .capture()
            .context("build the guest")?;
        let guest = self.workspace.root().join("tests/guests").join(name);
        let text = fs::read_to_string(guest.join("plugin.toml")).context("read the guest's manifest")?;
        let manifest = self.directory.path().join("plugin.toml");
        fs::write(&manifest, format!("{text}\n{more}")).context("write the manifest")?;
        let packed = self.directory.path().join("packed");
        fs::create_dir_all(&packed).context("make a directory for the plugin")?;
        let component = self.workspace.target().join("wasm32-wasip2/plugin");
        Program::new(self.workspace.binary("wright"))
            .args(["plugins", "pack"])
            .arg(component.join(package.replace('-', "_") + ".wasm"))
            .arg("--manifest")
            .arg(&manifest)
            .arg("--key")
            .arg(self.directory.path().join("publisher.key"))
            .arg("--directory")
            .arg(&packed)
            .capture()
            .context("pack the guest")?;
        let made = fs::read_dir(&packed).context("list what was packed")?.flatten().map(|entry| entry.path());
        let mut components =
            made.filter(|path| path.extension().is_some_and(|extension| extension == "wasm"));
        components.next().context("nothing was packed")
    }
}
