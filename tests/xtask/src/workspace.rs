//! Where things are.

use std::path::{Path, PathBuf};

/// The checkout and the places in it that xtask writes to.
#[derive(Clone, Debug)]
pub struct Workspace {
    root: PathBuf,
    target: PathBuf,
    site: PathBuf,
}

impl Workspace {
    /// Returns the checkout that this program was built from.
    #[expect(clippy::disallowed_methods, reason = "this file owns the environment of xtask")]
    pub fn locate() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .map_or_else(PathBuf::new, Path::to_owned);
        let target =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
        let site = root.join(".hostwright");
        Self { root, target, site }
    }

    /// The same checkout, with a site elsewhere.
    #[must_use]
    pub fn with_site(self, site: PathBuf) -> Self {
        Self { site, ..self }
    }

    /// The directory of `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where cargo puts what it builds.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// `.hostwright/`, ignored by git: programs, plugins, the lab, and the site if it has no other place.
    pub fn private(&self) -> PathBuf {
        self.root.join(".hostwright")
    }

    /// What `up` keeps: the orchestrator's state and the host's.
    pub fn site(&self) -> &Path {
        &self.site
    }

    /// What the lab keeps: the Debian tree and the packages.
    pub fn lab(&self) -> PathBuf {
        self.private().join("lab")
    }

    /// Signed plugins.
    pub fn plugins(&self) -> PathBuf {
        self.private().join("plugins")
    }

    /// A native binary of the development profile.
    ///
    /// It is a copy of what was built for it alone: in the target directory another build, with other features, may replace
    /// it at any moment.
    pub fn binary(&self, name: &str) -> PathBuf {
        self.private().join("bin").join(name)
    }
}
