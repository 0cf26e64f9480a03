//! Settings: the same six things at every level.

use axum::response::Response;
use axum::routing::{MethodRouter, get};
use hostwright_api_types as api;
use hostwright_model::application::Problem;
use hostwright_model::change::Change;
use hostwright_model::names::SettingKey;
use hostwright_model::organization::Organization;
use hostwright_model::setting::Setting;
use utoipa::openapi::path::Paths;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::answers::{created, deleted, entity, list, location, with_changes};
use super::body::JsonBody;
use super::conditional::IfMatch;
use super::query::{PageQuery, Query};
use super::{ApiError, host_path};
use crate::access::right::{ReadPlatforms, ReadSettings, Right, WritePlatforms, WriteSettings};
use crate::access::{Names, OrganizationPermit, OrganizationScope};
use crate::app::App;
use crate::operations::settings::{self, Handlers, Level, OtherSettings, SettingDraft};
use crate::operations::{OperationError, Work};

/// A level at which settings are, by the path that leads there.
trait At: Send + Sync + 'static {
    /// To look at them.
    type Read: Right;
    /// To change them.
    type Write: Right;
    /// Below which path they are.
    const PATH: &'static str;
    /// What the operations' names end with.
    const SUFFIX: &'static str;
    /// Finds the level by the names in the path.
    fn level(names: &Names) -> Result<Level, OperationError>;
}

macro_rules! levels {
    ($($name:ident: $read:ty, $write:ty, $path:literal, $suffix:literal, $names:ident => $level:expr;)*) => {
        $(
            struct $name;

            impl At for $name {
                type Read = $read;
                type Write = $write;
                const PATH: &'static str = $path;
                const SUFFIX: &'static str = $suffix;

                fn level($names: &Names) -> Result<Level, OperationError> {
                    Ok($level)
                }
            }
        )*
    };
}

levels! {
    OfOrganization: ReadSettings, WriteSettings, "/organizations/{organization}", "organization",
        _names => Level::Organization;
    OfEnvironment: ReadSettings, WriteSettings, "/organizations/{organization}/environments/{environment}", "environment",
        names => Level::Environment(names.get("environment")?);
    OfHost: ReadSettings, WriteSettings, "/organizations/{organization}/environments/{environment}/hosts/{host}", "host",
        names => Level::Host(host_path(names)?);
    OfContext: ReadSettings, WriteSettings,
        "/organizations/{organization}/environments/{environment}/hosts/{host}/applications/{application}", "application_context",
        names => Level::Application(host_path(names)?, names.get("application")?);
    OfHostPlatform: ReadSettings, WriteSettings,
        "/organizations/{organization}/environments/{environment}/hosts/{host}/platform", "platform_context",
        names => Level::HostPlatform(host_path(names)?);
    OfHostDistribution: ReadSettings, WriteSettings,
        "/organizations/{organization}/environments/{environment}/hosts/{host}/distribution", "distribution_context",
        names => Level::HostDistribution(host_path(names)?);
    OfPlatform: ReadPlatforms, WritePlatforms, "/organizations/{organization}/platforms/{platform}", "platform",
        names => Level::Platform(names.get("platform")?);
}

/// Routes of the settings of all levels.
pub(super) fn router() -> OpenApiRouter<App> {
    let router = OpenApiRouter::new()
        .routes(routes!(list_settings, create_setting, change_settings))
        .routes(routes!(show_setting, put_setting, delete_setting));
    let router = add::<OfEnvironment>(router);
    let router = add::<OfHost>(router);
    let router = add::<OfContext>(router);
    let router = add::<OfHostPlatform>(router);
    let router = add::<OfHostDistribution>(router);
    add::<OfPlatform>(router)
}

/// Adds a level. It is described as the organization's is, under other paths.
fn add<L: At>(router: OpenApiRouter<App>) -> OpenApiRouter<App> {
    let (schemas, paths, _) = routes!(list_settings, create_setting, change_settings);
    let all: MethodRouter<App> = get(list_of::<L>).post(create_of::<L>).put(change_of::<L>);
    let router = router.routes((schemas, elsewhere::<L>(paths), all));
    let (schemas, paths, _) = routes!(show_setting, put_setting, delete_setting);
    let one: MethodRouter<App> = get(show_of::<L>).put(put_of::<L>).delete(delete_of::<L>);
    router.routes((schemas, elsewhere::<L>(paths), one))
}

