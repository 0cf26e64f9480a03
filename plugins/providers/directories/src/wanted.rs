//! What is asked of a directory, and how that differs from what is there.

use hostwright_collections::directories::{Attributes, INSTRUCTIONS};
use hostwright_sdk::host::files::{Entry, Kind};
use hostwright_sdk::ownership::{self, Accounts, Found, Names};
use hostwright_sdk::types::{Desired, Difference, Observation, Planned, State, Value};
use hostwright_sdk::{Error, difference};
use serde_json::{Map, Value as Json, json};

/// What stands where a directory is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing.
    Free,
    /// A directory.
    Directory(Found),
    /// Something that is no directory, or that cannot be looked at.
    Taken(Error),
}

impl Place {
    /// Takes what the host saw.
    pub(crate) fn seen(path: &str, entry: Result<Entry, Error>) -> Self {
        match entry {
            Err(error) => Self::Taken(error),
            Ok(entry) if entry.kind == Kind::Absent => Self::Free,
            Ok(entry) if entry.kind == Kind::Directory => Self::Directory(Found::from(&entry)),
            Ok(entry) => {
                let target =
                    entry.target.as_deref().map(|target| format!(" to `{target}`")).unwrap_or_default();
                let found = entry.kind.described();
                Self::Taken(Error::failed(format!(
                    "`{path}` is {found}{target}, not a directory; remove it first"
                )))
            }
        }
    }

    /// Takes what was observed, by name.
    pub(crate) fn observed(observation: &Observation<Attributes>, accounts: &Accounts) -> Self {
        match observation {
            Observation::Absent => Self::Free,
            Observation::Unreadable(error) => Self::Taken(error.clone()),
            Observation::Present(seen) => Self::Directory(Found {
                uid: seen.owner.as_deref().and_then(|owner| accounts.user(owner).id()),
                gid: seen.group.as_deref().and_then(|group| accounts.group(group).id()),
                mode: seen.mode,
            }),
        }
    }
}

/// Returns owner, group and mode as they are wanted.
pub(crate) fn ownership(attributes: &Attributes) -> ownership::Wanted<'_> {
    ownership::Wanted {
        owner: attributes.owner.as_deref(),
        group: attributes.group.as_deref(),
        mode: attributes.mode,
    }
}

/// Returns whether anything is not as wanted.
pub(crate) fn differs(desired: &Desired<Attributes>, place: &Place, accounts: &Accounts) -> bool {
    match (&desired.state, place) {
        (State::Absent, Place::Free) => false,
        (State::Present(attributes), Place::Directory(found)) => {
            ownership(attributes).differs(*found, accounts)
        }
        _ => true,
    }
}

/// Returns what is not as wanted.
pub(crate) fn differences(
    index: usize,
    desired: &Desired<Attributes>,
    place: &Place,
    accounts: &Accounts,
    names: &Names,
) -> Vec<Difference> {
    match (&desired.state, place) {
        (State::Absent, Place::Free) => Vec::new(),
        (State::Absent, Place::Directory(found)) => {
            vec![Difference::removal(index, json!(told(*found, names)))]
        }
        (State::Absent, Place::Taken(_)) => {
            vec![Difference { before: Some(Value::Opaque), ..Difference::removal(index, Json::Null) }]
        }
        (State::Present(attributes), Place::Free) => {
            vec![Difference::creation(index, shown(attributes, accounts))]
        }
        (State::Present(attributes), Place::Taken(_)) => {
            let creation = Difference::creation(index, shown(attributes, accounts));
            vec![Difference { before: Some(Value::Opaque), ..creation }]
        }
        (State::Present(attributes), Place::Directory(found)) => {
            ownership(attributes).differences(index, *found, accounts, names)
        }
    }
}

/// Returns what is wanted in the form in which it will be observed.
fn shown(attributes: &Attributes, accounts: &Accounts) -> Map<String, Json> {
    let mut shown = difference::object(attributes, INSTRUCTIONS);
    ownership(attributes).show(&mut shown, accounts);
    shown
}

/// Returns what will be observed of a wanted directory once it was applied.
pub(crate) fn planned(
    attributes: &Attributes,
    observed: &Observation<Attributes>,
    accounts: &Accounts,
    owners_managed: bool,
) -> Planned {
    let mut planned = match observed {
        Observation::Unreadable(error) => return Planned::Unreadable(error.clone()),
        Observation::Present(found) => difference::object(found, &[]),
        Observation::Absent => {
            let mut new = Map::new();
            if owners_managed {
                new.insert("owner".to_owned(), json!("root"));
                new.insert("group".to_owned(), json!("root"));
            }
            new.insert("mode".to_owned(), json!("0755"));
            new
        }
    };
    planned.extend(shown(attributes, accounts));
    Planned::Present(planned)
}

/// Returns what is told of a path that was looked at.
pub(crate) fn observation(path: &str, entry: Result<Entry, Error>, names: &Names) -> Observation<Attributes> {
    match Place::seen(path, entry) {
        Place::Free => Observation::Absent,
        Place::Taken(error) => Observation::Unreadable(error),
        Place::Directory(found) => Observation::Present(told(found, names)),
    }
}

fn told(found: Found, names: &Names) -> Attributes {
    Attributes {
        owner: found.uid.and_then(|uid| names.user(uid)),
        group: found.gid.and_then(|gid| names.group(gid)),
        mode: found.mode,
        parents: None,
    }
}

#[cfg(test)]
mod tests {
    use hostwright_collections::directories::Attributes;
    use hostwright_sdk::ownership::{Accounts, Found, Names};
    use hostwright_sdk::types::{Desired, Observation, Planned, State};
    use serde_json::{Value as Json, json};

    use super::{Place, differences, differs, planned};

    fn attributes(json: Json) -> Attributes {
        serde_json::from_value(json).unwrap()
    }

    fn desired(json: Json) -> Desired<Attributes> {
        Desired { id: "/srv/web".into(), state: State::Present(attributes(json)) }
    }

    #[test]
    fn how_it_is_made_is_no_part_of_what_it_is() {
        let there = Place::Directory(Found { uid: Some(0), gid: Some(0), mode: "0755".parse().ok() });
        assert!(!differs(&desired(json!({"parents": true, "mode": "755"})), &there, &Accounts::default()));
        let absent = desired(json!({"parents": true, "mode": "755"}));
        let told = differences(0, &absent, &Place::Free, &Accounts::default(), &Names::default());
        assert_eq!(format!("{told:?}").matches("parents").count(), 0);
        assert_eq!(told.len(), 1);
    }

    #[test]
    fn a_new_directory_is_planned_with_what_the_host_gives_it() {
        let plan = planned(
            &attributes(json!({"group": "adm"})),
            &Observation::Absent,
            &Accounts::known(&[], &[("adm", 4)]),
            true,
        );
        let Planned::Present(plan) = plan else { panic!("it will be there") };
        assert_eq!(Json::Object(plan), json!({"owner": "root", "group": "adm", "mode": "0755"}));
    }
}
