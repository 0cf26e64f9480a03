//! The machine of a host.

use axum::response::Response;
use hostwright_api_types as api;
use hostwright_api_types::input;
use hostwright_model::agent::Presence;
use hostwright_model::organization::Organization;
use indexmap::IndexMap;
use serde_json::Value as Json;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::access::OrganizationPermit;
use crate::access::right::{ActOnInstances, ReadInstances, Right, WriteInstances};
use crate::api::answers::{accepted, created, deleted, entity, location};
use crate::api::body::{NoBody, OptionalJsonBody, RawJson};
use crate::api::conditional::IfMatch;
use crate::api::{ApiError, host_path};
use crate::app::App;
use crate::operations::HostPath;
use crate::operations::instances::{self, InstanceView};
use crate::operations::provisioning::{self, Control};

/// How many properties a machine may be given at once, and how long each may be.
const MOST_PROPERTIES: usize = 1_000;
const LONGEST_PROPERTY: usize = 4_096;

/// Routes of machines.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(show_instance, provision_host, delete_instance))
        .routes(routes!(put_instance_properties))
        .routes(routes!(start_instance))
        .routes(routes!(pause_instance))
        .routes(routes!(resume_instance))
        .routes(routes!(stop_instance))
        .routes(routes!(power_off_instance))
        .routes(routes!(forget_instance))
        .routes(routes!(lock_instance))
        .routes(routes!(unlock_instance))
}

/// Shows the machine of a host with what is known about it.
#[utoipa::path(get, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance",
    tag = "instances", responses((status = 200, body = api::Instance)))]
async fn show_instance(permit: OrganizationPermit<ReadInstances>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let path = host_path(&scope.names)?;
    let view = instances::find_instance(&mut scope.work, &scope.organization, &path).await?;
    let answer = entity(view.instance.version, represent(&view, &scope.organization, &path));
    Ok(scope.read(answer))
}

/// Has the machine of a host made: the host is `PROVISIONING`, and `READY` once its agent has enrolled.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance",
    tag = "instances", request_body = Option<api::InstanceInput>, responses((status = 200, body = api::Instance)))]
async fn provision_host(
    permit: OrganizationPermit<ActOnInstances>,
    _body: OptionalJsonBody<api::InstanceInput>,
) -> Result<Response, ApiError> {
    permit.replay().await?;
    let (organization, path) = place(&permit).await?;
    let view = provisioning::provision(permit.app(), permit.actor(), &organization, &path).await?;
    let location = location(&[
        "organizations",
        organization.name.as_str(),
        "environments",
        path.environment.as_str(),
        "hosts",
        path.host.as_str(),
        "instance",
    ]);
    let answer = created(&location, view.instance.version, represent(&view, &organization, &path));
    permit.remember(answer).await
}

/// Destroys the machine of a host, with its storage where its driver made that.
#[utoipa::path(delete, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance",
    tag = "instances", responses((status = 204)))]
async fn delete_instance(
    permit: OrganizationPermit<ActOnInstances>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    permit.replay().await?;
    let mut scope = permit.look().await?;
    let path = host_path(&scope.names)?;
    let view = instances::find_instance(&mut scope.work, &scope.organization, &path).await?;
    if_match.check("the instance", view.instance.version)?;
    let organization = scope.organization.clone();
    drop(scope);
    provisioning::delete_instance(permit.app(), permit.actor(), &organization, &path).await?;
    permit.remember(deleted()).await
}

/// Attaches what is known about a machine that exists already. A host without one is `PROVISIONING` then, as if its machine
/// had been made, and `READY` once its agent has enrolled.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/properties",
    tag = "instances", request_body = api::InstancePropertiesInput, responses((status = 200, body = api::Instance)))]
async fn put_instance_properties(
    permit: OrganizationPermit<WriteInstances>,
    RawJson(text): RawJson,
) -> Result<Response, ApiError> {
    let properties = read_properties(&text)?;
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    let view = instances::put_properties(&mut scope.work, &scope.organization, &path, properties).await?;
    let answer = entity(view.instance.version, represent(&view, &scope.organization, &path));
    scope.commit(answer).await
}

/// Switches the machine on.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/_start",
    tag = "instances", responses((status = 202)))]
async fn start_instance(
    permit: OrganizationPermit<ActOnInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    control(permit, Control::Start).await
}

/// Holds the machine.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/_pause",
    tag = "instances", responses((status = 202)))]
async fn pause_instance(
    permit: OrganizationPermit<ActOnInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    control(permit, Control::Pause).await
}

/// Lets the machine go on.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/_resume",
    tag = "instances", responses((status = 202)))]
async fn resume_instance(
    permit: OrganizationPermit<ActOnInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    control(permit, Control::Resume).await
}

