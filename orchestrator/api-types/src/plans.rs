//! Dry runs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use utoipa::ToSchema;

use crate::SettingInput;
use crate::input::{Fields, Request};

/// What to plan. With nothing given: everything that is recorded for the host and not yet there.
#[derive(Clone, Debug, Default, PartialEq, ToSchema)]
pub struct PlanInput {
    /// Applications as if they were installed now.
    pub install: Vec<String>,
    /// Applications as if they were uninstalled now.
    pub uninstall: Vec<String>,
    /// Settings as if they were made now.
    pub settings: Vec<PlanSetting>,
}

/// A setting as if it was made now, on the host unless an application is given.
#[derive(Clone, Debug, PartialEq, ToSchema)]
pub struct PlanSetting {
    /// On the context of this application.
    pub application: Option<String>,
    /// The setting.
    pub setting: SettingInput,
}

impl Request for PlanInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self {
            install: fields.texts("install").unwrap_or_default(),
            uninstall: fields.texts("uninstall").unwrap_or_default(),
            settings: fields.list("settings").unwrap_or_default(),
        }
    }
}

impl Request for PlanSetting {
    fn read(fields: &mut Fields<'_>) -> Self {
        Self { application: fields.optional_text("application"), setting: SettingInput::read(fields) }
    }
}

/// What would happen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// `planned`.
    pub state: String,
    /// In the order in which they would run.
    pub tasks: Vec<PlannedTask>,
    /// Texts of the contents that differences name by digest, as far as they are known, at most 64 KiB long and no secret.
    #[serde(default)]
    pub contents: BTreeMap<String, String>,
}

/// What one task would do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlannedTask {
    /// Its place, from 0.
    pub order_num: u64,
    /// For people, e.g. `add file site.conf`.
    pub description: String,
    /// The collection of its resource.
    pub collection: String,
    /// The id of its resource.
    pub id: String,
    /// Nothing if it is as desired already.
    #[serde(default)]
    pub differences: Vec<Difference>,
    /// Actions that would run.
    #[serde(default)]
    pub actions: Vec<String>,
    /// What a person should know.
    #[serde(default)]
    pub message: Option<String>,
    /// Why it cannot be planned; applying it would fail.
    #[serde(default)]
    pub error: Option<String>,
}

/// One attribute that differs. A value is `{"is":"known","value":…}`, `{"is":"known-after-apply"}` or `{"is":"opaque"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Difference {
    /// JSON pointer into the attributes; empty for the resource itself.
    pub pointer: String,
    /// Null where it is absent.
    #[serde(default)]
    #[schema(value_type = Value)]
    pub before: Option<Json>,
    /// Null where it goes.
    #[serde(default)]
    #[schema(value_type = Value)]
    pub after: Option<Json>,
}
