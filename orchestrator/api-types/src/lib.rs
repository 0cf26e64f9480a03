//! Requests and answers of the REST API, shared by the server and its clients.
//!
//! Field names and their order are promises: scripts written for the API that this one continues keep working. So the
//! shapes here are of their own and never the domain's types.
//!
//! What comes *in* is a `…Input` and is read by [`input`]: by hand rather than by a derive, because a caller who wrote a
//! wrong field is owed more than "invalid type at line 1": every problem at once, where it is and what was meant. What goes
//! *out* is a plain struct with the reference's field names. Documents of users (values, schemas) stay [`serde_json::Value`]
//! with their keys in the order in which they were written.
//!
//! Nothing here does I/O.

pub mod input;

mod agents;
mod applications;
mod changes;
mod compliance;
mod contexts;
mod distributions;
mod environments;
mod errors;
mod events;
mod handlers;
mod hosts;
mod instances;
mod keys;
mod lists;
mod organizations;
mod parameters;
mod permissions;
mod plans;
mod platforms;
mod plugins;
mod settings;
mod tokens;
mod users;

pub use agents::{Agent, AgentPlugin};
pub use applications::{
    Application, ApplicationInput, Delimiter, DirectoryResource, FileResource, FileTemplate, OtherResource,
    PackageResource, ServiceResource,
};
pub use changes::{Change, ChangeState, Task, TaskStatus};
pub use compliance::{ComplianceAlert, TYPES_OF_RESOURCES, collection_of_type, type_of_collection};
pub use contexts::{
    ApplicationContext, ApplicationContextInput, ContextService, DistributionContext,
    DistributionContextInput, PlatformContext, PlatformContextInput,
};
pub use distributions::{Distribution, DistributionFile};
pub use environments::{Environment, EnvironmentInput};
pub use errors::{ErrorBody, ErrorItem};
pub use events::Event;
pub use handlers::{Handler, HandlerAction};
pub use hosts::{Host, HostInput};
pub use instances::{Instance, InstanceInput, InstancePropertiesInput, Property};
pub use keys::{ApiKey, ApiKeyInput};
pub use lists::List;
pub use organizations::{Access, Organization, OrganizationInput};
pub use parameters::Parameter;
pub use permissions::{CapabilityPermission, PluginPermission};
pub use plans::{Difference, Plan, PlanInput, PlanSetting, PlannedTask};
pub use platforms::{Platform, PlatformDriver, PlatformFile};
pub use plugins::{ActivationInput, ActivePlugin, Plugin, PluginVersion};
pub use settings::{OriginSetting, Setting, SettingInput, SettingsInput};
pub use tokens::{EnrolmentToken, EnrolmentTokenInput};
pub use users::User;