/// Shuts the machine down.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/_stop",
    tag = "instances", responses((status = 202)))]
async fn stop_instance(
    permit: OrganizationPermit<ActOnInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    control(permit, Control::Stop).await
}

/// Cuts the machine's power.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/_off",
    tag = "instances", responses((status = 202)))]
async fn power_off_instance(
    permit: OrganizationPermit<ActOnInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    control(permit, Control::PowerOff).await
}

/// Drops the link to the machine and leaves the machine alone.
#[utoipa::path(put, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/_forget",
    tag = "instances", responses((status = 202)))]
async fn forget_instance(
    permit: OrganizationPermit<ActOnInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    provisioning::forget_instance(&mut scope.work, &scope.organization, &path).await?;
    scope.commit(accepted()).await
}

/// Refuses from now on whatever would destroy the machine.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/lock",
    tag = "instances", responses((status = 200, body = api::Instance)))]
async fn lock_instance(
    permit: OrganizationPermit<WriteInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    set_locked(permit, true).await
}

/// Allows again what would destroy the machine.
#[utoipa::path(post, path = "/organizations/{organization}/environments/{environment}/hosts/{host}/instance/unlock",
    tag = "instances", responses((status = 200, body = api::Instance)))]
async fn unlock_instance(
    permit: OrganizationPermit<WriteInstances>,
    _body: NoBody,
) -> Result<Response, ApiError> {
    set_locked(permit, false).await
}

async fn set_locked(permit: OrganizationPermit<WriteInstances>, locked: bool) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let path = host_path(&scope.names)?;
    let view = instances::set_locked(&mut scope.work, &scope.organization, &path, locked).await?;
    let answer = entity(view.instance.version, represent(&view, &scope.organization, &path));
    scope.commit(answer).await
}

async fn control(permit: OrganizationPermit<ActOnInstances>, control: Control) -> Result<Response, ApiError> {
    permit.replay().await?;
    let (organization, path) = place(&permit).await?;
    provisioning::control(permit.app(), permit.actor(), &organization, &path, control).await?;
    permit.remember(accepted()).await
}

async fn place<R: Right>(permit: &OrganizationPermit<R>) -> Result<(Organization, HostPath), ApiError> {
    let scope = permit.look().await?;
    Ok((scope.organization, host_path(&scope.names)?))
}

/// Reads properties: a list of keys and values, or an object that holds one.
fn read_properties(text: &[u8]) -> Result<IndexMap<String, String>, ApiError> {
    let input: api::InstancePropertiesInput = match serde_json::from_slice(text) {
        Ok(list @ Json::Array(_)) => input::read(serde_json::json!({ "properties": list }))?,
        _ => input::read_text(text)?,
    };
    if input.properties.len() > MOST_PROPERTIES {
        let detail = format!("there are more than {MOST_PROPERTIES} properties");
        return Err(ApiError::invalid("/properties", detail));
    }
    let mut properties = IndexMap::new();
    for (index, property) in input.properties.into_iter().enumerate() {
        let api::Property { key, value } = property;
        for (part, text) in [("key", &key), ("value", &value)] {
            if text.len() > LONGEST_PROPERTY || text.contains(char::is_control) {
                let detail =
                    format!("`{part}` holds control characters or is longer than {LONGEST_PROPERTY} bytes");
                return Err(ApiError::invalid(&format!("/properties/{index}/{part}"), detail));
            }
        }
        if key.is_empty() {
            return Err(ApiError::invalid(&format!("/properties/{index}/key"), "`key` is empty"));
        }
        properties.insert(key, value);
    }
    Ok(properties)
}

fn represent(view: &InstanceView, organization: &Organization, path: &HostPath) -> api::Instance {
    let instance = &view.instance;
    let properties = instance.properties.iter();
    api::Instance {
        organization: organization.name.to_string(),
        environment: path.environment.to_string(),
        host: path.host.to_string(),
        state: instance.state.name().to_owned(),
        hostname: instance.hostname().map(str::to_owned),
        locked: instance.locked,
        synapse_state: match view.presence() {
            Presence::Up => "Up".to_owned(),
            Presence::Down => "Down".to_owned(),
        },
        properties: properties
            .map(|(key, value)| api::Property { key: key.clone(), value: value.clone() })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_read_from_a_list_and_from_an_object() {
        let list = read_properties(br#"[{"key":"ip.eth0","value":"10.0.0.1"}]"#).unwrap();
        let object = read_properties(br#"{"properties":[{"key":"ip.eth0","value":"10.0.0.1"}]}"#).unwrap();
        assert_eq!(list, object);
        assert_eq!(list["ip.eth0"], "10.0.0.1");
        assert!(read_properties(br#"{"properties":[{"key":"a","value":"b\nc"}]}"#).is_err());
        assert!(read_properties(b"").is_err());
    }
}
