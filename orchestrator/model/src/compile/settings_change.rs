//! Settings that changed: the handlers whose keys have another effective value now.

use super::actions::{self, Debt, Step};
use super::blueprint::{Blueprint, HostSettings, PlacedApplication};
use super::task::Tasks;
use super::{CompileError, Compiled};
use crate::application::{Handler, Trigger};
use crate::names::SettingKey;

pub(super) fn compile(blueprint: &Blueprint<'_>, before: &HostSettings) -> Result<Compiled, CompileError> {
    let mut steps = Vec::new();
    let mut keys: Vec<&SettingKey> = Vec::new();
    for placed in blueprint.in_order() {
        for handler in &placed.application.handlers {
            let changed = changed_keys(blueprint, before, placed, handler);
            if changed.is_empty() {
                continue;
            }
            steps.push(Step { placed, handler });
            keys.extend(changed);
        }
    }
    keys.sort_unstable();
    keys.dedup();
    let mut tasks = Tasks::after(blueprint.desired);
    let on_error = actions::add(blueprint, &mut tasks, &steps, Debt::Owed)?;
    Ok(tasks.finish(description(&keys), on_error))
}

fn changed_keys<'a>(
    blueprint: &Blueprint<'_>,
    before: &HostSettings,
    placed: &PlacedApplication,
    handler: &'a Handler,
) -> Vec<&'a SettingKey> {
    let value =
        |settings: &HostSettings, key| settings.levels(placed).resolve(key).map(|effective| effective.value);
    let keys = handler.on.iter().filter_map(|trigger| match trigger {
        Trigger::Setting(key) => Some(key),
        Trigger::Install | Trigger::Uninstall => None,
    });
    keys.filter(|key| value(before, key) != value(blueprint.settings, key)).collect()
}

fn description(keys: &[&SettingKey]) -> String {
    let keys: Vec<&str> = keys.iter().map(|key| key.as_str()).collect();
    format!("Change {}", keys.join(", "))
}
