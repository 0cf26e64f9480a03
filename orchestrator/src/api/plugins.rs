//! Plugins: of the site, and those that an organization uses.

use axum::Json;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::Response;
use hostwright_api_types as api;
use hostwright_manifest::class;
use hostwright_manifest::grants::Grants;
use hostwright_manifest::manifest::Manifest;
use hostwright_model::plugin::{Plugin, PluginName, PluginSignature};
use serde_json::{Value as Json_, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{created, deleted, list, location};
use super::body::{Beside, JsonBody, LARGEST_COMPONENT, Upload};
use super::hosts::in_body;
use super::query::{PageQuery, Query};
use super::{ApiError, required};
use crate::access::right::{ReadActivations, WriteActivations};
use crate::access::{Names, OrganizationPermit, SitePermit};
use crate::app::App;
use crate::operations::OperationError;
use crate::operations::plugins::{self, ActivatePlugin, ActiveView, Origin, RegisterPlugin};

/// Routes of plugins.
pub(super) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(list_plugins, upload_plugin))
        .layer(DefaultBodyLimit::max(LARGEST_COMPONENT))
        .routes(routes!(show_plugin))
        .routes(routes!(show_plugin_version))
        .routes(routes!(list_active_plugins, activate_plugin))
        .routes(routes!(show_active_plugin, deactivate_plugin))
}

/// Lists the plugins that the site has.
#[utoipa::path(get, path = "/plugins", tag = "plugins", params(PageQuery),
    responses((status = 200, body = api::List<api::Plugin>)))]
async fn list_plugins(permit: SitePermit, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let versions = plugins::list_plugins(&mut scope.work).await?;
    Ok(scope.read(list(by_name(versions), &page)))
}

/// A component with its signature.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "only the description of the API reads the fields; the form is read part by part"
)]
struct PluginForm {
    /// The component, with its manifest in it.
    #[schema(format = Binary, content_media_type = "application/wasm")]
    file: String,
    /// The publisher's signature over it, in base64.
    signature: Option<String>,
}

/// Gives the site a version of a plugin.
#[utoipa::path(post, path = "/plugins", tag = "plugins",
    request_body(content = PluginForm, content_type = "multipart/form-data"),
    responses((status = 200, body = api::PluginVersion)))]
async fn upload_plugin(permit: SitePermit, request: Request) -> Result<Response, ApiError> {
    permit.require_site_administrator()?;
    let Upload { file, signature } = Upload::read(request, Beside::Signature, LARGEST_COMPONENT).await?;
    let mut scope = permit.begin().await?;
    let input = RegisterPlugin { component: file.to_vec(), signature, origin: Origin::Uploaded };
    let plugin = plugins::register_plugin(&mut scope.work, input).await?;
    let (publisher, name) = plugin.plugin.split_once('/').unwrap_or_default();
    let location = location(&["plugins", publisher, name, &plugin.version]);
    let body = represent_version(&plugin);
    scope.commit(created(&location, 1, body)).await
}

/// Shows a plugin with its versions.
#[utoipa::path(get, path = "/plugins/{publisher}/{name}", tag = "plugins", responses((status = 200, body = api::Plugin)))]
async fn show_plugin(permit: SitePermit) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let name = plugin_name(&scope.names);
    let versions = plugins::list_plugins(&mut scope.work).await?;
    let found = by_name(versions).into_iter().find(|plugin| plugin.plugin == name);
    let found = found.ok_or_else(|| OperationError::not_found("plugin", name))?;
    Ok(scope.read(Json(found)))
}

/// Shows a version of a plugin: its manifest, what it asks for and what that amounts to.
#[utoipa::path(get, path = "/plugins/{publisher}/{name}/{version}", tag = "plugins",
    responses((status = 200, body = api::PluginVersion)))]
async fn show_plugin_version(permit: SitePermit) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (name, version) = (plugin_name(&scope.names), scope.names.text("version").to_owned());
    let plugin = plugins::find_plugin(&mut scope.work, &name, &version).await?;
    let body = represent_version(&plugin);
    Ok(scope.read(Json(body)))
}

/// Lists the plugins that an organization uses.
#[utoipa::path(get, path = "/organizations/{organization}/plugins", tag = "plugins", params(PageQuery),
    responses((status = 200, body = api::List<api::ActivePlugin>)))]
async fn list_active_plugins(
    permit: OrganizationPermit<ReadActivations>,
    query: Query,
) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let views = plugins::list_active(&mut scope.work, &scope.organization).await?;
    Ok(scope.read(list(views.iter().map(represent_active).collect(), &page)))
}

/// Lets an organization use a version of a plugin, in place of what it used for the same collection.
#[utoipa::path(post, path = "/organizations/{organization}/plugins", tag = "plugins", request_body = api::ActivationInput,
    responses((status = 200, body = api::ActivePlugin)))]
async fn activate_plugin(
    permit: OrganizationPermit<WriteActivations>,
    JsonBody(input): JsonBody<api::ActivationInput>,
) -> Result<Response, ApiError> {
    let api::ActivationInput { plugin, version, grants } = input;
    let name: PluginName = required(Some(plugin), "/plugin")?;
    let grants = grants.map(read_grants).transpose()?;
    let mut scope = permit.begin().await?;
    let input = ActivatePlugin { plugin: name.to_string(), version, grants };
    let activated = plugins::activate_plugin(&mut scope.work, &scope.organization, input).await;
    let view = activated.map_err(|error| in_body(error, "/plugin"))?;
    let body = represent_active(&view);
    let location =
        location(&["organizations", scope.organization.name.as_str(), "plugins", &body.collection]);
    scope.commit(created(&location, body.generation, body)).await
}

