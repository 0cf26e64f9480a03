//! The shipped provider of files, built once for each process of tests, in whatever version is wanted.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use hostwright_manifest::signature::SigningKey;
use hostwright_manifest::{Manifest, digest, section};
use hostwright_protocol::messages::ActivePlugin;

static BARE: LazyLock<Vec<u8>> = LazyLock::new(build);

/// A component with the orchestrator's statement of it.
pub(crate) struct Shipped {
    pub(crate) bytes: Vec<u8>,
    pub(crate) statement: ActivePlugin,
}

/// Returns the provider of files as if it were of this version.
pub(crate) fn files(version: &str, publisher: &SigningKey) -> Shipped {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/providers/files/plugin.toml");
    let text = std::fs::read_to_string(path).unwrap();
    let own = Manifest::parse(&text).unwrap().version.to_string();
    let text = text.replacen(&format!("version = \"{own}\""), &format!("version = \"{version}\""), 1);
    let manifest = Manifest::parse(&text).unwrap();
    let bytes = section::embed(&BARE, &text).unwrap();
    let statement = ActivePlugin {
        plugin: manifest.id.to_string(),
        version: version.to_owned(),
        digest: digest::of(&bytes).to_string(),
        size: bytes.len() as u64,
        collection: "files".to_owned(),
        grants: manifest.asked(),
        publisher_key: publisher.verifying_key().to_string(),
        signature: publisher.sign(&bytes),
    };
    Shipped { bytes, statement }
}

#[expect(clippy::disallowed_methods, reason = "this file builds what the tests load")]
fn build() -> Vec<u8> {
    // The directory of the binary that runs this is `TARGET/PROFILE/deps`.
    let target: PathBuf = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--target", "wasm32-wasip2", "--profile", "plugin"])
        .args(["--package", "hostwright-provider-files"])
        .arg("--target-dir")
        .arg(&target)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "the provider does not build:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    std::fs::read(target.join("wasm32-wasip2/plugin/hostwright_provider_files.wasm")).unwrap()
}
