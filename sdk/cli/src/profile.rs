//! Profiles: where the API is, who asks, and what is usually meant.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format as _, Serialized, Toml};
use hostwright_client::Login;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::surroundings::Surroundings;

/// Where the API is when nobody says otherwise.
const LOCAL: &str = "http://127.0.0.1:7690/api";

/// What a profile can say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Base address of the API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) api: Option<String>,
    /// The user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) user: Option<String>,
    /// The user's password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    /// File that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password_file: Option<PathBuf>,
    /// An API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// File that holds the API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token_file: Option<PathBuf>,
    /// The organization that is usually meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) organization: Option<String>,
    /// The environment that is usually meant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<String>,
}

/// The file of profiles.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profiles {
    /// The one that is used when none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) default_profile: Option<String>,
    /// By name.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, Profile>,
}

/// Returns the file of profiles, empty if there is none.
pub(crate) fn load(file: &Path) -> Result<Profiles, Failure> {
    let metadata = match fs::metadata(file) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Profiles::default()),
        Err(error) => return Err(Failure::file(file, "failed to read", &error)),
    };
    if metadata.permissions().mode() & 0o077 != 0 {
        return Err(Failure::usage_with_hint(
            format!("{} can be read by others, and it may hold a password", file.display()),
            format!("chmod 600 {}", file.display()),
        ));
    }
    Figment::from(Toml::file_exact(file))
        .extract()
        .map_err(|error| Failure::usage(format!("{} is not right: {error}", file.display())))
}

/// Writes the file of profiles, for its owner only.
pub(crate) fn save(file: &Path, profiles: &Profiles) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::file(file, "failed to write", error);
    let text = toml::to_string_pretty(profiles).map_err(|error| failed(&error))?;
    let directory = file.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(|error| failed(&error))?;
    let temporary = file.with_extension("toml.new");
    let _ = fs::remove_file(&temporary);
    let mut handle = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)
        .map_err(|error| failed(&error))?;
    handle.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    fs::rename(&temporary, file).map_err(|error| failed(&error))
}

impl Profiles {
    /// Returns the profile to use: the named one, else the default one, else an empty one.
    pub(crate) fn choose(&self, name: Option<&str>) -> Result<Profile, Failure> {
        let Some(name) = name.or(self.default_profile.as_deref()) else {
            return Ok(Profile::default());
        };
        self.profiles.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.profiles.keys().map(String::as_str).collect();
            let known = if known.is_empty() {
                "there are none".to_owned()
            } else {
                format!("there are: {}", known.join(", "))
            };
            Failure::usage_with_hint(
                format!("no profile `{name}`; {known}"),
                format!("wright login --profile {name}"),
            )
        })
    }
}

impl Profile {
    /// Lays environment and flags over what the file says: file < environment < flags.
    pub(crate) fn overlaid(self, surroundings: &Surroundings, flags: &Self) -> Result<Self, Failure> {
        let variable = |name: &str| surroundings.variable(name).map(str::to_owned);
        let environment = Self {
            api: variable("HOSTWRIGHT_API"),
            user: variable("HOSTWRIGHT_USER"),
            password: variable("HOSTWRIGHT_PASSWORD"),
            password_file: variable("HOSTWRIGHT_PASSWORD_FILE").map(PathBuf::from),
            token: variable("HOSTWRIGHT_TOKEN"),
            token_file: variable("HOSTWRIGHT_TOKEN_FILE").map(PathBuf::from),
            organization: variable("HOSTWRIGHT_ORGANIZATION"),
            environment: variable("HOSTWRIGHT_ENVIRONMENT"),
        };
        // Who asks is one thing: a user's name from a flag does not go with a token from the file.
        let file =
            if environment.names_somebody() || flags.names_somebody() { self.without_token() } else { self };
        let environment = if flags.names_somebody() { environment.without_token() } else { environment };
        Figment::from(Serialized::defaults(file))
            .merge(Serialized::defaults(environment))
            .merge(Serialized::defaults(flags))
            .extract()
            .map_err(|error| Failure::usage(format!("the configuration is not right: {error}")))
    }

