//! What differs, by the rule that fits most collections: only what is given is compared, value by value.

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::attributes::push_step;
use crate::types::{Desired, Difference, Observation, Planned, State, Value};

/// Compares resources with what was seen of them.
///
/// A missing or surplus resource is one difference with an empty pointer. Otherwise every given attribute that is not
/// as observed is one, objects member by member. Attributes in `instructions` say how, not what, and are left out. One
/// that could not be read is not as desired either: its difference tells what is desired, and nothing of what is.
pub fn compare<A: Serialize>(
    desired: &[Desired<A>],
    observed: &[Observation<A>],
    instructions: &[&str],
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (index, (desired, observed)) in desired.iter().zip(observed).enumerate() {
        match (&desired.state, observed) {
            (State::Absent, Observation::Absent) => {}
            (State::Absent, Observation::Present(found)) => {
                differences.push(Difference::removal(index, Json::Object(object(found, instructions))));
            }
            (State::Absent, Observation::Unreadable(_)) => {
                differences.push(Difference {
                    before: Some(Value::Opaque),
                    ..Difference::removal(index, Json::Null)
                });
            }
            (State::Present(wanted), Observation::Absent) => {
                differences.push(Difference::creation(index, object(wanted, instructions)));
            }
            (State::Present(wanted), Observation::Unreadable(_)) => {
                let creation = Difference::creation(index, object(wanted, instructions));
                differences.push(Difference { before: Some(Value::Opaque), ..creation });
            }
            (State::Present(wanted), Observation::Present(found)) => {
                let (wanted, found) = (object(wanted, instructions), object(found, instructions));
                members(index, &mut String::new(), &wanted, &found, &mut differences);
            }
        }
    }
    differences
}

/// Returns what will be observed once applied: what is observed, overlaid with what is desired.
pub fn overlay<A: Serialize>(
    desired: &Desired<A>,
    observed: &Observation<A>,
    instructions: &[&str],
) -> Planned {
    match (&desired.state, observed) {
        (State::Absent, _) => Planned::Absent,
        (State::Present(wanted), Observation::Absent) => Planned::Present(object(wanted, instructions)),
        (State::Present(wanted), Observation::Present(found)) => {
            let mut planned = object(found, instructions);
            overlay_members(&mut planned, object(wanted, instructions));
            Planned::Present(planned)
        }
        (State::Present(_), Observation::Unreadable(error)) => Planned::Unreadable(error.clone()),
    }
}

/// Returns attributes as a JSON object without those in `instructions`.
pub fn object<A: Serialize>(attributes: &A, instructions: &[&str]) -> Map<String, Json> {
    match serde_json::to_value(attributes) {
        Ok(Json::Object(mut object)) => {
            object.retain(|name, value| !value.is_null() && !instructions.contains(&name.as_str()));
            object
        }
        // A type of attributes that is no object has nothing that could be compared; its schema would have been refused.
        _ => Map::new(),
    }
}

fn members(
    index: usize,
    pointer: &mut String,
    wanted: &Map<String, Json>,
    found: &Map<String, Json>,
    differences: &mut Vec<Difference>,
) {
    let outer = pointer.len();
    for (name, wanted) in wanted {
        push_step(pointer, name);
        match (wanted, found.get(name)) {
            (wanted, Some(found)) if wanted == found => {}
            (Json::Object(wanted), Some(Json::Object(found)))
                if !is_reserved(wanted) && !is_reserved(found) =>
            {
                members(index, pointer, wanted, found, differences);
            }
            (wanted, found) => differences.push(Difference::change(
                index,
                pointer.clone(),
                found.filter(|found| !found.is_null()).map(|found| Value::Known(found.clone())),
                Value::from(wanted.clone()),
            )),
        }
        pointer.truncate(outer);
    }
}

fn overlay_members(planned: &mut Map<String, Json>, wanted: Map<String, Json>) {
    for (name, wanted) in wanted {
        match (planned.get_mut(&name), wanted) {
            (Some(Json::Object(planned)), Json::Object(wanted))
                if !is_reserved(planned) && !is_reserved(&wanted) =>
            {
                overlay_members(planned, wanted);
            }
            (_, wanted) => {
                planned.insert(name, wanted);
            }
        }
    }
}

