//! The Rust target of plugins: from rustup, or else built from Debian's source of the same release.

mod from_source;

use anyhow::{Context as _, Result};

use crate::programs::Program;

/// WASI 0.2 components.
pub(super) const TARGET: &str = "wasm32-wasip2";

/// Returns whether rustc can make components; only linking one, as plugins are, tells.
///
/// Into a directory of its own: rustc puts its output in place by renaming, and would as root replace a device.
pub(super) fn is_installed() -> bool {
    let source = b"#[unsafe(no_mangle)]\npub extern \"C\" fn probe() -> usize { std::env::args().count() }\n";
    let Ok(directory) = tempfile::tempdir() else { return false };
    Program::new("rustc")
        .args(["--edition=2024", "--crate-type=cdylib", "--crate-name=probe", "-Copt-level=s", "-Clto=fat"])
        .args(["--target", TARGET, "-"])
        .arg("--out-dir")
        .arg(directory.path())
        .feed(source)
        .is_ok()
}

/// Installs it, and says by which way.
pub(super) fn install(say: &mut dyn FnMut(String)) -> Result<()> {
    let Err(refused) = by_rustup() else { return Ok(()) };
    let refused = format!("{refused:#}");
    let why = refused.lines().find(|line| line.starts_with("error")).unwrap_or(&refused);
    say(format!("rustup does not install {TARGET} ({why}); building it from Debian's source of Rust"));
    from_source::install().with_context(|| {
        format!("install the Rust target {TARGET}; by hand: `rustup target add {TARGET}`, or your distribution's package")
    })
}

/// It answers within seconds where it is going to answer.
fn by_rustup() -> Result<()> {
    Program::new("timeout").args(["60", "rustup", "target", "add", TARGET]).capture().map(drop)
}
