//! Making single services and packages of an application as it declares them.

use hostwright_protocol::messages::OnError;
use serde_json::json;

use super::actions::members_after;
use super::blueprint::{Blueprint, PlacedApplication};
use super::declare::{self, Declared};
use super::task::Tasks;
use super::{CompileError, Compiled, Part};
use crate::ids::ApplicationId;
use crate::names::ResourceName;

pub(super) fn compile(
    blueprint: &Blueprint<'_>,
    application: ApplicationId,
    parts: &[Part<'_>],
    verb: &str,
) -> Result<Compiled, CompileError> {
    let placed = blueprint.placed(application)?;
    let mut tasks = Tasks::after(blueprint.desired);
    let mut names = Vec::new();
    for part in parts {
        let declared = declare(blueprint, placed, *part)?;
        let members = members_after(blueprint, &tasks, placed, &declared)?;
        names.push(part.name().as_str());
        tasks.apply(verb, declared, &members, None);
    }
    let mut first_word = verb.to_owned();
    first_word[..1].make_ascii_uppercase();
    let description = format!("{first_word} {} of {}", names.join(", "), placed.application.name);
    Ok(tasks.finish(description, OnError::Stop))
}

fn declare(
    blueprint: &Blueprint<'_>,
    placed: &PlacedApplication,
    part: Part<'_>,
) -> Result<Declared, CompileError> {
    let application = &placed.application;
    let missing = |kind| CompileError::NoSuchResource {
        application: application.name.clone(),
        kind,
        name: part.name().clone(),
    };
    let variables = blueprint.variables(placed);
    match part {
        Part::Service(name) => {
            let service = application.service(name).ok_or_else(|| missing("service"))?;
            declare::service(placed, service, &variables)
        }
        Part::Package { name, version } => {
            let package = application.packages.iter().find(|package| package.name == *name);
            let mut declared =
                declare::package(placed, package.ok_or_else(|| missing("package"))?, &variables)?;
            if let (Some(version), Some(attributes)) = (version, declared.attributes.as_object_mut()) {
                attributes.insert("version".to_owned(), json!(version));
            }
            Ok(declared)
        }
    }
}

impl Part<'_> {
    fn name(&self) -> &ResourceName {
        match self {
            Self::Service(name) | Self::Package { name, .. } => name,
        }
    }
}
