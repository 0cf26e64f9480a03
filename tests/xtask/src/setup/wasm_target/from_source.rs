//! Builds the standard library for the target from Debian's `rust-src` of exactly this release, with the C library of
//! `wasi-libc`, and installs it in the toolchain, where plain `cargo build --target` finds it.
//!
//! Debian's own apt fetches both, and checks their signatures, in a directory of its own: nothing else is installed, and
//! `/etc/apt` gives no more than the mirror.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::TARGET;
use crate::programs::Program;
use crate::setup::debian;

/// Where a release of Rust as young as ours may be found, besides its age.
const SUITES: &[&str] = &["trixie-backports", "trixie", "bookworm-backports"];
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

pub(super) fn install() -> Result<()> {
    let toolchain = Toolchain::find()?;
    let work = tempfile::tempdir().context("make a directory to build in")?;
    let apt = Apt::prepare(work.path())?;
    let source = match toolchain.own_source() {
        Some(source) => source,
        None => apt
            .unpack("rust-src", &format!("{}+", toolchain.release))?
            .join(format!("usr/src/rustc-{}/library", toolchain.release)),
    };
    ensure!(source.join("std").is_dir(), "there is no source of std in {}", source.display());
    let libc = apt.unpack("wasi-libc", "")?.join("usr/lib").join(TARGET);
    ensure!(libc.join("libc.a").is_file(), "Debian's wasi-libc has nothing for {TARGET}");
    let built = build_std(work.path(), &source, &toolchain)?;
    toolchain.install(&built, &libc)
}

struct Toolchain {
    sysroot: PathBuf,
    release: String,
    commit: String,
}

impl Toolchain {
    fn find() -> Result<Self> {
        let sysroot = Program::new("rustc").args(["--print", "sysroot"]).capture()?;
        let version = Program::new("rustc").arg("-vV").capture()?;
        let field = |name: &str| {
            let line = version.lines().find_map(|line| line.strip_prefix(name));
            line.map(str::to_owned).with_context(|| format!("`rustc -vV` says no `{name}`"))
        };
        let release = field("release: ")?;
        ensure!(!release.contains('-'), "rustc {release} is no release, so Debian has no source of it");
        Ok(Self { sysroot: sysroot.trim().into(), release, commit: field("commit-hash: ")? })
    }

    /// The component `rust-src`, if it is there.
    fn own_source(&self) -> Option<PathBuf> {
        let source = self.sysroot.join("lib/rustlib/src/rust/library");
        source.join("std").is_dir().then_some(source)
    }

    /// Puts libraries in place in one step, so that a half of them is never taken for all.
    fn install(&self, built: &Path, libc: &Path) -> Result<()> {
        let place = self.sysroot.join("lib/rustlib").join(TARGET);
        let fresh = place.with_extension("new");
        let _ = fs::remove_dir_all(&fresh);
        let libraries = fresh.join("lib");
        fs::create_dir_all(libraries.join("self-contained")).context("make a place in the toolchain")?;
        for entry in fs::read_dir(built).context("list what was built")? {
            let path = entry.context("list what was built")?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let is_library = path.extension().is_some_and(|kind| kind == "rlib" || kind == "rmeta");
            if is_library && !name.starts_with("libstdbuild") {
                copy(&path, &libraries.join(&name))?;
            }
        }
        for name in ["crt1-command.o", "crt1-reactor.o", "libc.a"] {
            copy(&libc.join(name), &libraries.join("self-contained").join(name))?;
        }
        let _ = fs::remove_dir_all(&place);
        fs::rename(&fresh, &place).with_context(|| format!("put {} in place", place.display()))?;
        if !super::is_installed() {
            let _ = fs::remove_dir_all(&place);
            bail!("what was built for {TARGET} does not link");
        }
        Ok(())
    }
}

