//! Instances: the real machines.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::input::{Fields, Request};

/// The machine of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Whose it is.
    pub organization: String,
    /// Where the host is.
    pub environment: String,
    /// Whose machine it is.
    pub host: String,
    /// `UNDEFINED`, `PENDING`, `RUNNING`, `PAUSED` or `STOPPED`.
    pub state: String,
    /// The name that the machine gives itself, once its agent said so.
    pub hostname: Option<String>,
    /// Whether what would destroy it is refused.
    pub locked: bool,
    /// Whether its agent is connected: `Up` or `Down`.
    pub synapse_state: String,
    /// What the driver and the agent say about it.
    pub properties: Vec<Property>,
}

/// One thing that is known about a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Property {
    /// e.g. `ip.eth0`.
    pub key: String,
    /// Its value.
    pub value: String,
}

impl Request for Property {
    fn read(fields: &mut Fields<'_>) -> Self {
        let property = Self {
            key: fields.text("key"),
            value: fields.optional_text_or_number("value").unwrap_or_default(),
        };
        fields.read_only(&["uuid", "version"]);
        property
    }
}

/// The machine of a host that is to be made: nothing, or the members of a machine as it is shown, which do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct InstanceInput {}

impl Request for InstanceInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        fields.read_only(SHOWN);
        // Only a machine that exists has any; they are attached to it at a place of their own.
        fields.not_built(&["properties"]);
        Self {}
    }
}

/// What is shown of a machine besides its properties.
const SHOWN: &[&str] = &[
    "uuid",
    "version",
    "organization",
    "environment",
    "host",
    "state",
    "hostname",
    "locked",
    "synapseState",
];

/// Properties of a machine that exists already, to be attached to a host.
#[derive(Clone, Debug, Default, PartialEq, Eq, ToSchema)]
pub struct InstancePropertiesInput {
    /// What is known about it.
    pub properties: Vec<Property>,
}

impl Request for InstancePropertiesInput {
    fn read(fields: &mut Fields<'_>) -> Self {
        let input = Self { properties: fields.list("properties").unwrap_or_default() };
        fields.read_only(SHOWN);
        input
    }
}
