//! Applications: whole documents. A change of a template reaches no host by itself; a rebuild of the host brings it.

use hostwright_model::application::{
    Application, ApplicationFile, Directory, Handler, OtherResource, Package, Problem, Service,
};
use hostwright_model::blob::BlobDigest;
use hostwright_model::event::Occurrence;
use hostwright_model::names::{ApplicationName, HostName, ResourceName, SettingKey};
use hostwright_model::organization::Organization;
use hostwright_model::parameter::Parameter;

use super::{OperationError, Work, application_files, hosts};

/// An application as somebody wants it. The content of its files is given apart: what is said of it here does not count,
/// and a file that is there already keeps its content.
#[derive(Clone, Debug)]
pub struct ApplicationDraft {
    /// Unique in its organization.
    pub name: ApplicationName,
    /// For people.
    pub description: String,
    /// Packages that it needs.
    pub packages: Vec<Package>,
    /// Services that it runs.
    pub services: Vec<Service>,
    /// Directories that it needs.
    pub directories: Vec<Directory>,
    /// Files that are rendered for it.
    pub files: Vec<ApplicationFile>,
    /// Resources of collections that plugins of others bring.
    pub resources: Vec<OtherResource>,
    /// What it can be told.
    pub parameters: Vec<Parameter>,
    /// What is done when that changes.
    pub handlers: Vec<Handler>,
}

/// Finds an application.
pub async fn find_application(
    work: &mut Work,
    organization: &Organization,
    name: &ApplicationName,
) -> Result<Application, OperationError> {
    let found = work.tx.application_by_name(organization.id, name).await?;
    found.ok_or_else(|| OperationError::not_found("application", name))
}

/// Lists the applications of an organization, by name.
pub async fn list_applications(
    work: &mut Work,
    organization: &Organization,
) -> Result<Vec<Application>, OperationError> {
    Ok(work.tx.applications(organization.id).await?)
}

/// Makes an application.
pub async fn create_application(
    work: &mut Work,
    organization: &Organization,
    draft: ApplicationDraft,
) -> Result<Application, OperationError> {
    let ApplicationDraft {
        name,
        description,
        packages,
        services,
        directories,
        files,
        resources,
        parameters,
        handlers,
    } = draft;
    let application = Application {
        id: work.fresh(),
        organization: organization.id,
        name,
        description,
        version: 1,
        locked: false,
        packages,
        services,
        directories,
        files: files.into_iter().map(|file| with_content(file, None)).collect(),
        resources,
        parameters: parameters.into_iter().map(|parameter| Parameter { version: 1, ..parameter }).collect(),
        handlers,
        created_at: work.now(),
    };
    check(&application)?;
    let taken = OperationError::taken("application", &application.name);
    work.tx.insert_application(&application).await.map_err(taken)?;
    let path = path(&application);
    work.record(organization.id, Occurrence::Created { kind: "application".to_owned(), path });
    Ok(application)
}

/// Puts another document in place of an application; files keep their content by name.
pub async fn update_application(
    work: &mut Work,
    organization: &Organization,
    name: &ApplicationName,
    draft: ApplicationDraft,
) -> Result<Application, OperationError> {
    let existing = find_application(work, organization, name).await?;
    refuse_locked(&existing)?;
    let ApplicationDraft {
        name,
        description,
        packages,
        services,
        directories,
        files,
        resources,
        parameters,
        handlers,
    } = draft;
    let content_of = |name: &ResourceName| existing.file(name).and_then(|file| file.template.content);
    let mut application = Application {
        name,
        description,
        packages,
        services,
        directories,
        files: files
            .into_iter()
            .map(|file| {
                let content = content_of(&file.template.name);
                with_content(file, content)
            })
            .collect(),
        resources,
        parameters: parameters.into_iter().map(|parameter| versioned(parameter, &existing)).collect(),
        handlers,
        ..existing.clone()
    };
    // Whoever reads an application and puts it back changes no version.
    if application == existing {
        return Ok(existing);
    }
    check(&application)?;
    application_files::check_templates(work, &application).await?;
    save(work, &mut application).await?;
    Ok(application)
}

/// Deletes an application that no host has.
pub async fn delete_application(
    work: &mut Work,
    organization: &Organization,
    name: &ApplicationName,
) -> Result<(), OperationError> {
    let application = find_application(work, organization, name).await?;
    refuse_locked(&application)?;
    let contexts = work.tx.contexts_of_application(organization.id, application.id).await?;
    if let Some(context) = contexts.first() {
        let host = work.tx.host(organization.id, context.host).await?;
        let host: Option<HostName> = host.map(|host| host.name);
        let host = host.map_or_else(|| context.host.to_string(), |host| host.to_string());
        let reason = format!("application `{name}` is on host `{host}`: uninstall it there first");
        return Err(OperationError::Conflict { reason });
    }
    work.tx.delete_application(organization.id, application.id).await?;
    let path = path(&application);
    work.record(organization.id, Occurrence::Deleted { kind: "application".to_owned(), path });
    Ok(())
}

