//! What can be wrong with an application as a whole.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use super::{Action, Application, OtherResource};
use crate::names::ResourceName;
use crate::parameter::InvalidParameter;

/// Something in an application that cannot work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// JSON pointer to it, in the application's JSON.
    pub pointer: String,
    /// What is wrong and how to mend it.
    pub message: String,
}

pub(super) fn of(application: &Application) -> Vec<Problem> {
    let mut problems = Vec::new();
    names(application, &mut problems);
    files(application, &mut problems);
    resources(application, &mut problems);
    parameters(application, &mut problems);
    handlers(application, &mut problems);
    problems
}

fn names(application: &Application, problems: &mut Vec<Problem>) {
    let lists: [(&str, Vec<&str>); 5] = [
        ("packages", application.packages.iter().map(|package| package.name.as_str()).collect()),
        ("services", application.services.iter().map(|service| service.name.as_str()).collect()),
        ("directories", application.directories.iter().map(|directory| directory.name.as_str()).collect()),
        ("files", application.files.iter().map(|file| file.template.name.as_str()).collect()),
        ("parameters", application.parameters.iter().map(|parameter| parameter.key.as_str()).collect()),
    ];
    for (list, names) in lists {
        let mut seen = BTreeSet::new();
        for (index, name) in names.into_iter().enumerate() {
            if !seen.insert(name) {
                let pointer = format!("/{list}/{index}");
                problems.push(Problem { pointer, message: format!("`{name}` is there twice") });
            }
        }
    }
    let mut seen = BTreeSet::new();
    for (index, handler) in application.handlers.iter().enumerate() {
        if let Some(name) = &handler.name
            && !seen.insert(name)
        {
            let pointer = format!("/handlers/{index}/name");
            problems.push(Problem { pointer, message: format!("`{name}` is there twice") });
        }
    }
}

fn files(application: &Application, problems: &mut Vec<Problem>) {
    let paths =
        (application.files.iter().enumerate().map(|(index, file)| ("files", index, &file.path, &file.mode)))
            .chain(
                (application.directories.iter().enumerate())
                    .map(|(index, directory)| ("directories", index, &directory.path, &directory.mode)),
            );
    for (list, index, path, mode) in paths {
        // A path may begin with a variable; what it becomes is checked when it is rendered.
        if !path.starts_with('/') && !path.starts_with("${") {
            let pointer = format!("/{list}/{index}/path");
            problems
                .push(Problem { pointer, message: format!("`{path}` is not absolute: begin it with `/`") });
        }
        if let Some(mode) = mode
            && !is_mode(mode)
        {
            let message = format!("`{mode}` is no mode: give three or four octal digits, e.g. `0644`");
            problems.push(Problem { pointer: format!("/{list}/{index}/mode"), message });
        }
    }
    for (index, file) in application.files.iter().enumerate() {
        if let Some(problem) = file.template.delimiters.problem() {
            let pointer = format!("/files/{index}/template/delimiter");
            problems.push(Problem { pointer, message: problem.to_owned() });
        }
    }
}

fn is_mode(mode: &str) -> bool {
    (3..=4).contains(&mode.len()) && mode.bytes().all(|digit| (b'0'..=b'7').contains(&digit))
}

fn resources(application: &Application, problems: &mut Vec<Problem>) {
    for (index, resource) in application.resources.iter().enumerate() {
        let OtherResource { collection, id, attributes } = resource;
        let mut problem = |member: &str, message: String| {
            problems.push(Problem { pointer: format!("/resources/{index}/{member}"), message });
        };
        if !is_of_others(collection) {
            problem(
                "collection",
                format!(
                    "`{collection}` is no collection of a plugin's publisher: write it as `publisher.name`"
                ),
            );
        }
        if id.is_empty() {
            problem("id", "it needs an id: what it is, its provider tells by that".to_owned());
        }
        if attributes.values().any(is_reserved) {
            problem("attributes", "an object `$hostwright` is for the orchestrator to write".to_owned());
        }
        let is_same = |other: &OtherResource| (&other.collection, &other.id) == (collection, id);
        if application.resources[..index].iter().any(is_same) {
            problem("id", format!("`{id}` of `{collection}` is there twice"));
        }
    }
}

