//! Installs what is missing, after saying what that is.

pub(crate) mod debian;
mod wasm_target;

use std::time::Instant;

use anyhow::Result;

use crate::programs::Program;

/// What a command needs besides a Rust toolchain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Running the system with one host.
    Up,
    /// Running all tests.
    Test,
}

impl Purpose {
    /// Debian packages.
    fn packages(self) -> &'static [&'static str] {
        match self {
            Self::Up => &["debootstrap", "systemd-container", "iproute2", "apt-utils"],
            Self::Test => &[
                "debootstrap",
                "systemd-container",
                "iproute2",
                "apt-utils",
                "rabbitmq-server",
                "postgresql",
            ],
        }
    }
}

/// What is not there yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// Debian packages, to be installed as root.
    packages: Vec<&'static str>,
    wasm_target: bool,
    nextest: bool,
}

const NEXTEST: &str = "0.9.143";

impl Missing {
    /// Looks at this machine.
    pub fn find(purpose: Purpose) -> Result<Self> {
        Ok(Self {
            packages: debian::missing(purpose.packages())?,
            wasm_target: !wasm_target::is_installed(),
            nextest: purpose == Purpose::Test
                && Program::new("cargo").args(["nextest", "--version"]).capture().is_err(),
        })
    }

    /// Says in lines for people what would be installed; nothing if all is there.
    pub fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.packages.is_empty() {
            let list = self.packages.join(" ");
            lines.push(if is_root() {
                format!("Debian packages {list} (by apt-get)")
            } else {
                format!("nothing as you are not root, so parts that need these are left out: {list}")
            });
        }
        if self.wasm_target {
            lines.push(format!(
                "the Rust target {} (by rustup, else from Debian's source)",
                wasm_target::TARGET
            ));
        }
        if self.nextest {
            lines.push(format!("cargo-nextest {NEXTEST} (by cargo install)"));
        }
        lines
    }

    /// Installs it all, telling the time each took.
    pub fn install(&self, say: &mut dyn FnMut(String)) -> Result<()> {
        if !self.packages.is_empty() && is_root() {
            timed(say, "Debian packages", |_| debian::install(&self.packages))?;
        }
        if self.wasm_target {
            timed(say, "Rust target", wasm_target::install)?;
        }
        if self.nextest {
            let install = ["install", "cargo-nextest", "--locked", "--version", NEXTEST];
            timed(say, "cargo-nextest", |_| Program::new("cargo").args(install).run())?;
        }
        Ok(())
    }
}

fn timed(
    say: &mut dyn FnMut(String),
    what: &str,
    work: impl FnOnce(&mut dyn FnMut(String)) -> Result<()>,
) -> Result<()> {
    let begun = Instant::now();
    work(say)?;
    say(format!("{what}: {:.1} s", begun.elapsed().as_secs_f64()));
    Ok(())
}

/// Returns whether this process is root, without which there are no real hosts.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