/// Copies an application, as `NAME (1)` unless another name is given.
pub async fn clone_application(
    work: &mut Work,
    organization: &Organization,
    name: &ApplicationName,
    copy: Option<ApplicationName>,
) -> Result<Application, OperationError> {
    let original = find_application(work, organization, name).await?;
    let mut number = 1;
    let copy = loop {
        if let Some(name) = copy.clone() {
            break name;
        }
        let candidate: ApplicationName = format!("{name} ({number})").parse()?;
        if work.tx.application_by_name(organization.id, &candidate).await?.is_none() {
            break candidate;
        }
        number += 1;
    };
    let application = Application {
        id: work.fresh(),
        name: copy,
        version: 1,
        locked: false,
        created_at: work.now(),
        ..original
    };
    let taken = OperationError::taken("application", &application.name);
    work.tx.insert_application(&application).await.map_err(taken)?;
    let path = path(&application);
    work.record(organization.id, Occurrence::Created { kind: "application".to_owned(), path });
    Ok(application)
}

/// Refuses from now on that an application is changed or deleted, or allows it again.
pub async fn set_locked(
    work: &mut Work,
    organization: &Organization,
    name: &ApplicationName,
    locked: bool,
) -> Result<Application, OperationError> {
    let mut application = find_application(work, organization, name).await?;
    if application.locked != locked {
        application.locked = locked;
        save(work, &mut application).await?;
    }
    Ok(application)
}

/// Adds a parameter, or puts another in place of the one with its key.
pub async fn put_parameter(
    work: &mut Work,
    organization: &Organization,
    name: &ApplicationName,
    parameter: Parameter,
) -> Result<Application, OperationError> {
    let mut application = find_application(work, organization, name).await?;
    refuse_locked(&application)?;
    let parameter = versioned(parameter, &application);
    match application.parameters.iter_mut().find(|existing| existing.key == parameter.key) {
        Some(existing) if *existing == parameter => return Ok(application),
        Some(existing) => *existing = parameter,
        None => application.parameters.push(parameter),
    }
    check(&application)?;
    save(work, &mut application).await?;
    Ok(application)
}

/// Deletes a parameter. Settings with its key stay; they say nothing to this application any more.
pub async fn delete_parameter(
    work: &mut Work,
    organization: &Organization,
    name: &ApplicationName,
    key: &SettingKey,
) -> Result<Application, OperationError> {
    let mut application = find_application(work, organization, name).await?;
    refuse_locked(&application)?;
    let before = application.parameters.len();
    application.parameters.retain(|parameter| parameter.key != *key);
    if application.parameters.len() == before {
        return Err(OperationError::not_found("parameter", key));
    }
    save(work, &mut application).await?;
    Ok(application)
}

/// Lists the hosts that have an application.
pub async fn hosts_with_application(
    work: &mut Work,
    organization: &Organization,
    application: &Application,
) -> Result<Vec<hosts::HostPath>, OperationError> {
    let mut paths = Vec::new();
    for context in work.tx.contexts_of_application(organization.id, application.id).await? {
        if let Some(host) = work.tx.host(organization.id, context.host).await? {
            paths.push(hosts::path_of(work, &host).await?);
        }
    }
    Ok(paths)
}

pub(crate) async fn save(work: &mut Work, application: &mut Application) -> Result<(), OperationError> {
    let taken = OperationError::taken("application", &application.name);
    work.tx.update_application(application).await.map_err(taken)?;
    let path = path(application);
    work.record(application.organization, Occurrence::Updated { kind: "application".to_owned(), path });
    Ok(())
}

pub(crate) fn refuse_locked(application: &Application) -> Result<(), OperationError> {
    if application.locked {
        return Err(OperationError::conflict(format!(
            "application `{}` is locked: unlock it first",
            application.name
        )));
    }
    Ok(())
}

pub(crate) fn check(application: &Application) -> Result<(), OperationError> {
    let problems: Vec<Problem> = application.problems();
    if problems.is_empty() { Ok(()) } else { Err(OperationError::Invalid(problems)) }
}

fn with_content(mut file: ApplicationFile, content: Option<BlobDigest>) -> ApplicationFile {
    file.template.content = content;
    file
}

/// A parameter keeps its version until something of it changes.
fn versioned(parameter: Parameter, existing: &Application) -> Parameter {
    let before = existing.parameters.iter().find(|before| before.key == parameter.key);
    let version = match before {
        Some(before) if (Parameter { version: before.version, ..parameter.clone() }) == *before => {
            before.version
        }
        Some(before) => before.version + 1,
        None => 1,
    };
    Parameter { version, ..parameter }
}

fn path(application: &Application) -> String {
    format!("applications/{}", application.name)
}
