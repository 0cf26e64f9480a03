//! The configuration: defaults, file, environment, flags, in that order. Nothing else reads the environment.

use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Env, Format as _, Serialized, Toml};
use serde::{Deserialize, Serialize};

/// What is read from the same environment and is no key: the configuration file's name, and what `wright` reads.
const OF_OTHERS: &[&str] = &[
    "config",
    "api",
    "user",
    "password",
    "password_file",
    "token",
    "profile",
    "organization",
    "environment",
];

/// The defaults, which are the reference as well.
pub const DEFAULTS: &str = include_str!("../config.default.toml");

const DEFAULT_FILE: &str = "/etc/hostwright/agent.toml";

/// Everything that can be configured.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Keys, ledger and content.
    pub state_directory: PathBuf,
    /// What is managed as if it were the root of the machine.
    pub root: PathBuf,
    /// The program that compiles plugins; empty: the usual places.
    pub compiler: PathBuf,
    /// Address of the bus; empty: the one that enrolment gave.
    pub bus: String,
    /// A file with a token; empty: none.
    pub token_file: PathBuf,
    /// Watching and sweeping.
    pub compliance: Compliance,
    /// Plugins in memory.
    pub plugins: Plugins,
    /// The log.
    pub log: Log,
}

/// Watching and sweeping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compliance {
    /// Time between two sweeps.
    pub sweep_seconds: u64,
    /// Time after which a sweep asks about everything, also about what did not change by the kernel's account.
    pub full_sweep_seconds: u64,
    /// Events within this time are looked at together.
    pub coalesce_ms: u64,
    /// The most directories that are watched.
    pub watch_limit: usize,
}

/// Plugins in memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plugins {
    /// A plugin not called for this time leaves the memory.
    pub idle_seconds: u64,
}

/// The log.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// What is logged.
    pub filter: String,
    /// How.
    pub format: LogFormat,
}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs.
    Json,
}

/// What flags set; only what is given overrides.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Overrides {
    /// `--state-directory`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state_directory: Option<PathBuf>,
    /// `--root`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub root: Option<PathBuf>,
    /// `--token-file`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
}

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file that was named is not there.
    #[error("the configuration file {} is not there", .0.display())]
    NoFile(PathBuf),
    /// One or more problems, each naming file and key.
    #[error("the configuration is not good:\n{}", .0.join("\n"))]
    Invalid(Vec<String>),
}

impl Config {
    /// Reads the configuration; a file that was named must be there.
    pub fn load(file: Option<&Path>, overrides: &Overrides) -> Result<Self, Error> {
        if let Some(file) = file
            && !file.is_file()
        {
            return Err(Error::NoFile(file.to_owned()));
        }
        let file = file.unwrap_or(Path::new(DEFAULT_FILE));
        Self::from_figment(
            &Figment::from(Toml::string(DEFAULTS))
                .merge(Toml::file(file))
                .merge(Env::prefixed("HOSTWRIGHT_").ignore(OF_OTHERS).split("__"))
                .merge(Serialized::defaults(overrides)),
        )
    }

    fn from_figment(figment: &Figment) -> Result<Self, Error> {
        let config: Self = figment
            .extract()
            .map_err(|errors| Error::Invalid(errors.into_iter().map(|error| error.to_string()).collect()))?;
        let problems = config.problems();
        if problems.is_empty() { Ok(config) } else { Err(Error::Invalid(problems)) }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (key, path) in [("state_directory", &self.state_directory), ("root", &self.root)] {
            if !path.is_absolute() {
                problems.push(format!("`{key}` must be an absolute path, not `{}`", path.display()));
            }
        }
        if !self.root.is_dir() {
            problems.push(format!("`root` must be a directory that exists, not `{}`", self.root.display()));
        }
        if self.compliance.sweep_seconds < 1 {
            problems.push("`compliance.sweep_seconds` must be at least 1".to_owned());
        }
        if self.log.filter.parse::<tracing_subscriber::filter::Targets>().is_err() {
            problems.push(format!("`log.filter` is not a filter: `{}`", self.log.filter));
        }
        problems
    }

    /// Returns the program that compiles plugins.
    pub fn compiler(&self) -> PathBuf {
        if !self.compiler.as_os_str().is_empty() {
            return self.compiler.clone();
        }
        let beside = std::env::current_exe()
            .ok()
            .and_then(|own| Some(own.parent()?.join("hostwright-compiler")))
            .filter(|path| path.is_file());
        beside.unwrap_or_else(|| PathBuf::from("/usr/lib/hostwright/hostwright-compiler"))
    }

    /// Returns the address of the bus, if it is set here.
    pub fn bus(&self) -> Option<&str> {
        Some(self.bus.as_str()).filter(|bus| !bus.is_empty())
    }

    /// Returns the file with a token, if one is set.
    pub fn token_file(&self) -> Option<&Path> {
        Some(self.token_file.as_path()).filter(|path| !path.as_os_str().is_empty())
    }
}

impl Compliance {
    /// Returns the time between two sweeps.
    pub const fn sweep(self) -> Duration {
        Duration::from_secs(self.sweep_seconds)
    }

    /// Returns the time after which a sweep asks about everything.
    pub const fn full_sweep(self) -> Duration {
        Duration::from_secs(self.full_sweep_seconds)
    }

    /// Returns the time within which events are looked at together.
    pub const fn coalesce(self) -> Duration {
        Duration::from_millis(self.coalesce_ms)
    }
}

/// Returns where systemd wants to be told that the agent is ready.
pub fn notify_socket() -> Option<String> {
    #[expect(clippy::disallowed_methods, reason = "the environment is read here")]
    std::env::var("NOTIFY_SOCKET").ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<Config, Error> {
        Config::from_figment(&Figment::from(Toml::string(DEFAULTS)).merge(Toml::string(text)))
    }

    #[test]
    fn the_defaults_are_a_configuration() {
        let config = check("").unwrap();
        assert_eq!(config.compliance.sweep(), Duration::from_mins(5));
        assert_eq!((config.bus(), config.token_file()), (None, None));
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = check("[log]\nlevel = \"debug\"").unwrap_err().to_string();
        assert!(error.contains("level") && error.contains("filter"), "{error}");
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let error =
            check("root = \"etc\"\nstate_directory = \"x\"\n[compliance]\nsweep_seconds = 0").unwrap_err();
        insta::assert_snapshot!(error, @r"
        the configuration is not good:
        `state_directory` must be an absolute path, not `x`
        `root` must be an absolute path, not `etc`
        `root` must be a directory that exists, not `etc`
        `compliance.sweep_seconds` must be at least 1
        ");
    }

    #[test]
    fn flags_override_the_file() {
        let overrides = Overrides { root: Some("/tmp".into()), ..Overrides::default() };
        let figment = Figment::from(Toml::string(DEFAULTS))
            .merge(Toml::string("root = \"/etc\""))
            .merge(Serialized::defaults(&overrides));
        assert_eq!(Config::from_figment(&figment).unwrap().root, Path::new("/tmp"));
    }
}
