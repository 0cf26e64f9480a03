//! What is written in the file and around it.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use figment::Figment;
use figment::providers::{Env, Format as _, Toml};
use serde::Deserialize;

/// The defaults, and the reference of every key.
pub const DEFAULTS: &str = include_str!("config.default.toml");

/// Read if it is there and no other file is named.
const USUAL_FILE: &str = "/etc/hostwright/orchestrator.toml";

/// What `wright` reads from the same environment, and is no key here.
const OF_THE_COMMAND_LINE: &[&str] = &[
    "api",
    "user",
    "password",
    "password_file",
    "token",
    "token_file",
    "profile",
    "organization",
    "environment",
];

/// How the orchestrator runs; `config.default.toml` says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where everything is served.
    pub listen: SocketAddr,
    /// How clients and agents reach it.
    pub public_url: String,
    /// Keys and the cache of plugins.
    pub state_directory: PathBuf,
    /// The database.
    pub database: Address,
    /// A file with the database's address.
    #[serde(default)]
    pub database_file: Option<PathBuf>,
    /// The program that compiles plugins.
    pub compiler: PathBuf,
    /// The bus.
    pub bus: BusConfig,
    /// Plugins that come with this installation.
    pub plugins: PluginsConfig,
    /// How long things are kept.
    pub retention: RetentionConfig,
    /// How long things take at most.
    pub limits: LimitsConfig,
    /// The log.
    pub log: LogConfig,
}

/// What carries messages to agents and back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BusConfig {
    /// Which.
    pub kind: BusKind,
    /// The broker's address.
    pub url: Address,
    /// A file with the broker's address.
    #[serde(default)]
    pub url_file: Option<PathBuf>,
}

/// Which bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BusKind {
    /// On the orchestrator's own port.
    Websocket,
    /// Through a broker.
    Amqp,
}

/// Plugins that come with this installation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PluginsConfig {
    /// Where they lie.
    pub directory: PathBuf,
    /// Whose are trusted: `publisher:key`, the key in base64.
    pub publisher_keys: Vec<String>,
    /// Files with such keys.
    pub publisher_key_files: Vec<PathBuf>,
}

/// How long things are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// Events, in hours.
    pub events_hours: u32,
    /// Answers to repeatable requests, in hours.
    pub idempotency_hours: u32,
}

impl RetentionConfig {
    /// How long events are kept.
    pub fn events(&self) -> TimeDelta {
        TimeDelta::hours(self.events_hours.into())
    }

    /// How long answers to repeatable requests are kept.
    pub fn idempotency(&self) -> TimeDelta {
        TimeDelta::hours(self.idempotency_hours.into())
    }
}

/// How long things take at most.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitsConfig {
    /// An agent's answer to a dry run, in seconds.
    pub plan_seconds: u32,
    /// Until actions expire, in minutes.
    pub action_expiry_minutes: u32,
    /// Until changes expire, in days.
    pub change_expiry_days: u32,
    /// A request's body, in MiB.
    pub body_mebibytes: u32,
}

impl LimitsConfig {
    /// How long a change with actions is good.
    pub fn action_expiry(&self) -> TimeDelta {
        TimeDelta::minutes(self.action_expiry_minutes.into())
    }

    /// How long any other change is good.
    pub fn change_expiry(&self) -> TimeDelta {
        TimeDelta::days(self.change_expiry_days.into())
    }
}

/// The log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// What is logged.
    pub filter: String,
    /// For whom.
    pub format: LogFormat,
}

/// For whom the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// An address that may hold a password, and is therefore never shown whole.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Address(String);

impl Address {
    /// Returns it whole, for connecting.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.split_once("://") {
            Some((scheme, rest)) => match rest.rsplit_once('@') {
                Some((_, place)) => write!(f, "{scheme}://…@{place}"),
                None => write!(f, "{scheme}://{rest}"),
            },
            None => f.write_str("…"),
        }
    }
}

/// Why there is no configuration: everything that is wrong with it, not only the first.
#[derive(Debug, thiserror::Error)]
#[error("the configuration is not right:\n  {}", .0.join("\n  "))]
pub struct ConfigError(Vec<String>);

