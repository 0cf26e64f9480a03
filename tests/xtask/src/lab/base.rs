//! The Debian tree that all hosts share.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use crate::programs::Program;
use crate::setup::debian;

/// What every host has besides the essential packages.
const PACKAGES: &str = "systemd,systemd-sysv,dbus,iproute2,procps,ca-certificates";

/// A complete Debian tree that nobody writes to.
#[derive(Clone, Debug)]
pub struct Base {
    tree: PathBuf,
    suite: String,
    mirror: String,
}

impl Base {
    /// Returns the tree below `lab`, making it if it is not there (about 40 seconds, 270 MB).
    pub fn prepare(lab: &Path) -> Result<Self> {
        let suite = suite()?;
        let mirror = debian::mirror()?;
        let tree = lab.join(format!("base-{suite}"));
        let base = Self { tree, suite, mirror };
        if !base.tree.is_dir() {
            base.make(lab)?;
        }
        Ok(base)
    }

    /// Returns whether the tree is there, so that preparing it takes no time.
    pub fn is_ready(lab: &Path) -> bool {
        suite().is_ok_and(|suite| lab.join(format!("base-{suite}")).is_dir())
    }

    /// The tree.
    pub fn tree(&self) -> &Path {
        &self.tree
    }

    /// The suite it was made of, e.g. `bookworm`.
    pub fn suite(&self) -> &str {
        &self.suite
    }

    /// Where this machine gets its packages.
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    fn make(&self, lab: &Path) -> Result<()> {
        fs::create_dir_all(lab).with_context(|| format!("create {}", lab.display()))?;
        let unfinished = lab.join(format!("base-{}.unfinished", self.suite));
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished).with_context(|| format!("remove {}", unfinished.display()))?;
        }
        Program::new("debootstrap")
            .args(["--variant=minbase", &format!("--include={PACKAGES}"), &self.suite])
            .arg(&unfinished)
            .arg(&self.mirror)
            .capture()
            .context("make the Debian tree")?;
        for emptied in ["var/cache/apt/archives", "var/lib/apt/lists"] {
            empty(&unfinished.join(emptied))?;
        }
        // The name says whether it is complete.
        fs::rename(&unfinished, &self.tree).context("put the Debian tree in place")
    }
}

fn empty(directory: &Path) -> Result<()> {
    fs::remove_dir_all(directory).with_context(|| format!("empty {}", directory.display()))?;
    fs::create_dir_all(directory).with_context(|| format!("create {}", directory.display()))
}

/// The Debian suite of this machine.
fn suite() -> Result<String> {
    let release = fs::read_to_string("/etc/os-release").context("read /etc/os-release")?;
    let value = |key: &str| {
        release
            .lines()
            .find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
            .map(|value| value.trim_matches('"').to_owned())
    };
    match (value("ID").as_deref(), value("VERSION_CODENAME")) {
        (Some("debian"), Some(suite)) => Ok(suite),
        (id, _) => bail!(
            "real hosts are made of this machine's own Debian, and this is {}",
            id.unwrap_or("something else")
        ),
    }
}