    /// Returns the base address of the API.
    pub(crate) fn address(&self) -> String {
        self.api.clone().unwrap_or_else(|| LOCAL.to_owned())
    }

    /// Returns who asks.
    pub(crate) fn login(&self) -> Result<Login, Failure> {
        if let Some(token) = secret(self.token.as_ref(), self.token_file.as_deref())? {
            return Ok(Login::Key(token));
        }
        let Some(user) = &self.user else { return Ok(Login::Anonymous) };
        match secret(self.password.as_ref(), self.password_file.as_deref())? {
            Some(password) => Ok(Login::password(user, password)),
            None => Err(Failure::usage_with_hint(
                format!("the password of `{user}` is missing"),
                "set HOSTWRIGHT_PASSWORD, or store it with `wright login`",
            )),
        }
    }

    fn names_somebody(&self) -> bool {
        self.user.is_some() || self.token.is_some() || self.token_file.is_some()
    }

    /// A name that is given again still uses the password of the file, but nobody's token.
    fn without_token(self) -> Self {
        Self { token: None, token_file: None, ..self }
    }
}

fn secret(value: Option<&String>, file: Option<&Path>) -> Result<Option<String>, Failure> {
    match (value, file) {
        (Some(value), _) => Ok(Some(value.clone())),
        (None, Some(file)) => {
            let text =
                fs::read_to_string(file).map_err(|error| Failure::file(file, "failed to read", &error))?;
            Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
        }
        (None, None) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn surroundings(variables: &[(&str, &str)]) -> Surroundings {
        Surroundings {
            variables: variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            input: Box::new(std::io::empty()),
            is_interactive: false,
        }
    }

    fn profile(user: &str, token: Option<&str>) -> Profile {
        Profile {
            user: Some(user.into()),
            password: Some("file".into()),
            token: token.map(str::to_owned),
            ..Profile::default()
        }
    }

    #[test]
    fn flags_win_over_the_environment_and_that_over_the_file() {
        let flags = Profile { api: Some("http://flag/api".into()), ..Profile::default() };
        let around = surroundings(&[
            ("HOSTWRIGHT_API", "http://env/api"),
            ("HOSTWRIGHT_USER", "env"),
            ("HOSTWRIGHT_TOKEN", ""),
        ]);
        let merged = profile("file", None).overlaid(&around, &flags).unwrap();
        assert_eq!(merged.address(), "http://flag/api");
        assert_eq!(format!("{:?}", merged.login().unwrap()), "Password(env)");
    }

    #[test]
    fn a_user_from_a_flag_is_not_the_token_of_the_file() {
        let flags = Profile { user: Some("jd".into()), ..Profile::default() };
        let merged = profile("file", Some("key")).overlaid(&surroundings(&[]), &flags).unwrap();
        assert_eq!(format!("{:?}", merged.login().unwrap()), "Password(jd)");
        let merged = profile("file", Some("key")).overlaid(&surroundings(&[]), &Profile::default()).unwrap();
        assert_eq!(format!("{:?}", merged.login().unwrap()), "Key");
    }

    #[test]
    fn profiles_are_kept_for_their_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("hostwright").join("wright.toml");
        let mut profiles = Profiles { default_profile: Some("local".into()), ..Profiles::default() };
        profiles.profiles.insert("local".into(), profile("admin", None));
        save(&file, &profiles).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(load(&file).unwrap(), profiles);

        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        let failure = load(&file).unwrap_err();
        assert!(failure.lines().1.unwrap().starts_with("chmod 600 "), "{failure:?}");
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("wright.toml");
        fs::write(&file, "[profiles.local]\npasword = \"x\"\n").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let message = load(&file).unwrap_err().lines().0.join("");
        assert!(message.contains("unknown field: found `pasword`"), "{message}");
        let failure = Profiles::default().choose(Some("lab")).unwrap_err();
        assert_eq!(failure.lines().0, ["no profile `lab`; there are none"]);
    }
}