/// References to blobs and secrets are one value each.
fn is_reserved(object: &Map<String, Json>) -> bool {
    object.contains_key("$hostwright")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{compare, overlay};
    use crate::Error;
    use crate::types::{Desired, Difference, Observation, Planned, State, Value};

    fn check(desired: Json, observed: Json, expected: &[(&str, Option<Json>, Json)]) {
        let desired = [Desired { id: "x".into(), state: State::Present(desired) }];
        let differences = compare(&desired, &[Observation::Present(observed)], &["how"]);
        let expected: Vec<Difference> = expected
            .iter()
            .map(|(pointer, before, after)| {
                Difference::change(0, *pointer, before.clone().map(Value::Known), Value::Known(after.clone()))
            })
            .collect();
        assert_eq!(differences, expected);
    }

    #[test]
    fn only_what_is_given_is_compared() {
        check(json!({}), json!({"mode": "0644"}), &[]);
        check(json!({"mode": "0644"}), json!({"mode": "0644", "owner": "root"}), &[]);
        check(json!({"mode": null}), json!({"mode": "0644"}), &[]);
        check(
            json!({"mode": "0600"}),
            json!({"mode": "0644"}),
            &[("/mode", Some(json!("0644")), json!("0600"))],
        );
        check(json!({"how": 1, "mode": "0600"}), json!({}), &[("/mode", None, json!("0600"))]);
    }

    #[test]
    fn objects_are_compared_by_member_and_other_values_whole() {
        check(
            json!({"limits": {"soft": 2, "a/b": 1}, "groups": ["a", "b"]}),
            json!({"limits": {"soft": 1, "hard": 5}, "groups": ["b", "a"]}),
            &[
                ("/limits/soft", Some(json!(1)), json!(2)),
                ("/limits/a~1b", None, json!(1)),
                ("/groups", Some(json!(["b", "a"])), json!(["a", "b"])),
            ],
        );
    }

    #[test]
    fn a_reference_is_one_value() {
        let blob = |digest: &str| json!({"$hostwright": {"blob": digest, "size": 1}});
        check(
            json!({"content": blob("sha256:2")}),
            json!({"content": blob("sha256:1")}),
            &[("/content", Some(blob("sha256:1")), blob("sha256:2"))],
        );
    }

    #[test]
    fn presence_is_a_difference_with_an_empty_pointer() {
        let there =
            |id: &str| Desired { id: id.into(), state: State::Present(json!({"mode": "0644", "how": 1})) };
        let gone = |id: &str| Desired { id: id.into(), state: State::Absent };
        let unreadable = || Observation::Unreadable(Error::failed("no"));
        let differences = compare(
            &[there("a"), gone("b"), gone("c"), there("d"), gone("e")],
            &[
                Observation::Absent,
                Observation::Present(json!({"mode": "0600"})),
                Observation::Absent,
                unreadable(),
                unreadable(),
            ],
            &["how"],
        );
        let known = |value: Json| Some(Value::Known(value));
        assert_eq!(
            differences,
            vec![
                Difference {
                    index: 0,
                    pointer: String::new(),
                    before: None,
                    after: known(json!({"mode": "0644"}))
                },
                Difference {
                    index: 1,
                    pointer: String::new(),
                    before: known(json!({"mode": "0600"})),
                    after: None
                },
                Difference {
                    index: 3,
                    pointer: String::new(),
                    before: Some(Value::Opaque),
                    after: known(json!({"mode": "0644"}))
                },
                Difference { index: 4, pointer: String::new(), before: Some(Value::Opaque), after: None },
            ]
        );
    }

    #[test]
    fn what_is_planned_differs_from_what_is_desired_in_nothing() {
        let desired =
            Desired { id: "x".into(), state: State::Present(json!({"limits": {"soft": 2}, "mode": "0600"})) };
        let observed = Observation::Present(json!({"limits": {"soft": 1, "hard": 5}, "owner": "root"}));
        let Planned::Present(planned) = overlay(&desired, &observed, &[]) else { panic!("it will be there") };
        assert_eq!(
            Json::Object(planned.clone()),
            json!({"limits": {"soft": 2, "hard": 5}, "owner": "root", "mode": "0600"})
        );
        assert!(compare(&[desired], &[Observation::Present(Json::Object(planned))], &[]).is_empty());
    }
}
