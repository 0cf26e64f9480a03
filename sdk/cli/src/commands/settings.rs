//! Settings, at any level.

use clap::{Args, Subcommand};
use hostwright_api_types::Setting;
use hostwright_client::{Client, Collection, Path};
use serde_json::{Value as Json, json};

use crate::failure::Failure;
use crate::place::{Place, Word};
use crate::session::{Session, decode};
use crate::view::Table;
use crate::waiting::Wait;

/// A level at which settings are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// For all hosts of an organization.
    Organization { organization: String },
    /// For all hosts of an environment.
    Environment { organization: String, environment: String },
    /// For one host.
    Host { organization: String, environment: String, host: String },
    /// For one application on one host.
    Context { organization: String, environment: String, host: String, application: String },
    /// For a platform.
    Platform { organization: String, platform: String },
}

impl Level {
    fn settings(&self, client: &Client) -> Collection<Setting> {
        match self {
            Self::Organization { organization } => client.organization(organization).settings(),
            Self::Environment { organization, environment } => {
                client.organization(organization).environment(environment).settings()
            }
            Self::Host { organization, environment, host } => {
                client.organization(organization).environment(environment).host(host).settings()
            }
            Self::Context { organization, environment, host, application } => client
                .organization(organization)
                .environment(environment)
                .host(host)
                .application_settings(application),
            Self::Platform { organization, platform } => {
                client.organization(organization).platform_settings(platform)
            }
        }
    }

    /// Whether a name is one that could have come next: then it is meant as a name, and something behind it was forgotten.
    async fn names_below(&self, client: &Client, name: &str) -> Result<bool, Failure> {
        let is_there = match self {
            Self::Organization { organization } => {
                client.organization(organization).environments().find(name).await?.is_some()
            }
            Self::Environment { organization, environment } => {
                client.organization(organization).environment(environment).hosts().find(name).await?.is_some()
            }
            Self::Host { organization, environment, host } => {
                let host = client.organization(organization).environment(environment).host(host);
                host.applications().find(name).await?.is_some()
            }
            Self::Context { .. } | Self::Platform { .. } => false,
        };
        Ok(is_there)
    }

    fn shown(&self) -> String {
        match self {
            Self::Organization { organization } => format!("organization `{organization}`"),
            Self::Environment { environment, .. } => format!("environment `{environment}`"),
            Self::Host { host, .. } => format!("host `{host}`"),
            Self::Context { host, application, .. } => {
                format!("application `{application}` on host `{host}`")
            }
            Self::Platform { platform, .. } => format!("platform `{platform}`"),
        }
    }
}

/// The level: names in full from the outside in, or options, of which the innermost counts.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct LevelOptions {
    /// At this host
    #[arg(long, value_name = "NAME")]
    host: Option<String>,
    /// At this application on the host
    #[arg(long, visible_alias = "app", value_name = "NAME", requires = "host")]
    application: Option<String>,
    /// At this platform
    #[arg(long, value_name = "NAME", conflicts_with = "host")]
    platform: Option<String>,
}

impl LevelOptions {
    /// Finds the level; names in front leave nothing to be filled in.
    fn level(self, place: &Place, names: &[String]) -> Result<Level, Failure> {
        if !names.is_empty() {
            return self.named(names);
        }
        let organization = place.organization()?;
        if let Some(platform) = self.platform {
            return Ok(Level::Platform { organization, platform });
        }
        if let Some(host) = self.host {
            let environment = place.environment()?;
            return Ok(match self.application {
                Some(application) => Level::Context { organization, environment, host, application },
                None => Level::Host { organization, environment, host },
            });
        }
        if place.given_environment.is_some() {
            let environment = place.environment()?;
            return Ok(Level::Environment { organization, environment });
        }
        if place.given_organization.is_some() {
            return Ok(Level::Organization { organization });
        }
        Err(Failure::usage_with_hint(
            "at which level is not said",
            "give one of `--host NAME [--application NAME]`, `--env NAME`, `--org NAME`, `--platform NAME`, \
             or names in full: ORGANIZATION [ENVIRONMENT [HOST [APPLICATION]]]",
        ))
    }

    fn named(&self, names: &[String]) -> Result<Level, Failure> {
        if self.host.is_some() || self.platform.is_some() {
            return Err(Failure::usage("the level is said twice: by names and by an option"));
        }
        match names {
            [organization] => Ok(Level::Organization { organization: organization.clone() }),
            [organization, environment] => Ok(Level::Environment {
                organization: organization.clone(),
                environment: environment.clone(),
            }),
            [organization, environment, host] => Ok(Level::Host {
                organization: organization.clone(),
                environment: environment.clone(),
                host: host.clone(),
            }),
            [organization, environment, host, application] => Ok(Level::Context {
                organization: organization.clone(),
                environment: environment.clone(),
                host: host.clone(),
                application: application.clone(),
            }),
            _ => Err(Failure::usage(
                "too many names; expected: ORGANIZATION [ENVIRONMENT [HOST [APPLICATION]]]",
            )),
        }
    }
}

