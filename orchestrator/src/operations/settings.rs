//! Settings at every level: writing one reaches every host whose effective value it changes.

use hostwright_model::change::Change;
use hostwright_model::event::Occurrence;
use hostwright_model::names::{ApplicationName, DistributionName, EnvironmentName, PlatformName, SettingKey};
use hostwright_model::organization::Organization;
use hostwright_model::resolution::Effective;
use hostwright_model::setting::{Scope, Setting, SettingKind};
use serde_json::Value as Json;

use self::level::Place;
use super::sending::Prepared;
use super::{HostPath, OperationError, Work, blueprints, contexts, hosts, sending};

mod level;
mod validation;

/// Where settings stand, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// Of the organization itself.
    Organization,
    /// Of an environment.
    Environment(EnvironmentName),
    /// Of a host.
    Host(HostPath),
    /// Of an application on a host.
    Application(HostPath, ApplicationName),
    /// Of the platform of a host, for that host.
    HostPlatform(HostPath),
    /// Of the distribution of a host, for that host.
    HostDistribution(HostPath),
    /// Of a platform.
    Platform(PlatformName),
    /// Of a distribution.
    Distribution(DistributionName),
}

/// A setting as somebody wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct SettingDraft {
    /// Its key.
    pub key: SettingKey,
    /// Its value.
    pub value: Json,
    /// A schema of its own: an empty one takes away what was there, nothing leaves it.
    pub schema: Option<Json>,
}

/// Whether handlers run for what changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handlers {
    /// They do.
    Run,
    /// They do not; what hosts have stays as it is until something else brings it.
    Leave,
}

/// What counts for a key, with the schema that the application has for it.
#[derive(Clone, Debug, PartialEq)]
pub struct OriginOfSetting {
    /// The value and the level that it comes from.
    pub effective: Effective,
    /// The schema, if the key is a parameter.
    pub schema: Option<Json>,
}

/// Lists the settings of one place, in the order in which they were made.
pub async fn list_settings(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
) -> Result<Vec<Setting>, OperationError> {
    let place = level::find(work, organization, level).await?;
    Ok(work.tx.settings(organization.id, place.scope).await?)
}

/// Finds one setting.
pub async fn find_setting(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
    key: &SettingKey,
) -> Result<Setting, OperationError> {
    let place = level::find(work, organization, level).await?;
    let found = work.tx.setting(organization.id, place.scope, key).await?;
    found.ok_or_else(|| OperationError::not_found("setting", key))
}

/// Makes a setting; refuses if there is one with that key.
pub async fn create_setting(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
    draft: SettingDraft,
    handlers: Handlers,
) -> Result<(Setting, Vec<Change>), OperationError> {
    let place = level::find(work, organization, level).await?;
    if work.tx.setting(organization.id, place.scope, &draft.key).await?.is_some() {
        return Err(OperationError::Taken { what: "setting", name: draft.key.to_string() });
    }
    write_one(work, organization, &place, draft, handlers).await
}

/// Gives a key a value, whether it had one or not.
pub async fn put_setting(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
    draft: SettingDraft,
    handlers: Handlers,
) -> Result<(Setting, Vec<Change>), OperationError> {
    let place = level::find(work, organization, level).await?;
    write_one(work, organization, &place, draft, handlers).await
}

/// Deletes a setting, so that lower levels count again.
pub async fn delete_setting(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
    key: &SettingKey,
    handlers: Handlers,
) -> Result<Vec<Change>, OperationError> {
    let place = level::find(work, organization, level).await?;
    let prepared = prepare(work, organization, &place, handlers).await?;
    if !work.tx.delete_setting(organization.id, place.scope, key).await? {
        return Err(OperationError::not_found("setting", key));
    }
    place.touch(work).await?;
    work.record(
        organization.id,
        Occurrence::SettingDeleted { path: place.path.clone(), key: key.to_string() },
    );
    sending::settings_changed(work, organization, prepared).await
}

/// Writes several settings at once, which makes one change for each host; deletes those that are not named, unless they
/// are to be kept.
pub async fn change_settings(
    work: &mut Work,
    organization: &Organization,
    level: &Level,
    drafts: Vec<SettingDraft>,
    others: OtherSettings,
    handlers: Handlers,
) -> Result<(Vec<Setting>, Vec<Change>), OperationError> {
    let place = level::find(work, organization, level).await?;
    let prepared = prepare(work, organization, &place, handlers).await?;
    let mut differs = false;
    if others == OtherSettings::Delete {
        differs |= delete_others(work, organization, &place, &drafts).await?;
    }
    for (index, draft) in drafts.into_iter().enumerate() {
        let pointer = format!("/newOrUpdatedSettings/{index}/value");
        differs |= write(work, organization, &place, draft, &pointer).await?.differs;
    }
    if differs {
        place.touch(work).await?;
    }
    let changes = sending::settings_changed(work, organization, prepared).await?;
    Ok((work.tx.settings(organization.id, place.scope).await?, changes))
}

/// What becomes of settings that a bulk update does not name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSettings {
    /// They stay.
    Keep,
    /// They go.
    Delete,
}

