//! Why nothing can be done.

use hostwright_protocol::messages::ResourceRef;

use crate::ids::ApplicationId;
use crate::names::{ApplicationName, ResourceName, SettingKey};
use crate::render::RenderError;

/// Why nothing can be done. Nothing is sent then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// A template cannot be rendered.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A file was never given any content.
    #[error("file `{file}` of application `{application}` has no content: upload some, if only empty")]
    NoContent {
        /// Whose.
        application: ApplicationName,
        /// Which.
        file: ResourceName,
    },
    /// The content of a file is not at hand.
    #[error("the content of file `{file}` of application `{application}` is gone")]
    LostContent {
        /// Whose.
        application: ApplicationName,
        /// Which.
        file: ResourceName,
    },
    /// An attribute was rendered to something that cannot be used.
    #[error("{subject} becomes `{value}`, which {rule}")]
    Unusable {
        /// e.g. ``the path of file `site.conf` of application `Web Server` ``.
        subject: String,
        /// What it was rendered to.
        value: String,
        /// What is wrong with it.
        rule: &'static str,
    },
    /// Two applications want the same resource to be different.
    #[error(
        "applications `{one}` and `{other}` both declare {} `{}`, but differ in `{attribute}`: make them equal, or \
         install only one",
        resource.collection, resource.id
    )]
    Conflict {
        /// Which.
        resource: ResourceRef,
        /// The one that is installed, or comes first.
        one: String,
        /// The other.
        other: String,
        /// Where they differ.
        attribute: String,
    },
    /// A parameter needs a value and has none.
    #[error(
        "parameter `{key}` of application `{application}` needs a value: set it, for example in this context"
    )]
    Required {
        /// Whose.
        application: ApplicationName,
        /// Which.
        key: SettingKey,
    },
    /// An application has no such file, service or handler.
    #[error("application `{application}` has no {kind} `{name}`")]
    NoSuchResource {
        /// Which.
        application: ApplicationName,
        /// `file`, `service` or `handler`.
        kind: &'static str,
        /// What it does not have.
        name: ResourceName,
    },
    /// The application is not on the host.
    #[error("application {application} is not installed on this host")]
    NotInstalled {
        /// Which.
        application: ApplicationId,
    },
}
