//! Gathering what the compiler is given.

use std::collections::BTreeMap;

use hostwright_model::application::Application;
use hostwright_model::blob::BlobDigest;
use hostwright_model::compile::{Blueprint, HostSettings, PlacedApplication};
use hostwright_model::context::{Context, Installation};
use hostwright_model::desired::DesiredSet;
use hostwright_model::environment::Environment;
use hostwright_model::host::Host;
use hostwright_model::ids::ApplicationId;
use hostwright_model::organization::Organization;
use hostwright_model::setting::Scope;

use super::{OperationError, Work};

/// Everything that decides what a host is to be, but what was decided before.
#[derive(Clone, Debug)]
pub(crate) struct Loaded {
    pub(crate) organization: Organization,
    pub(crate) environment: Environment,
    pub(crate) host: Host,
    /// Of its applications, platform and distribution.
    pub(crate) contexts: Vec<Context>,
    /// Without those that are being uninstalled.
    pub(crate) applications: Vec<PlacedApplication>,
    pub(crate) settings: HostSettings,
    pub(crate) contents: BTreeMap<BlobDigest, Vec<u8>>,
}

impl Loaded {
    pub(crate) fn blueprint<'a>(&'a self, desired: &'a DesiredSet) -> Blueprint<'a> {
        Blueprint {
            organization: &self.organization,
            environment: &self.environment,
            host: &self.host,
            applications: &self.applications,
            settings: &self.settings,
            contents: &self.contents,
            desired,
        }
    }

    /// The applications that were never sent to a machine.
    pub(crate) fn recorded(&self) -> Vec<ApplicationId> {
        let applications = self.contexts.iter().filter_map(Context::application);
        let recorded = applications.filter(|context| context.installation == Installation::Recorded);
        recorded.map(|context| context.application).collect()
    }

    /// Leaves out applications, for compiling what concerns only the others.
    #[must_use]
    pub(crate) fn without(&self, applications: &[ApplicationId]) -> Self {
        let mut rest = self.clone();
        rest.applications.retain(|placed| !applications.contains(&placed.application.id));
        rest
    }
}

/// Gathers everything that decides what a host is to be.
pub(crate) async fn load(
    work: &mut Work,
    organization: &Organization,
    host: Host,
) -> Result<Loaded, OperationError> {
    let environment = work.tx.environment(organization.id, host.environment).await?;
    let environment =
        environment.ok_or_else(|| OperationError::not_found("environment", host.environment))?;
    let contexts = work.tx.contexts(organization.id, host.id).await?;
    let mut applications = Vec::new();
    let mut contents = BTreeMap::new();
    for context in &contexts {
        let Some(on_host) = context.application() else { continue };
        if on_host.installation == Installation::Uninstalling {
            continue;
        }
        let placed = place(work, context, on_host.application).await?;
        load_contents(work, &placed.application, &mut contents).await?;
        applications.push(placed);
    }
    let settings = load_settings(work, &host, &contexts).await?;
    let organization = organization.clone();
    Ok(Loaded { organization, environment, host, contexts, applications, settings, contents })
}

/// Gathers an application that is on its way out, too.
pub(crate) async fn add_application(
    work: &mut Work,
    loaded: &mut Loaded,
    context: &Context,
) -> Result<(), OperationError> {
    let Some(on_host) = context.application() else { return Ok(()) };
    if loaded.applications.iter().any(|placed| placed.context == context.id) {
        return Ok(());
    }
    let placed = place(work, context, on_host.application).await?;
    load_contents(work, &placed.application, &mut loaded.contents).await?;
    loaded.applications.push(placed);
    Ok(())
}

/// Gathers every setting that counts for a host.
pub(crate) async fn load_settings(
    work: &mut Work,
    host: &Host,
    contexts: &[Context],
) -> Result<HostSettings, OperationError> {
    let organization = host.organization;
    let mut settings = HostSettings {
        organization: work.tx.settings(organization, Scope::Organization(organization)).await?,
        environment: work.tx.settings(organization, Scope::Environment(host.environment)).await?,
        host: work.tx.settings(organization, Scope::Host(host.id)).await?,
        contexts: BTreeMap::new(),
    };
    for context in contexts {
        let own = work.tx.settings(organization, Scope::Context(context.id)).await?;
        settings.contexts.insert(context.id, own);
    }
    Ok(settings)
}

async fn place(
    work: &mut Work,
    context: &Context,
    application: ApplicationId,
) -> Result<PlacedApplication, OperationError> {
    let found = work.tx.application(context.organization, application).await?;
    let application = found.ok_or_else(|| OperationError::not_found("application", application))?;
    let on_host = context.application();
    Ok(PlacedApplication {
        context: context.id,
        position: on_host.map_or(0, |on_host| on_host.position),
        application,
        services: on_host.map(|on_host| on_host.services.clone()).unwrap_or_default(),
    })
}

async fn load_contents(
    work: &mut Work,
    application: &Application,
    contents: &mut BTreeMap<BlobDigest, Vec<u8>>,
) -> Result<(), OperationError> {
    for digest in application.files.iter().filter_map(|file| file.template.content) {
        if contents.contains_key(&digest) {
            continue;
        }
        if let Some(blob) = work.tx.blob(application.organization, digest).await? {
            contents.insert(digest, blob.into_bytes());
        }
    }
    Ok(())
}