/// Shows the plugin that an organization uses for a collection.
#[utoipa::path(get, path = "/organizations/{organization}/plugins/{collection}", tag = "plugins",
    responses((status = 200, body = api::ActivePlugin)))]
async fn show_active_plugin(permit: OrganizationPermit<ReadActivations>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let views = plugins::list_active(&mut scope.work, &scope.organization).await?;
    let collection = scope.names.text("collection");
    let view = views.iter().find(|view| view.activation.serves.serves() == collection);
    let view = view.ok_or_else(|| OperationError::not_found("active plugin for", collection))?;
    let body = represent_active(view);
    Ok(scope.read(Json(body)))
}

/// Lets an organization no longer use the plugin of a collection.
#[utoipa::path(delete, path = "/organizations/{organization}/plugins/{collection}", tag = "plugins",
    responses((status = 204)))]
async fn deactivate_plugin(permit: OrganizationPermit<WriteActivations>) -> Result<Response, ApiError> {
    let mut scope = permit.begin().await?;
    let collection = scope.names.text("collection").to_owned();
    plugins::deactivate_plugin(&mut scope.work, &scope.organization, &collection).await?;
    scope.commit(deleted()).await
}

fn plugin_name(names: &Names) -> String {
    format!("{}/{}", names.text("publisher"), names.text("name"))
}

/// Reads grants as they are written in an activation.
fn read_grants(document: Json_) -> Result<Grants, ApiError> {
    serde_json::from_value(document)
        .map_err(|error| ApiError::invalid("/grants", format!("`grants` is not right: {error}")))
}

/// Joins the versions of each plugin, the newest first.
fn by_name(mut versions: Vec<Plugin>) -> Vec<api::Plugin> {
    // Two that were registered at one time are told apart by their versions.
    versions.sort_by_cached_key(|plugin| {
        (plugin.plugin.clone(), plugin.created_at, semver::Version::parse(&plugin.version).ok())
    });
    let mut plugins: Vec<api::Plugin> = Vec::new();
    for plugin in versions {
        let Plugin { plugin: name, version, kind, summary, .. } = plugin;
        if let Some(known) = plugins.iter_mut().find(|known| known.plugin == name) {
            // They come by age; what is said of the plugin is what its newest version says.
            known.versions.insert(0, version);
            known.summary = summary;
            continue;
        }
        plugins.push(api::Plugin {
            plugin: name,
            summary,
            kind: kind.name().to_owned(),
            collection: kind.serves().to_owned(),
            versions: vec![version],
        });
    }
    plugins
}

fn represent_version(plugin: &Plugin) -> api::PluginVersion {
    api::PluginVersion {
        plugin: plugin.plugin.clone(),
        version: plugin.version.clone(),
        kind: plugin.kind.name().to_owned(),
        collection: plugin.kind.serves().to_owned(),
        summary: plugin.summary.clone(),
        digest: plugin.digest.clone(),
        size: plugin.size,
        signed: matches!(plugin.signature, PluginSignature::Trusted { .. }),
        class: class::of(&plugin.asked).to_string(),
        grants: document(&plugin.asked),
        capabilities: capabilities(&plugin.asked),
        manifest: manifest(&plugin.manifest),
    }
}

fn manifest(text: &str) -> Json_ {
    match Manifest::parse(text) {
        Ok(manifest) => json!({
            "license": manifest.license, "authors": manifest.authors, "systems": manifest.systems, "api": manifest.api,
            "text": text,
        }),
        Err(_) => json!({ "text": text }),
    }
}

fn represent_active(view: &ActiveView) -> api::ActivePlugin {
    let ActiveView { activation, plugin } = view;
    api::ActivePlugin {
        plugin: plugin.plugin.clone(),
        version: plugin.version.clone(),
        collection: activation.serves.serves().to_owned(),
        digest: plugin.digest.clone(),
        class: class::of(&activation.grants).to_string(),
        grants: document(&activation.grants),
        generation: activation.generation,
    }
}

/// Shows what a plugin may do on a host.
pub(super) fn represent_permission(view: &ActiveView) -> api::PluginPermission {
    let ActiveView { activation, plugin } = view;
    api::PluginPermission {
        plugin: plugin.plugin.clone(),
        version: plugin.version.clone(),
        collection: activation.serves.serves().to_owned(),
        class: class::of(&activation.grants).to_string(),
        capabilities: capabilities(&activation.grants),
        grants: document(&activation.grants),
    }
}

fn capabilities(grants: &Grants) -> Vec<api::CapabilityPermission> {
    let judged = class::judge(grants).into_iter();
    judged
        .map(|judgement| {
            let (capability, allows) =
                judgement.grant.split_once(' ').unwrap_or((judgement.grant.as_str(), ""));
            api::CapabilityPermission {
                capability: capability.to_owned(),
                allows: allows.to_owned(),
                class: judgement.class.to_string(),
                reason: Some(judgement.reason).filter(|reason| !reason.is_empty()),
            }
        })
        .collect()
}

fn document(grants: &Grants) -> Json_ {
    serde_json::to_value(grants).unwrap_or(Json_::Null)
}
