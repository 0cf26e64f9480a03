//! Applications as they are sent: every name and reference becomes a type, every problem gets its place.

use std::fmt::Display;
use std::str::FromStr;

use hostwright_api_types as api;
use hostwright_model::application::{
    Action, ApplicationFile, Directory, Handler, InvalidAction, OtherResource, Package, Problem, Service,
};
use hostwright_model::parameter::Parameter;
use hostwright_model::template::{Delimiters, Pair, TemplateFile};
use serde_json::Value as Json;

use crate::operations::OperationError;

/// Collects problems, so that all of them are told at once.
#[derive(Debug, Default)]
pub(super) struct Reading(Vec<Problem>);

impl Reading {
    /// Returns what was read, unless something was wrong.
    pub(super) fn finish<T>(self, read: T) -> Result<T, OperationError> {
        if self.0.is_empty() { Ok(read) } else { Err(OperationError::Invalid(self.0)) }
    }

    /// Reads a list; what has a problem is left out, because nothing will come of the whole.
    pub(super) fn list<T, U>(
        &mut self,
        items: Vec<T>,
        pointer: &str,
        read: impl Fn(&mut Self, T, &str) -> Option<U>,
    ) -> Vec<U> {
        let items = items.into_iter().enumerate();
        items.filter_map(|(index, item)| read(self, item, &format!("{pointer}/{index}"))).collect()
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand over what they have at hand, a text or an error"
    )]
    fn problem(&mut self, pointer: String, message: impl ToString) {
        self.0.push(Problem { pointer, message: message.to_string() });
    }

    fn text<T: FromStr<Err: Display>>(&mut self, text: &str, pointer: String) -> Option<T> {
        text.parse().map_err(|error| self.problem(pointer, error)).ok()
    }

    pub(super) fn package(&mut self, package: api::PackageResource, pointer: &str) -> Option<Package> {
        let api::PackageResource { name, version, hold } = package;
        Some(Package { name: self.text(&name, format!("{pointer}/name"))?, version, hold })
    }

    pub(super) fn service(&mut self, service: api::ServiceResource, pointer: &str) -> Option<Service> {
        let api::ServiceResource { name, enabled, running } = service;
        let name = self.text(&name, format!("{pointer}/name"))?;
        Some(Service { name, enabled, running: running.unwrap_or(true) })
    }

    pub(super) fn directory(
        &mut self,
        directory: api::DirectoryResource,
        pointer: &str,
    ) -> Option<Directory> {
        let api::DirectoryResource { name, path, owner, group, mode } = directory;
        Some(Directory { name: self.text(&name, format!("{pointer}/name"))?, path, owner, group, mode })
    }

    pub(super) fn file(&mut self, file: api::FileResource, pointer: &str) -> Option<ApplicationFile> {
        let api::FileResource { name, path, owner, group, mode, template } = file;
        if template.name != name {
            let message = "a template is called like its file: leave `name` out here, or give it the file's";
            self.problem(format!("{pointer}/template/name"), message);
        }
        let delimiters = self.delimiters(template.delimiter, &format!("{pointer}/template/delimiter"));
        let name = self.text(&name, format!("{pointer}/name"))?;
        let template = TemplateFile { name, delimiters: delimiters?, content: None };
        Some(ApplicationFile { template, path, owner, group, mode })
    }

    fn delimiters(&mut self, delimiter: api::Delimiter, pointer: &str) -> Option<Delimiters> {
        let api::Delimiter { start, end, block_start, block_end, comment_start, comment_end } = delimiter;
        let mut delimiters = Delimiters::of_variables(Pair::new(start, end));
        let pair = |start: Option<String>, end: Option<String>, word: &str| match (start, end) {
            (Some(start), Some(end)) => Ok(Some(Pair::new(start, end))),
            (None, None) => Ok(None),
            _ => Err(format!("`{word}Start` and `{word}End` are given together or not at all")),
        };
        match (pair(block_start, block_end, "block"), pair(comment_start, comment_end, "comment")) {
            (Ok(block), Ok(comment)) => {
                delimiters.block = block.or(delimiters.block);
                delimiters.comment = comment;
                Some(delimiters)
            }
            (block, comment) => {
                for problem in [block.err(), comment.err()].into_iter().flatten() {
                    self.problem(pointer.to_owned(), problem);
                }
                None
            }
        }
    }

    pub(super) fn parameter(&mut self, parameter: api::Parameter, pointer: &str) -> Option<Parameter> {
        let api::Parameter { name, description, key, value, schema, version: _ } = parameter;
        Some(Parameter {
            key: self.text(&key, format!("{pointer}/key"))?,
            name,
            description,
            default: Some(value).filter(|value| !value.is_null()),
            schema: schema.unwrap_or(Json::Null),
            version: 1,
        })
    }

    pub(super) fn handler(&mut self, handler: api::Handler, pointer: &str) -> Option<Handler> {
        let api::Handler { name, on, actions } = handler;
        let name = name.map(|name| self.text(&name, format!("{pointer}/name")));
        let on = self.list(on, &format!("{pointer}/on"), |reading, text, pointer| {
            reading.text(&text, pointer.to_owned())
        });
        let actions = self.list(actions, &format!("{pointer}/do"), Self::action);
        let name = match name {
            Some(name) => Some(name?),
            None => None,
        };
        Some(Handler { name, on, actions })
    }

    fn action(&mut self, action: api::HandlerAction, pointer: &str) -> Option<Action> {
        let api::HandlerAction { action, resource } = action;
        let parsed = Action::parse(&action, resource.as_deref());
        parsed
            .map_err(|error| {
                let member = if matches!(error, InvalidAction::Unknown(_)) { "action" } else { "resource" };
                self.problem(format!("{pointer}/{member}"), error);
            })
            .ok()
    }
}

/// A resource whose sense only its provider knows.
pub(super) fn resource(resource: api::OtherResource) -> OtherResource {
    let api::OtherResource { collection, id, attributes } = resource;
    OtherResource { collection, id, attributes }
}
