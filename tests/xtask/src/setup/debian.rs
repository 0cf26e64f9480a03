//! Debian packages.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use crate::programs::Program;

const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Returns those of the packages that are not installed.
pub(super) fn missing(packages: &[&'static str]) -> Result<Vec<&'static str>> {
    let query = Program::new("dpkg-query")
        .args(["-W", "-f=${Package} ${db:Status-Abbrev}\n"])
        .args(packages)
        .output()?;
    let known = String::from_utf8_lossy(&query.stdout).into_owned();
    let is_installed = |package: &str| known.lines().any(|line| line.trim_end() == format!("{package} ii"));
    Ok(packages.iter().copied().filter(|package| !is_installed(package)).collect())
}

/// Installs packages without letting them start their services on this machine.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let _services_stay_down = ServicesStayDown::begin()?;
    let apt = |arguments: &[&str]| {
        Program::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments).capture()
    };
    apt(&["update", "--quiet"]).context("fetch the package lists")?;
    let mut install = vec!["install", "--quiet", "--yes", "--no-install-recommends"];
    install.extend(packages);
    apt(&install).context("install Debian packages")?;
    Ok(())
}

/// Where apt gets Debian's packages on this machine.
pub(crate) fn mirror() -> Result<String> {
    let sites = Program::new("apt-get")
        .args([
            "indextargets",
            "--format",
            "$(SITE)",
            "Origin: Debian",
            "Identifier: Packages",
            "Label: Debian",
        ])
        .capture()
        .context("ask apt for its mirror")?;
    let Some(site) = sites.lines().find(|site| !site.is_empty()) else {
        bail!("apt knows no Debian mirror; run `apt-get update`");
    };
    Ok(site.to_owned())
}

/// The system-wide answer to "may this service start?" while packages are being installed.
struct ServicesStayDown {
    is_ours: bool,
}

impl ServicesStayDown {
    fn begin() -> Result<Self> {
        let is_ours = !Path::new(POLICY).exists();
        if is_ours {
            fs::write(POLICY, "#!/bin/sh\nexit 101\n").context("hold back services of new packages")?;
            fs::set_permissions(POLICY, fs::Permissions::from_mode(0o755))
                .context("hold back services of new packages")?;
        }
        Ok(Self { is_ours })
    }
}

impl Drop for ServicesStayDown {
    fn drop(&mut self) {
        if self.is_ours {
            let _ = fs::remove_file(POLICY);
        }
    }
}
