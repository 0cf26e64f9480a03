//! Which setting counts, and why.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::names::SettingKey;
use crate::parameter::Parameter;
use crate::setting::Setting;

/// Everything that may say something about a template on a host, from the lowest level to the highest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Levels<'a> {
    /// Their defaults count least.
    pub parameters: &'a [Parameter],
    /// Of the platform or distribution itself; empty for an application.
    pub template: &'a [Setting],
    /// Of the organization.
    pub organization: &'a [Setting],
    /// Of the environment.
    pub environment: &'a [Setting],
    /// Of the host.
    pub host: &'a [Setting],
    /// Of the template on the host.
    pub context: &'a [Setting],
}

/// What counts.
#[derive(Clone, Debug, PartialEq)]
pub struct Effective {
    /// The value.
    pub value: Json,
    /// Where it comes from.
    pub origin: Origin,
}

/// The level that an effective value comes from, from the lowest to the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// The default of a parameter.
    Parameter,
    /// A setting of the platform or distribution itself.
    Template,
    /// A setting of the organization.
    Organization,
    /// A setting of the environment.
    Environment,
    /// A setting of the host.
    Host,
    /// A setting of the template on the host.
    Context,
}

impl Origin {
    /// Returns the name that the API shows.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Parameter => "parameter",
            Self::Template => "template",
            Self::Organization => "organization",
            Self::Environment => "environment",
            Self::Host => "host",
            Self::Context => "context",
        }
    }
}

impl Levels<'_> {
    /// Returns what counts for one key; nothing if nobody says anything about it.
    pub fn resolve(&self, key: &SettingKey) -> Option<Effective> {
        for (origin, settings) in self.settings().into_iter().rev() {
            if let Some(setting) = settings.iter().find(|setting| setting.key == *key) {
                return Some(Effective { value: setting.kind.value().clone(), origin });
            }
        }
        let parameter = self.parameters.iter().find(|parameter| parameter.key == *key)?;
        let value = parameter.default.clone()?;
        Some(Effective { value, origin: Origin::Parameter })
    }

    /// Returns what counts for every key that anybody says anything about.
    pub fn resolve_all(&self) -> IndexMap<SettingKey, Effective> {
        let mut effective = IndexMap::new();
        for parameter in self.parameters {
            if let Some(value) = parameter.default.clone() {
                effective.insert(parameter.key.clone(), Effective { value, origin: Origin::Parameter });
            }
        }
        for (origin, settings) in self.settings() {
            for setting in settings {
                let value = setting.kind.value().clone();
                effective.insert(setting.key.clone(), Effective { value, origin });
            }
        }
        effective
    }

    fn settings(&self) -> [(Origin, &[Setting]); 5] {
        [
            (Origin::Template, self.template),
            (Origin::Organization, self.organization),
            (Origin::Environment, self.environment),
            (Origin::Host, self.host),
            (Origin::Context, self.context),
        ]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::clock::{Clock as _, TestClock};
    use crate::setting::SettingKind;

    /// What each of six levels says about keys `k0` to `k3`, and whether a parameter without default exists.
    type Said = Vec<[Option<i64>; 6]>;

    fn said() -> impl Strategy<Value = Said> {
        prop::collection::vec(prop::array::uniform6(prop::option::of(0..100_i64)), 0..4)
    }

    fn key(index: usize) -> SettingKey {
        format!("k{index}").parse().unwrap()
    }

    fn settings(said: &Said, level: usize) -> Vec<Setting> {
        let said = said.iter().enumerate().filter_map(|(index, levels)| Some((index, levels[level]?)));
        said.map(|(index, value)| Setting {
            key: key(index),
            kind: SettingKind::Value(json!(value)),
            schema: None,
            version: 1,
            updated_at: TestClock::default().now(),
        })
        .collect()
    }

    fn parameters(said: &Said) -> Vec<Parameter> {
        (said.iter().enumerate())
            .map(|(index, levels)| Parameter {
                key: key(index),
                name: String::new(),
                description: String::new(),
                default: levels[0].map(|value| json!(value)),
                schema: json!(null),
                version: 1,
            })
            .collect()
    }

    proptest! {
        #[test]
        fn the_highest_level_that_says_something_counts(said in said()) {
            let parameters = parameters(&said);
            let [template, organization, environment, host, context] =
                [1, 2, 3, 4, 5].map(|level| settings(&said, level));
            let levels = Levels {
                parameters: &parameters,
                template: &template,
                organization: &organization,
                environment: &environment,
                host: &host,
                context: &context,
            };
            let origins = [
                Origin::Parameter, Origin::Template, Origin::Organization, Origin::Environment, Origin::Host, Origin::Context,
            ];
            let all = levels.resolve_all();
            for (index, row) in said.iter().enumerate() {
                // The naive model: walk up, remember the last one that spoke.
                let mut expected = None;
                for (level, value) in row.iter().enumerate() {
                    if let Some(value) = value {
                        expected = Some(Effective { value: json!(value), origin: origins[level] });
                    }
                }
                prop_assert_eq!(levels.resolve(&key(index)), expected.clone());
                prop_assert_eq!(all.get(&key(index)).cloned(), expected);
            }
            prop_assert!(levels.resolve(&key(99)).is_none());
        }
    }

    #[test]
    fn a_setting_counts_without_any_parameter() {
        let host = settings(&vec![[None, None, None, None, Some(7), None]], 4);
        let levels = Levels { host: &host, ..Levels::default() };
        assert_eq!(levels.resolve(&key(0)).unwrap(), Effective { value: json!(7), origin: Origin::Host });
    }

    #[test]
    fn null_is_a_value_and_hides_lower_levels() {
        let mut host = settings(&vec![[None, None, None, None, Some(7), None]], 4);
        host[0].kind = SettingKind::Value(Json::Null);
        let organization = settings(&vec![[None, None, Some(1), None, None, None]], 2);
        let levels = Levels { host: &host, organization: &organization, ..Levels::default() };
        assert_eq!(levels.resolve(&key(0)).unwrap().value, Json::Null);
    }
}