impl Config {
    /// Reads defaults, then the file, then the environment; each stands above the one before.
    pub fn load(file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut layers = Figment::from(Toml::string(DEFAULTS));
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError(vec![format!("there is no file {}", file.display())]));
            }
            layers = layers.merge(Toml::file_exact(file));
        } else {
            layers = layers.merge(Toml::file_exact(USUAL_FILE));
        }
        layers = layers.merge(Env::prefixed("HOSTWRIGHT_").ignore(OF_THE_COMMAND_LINE).split("__"));
        let mut config: Self =
            layers.extract().map_err(|errors| ConfigError(errors.into_iter().map(describe).collect()))?;
        config.complete()?;
        Ok(config)
    }

    /// Fills in what depends on other keys and checks what a type cannot.
    fn complete(&mut self) -> Result<(), ConfigError> {
        let mut problems = Vec::new();
        let mut from_file = |key: &str, file: &Option<PathBuf>, into: &mut Address| {
            let Some(file) = file else { return };
            match std::fs::read_to_string(file) {
                Ok(text) => text.trim().clone_into(&mut into.0),
                Err(error) => problems.push(format!("{key}: {} cannot be read: {error}", file.display())),
            }
        };
        from_file("database_file", &self.database_file, &mut self.database);
        from_file("bus.url_file", &self.bus.url_file, &mut self.bus.url);
        for file in &self.plugins.publisher_key_files {
            match std::fs::read_to_string(file) {
                Ok(key) => self.plugins.publisher_keys.push(key.trim().to_owned()),
                Err(error) => problems
                    .push(format!("plugins.publisher_key_files: {} cannot be read: {error}", file.display())),
            }
        }
        if !["sqlite://", "postgres://", "postgresql://"]
            .iter()
            .any(|scheme| self.database.0.starts_with(scheme))
        {
            problems
                .push(format!("database: {:?} is neither `sqlite://…` nor `postgres://…`", self.database));
        }
        if self.bus.kind == BusKind::Amqp && !self.bus.url.0.starts_with("amqp://") {
            problems.push("bus.url: an AMQP bus needs `amqp://user:password@host:5672/vhost`".to_owned());
        }
        if !self.public_url.is_empty()
            && !self.public_url.starts_with("http://")
            && !self.public_url.starts_with("https://")
        {
            problems.push(format!("public_url: `{}` must begin with http:// or https://", self.public_url));
        }
        if self.compiler.as_os_str().is_empty() {
            self.compiler = usual_compiler();
        }
        if problems.is_empty() { Ok(()) } else { Err(ConfigError(problems)) }
    }
}

/// Names key and file, where figment knows them.
#[expect(clippy::needless_pass_by_value, reason = "used to map an error")]
fn describe(error: figment::Error) -> String {
    let key = error.path.join(".");
    let place =
        error.metadata.as_ref().and_then(|metadata| metadata.source.as_ref().map(ToString::to_string));
    let mut text = if key.is_empty() { error.kind.to_string() } else { format!("{key}: {}", error.kind) };
    if let Some(place) = place {
        text += &format!(" (in {place})");
    }
    text
}

/// Beside this program, else where the package puts it.
fn usual_compiler() -> PathBuf {
    let beside = std::env::current_exe().ok().and_then(|own| Some(own.parent()?.join("hostwright-compiler")));
    beside
        .filter(|path| path.is_file())
        .unwrap_or_else(|| PathBuf::from("/usr/lib/hostwright/hostwright-compiler"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Result<Config, ConfigError> {
        let file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
        std::fs::write(file.path(), text).unwrap();
        Config::load(Some(file.path())).map_err(|ConfigError(problems)| {
            let name = file.path().display().to_string();
            ConfigError(problems.into_iter().map(|problem| problem.replace(&name, "[FILE]")).collect())
        })
    }

    #[test]
    fn the_defaults_are_a_configuration() {
        let config = load("").unwrap();
        assert_eq!(config.listen.port(), 7690);
        assert_eq!(config.bus.kind, BusKind::Websocket);
        assert!(config.compiler.ends_with("hostwright-compiler"));
    }

    #[test]
    fn a_file_stands_above_the_defaults_and_keeps_the_rest() {
        let config = load("[log]\nformat = \"json\"\n").unwrap();
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.log.filter, "info");
    }

    #[test]
    fn an_unknown_key_is_named_with_its_file() {
        insta::assert_snapshot!(load("lisen = \"127.0.0.1:1\"\n").unwrap_err());
    }

    #[test]
    fn every_problem_is_told_at_once_and_no_password_with_it() {
        let text =
            "database = \"mysql://root:s3cret@db/x\"\npublic_url = \"ftp://x\"\n[bus]\nkind = \"amqp\"\n";
        let error = load(text).unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        insta::assert_snapshot!(error);
    }
}