fn elsewhere<L: At>(paths: Paths) -> Paths {
    let mut moved = Paths::new();
    for (path, mut item) in paths.paths {
        let path = path.replacen(OfOrganization::PATH, L::PATH, 1);
        let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
        for operation in operations.into_iter().flatten() {
            operation.operation_id = operation
                .operation_id
                .as_ref()
                .map(|id| id.replace("setting", &format!("{}_setting", L::SUFFIX)));
        }
        moved.paths.insert(path, item);
    }
    moved
}

/// Lists settings of this level.
#[utoipa::path(get, path = "/organizations/{organization}/settings", tag = "settings", params(PageQuery),
    responses((status = 200, body = api::List<api::Setting>)))]
async fn list_settings(permit: OrganizationPermit<ReadSettings>, query: Query) -> Result<Response, ApiError> {
    list_of::<OfOrganization>(permit, query).await
}

/// Makes a setting. Handlers of applications whose value it changes run on their hosts.
#[utoipa::path(post, path = "/organizations/{organization}/settings", tag = "settings",
    params(("trigger_application_handler" = Option<bool>, Query, description = "`false`: handlers do not run")),
    request_body = api::SettingInput, responses((status = 200, body = api::Setting)))]
async fn create_setting(
    permit: OrganizationPermit<WriteSettings>,
    query: Query,
    body: JsonBody<api::SettingInput>,
) -> Result<Response, ApiError> {
    create_of::<OfOrganization>(permit, query, body).await
}

/// Sets several at once. Without `no_delete`, those that are not named are unset.
#[utoipa::path(put, path = "/organizations/{organization}/settings", tag = "settings",
    params(("no_delete" = Option<bool>, Query, description = "`true`: what is not named stays"),
           ("trigger_application_handler" = Option<bool>, Query, description = "`false`: handlers do not run")),
    request_body = api::SettingsInput, responses((status = 200, body = api::List<api::Setting>)))]
async fn change_settings(
    permit: OrganizationPermit<WriteSettings>,
    query: Query,
    body: JsonBody<api::SettingsInput>,
) -> Result<Response, ApiError> {
    change_of::<OfOrganization>(permit, query, body).await
}

/// Shows a setting of this level.
#[utoipa::path(get, path = "/organizations/{organization}/settings/{key}", tag = "settings",
    responses((status = 200, body = api::Setting)))]
async fn show_setting(permit: OrganizationPermit<ReadSettings>) -> Result<Response, ApiError> {
    show_of::<OfOrganization>(permit).await
}

/// Sets the value, whether there was one or not.
#[utoipa::path(put, path = "/organizations/{organization}/settings/{key}", tag = "settings",
    params(("trigger_application_handler" = Option<bool>, Query, description = "`false`: handlers do not run")),
    request_body = api::SettingInput, responses((status = 200, body = api::Setting)))]
async fn put_setting(
    permit: OrganizationPermit<WriteSettings>,
    query: Query,
    if_match: IfMatch,
    body: JsonBody<api::SettingInput>,
) -> Result<Response, ApiError> {
    put_of::<OfOrganization>(permit, query, if_match, body).await
}

/// Unsets, so that the level above counts again.
#[utoipa::path(delete, path = "/organizations/{organization}/settings/{key}", tag = "settings",
    params(("trigger_application_handler" = Option<bool>, Query, description = "`false`: handlers do not run")),
    responses((status = 204)))]
async fn delete_setting(
    permit: OrganizationPermit<WriteSettings>,
    query: Query,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    delete_of::<OfOrganization>(permit, query, if_match).await
}

async fn list_of<L: At>(permit: OrganizationPermit<L::Read>, query: Query) -> Result<Response, ApiError> {
    let page = query.page()?;
    let mut scope = permit.look().await?;
    let level = L::level(&scope.names)?;
    let found = settings::list_settings(&mut scope.work, &scope.organization, &level).await?;
    Ok(scope.read(list(found.iter().map(represent).collect(), &page)))
}

