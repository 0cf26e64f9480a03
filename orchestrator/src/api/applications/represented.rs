//! Applications as they are shown.

use hostwright_api_types as api;
use hostwright_model::application::{
    Application, ApplicationFile, Directory, Handler, OtherResource, Package, Service,
};
use hostwright_model::parameter::Parameter;
use hostwright_model::template::Delimiters;
use serde_json::Value as Json;

/// Shows an application.
pub(super) fn represent(application: &Application, organization: &str) -> api::Application {
    api::Application {
        name: application.name.to_string(),
        description: application.description.clone(),
        organization: organization.to_owned(),
        uuid: application.id.to_string(),
        version: application.version,
        locked: application.locked,
        packages: application.packages.iter().map(package).collect(),
        services: application.services.iter().map(service).collect(),
        files: application.files.iter().map(file).collect(),
        directories: application.directories.iter().map(directory).collect(),
        resources: application.resources.iter().map(resource).collect(),
        users: Vec::new(),
        groups: Vec::new(),
        repositories: Vec::new(),
        parameters: application.parameters.iter().map(represent_parameter).collect(),
        handlers: application.handlers.iter().map(handler).collect(),
        compatibility: Vec::new(),
        published_as: None,
        purchased_as: None,
        can_pull: false,
        can_push: false,
        url: String::new(),
        documentation: String::new(),
        license: String::new(),
        price: "0.00".to_owned(),
    }
}

fn package(package: &Package) -> api::PackageResource {
    let Package { name, version, hold } = package;
    api::PackageResource { name: name.to_string(), version: version.clone(), hold: *hold }
}

fn service(service: &Service) -> api::ServiceResource {
    let Service { name, enabled, running } = service;
    api::ServiceResource { name: name.to_string(), enabled: *enabled, running: Some(*running) }
}

/// Shows a file.
pub(super) fn file(file: &ApplicationFile) -> api::FileResource {
    let ApplicationFile { template, path, owner, group, mode } = file;
    api::FileResource {
        name: template.name.to_string(),
        path: path.clone(),
        owner: owner.clone(),
        group: group.clone(),
        mode: mode.clone(),
        template: api::FileTemplate {
            name: template.name.to_string(),
            delimiter: delimiter(&template.delimiters),
        },
    }
}

fn directory(directory: &Directory) -> api::DirectoryResource {
    let Directory { name, path, owner, group, mode } = directory;
    api::DirectoryResource {
        name: name.to_string(),
        path: path.clone(),
        owner: owner.clone(),
        group: group.clone(),
        mode: mode.clone(),
    }
}

fn resource(resource: &OtherResource) -> api::OtherResource {
    let OtherResource { collection, id, attributes } = resource.clone();
    api::OtherResource { collection, id, attributes }
}

/// Shows a parameter.
pub(in crate::api) fn represent_parameter(parameter: &Parameter) -> api::Parameter {
    api::Parameter {
        name: parameter.name.clone(),
        description: parameter.description.clone(),
        key: parameter.key.to_string(),
        value: parameter.default.clone().unwrap_or(Json::Null),
        schema: Some(parameter.schema.clone()).filter(|schema| !schema.is_null()),
        version: parameter.version,
    }
}

fn handler(handler: &Handler) -> api::Handler {
    api::Handler {
        name: handler.name.as_ref().map(ToString::to_string),
        on: handler.on.iter().map(ToString::to_string).collect(),
        actions: handler
            .actions
            .iter()
            .map(|action| api::HandlerAction {
                action: action.verb().to_owned(),
                resource: action.resource(),
            })
            .collect(),
    }
}

/// Shows delimiters; blocks and comments only where they are not what the variable's form brings along.
pub(in crate::api) fn delimiter(delimiters: &Delimiters) -> api::Delimiter {
    let Delimiters { variable, block, comment } = delimiters;
    let usual = Delimiters::of_variables(variable.clone());
    let block = block.as_ref().filter(|_| *block != usual.block);
    api::Delimiter {
        start: variable.start.clone(),
        end: variable.end.clone(),
        block_start: block.map(|pair| pair.start.clone()),
        block_end: block.map(|pair| pair.end.clone()),
        comment_start: comment.as_ref().map(|pair| pair.start.clone()),
        comment_end: comment.as_ref().map(|pair| pair.end.clone()),
    }
}