/// How a value is written.
#[derive(Clone, Debug, Args)]
pub(crate) struct ValueOptions {
    /// Take the value as text even if it could be a number, a list …
    #[arg(long)]
    text: bool,
    /// Do not run the handlers of applications
    #[arg(long)]
    non_handler: bool,
}

/// Settings of any level.
#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Show all of a level
    List {
        /// [ORGANIZATION [ENVIRONMENT [HOST [APPLICATION]]]], unless options say the level
        #[arg(value_name = "NAMES", num_args = 0..=4)]
        names: Vec<String>,
        #[command(flatten)]
        level: LevelOptions,
    },
    /// Set one: `settings set http_port 8080 --host web1`
    Set {
        /// [ORGANIZATION [ENVIRONMENT [HOST [APPLICATION]]]] KEY VALUE; the value is JSON, or else text
        #[arg(value_name = "NAMES", required = true, num_args = 2..=6, allow_negative_numbers = true)]
        names: Vec<String>,
        #[command(flatten)]
        level: LevelOptions,
        #[command(flatten)]
        options: ValueOptions,
        #[command(flatten)]
        wait: Wait,
    },
    /// Unset one, so that the level above counts again
    #[command(visible_alias = "delete")]
    Unset {
        /// [ORGANIZATION [ENVIRONMENT [HOST [APPLICATION]]]] KEY
        #[arg(value_name = "NAMES", required = true, num_args = 1..=5)]
        names: Vec<String>,
        #[command(flatten)]
        level: LevelOptions,
        /// Do not run the handlers of applications
        #[arg(long)]
        non_handler: bool,
        #[command(flatten)]
        wait: Wait,
    },
    /// Tell the value in force for an application on a host, and which level it comes from
    Origin {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION KEY
        #[arg(value_name = "NAMES", required = true, num_args = 3..=5)]
        names: Vec<String>,
    },
}

/// Settings of a level that is named in front.
#[derive(Debug, Subcommand)]
pub(crate) enum LevelCommand {
    /// Show all
    List {
        /// Names down to the level
        #[arg(value_name = "NAMES")]
        names: Vec<String>,
    },
    /// Set one
    Set {
        /// Names down to the level, then KEY VALUE
        #[arg(value_name = "NAMES", required = true)]
        names: Vec<String>,
        #[command(flatten)]
        options: ValueOptions,
        #[command(flatten)]
        wait: Wait,
    },
    /// Unset one, so that the level above counts again
    #[command(visible_alias = "delete")]
    Unset {
        /// Names down to the level, then KEY
        #[arg(value_name = "NAMES", required = true)]
        names: Vec<String>,
        /// Do not run the handlers of applications
        #[arg(long)]
        non_handler: bool,
        #[command(flatten)]
        wait: Wait,
    },
}

/// Does it.
pub(crate) async fn run(command: SettingsCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        SettingsCommand::List { names, level } => {
            let level = level.level(&session.place, &names)?;
            list(session, &level).await
        }
        SettingsCommand::Set { names, level, options, wait } => {
            let [front @ .., key, value] = names.as_slice() else {
                return Err(Failure::usage("KEY VALUE is missing"));
            };
            let level = level.level(&session.place, front)?;
            if !front.is_empty() && level.names_below(&session.client, key).await? {
                return Err(Failure::usage_with_hint(
                    format!("the value of `{value}` is missing"),
                    format!(
                        "`{key}` names what is below {}; say `--org` or `--env` if it is the key",
                        level.shown()
                    ),
                ));
            }
            set(session, &level, key, value, &options, wait).await
        }
        SettingsCommand::Unset { names, level, non_handler, wait } => {
            let [front @ .., key] = names.as_slice() else {
                return Err(Failure::usage("KEY is missing"));
            };
            let level = level.level(&session.place, front)?;
            unset(session, &level, key, non_handler, wait).await
        }
        SettingsCommand::Origin { names } => {
            let words = [
                Word::Organization,
                Word::Environment,
                Word::Name("HOST"),
                Word::Name("APPLICATION"),
                Word::Name("KEY"),
            ];
            let [organization, environment, host, application, key] = session.place.fill(words, &names)?;
            let host = session.client.organization(&organization).environment(&environment).host(&host);
            let path = host.applications().entity(&application).path().join("origin-settings").join(key);
            origin(session, &path).await
        }
    }
}

