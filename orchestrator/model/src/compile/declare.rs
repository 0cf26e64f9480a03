//! What an application declares on a host: its resources, rendered.

use hostwright_protocol::messages::ResourceRef;
use serde_json::{Map, Value as Json, json};

use super::blueprint::{Blueprint, PlacedApplication};
use super::{CompileError, rank};
use crate::application::{ApplicationFile, Directory, OtherResource, Package, Service};
use crate::blob::Blob;
use crate::render::{self, Variables};
use crate::template::resource;

/// A resource as one application wants it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Declared {
    /// Which.
    pub(super) resource: ResourceRef,
    /// For people, e.g. `file site.conf`.
    pub(super) label: String,
    /// How it is to be.
    pub(super) attributes: Json,
    /// Its content.
    pub(super) blob: Option<Blob>,
}

impl Declared {
    pub(super) fn rank(&self) -> u32 {
        rank::of(&self.resource.collection)
    }
}

/// Everything that an application declares, by rank. Refuses if a parameter that needs a value has none.
pub(super) fn all(
    blueprint: &Blueprint<'_>,
    placed: &PlacedApplication,
) -> Result<Vec<Declared>, CompileError> {
    require_values(blueprint, placed)?;
    let variables = blueprint.variables(placed);
    let application = &placed.application;
    let mut declared = Vec::new();
    for wanted in &application.packages {
        declared.push(package(placed, wanted, &variables)?);
    }
    for wanted in &application.directories {
        declared.push(directory(placed, wanted, &variables)?);
    }
    for wanted in &application.files {
        declared.push(file(blueprint, placed, wanted, &variables)?);
    }
    for wanted in &application.services {
        declared.push(service(placed, wanted, &variables)?);
    }
    for wanted in &application.resources {
        declared.push(other(placed, wanted, &variables)?);
    }
    declared.sort_by_key(Declared::rank);
    Ok(declared)
}

fn require_values(blueprint: &Blueprint<'_>, placed: &PlacedApplication) -> Result<(), CompileError> {
    let levels = blueprint.settings.levels(placed);
    for parameter in &placed.application.parameters {
        let required = parameter.schema().is_ok_and(|schema| schema.is_required());
        if required && levels.resolve(&parameter.key).is_none() {
            let application = placed.application.name.clone();
            return Err(CompileError::Required { application, key: parameter.key.clone() });
        }
    }
    Ok(())
}

/// Declares one package.
pub(super) fn package(
    placed: &PlacedApplication,
    package: &Package,
    variables: &Variables,
) -> Result<Declared, CompileError> {
    let Package { name, version, hold } = package;
    let subject = format!("package `{name}` of application `{}`", placed.application.name);
    let id = render::attribute(&subject, name.as_str(), variables)?;
    let mut attributes = Map::new();
    if let Some(version) = version {
        let version = render::attribute(&format!("the version of {subject}"), version, variables)?;
        attributes.insert("version".to_owned(), json!(version));
    }
    if let Some(hold) = hold {
        attributes.insert("hold".to_owned(), json!(hold));
    }
    let label = format!("package {id}");
    Ok(Declared { resource: resource("packages", id), label, attributes: attributes.into(), blob: None })
}

fn directory(
    placed: &PlacedApplication,
    directory: &Directory,
    variables: &Variables,
) -> Result<Declared, CompileError> {
    let Directory { name, path, owner, group, mode } = directory;
    let subject = format!("directory `{name}` of application `{}`", placed.application.name);
    let id = absolute(&format!("the path of {subject}"), path, variables)?;
    let mut attributes = Map::new();
    ownership(&subject, [owner, group, mode], variables, &mut attributes)?;
    Ok(Declared {
        resource: resource("directories", id),
        label: format!("directory {name}"),
        attributes: attributes.into(),
        blob: None,
    })
}

/// Declares one file.
pub(super) fn file(
    blueprint: &Blueprint<'_>,
    placed: &PlacedApplication,
    file: &ApplicationFile,
    variables: &Variables,
) -> Result<Declared, CompileError> {
    let ApplicationFile { template, path: _, owner, group, mode } = file;
    let subject = format!("file `{}` of application `{}`", template.name, placed.application.name);
    let id = path(placed, file, variables)?;
    let blob = Blob::new(content(blueprint, placed, file, variables)?);
    let reference = json!({"blob": blob.digest().to_string(), "size": blob.bytes().len()});
    let mut attributes = Map::new();
    attributes.insert("content".to_owned(), json!({"$hostwright": reference}));
    ownership(&subject, [owner, group, mode], variables, &mut attributes)?;
    Ok(Declared {
        resource: resource("files", id),
        label: format!("file {}", template.name),
        attributes: attributes.into(),
        blob: Some(blob),
    })
}

