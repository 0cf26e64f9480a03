//! Values against the schemas of the parameters that they speak to.

use std::collections::BTreeSet;

use hostwright_model::application::Problem;
use hostwright_model::context::Subject;
use hostwright_model::ids::ApplicationId;
use hostwright_model::names::SettingKey;
use hostwright_model::organization::Organization;
use hostwright_model::parameter::Parameter;
use hostwright_model::parameter_schema::ParameterSchema;
use hostwright_model::setting::Scope;
use serde_json::Value as Json;

use super::level::Place;
use crate::operations::{OperationError, Work};

/// Refuses a value that a parameter of its key, or its own schema, does not allow.
pub(super) async fn check(
    work: &mut Work,
    organization: &Organization,
    place: &Place,
    key: &SettingKey,
    value: &Json,
    own: Option<&Json>,
    pointer: &str,
) -> Result<(), OperationError> {
    let mut problems = Vec::new();
    if let Some(own) = own {
        let schema = ParameterSchema::of(own).map_err(|error| {
            let place = pointer.trim_end_matches("/value");
            OperationError::invalid(format!("{place}/schema{}", error.pointer), error)
        })?;
        problems.extend(violations(&schema, key, None, value, pointer));
    }
    for (template, parameter) in parameters(work, organization, place, key).await? {
        // What is stored was checked when it was written; a schema that is none says nothing.
        let Ok(schema) = parameter.schema() else { continue };
        problems.extend(violations(&schema, key, Some(&template), value, pointer));
    }
    if problems.is_empty() { Ok(()) } else { Err(OperationError::Invalid(problems)) }
}

fn violations(
    schema: &ParameterSchema,
    key: &SettingKey,
    template: Option<&str>,
    value: &Json,
    pointer: &str,
) -> Vec<Problem> {
    let whose = template.map(|template| format!(" of {template}")).unwrap_or_default();
    let violations = schema.violations(value).into_iter();
    violations
        .map(|violation| Problem {
            pointer: format!("{pointer}{}", violation.pointer),
            message: format!("setting `{key}` does not satisfy the schema{whose}: {}", violation.message),
        })
        .collect()
}

/// The parameters with a key, and whose they are.
async fn parameters(
    work: &mut Work,
    organization: &Organization,
    place: &Place,
    key: &SettingKey,
) -> Result<Vec<(String, Parameter)>, OperationError> {
    let with_key = |whose: String, parameters: &[Parameter]| {
        parameters.iter().find(|parameter| parameter.key == *key).map(|parameter| (whose, parameter.clone()))
    };
    let mut found = Vec::new();
    match place.scope {
        Scope::Platform(id) => {
            let platform = work.tx.platform(organization.id, id).await?;
            found.extend(platform.and_then(|it| with_key(format!("platform `{}`", it.name), &it.parameters)));
        }
        Scope::Distribution(id) => {
            let distribution = work.tx.distribution(organization.id, id).await?;
            found.extend(
                distribution.and_then(|it| with_key(format!("distribution `{}`", it.name), &it.parameters)),
            );
        }
        Scope::Organization(_) => {
            for application in work.tx.applications(organization.id).await? {
                found
                    .extend(with_key(format!("application `{}`", application.name), &application.parameters));
            }
        }
        Scope::Environment(_) | Scope::Host(_) | Scope::Context(_) => {
            for id in applications_at(work, organization, place).await? {
                let Some(application) = work.tx.application(organization.id, id).await? else { continue };
                found
                    .extend(with_key(format!("application `{}`", application.name), &application.parameters));
            }
        }
    }
    Ok(found)
}

/// The applications on the hosts that a setting reaches; in a context only its own.
async fn applications_at(
    work: &mut Work,
    organization: &Organization,
    place: &Place,
) -> Result<BTreeSet<ApplicationId>, OperationError> {
    if let Some(context) = place.context() {
        let application = match &context.subject {
            Subject::Application(application) => Some(application.application),
            Subject::Platform(_) | Subject::Distribution(_) => None,
        };
        return Ok(application.into_iter().collect());
    }
    let mut applications = BTreeSet::new();
    for host in place.affected(work, organization).await? {
        let contexts = work.tx.contexts(organization.id, host).await?;
        applications.extend(contexts.iter().filter_map(|context| Some(context.application()?.application)));
    }
    Ok(applications)
}
