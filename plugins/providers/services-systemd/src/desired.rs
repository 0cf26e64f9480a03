//! What is asked of a service, and how that differs from what is there.

use hostwright_collections::services::Attributes;
use hostwright_sdk::difference;
use hostwright_sdk::types::{Desired, Difference, Observation, Planned, State, Value};
use serde_json::{Map, Value as Json, json};

/// A service that is gone is stopped and disabled.
const GONE: Attributes = Attributes { running: Some(false), enabled: Some(false) };

/// Returns what differs. A service that is to be absent differs in what still runs or starts.
pub(crate) fn differences(
    desired: &[Desired<Attributes>],
    observed: &[Observation<Attributes>],
) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (index, (desired, observed)) in desired.iter().zip(observed).enumerate() {
        match (&desired.state, observed) {
            (State::Absent, Observation::Present(found)) => {
                let found = Attributes { enabled: Some(found.enabled.unwrap_or(false)), ..found.clone() };
                differences.extend(of_one(index, State::Present(GONE), Observation::Present(found)));
            }
            // Whether it can run is known once its unit is there.
            (State::Present(wanted), Observation::Absent) => {
                differences.push(Difference::change(index, "", None, Value::KnownAfterApply));
                let attributes = difference::object(wanted, &[]);
                differences.extend(attributes.into_iter().map(|(name, value)| {
                    Difference::change(index, format!("/{name}"), None, Value::Known(value))
                }));
            }
            (state, observed) => differences.extend(of_one(index, state.clone(), observed.clone())),
        }
    }
    differences
}

fn of_one(index: usize, state: State<Attributes>, observed: Observation<Attributes>) -> Vec<Difference> {
    let mut differences = difference::compare(&[Desired { id: String::new(), state }], &[observed], &[]);
    for difference in &mut differences {
        difference.index = index;
    }
    differences
}

/// Returns what will be observed once applied.
pub(crate) fn planned(desired: &Desired<Attributes>, observed: &Observation<Attributes>) -> Planned {
    match (&desired.state, observed) {
        (State::Absent, Observation::Present(found)) => {
            let mut gone = difference::object(found, &[]);
            for (name, value) in &mut gone {
                if name == "running" || name == "enabled" {
                    *value = json!(false);
                }
            }
            Planned::Present(gone)
        }
        (State::Absent, Observation::Unreadable(error)) => Planned::Unreadable(error.clone()),
        // The unit comes with something that is not there yet: what is not asked of it cannot be known.
        (State::Present(wanted), Observation::Absent) => {
            let mut planned: Map<String, Json> = difference::object(wanted, &[]);
            for name in ["running", "enabled"] {
                planned.entry(name).or_insert_with(hostwright_sdk::types::unknown);
            }
            Planned::Present(planned)
        }
        _ => difference::overlay(desired, observed, &[]),
    }
}

#[cfg(test)]
mod tests {
    use hostwright_collections::services::Attributes;
    use hostwright_sdk::types::{Desired, Observation, Planned, State, Value};
    use serde_json::{Value as Json, json};

    use super::{differences, planned};

    fn attributes(running: Option<bool>, enabled: Option<bool>) -> Attributes {
        Attributes { running, enabled }
    }

    fn desired(state: State<Attributes>) -> Desired<Attributes> {
        Desired { id: "nginx".into(), state }
    }

    fn pointers(state: State<Attributes>, observed: Observation<Attributes>) -> Vec<String> {
        let found = differences(&[desired(state)], &[observed]);
        found.into_iter().map(|difference| difference.pointer).collect()
    }

    #[test]
    fn a_removed_service_is_stopped_and_disabled() {
        let there = |running, enabled| Observation::Present(attributes(Some(running), enabled));
        assert!(pointers(State::Absent, there(false, Some(false))).is_empty());
        assert!(pointers(State::Absent, there(false, None)).is_empty());
        assert!(pointers(State::Absent, Observation::Absent).is_empty());
        assert_eq!(pointers(State::Absent, there(true, Some(true))), ["/running", "/enabled"]);
        assert_eq!(pointers(State::Absent, there(true, None)), ["/running"]);
    }

    #[test]
    fn a_service_whose_unit_is_not_there_yet_can_be_planned() {
        let wanted = State::Present(attributes(Some(true), None));
        let found = differences(&[desired(wanted.clone())], &[Observation::Absent]);
        assert_eq!(found[0].after, Some(Value::KnownAfterApply));
        assert_eq!(
            (found[1].pointer.as_str(), &found[1].after),
            ("/running", &Some(Value::Known(json!(true))))
        );
        let Planned::Present(plan) = planned(&desired(wanted), &Observation::Absent) else {
            panic!("it will be there")
        };
        assert_eq!(
            Json::Object(plan),
            json!({"running": true, "enabled": {"$hostwright": {"unknown": true}}})
        );
    }

    #[test]
    fn only_what_is_given_is_compared() {
        let there = Observation::Present(attributes(Some(true), Some(false)));
        assert!(pointers(State::Present(attributes(Some(true), None)), there.clone()).is_empty());
        assert_eq!(pointers(State::Present(attributes(None, Some(true))), there), ["/enabled"]);
    }
}
