//! Contexts: an application, a platform or a distribution on one host.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};
use crate::{Setting, SettingInput};

/// An application on a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApplicationContext {
    /// Which application.
    pub application: String,
    /// Whose it is.
    pub organization: String,
    /// Where the host is.
    pub environment: String,
    /// On which host.
    pub host: String,
    /// Its place among the host's applications, from 0.
    pub position: u64,
    /// Rises with every change of it.
    pub version_stamp: u64,
    /// Whether it is in force.
    pub enabled: bool,
    /// The settings that only this application on this host sees.
    pub settings: Vec<Setting>,
    /// The application's services.
    pub services: Vec<ContextService>,
}

/// A service of an application on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContextService {
    /// Its name.
    pub name: String,
    /// Whether it is started at boot.
    pub enabled: bool,
}

/// A context of an application as it is created (installing it) or replaced.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct ApplicationContextInput {
    /// Which application; required when it is installed.
    pub application: Option<String>,
    /// All of its settings; those that are not listed go. Left alone if not given.
    pub settings: Option<Vec<SettingInput>>,
    /// Services of it; those that are not listed are as the application says. Left alone if not given.
    pub services: Option<Vec<ContextService>>,
}

impl Request for ApplicationContextInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self {
            application: fields.optional_text("application"),
            settings: fields.list("settings"),
            services: fields.list("services"),
        };
        if fields.flag("enabled") == Some(false) {
            fields.problem("enabled", "`enabled` cannot be false yet: uninstall the application instead");
        }
        fields.read_only(&[
            "uuid",
            "organization",
            "environment",
            "host",
            "position",
            "versionStamp",
            "version",
        ]);
        input
    }
}

impl Request for ContextService {
    fn read(fields: &mut Fields<'_>) -> Self {
        let name = fields.text("name");
        let enabled = fields.flag("enabled");
        if enabled.is_none() {
            fields.problem("enabled", "`enabled` is missing: true or false");
        }
        fields.read_only(&["uuid", "version"]);
        Self { name, enabled: enabled.unwrap_or_default() }
    }
}

/// A platform under a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlatformContext {
    /// Which platform.
    pub platform: String,
    /// Whose it is.
    pub organization: String,
    /// Where the host is.
    pub environment: String,
    /// Under which host.
    pub host: String,
    /// Rises with every change of it.
    pub version_stamp: u64,
    /// Settings for the platform on this host.
    pub settings: Vec<Setting>,
}

/// A context of a platform as it is created or replaced.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct PlatformContextInput {
    /// Which platform.
    pub platform: Option<String>,
    /// Settings for the platform on this host; left alone if not given.
    pub settings: Option<Vec<SettingInput>>,
}

impl Request for PlatformContextInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self { platform: fields.optional_text("platform"), settings: fields.list("settings") };
        fields.read_only(&["uuid", "organization", "environment", "host", "versionStamp", "version"]);
        input
    }
}

/// A distribution under a host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DistributionContext {
    /// Which distribution.
    pub distribution: String,
    /// Whose it is.
    pub organization: String,
    /// Where the host is.
    pub environment: String,
    /// Under which host.
    pub host: String,
    /// Rises with every change of it.
    pub version_stamp: u64,
    /// Settings for the distribution on this host.
    pub settings: Vec<Setting>,
}

/// A context of a distribution as it is created or replaced.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct DistributionContextInput {
    /// Which distribution.
    pub distribution: Option<String>,
    /// Settings for the distribution on this host; left alone if not given.
    pub settings: Option<Vec<SettingInput>>,
}

impl Request for DistributionContextInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input =
            Self { distribution: fields.optional_text("distribution"), settings: fields.list("settings") };
        fields.read_only(&["uuid", "organization", "environment", "host", "versionStamp", "version"]);
        input
    }
}