/// Does it at a level that is named in front.
pub(crate) async fn run_level<const N: usize>(
    command: LevelCommand,
    session: &mut Session<'_>,
    words: [Word; N],
    level: impl FnOnce([String; N]) -> Level,
) -> Result<(), Failure> {
    match command {
        LevelCommand::List { names } => {
            let level = level(session.place.fill(words, &names)?);
            list(session, &level).await
        }
        LevelCommand::Set { names, options, wait } => {
            let [front @ .., key, value] = names.as_slice() else {
                return Err(Failure::usage("KEY VALUE is missing"));
            };
            let level = level(session.place.fill(words, front)?);
            set(session, &level, key, value, &options, wait).await
        }
        LevelCommand::Unset { names, non_handler, wait } => {
            let [front @ .., key] = names.as_slice() else {
                return Err(Failure::usage("KEY is missing"));
            };
            let level = level(session.place.fill(words, front)?);
            unset(session, &level, key, non_handler, wait).await
        }
    }
}

async fn list(session: &mut Session<'_>, level: &Level) -> Result<(), Failure> {
    let path = level.settings(&session.client).path().clone();
    session
        .list(&path, &format!("no settings at {}", level.shown()), |items: &[Setting]| {
            Table::of(["KEY", "VALUE", "VERSION"], items, |setting| {
                [setting.key.clone(), shown(&setting.value), setting.version.to_string()]
            })
        })
        .await
}

async fn set(
    session: &mut Session<'_>,
    level: &Level,
    key: &str,
    value: &str,
    options: &ValueOptions,
    wait: Wait,
) -> Result<(), Failure> {
    let value = if options.text { Json::String(value.to_owned()) } else { read_value(value) };
    let collection = level.settings(&session.client);
    let body = json!({ "key": key, "value": value });
    let exists = collection.find(key).await?.is_some();
    let written = if exists {
        let path = handlers(collection.path().join(key), options.non_handler);
        session.client.put::<Json>(&path, &body).await?
    } else {
        let path = handlers(collection.path().clone(), options.non_handler);
        session.client.post::<Json>(&path, &body).await?
    };
    let text = format!("{key} = {} at {}", shown(&value), level.shown());
    session.done(&text, Some(&written.entity));
    wait.follow(session, &written.changes).await
}

async fn unset(
    session: &mut Session<'_>,
    level: &Level,
    key: &str,
    non_handler: bool,
    wait: Wait,
) -> Result<(), Failure> {
    let path = handlers(level.settings(&session.client).path().join(key), non_handler);
    let written = session.client.delete(&path).await?;
    session.done(&format!("{key} is no longer set at {}", level.shown()), None);
    wait.follow(session, &written.changes).await
}

async fn origin(session: &mut Session<'_>, path: &Path) -> Result<(), Failure> {
    let answer: Json = session.client.get(path).await?;
    if session.output.is_json() {
        session.output.json(&answer);
        return Ok(());
    }
    let origin: hostwright_api_types::OriginSetting = decode(answer)?;
    session.output.text(&format!("{} = {} from {}", origin.key, shown(&origin.value), origin.from));
    Ok(())
}

fn handlers(path: Path, non_handler: bool) -> Path {
    if non_handler { path.with("trigger_application_handler", false) } else { path }
}

/// Reads a value from the command line: JSON if it is JSON, else text.
pub(crate) fn read_value(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()))
}

fn shown(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(options: LevelOptions, place: &Place) -> String {
        match options.level(place, &[]) {
            Ok(level) => level.shown(),
            Err(failure) => failure.lines().0.join(""),
        }
    }

    #[test]
    fn the_innermost_option_is_the_level_and_the_profile_never_is() {
        let usual = Place {
            usual_organization: Some("Demo".into()),
            usual_environment: Some("prod".into()),
            ..Place::default()
        };
        let host = LevelOptions { host: Some("web1".into()), ..LevelOptions::default() };
        let context = LevelOptions { application: Some("Web".into()), ..host.clone() };
        assert_eq!(level(LevelOptions::default(), &usual), "at which level is not said");
        assert_eq!(level(host, &usual), "host `web1`");
        assert_eq!(level(context, &usual), "application `Web` on host `web1`");
        let given = Place { given_environment: Some("test".into()), ..usual.clone() };
        assert_eq!(level(LevelOptions::default(), &given), "environment `test`");
        let given = Place { given_organization: Some("Demo".into()), ..usual };
        assert_eq!(level(LevelOptions::default(), &given), "organization `Demo`");
    }

    #[test]
    fn names_in_full_are_the_level_too() {
        let names = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            LevelOptions::default().level(&Place::default(), &names).unwrap().shown()
        };
        assert_eq!(names(&["Demo"]), "organization `Demo`");
        assert_eq!(names(&["Demo", "prod", "web1"]), "host `web1`");
        assert_eq!(names(&["Demo", "prod", "web1", "Web"]), "application `Web` on host `web1`");
    }

    #[test]
    fn values_are_json_or_else_text() {
        assert_eq!(read_value("8080"), json!(8080));
        assert_eq!(read_value("[1,2]"), json!([1, 2]));
        assert_eq!(read_value("hello world"), json!("hello world"));
    }
}