async fn create_of<L: At>(
    permit: OrganizationPermit<L::Write>,
    query: Query,
    JsonBody(input): JsonBody<api::SettingInput>,
) -> Result<Response, ApiError> {
    let handlers = handlers(&query)?;
    let draft = draft(input, None, "")?;
    let mut scope = permit.begin().await?;
    let level = L::level(&scope.names)?;
    let (setting, changes) =
        settings::create_setting(&mut scope.work, &scope.organization, &level, draft, handlers).await?;
    let location = address::<L>(&scope.names, &setting.key);
    let answer = created(&location, setting.version, represent(&setting));
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, answer).await?;
    scope.commit(answer).await
}

async fn change_of<L: At>(
    permit: OrganizationPermit<L::Write>,
    query: Query,
    JsonBody(input): JsonBody<api::SettingsInput>,
) -> Result<Response, ApiError> {
    let handlers = handlers(&query)?;
    let others =
        if query.flag("no_delete")? == Some(true) { OtherSettings::Keep } else { OtherSettings::Delete };
    let page = query.page()?;
    let drafts = drafts(input.new_or_updated_settings, "/newOrUpdatedSettings")?;
    let mut scope = permit.begin().await?;
    let level = L::level(&scope.names)?;
    let (all, changes) =
        settings::change_settings(&mut scope.work, &scope.organization, &level, drafts, others, handlers)
            .await?;
    let answer = list(all.iter().map(represent).collect(), &page);
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, answer).await?;
    scope.commit(answer).await
}

async fn show_of<L: At>(permit: OrganizationPermit<L::Read>) -> Result<Response, ApiError> {
    let mut scope = permit.look().await?;
    let (level, key) = (L::level(&scope.names)?, key(&scope.names)?);
    let setting = settings::find_setting(&mut scope.work, &scope.organization, &level, &key).await?;
    Ok(scope.read(entity(setting.version, represent(&setting))))
}

async fn put_of<L: At>(
    permit: OrganizationPermit<L::Write>,
    query: Query,
    if_match: IfMatch,
    JsonBody(input): JsonBody<api::SettingInput>,
) -> Result<Response, ApiError> {
    let handlers = handlers(&query)?;
    let key = key(permit.names())?;
    let draft = draft(input, Some(&key), "")?;
    let mut scope = permit.begin().await?;
    let level = L::level(&scope.names)?;
    check_version(&mut scope, &level, &key, &if_match).await?;
    let (setting, changes) =
        settings::put_setting(&mut scope.work, &scope.organization, &level, draft, handlers).await?;
    let answer = entity(setting.version, represent(&setting));
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, answer).await?;
    scope.commit(answer).await
}

async fn delete_of<L: At>(
    permit: OrganizationPermit<L::Write>,
    query: Query,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let handlers = handlers(&query)?;
    let mut scope = permit.begin().await?;
    let (level, key) = (L::level(&scope.names)?, key(&scope.names)?);
    check_version(&mut scope, &level, &key, &if_match).await?;
    let changes =
        settings::delete_setting(&mut scope.work, &scope.organization, &level, &key, handlers).await?;
    let answer = with_changes(&mut scope.work, &scope.organization, &changes, deleted()).await?;
    scope.commit(answer).await
}

async fn check_version(
    scope: &mut OrganizationScope,
    level: &Level,
    key: &SettingKey,
    if_match: &IfMatch,
) -> Result<(), ApiError> {
    match settings::find_setting(&mut scope.work, &scope.organization, level, key).await {
        Ok(setting) => if_match.check("the setting", setting.version),
        // What is not there is at version 0: putting makes it.
        Err(OperationError::NotFound { what: "setting", .. }) => if_match.check("the setting", 0),
        Err(error) => Err(error.into()),
    }
}

fn handlers(query: &Query) -> Result<Handlers, ApiError> {
    Ok(if query.flag("trigger_application_handler")? == Some(false) {
        Handlers::Leave
    } else {
        Handlers::Run
    })
}

fn key(names: &Names) -> Result<SettingKey, OperationError> {
    names.get("key").map_err(|_| OperationError::not_found("setting", names.text("key")))
}