fn is_of_others(collection: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    collection.split_once('.').is_some_and(|(publisher, name)| is_part(publisher) && is_part(name))
}

fn is_reserved(value: &Json) -> bool {
    match value {
        Json::Object(members) => {
            members.iter().any(|(name, value)| name == "$hostwright" || is_reserved(value))
        }
        Json::Array(items) => items.iter().any(is_reserved),
        _ => false,
    }
}

fn parameters(application: &Application, problems: &mut Vec<Problem>) {
    for (index, parameter) in application.parameters.iter().enumerate() {
        match parameter.validate() {
            Ok(()) => {}
            Err(InvalidParameter::Schema { source, .. }) => problems.push(Problem {
                pointer: format!("/parameters/{index}/schema{}", source.pointer),
                message: source.to_string(),
            }),
            Err(InvalidParameter::Default { violations, .. }) => {
                problems.extend(violations.into_iter().map(|violation| Problem {
                    pointer: format!("/parameters/{index}/value{}", violation.pointer),
                    message: violation.message,
                }));
            }
        }
    }
}

fn handlers(application: &Application, problems: &mut Vec<Problem>) {
    for (index, handler) in application.handlers.iter().enumerate() {
        for (step, action) in handler.actions.iter().enumerate() {
            let pointer = format!("/handlers/{index}/do/{step}/resource");
            let missing = match action {
                Action::Update(name) | Action::Execute(name) if application.file(name).is_none() => {
                    let files = application.files.iter().map(|file| &file.template.name);
                    Some(absent("file", name, files))
                }
                Action::Restart(name) | Action::Reload(name) if application.service(name).is_none() => {
                    Some(absent("service", name, application.services.iter().map(|service| &service.name)))
                }
                _ => None,
            };
            problems.extend(missing.map(|message| Problem { pointer, message }));
        }
    }
}

fn absent<'a>(kind: &str, name: &ResourceName, known: impl Iterator<Item = &'a ResourceName>) -> String {
    let nearest = known
        .map(|known| (strsim::damerau_levenshtein(known.as_str(), name.as_str()), known))
        .min_by_key(|(distance, _)| *distance);
    match nearest {
        Some((_, nearest)) => format!("the application has no {kind} `{name}`; the nearest is `{nearest}`"),
        None => format!("the application has no {kind} `{name}`: add it first"),
    }
}

#[cfg(test)]
mod tests {
    use crate::compile::tests::example;

    fn problems(change: impl FnOnce(&mut super::Application)) -> Vec<String> {
        let mut application = example::web_server();
        change(&mut application);
        application
            .problems()
            .into_iter()
            .map(|problem| format!("{} {}", problem.pointer, problem.message))
            .collect()
    }

    #[test]
    fn the_example_has_none() {
        assert!(problems(|_| ()).is_empty());
    }

    #[test]
    fn each_problem_says_where_and_how_to_mend_it() {
        let found = problems(|application| {
            application.packages.push(application.packages[0].clone());
            application.files[0].path = "etc/site.conf".to_owned();
            application.files[0].mode = Some("0888".to_owned());
            application.files[0].template.delimiters.variable.end = String::new();
            application.parameters[0].default = Some(serde_json::json!("eighty"));
            application.resources = [("files", "/etc/motd"), ("acme.shares", ""), ("acme.shares", "")]
                .map(|(collection, id)| super::OtherResource {
                    collection: collection.to_owned(),
                    id: id.to_owned(),
                    attributes: [("content".to_owned(), serde_json::json!([{"$hostwright": {}}]))]
                        .into_iter()
                        .collect(),
                })
                .into();
            application.handlers[0].actions[1] = super::Action::Reload("ngnix".parse().unwrap());
        });
        insta::assert_snapshot!(found.join("\n"));
    }
}