/// Builds an empty crate with std from source. Returns where the libraries are.
fn build_std(work: &Path, source: &Path, toolchain: &Toolchain) -> Result<PathBuf> {
    let directory = work.join("std");
    fs::create_dir_all(directory.join("src")).context("make an empty crate")?;
    fs::write(directory.join("src/lib.rs"), "").context("make an empty crate")?;
    let manifest = "[package]\nname = \"stdbuild\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n";
    fs::write(directory.join("Cargo.toml"), manifest).context("make an empty crate")?;
    // Without bitcode plugins could not be optimised as a whole; the other flag keeps this directory out of messages.
    let flags = format!(
        "-Cembed-bitcode=yes --remap-path-prefix={}=/rustc/{}/library",
        source.display(),
        toolchain.commit
    );
    Program::new("cargo")
        .args(["build", "--quiet", "--release", "--target", TARGET])
        .arg("-Zbuild-std=std,panic_abort,panic_unwind,proc_macro,test")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("__CARGO_TESTS_ONLY_SRC_ROOT", source)
        .env("RUSTFLAGS", flags)
        .env("CARGO_TARGET_DIR", directory.join("target"))
        .current_dir(&directory)
        .capture()
        .context("build std from source")?;
    Ok(directory.join("target").join(TARGET).join("release/deps"))
}

/// An apt with lists and settings of its own.
struct Apt {
    directory: PathBuf,
}

impl Apt {
    fn prepare(work: &Path) -> Result<Self> {
        let directory = work.join("apt");
        for part in ["etc/apt.conf.d", "etc/preferences.d", "lists/partial", "cache/archives/partial", "debs"]
        {
            fs::create_dir_all(directory.join(part)).context("make a place for apt")?;
        }
        let mirror = debian::mirror()?;
        let sources = SUITES.iter().map(|suite| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n"));
        let place = directory.display();
        let settings = format!(
            "Dir \"{place}\"; Dir::Etc \"{place}/etc\"; Dir::Etc::sourcelist \"{place}/etc/sources.list\";\n\
             Dir::Etc::sourceparts \"-\"; Dir::Etc::parts \"{place}/etc/apt.conf.d\"; Dir::State \"{place}\";\n\
             Dir::State::lists \"{place}/lists\"; Dir::State::status \"{place}/status\"; Dir::Cache \"{place}/cache\";\n\
             Acquire::Languages \"none\"; APT::Sandbox::User \"root\"; Acquire::Retries \"3\";\n"
        );
        fs::write(directory.join("etc/sources.list"), sources.collect::<String>())
            .context("write sources")?;
        fs::write(directory.join("status"), "").context("write apt's status")?;
        fs::write(directory.join("apt.conf"), settings).context("write apt's settings")?;
        let apt = Self { directory };
        apt.run("apt-get", &["update", "-qq"]).context("read Debian's lists")?;
        Ok(apt)
    }

    /// Fetches the first package whose version begins so, and unpacks it. Returns where.
    fn unpack(&self, package: &str, version: &str) -> Result<PathBuf> {
        let known = self.run("apt-cache", &["madison", package])?;
        let mut versions = known.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
        let found = versions.find(|known| known.starts_with(version));
        let found = found.with_context(|| format!("Debian has no {package} {version} now"))?;
        self.run("apt-get", &["download", "-qq", &format!("{package}={found}")])?;
        let unpacked = self.directory.join(package);
        for entry in fs::read_dir(self.directory.join("debs")).context("list what was fetched")? {
            let archive = entry.context("list what was fetched")?.path();
            if archive.file_name().is_some_and(|name| name.to_string_lossy().starts_with(package)) {
                Program::new("dpkg-deb").arg("-x").arg(&archive).arg(&unpacked).capture()?;
                return Ok(unpacked);
            }
        }
        bail!("apt fetched no {package}")
    }

    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        Program::new(program)
            .env("APT_CONFIG", self.directory.join("apt.conf"))
            .args(arguments)
            .current_dir(self.directory.join("debs"))
            .capture()
    }
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).map(drop).with_context(|| format!("copy {}", from.display()))
}