fn address<L: At>(names: &Names, key: &SettingKey) -> String {
    let filled: Vec<&str> = L::PATH
        .split('/')
        .skip(1)
        .map(|segment| match segment.strip_prefix('{').and_then(|word| word.strip_suffix('}')) {
            Some("organization") => names.text("organization"),
            Some("environment") => names.text("environment"),
            Some("host") => names.text("host"),
            Some("application") => names.text("application"),
            Some("platform") => names.text("platform"),
            _ => segment,
        })
        .chain(["settings", key.as_str()])
        .collect();
    location(&filled)
}

/// Shows a setting.
pub(super) fn represent(setting: &Setting) -> api::Setting {
    api::Setting {
        key: setting.key.to_string(),
        value: setting.kind.value().clone(),
        version: setting.version,
        schema: setting.schema.clone(),
    }
}

/// Reads one setting; its key may be in the path instead.
pub(super) fn draft(
    input: api::SettingInput,
    in_path: Option<&SettingKey>,
    pointer: &str,
) -> Result<SettingDraft, ApiError> {
    let api::SettingInput { key, value, schema } = input;
    let key = match (key, in_path) {
        (Some(text), in_path) => {
            let key: SettingKey =
                text.parse().map_err(|error| OperationError::invalid(format!("{pointer}/key"), error))?;
            if in_path.is_some_and(|in_path| *in_path != key) {
                let detail = "`key` is another one than in the path: make a new setting and unset this one";
                return Err(ApiError::invalid(&format!("{pointer}/key"), detail));
            }
            key
        }
        (None, Some(in_path)) => in_path.clone(),
        (None, None) => return Err(ApiError::invalid(&format!("{pointer}/key"), "`key` is missing")),
    };
    Ok(SettingDraft { key, value, schema })
}

/// Reads settings of a list; a key may be there once.
pub(super) fn drafts(inputs: Vec<api::SettingInput>, pointer: &str) -> Result<Vec<SettingDraft>, ApiError> {
    let mut drafts: Vec<SettingDraft> = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.into_iter().enumerate() {
        let draft = draft(input, None, &format!("{pointer}/{index}"))?;
        if drafts.iter().any(|known| known.key == draft.key) {
            let detail = format!("`{}` is there twice", draft.key);
            return Err(ApiError::invalid(&format!("{pointer}/{index}/key"), detail));
        }
        drafts.push(draft);
    }
    Ok(drafts)
}

/// Makes the settings of something new.
pub(super) async fn define(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
    drafts: Vec<SettingDraft>,
) -> Result<(), ApiError> {
    let changed =
        settings::change_settings(work, organization, level, drafts, OtherSettings::Delete, Handlers::Run)
            .await;
    changed.map(drop).map_err(in_entity)
}

/// Replaces the settings of something that is written as a whole. What is as it was is left alone.
pub(super) async fn replace(
    scope: &mut OrganizationScope,
    level: &Level,
    drafts: Vec<SettingDraft>,
) -> Result<Vec<Change>, ApiError> {
    let current = settings::list_settings(&mut scope.work, &scope.organization, level).await?;
    let same = |draft: &SettingDraft| {
        current.iter().any(|setting| {
            let same_schema = draft.schema.is_none() || draft.schema == setting.schema;
            setting.key == draft.key && *setting.kind.value() == draft.value && same_schema
        })
    };
    if current.len() == drafts.len() && drafts.iter().all(same) {
        return Ok(Vec::new());
    }
    let changed = settings::change_settings(
        &mut scope.work,
        &scope.organization,
        level,
        drafts,
        OtherSettings::Delete,
        Handlers::Run,
    );
    changed.await.map(|(_, changes)| changes).map_err(in_entity)
}

/// Points at the settings where they are in the body of an entity.
fn in_entity(error: OperationError) -> ApiError {
    let OperationError::Invalid(problems) = error else { return error.into() };
    let problems = problems.into_iter().map(|problem| moved(problem, "/newOrUpdatedSettings", "/settings"));
    OperationError::Invalid(problems.collect()).into()
}

fn moved(problem: Problem, from: &str, to: &str) -> Problem {
    match problem.pointer.strip_prefix(from) {
        Some(rest) => Problem { pointer: format!("{to}{rest}"), message: problem.message },
        None => problem,
    }
}
