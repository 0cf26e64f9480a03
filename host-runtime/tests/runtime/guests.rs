//! Builds the guests, once for each process of tests.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use bytes::Bytes;
use hostwright_manifest::section;

const PACKAGES: [&str; 3] =
    ["hostwright-guest-hostile", "hostwright-guest-curious", "hostwright-guest-platform"];

static COMPONENTS: LazyLock<PathBuf> = LazyLock::new(build);

/// Returns a guest with its own manifest in it.
pub(crate) fn guest(name: &str) -> Bytes {
    with_manifest(name, &manifest(name))
}

/// Returns a guest with another manifest in it.
pub(crate) fn with_manifest(name: &str, manifest: &str) -> Bytes {
    section::embed(&bare(name), manifest).unwrap().into()
}

/// Returns a guest as the compiler left it.
pub(crate) fn bare(name: &str) -> Vec<u8> {
    std::fs::read(COMPONENTS.join(format!("hostwright_guest_{name}.wasm"))).unwrap()
}

/// Returns a guest's own manifest.
pub(crate) fn manifest(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/guests/{name}/plugin.toml"));
    std::fs::read_to_string(path).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "this file builds what the tests load")]
fn build() -> PathBuf {
    // The directory of the binary that runs this is `TARGET/PROFILE/deps`.
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--target", "wasm32-wasip2", "--profile", "plugin"]);
    for package in PACKAGES {
        cargo.args(["--package", package]);
    }
    cargo.arg("--target-dir").arg(&target).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = cargo.output().unwrap();
    assert!(output.status.success(), "the guests do not build:\n{}", String::from_utf8_lossy(&output.stderr));
    target.join("wasm32-wasip2/plugin")
}
