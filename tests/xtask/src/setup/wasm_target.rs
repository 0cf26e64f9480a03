//! The Rust target of plugins.

use anyhow::{Context as _, Result};

use crate::programs::Program;

/// WASI 0.2 components.
pub(super) const TARGET: &str = "wasm32-wasip2";

/// Returns whether rustc can make components; only compiling one tells.
///
/// Into a directory of its own: rustc puts its output in place by renaming, and would as root replace a device.
pub(super) fn is_installed() -> bool {
    let source = b"#![no_main]\npub fn probe() -> String { std::env::args().count().to_string() }\n";
    let Ok(directory) = tempfile::tempdir() else { return false };
    Program::new("rustc")
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--crate-name=probe",
            "--emit=metadata",
            "--target",
            TARGET,
            "-",
        ])
        .arg("--out-dir")
        .arg(directory.path())
        .feed(source)
        .is_ok()
}

/// Installs it by rustup.
pub(super) fn install() -> Result<()> {
    Program::new("rustup").args(["target", "add", TARGET]).capture().with_context(|| {
        format!("install the Rust target {TARGET}; without rustup, install your distribution's package of it")
    })?;
    Ok(())
}