/// Says what counts for a key in an application on a host, and which level it comes from.
pub async fn origin_of_setting(
    work: &mut Work,
    organization: &Organization,
    path: &HostPath,
    application: &ApplicationName,
    key: &SettingKey,
) -> Result<OriginOfSetting, OperationError> {
    let host = hosts::find_host(work, organization, path).await?;
    let (context, _) = contexts::find(work, organization, &host, application).await?;
    let loaded = blueprints::load(work, organization, host).await?;
    let placed = loaded.applications.iter().find(|placed| placed.context == context.id);
    let placed = placed.ok_or_else(|| OperationError::not_found("application", application))?;
    let effective = loaded.settings.levels(placed).resolve(key);
    let effective = effective.ok_or_else(|| OperationError::not_found("setting", key))?;
    let parameter = placed.application.parameters.iter().find(|parameter| parameter.key == *key);
    Ok(OriginOfSetting { effective, schema: parameter.map(|parameter| parameter.schema.clone()) })
}

/// Writes the settings of something new, which nothing depends on yet.
pub(crate) async fn define(
    work: &mut Work,
    organization: &Organization,
    scope: Scope,
    drafts: Vec<SettingDraft>,
) -> Result<(), OperationError> {
    let place = level::of_scope(work, organization, scope).await?;
    for (index, draft) in drafts.into_iter().enumerate() {
        write(work, organization, &place, draft, &format!("/settings/{index}/value")).await?;
    }
    Ok(())
}

/// Writes all settings of a place anew, and says whether that made a difference. The caller has prepared the hosts, and
/// sends.
pub(crate) async fn replace(
    work: &mut Work,
    organization: &Organization,
    scope: Scope,
    drafts: Vec<SettingDraft>,
) -> Result<bool, OperationError> {
    let place = level::of_scope(work, organization, scope).await?;
    let mut differs = delete_others(work, organization, &place, &drafts).await?;
    for (index, draft) in drafts.into_iter().enumerate() {
        let pointer = format!("/settings/{index}/value");
        differs |= write(work, organization, &place, draft, &pointer).await?.differs;
    }
    Ok(differs)
}

/// Deletes what is not named, and says whether there was any.
async fn delete_others(
    work: &mut Work,
    organization: &Organization,
    place: &Place,
    drafts: &[SettingDraft],
) -> Result<bool, OperationError> {
    let mut differs = false;
    for setting in work.tx.settings(organization.id, place.scope).await? {
        if drafts.iter().any(|draft| draft.key == setting.key) {
            continue;
        }
        work.tx.delete_setting(organization.id, place.scope, &setting.key).await?;
        let key = setting.key.to_string();
        work.record(organization.id, Occurrence::SettingDeleted { path: place.path.clone(), key });
        differs = true;
    }
    Ok(differs)
}

/// A setting as it stands after a write.
struct Written {
    setting: Setting,
    /// Whether it stood otherwise before.
    differs: bool,
}

async fn write_one(
    work: &mut Work,
    organization: &Organization,
    place: &Place,
    draft: SettingDraft,
    handlers: Handlers,
) -> Result<(Setting, Vec<Change>), OperationError> {
    let prepared = prepare(work, organization, place, handlers).await?;
    let Written { setting, differs } = write(work, organization, place, draft, "/value").await?;
    if differs {
        place.touch(work).await?;
    }
    Ok((setting, sending::settings_changed(work, organization, prepared).await?))
}

async fn prepare(
    work: &mut Work,
    organization: &Organization,
    place: &Place,
    handlers: Handlers,
) -> Result<Vec<Prepared>, OperationError> {
    match handlers {
        Handlers::Run => {
            let affected = place.affected(work, organization).await?;
            sending::prepare(work, organization, &affected).await
        }
        Handlers::Leave => Ok(Vec::new()),
    }
}

/// Writes a setting. Whoever reads one and puts it back changes no version.
async fn write(
    work: &mut Work,
    organization: &Organization,
    place: &Place,
    draft: SettingDraft,
    pointer: &str,
) -> Result<Written, OperationError> {
    let SettingDraft { key, value, schema } = draft;
    let existing = work.tx.setting(organization.id, place.scope, &key).await?;
    let schema = match schema {
        Some(schema) => Some(schema).filter(|schema| !says_nothing(schema)),
        None => existing.as_ref().and_then(|existing| existing.schema.clone()),
    };
    validation::check(work, organization, place, &key, &value, schema.as_ref(), pointer).await?;
    if let Some(existing) = &existing
        && *existing.kind.value() == value
        && existing.schema == schema
    {
        return Ok(Written { setting: existing.clone(), differs: false });
    }
    let mut setting = Setting {
        key,
        kind: SettingKind::Value(value),
        schema,
        version: existing.map_or(0, |existing| existing.version),
        updated_at: work.now(),
    };
    work.tx.put_setting(organization.id, place.scope, &mut setting).await?;
    let key = setting.key.to_string();
    work.record(organization.id, Occurrence::SettingWritten { path: place.path.clone(), key });
    Ok(Written { setting, differs: true })
}

fn says_nothing(schema: &Json) -> bool {
    schema.as_object().is_some_and(serde_json::Map::is_empty)
}