/// Where a file goes.
pub(super) fn path(
    placed: &PlacedApplication,
    file: &ApplicationFile,
    variables: &Variables,
) -> Result<String, CompileError> {
    let subject =
        format!("the path of file `{}` of application `{}`", file.template.name, placed.application.name);
    absolute(&subject, &file.path, variables)
}

/// Renders the content of a file.
pub(super) fn content(
    blueprint: &Blueprint<'_>,
    placed: &PlacedApplication,
    file: &ApplicationFile,
    variables: &Variables,
) -> Result<Vec<u8>, CompileError> {
    let name = &file.template.name;
    let application = &placed.application.name;
    let digest = file
        .template
        .content
        .ok_or_else(|| CompileError::NoContent { application: application.clone(), file: name.clone() })?;
    let source = blueprint
        .contents
        .get(&digest)
        .ok_or_else(|| CompileError::LostContent { application: application.clone(), file: name.clone() })?;
    let subject = format!("file `{name}` of application `{application}`");
    Ok(render::file(&subject, source, &file.template.delimiters, variables)?)
}

/// Declares one service.
pub(super) fn service(
    placed: &PlacedApplication,
    service: &Service,
    variables: &Variables,
) -> Result<Declared, CompileError> {
    let Service { name, enabled, running } = service;
    let id = unit(placed, service, variables)?;
    let enabled =
        placed.services.iter().find(|other| other.name == *name).map(|other| other.enabled).or(*enabled);
    let mut attributes = Map::new();
    attributes.insert("running".to_owned(), json!(running));
    if let Some(enabled) = enabled {
        attributes.insert("enabled".to_owned(), json!(enabled));
    }
    let label = format!("service {id}");
    Ok(Declared { resource: resource("services", id), label, attributes: attributes.into(), blob: None })
}

/// The unit of a service, without the suffix that is implied.
pub(super) fn unit(
    placed: &PlacedApplication,
    service: &Service,
    variables: &Variables,
) -> Result<String, CompileError> {
    let subject = format!("service `{}` of application `{}`", service.name, placed.application.name);
    let unit = render::attribute(&subject, service.name.as_str(), variables)?;
    Ok(unit.strip_suffix(".service").map(str::to_owned).unwrap_or(unit))
}

/// Declares a resource that only its provider understands.
fn other(
    placed: &PlacedApplication,
    wanted: &OtherResource,
    variables: &Variables,
) -> Result<Declared, CompileError> {
    let OtherResource { collection, id, attributes } = wanted;
    let subject = format!("resource `{id}` of `{collection}` of application `{}`", placed.application.name);
    let id = render::attribute(&format!("the id of {subject}"), id, variables)?;
    let attributes = rendered(&subject, &Json::Object(attributes.clone()), variables)?;
    let label = format!("{collection} {id}");
    Ok(Declared { resource: resource(collection, id), label, attributes, blob: None })
}

/// Renders every text in a document.
fn rendered(subject: &str, value: &Json, variables: &Variables) -> Result<Json, CompileError> {
    Ok(match value {
        Json::String(text) => Json::String(render::attribute(subject, text, variables)?),
        Json::Array(items) => Json::Array(
            items.iter().map(|item| rendered(subject, item, variables)).collect::<Result<_, _>>()?,
        ),
        Json::Object(members) => {
            let members = members.iter();
            let members =
                members.map(|(name, value)| Ok((name.clone(), rendered(subject, value, variables)?)));
            Json::Object(members.collect::<Result<_, CompileError>>()?)
        }
        other => other.clone(),
    })
}

fn ownership(
    subject: &str,
    [owner, group, mode]: [&Option<String>; 3],
    variables: &Variables,
    attributes: &mut Map<String, Json>,
) -> Result<(), CompileError> {
    for (name, value) in [("owner", owner), ("group", group)] {
        if let Some(value) = value {
            let value = render::attribute(&format!("the {name} of {subject}"), value, variables)?;
            attributes.insert(name.to_owned(), json!(value));
        }
    }
    if let Some(mode) = mode {
        attributes.insert("mode".to_owned(), json!(format!("{mode:0>4}")));
    }
    Ok(())
}

fn absolute(subject: &str, path: &str, variables: &Variables) -> Result<String, CompileError> {
    let rendered = render::attribute(subject, path, variables)?;
    let path = match rendered.trim_end_matches('/') {
        "" => "/",
        path => path,
    };
    let refuse = |rule| CompileError::Unusable { subject: subject.to_owned(), value: rendered.clone(), rule };
    if !path.starts_with('/') {
        return Err(refuse("is not absolute"));
    }
    if path == "/" {
        return Err(refuse("is the root of the file system"));
    }
    if path.chars().any(char::is_control) {
        return Err(refuse("contains a control character"));
    }
    if path[1..].split('/').any(|part| matches!(part, "" | "." | "..")) {
        return Err(refuse("contains `//`, `/./` or `/../`"));
    }
    Ok(path.to_owned())
}
