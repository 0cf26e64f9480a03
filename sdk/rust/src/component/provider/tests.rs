//! The glue, with a provider that needs no host.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wit::{self, Guest as _};
use super::{ProviderComponent, WitError};
use crate::types::{Facts, Observation, Outcome, Resource, Support};
use crate::{Error, Provider};

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Attributes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u8>,
}

/// Answers with what it was asked, and leaves out the id `forgotten`.
struct Echo;

impl Provider for Echo {
    type Attributes = Attributes;
    const COLLECTION: &'static str = "example.echo";
    const NAME: &'static str = "echo";
    const ACTIONS: &'static [&'static str] = &["ring"];

    fn supports(_: &Facts) -> Support {
        Support::Yes(100)
    }

    fn read(ids: &[String]) -> Result<Vec<Observation<Attributes>>, Error> {
        let seen = ids.iter().filter(|id| *id != "forgotten");
        Ok(seen.map(|id| Observation::Present(Attributes { text: Some(id.clone()), size: None })).collect())
    }

    fn apply(
        resources: &[Resource<Attributes>],
        observed: &[Observation<Attributes>],
    ) -> Vec<Result<Outcome, Error>> {
        assert_eq!(resources.len(), observed.len());
        resources
            .iter()
            .map(|resource| Ok(Outcome::changed().with_message(format!("set {}", resource.id))))
            .collect()
    }

    fn remove(ids: &[String]) -> Vec<Result<Outcome, Error>> {
        ids.iter().map(|id| Ok(Outcome::changed().with_message(format!("removed {id}")))).collect()
    }

    fn perform(id: &str, action: &str, _: Attributes) -> Result<Outcome, Error> {
        Ok(Outcome::changed().with_message(format!("{action} {id}")))
    }
}

type Component = ProviderComponent<Echo>;

fn present(id: &str, json: &str) -> wit::Desired {
    wit::Desired { id: id.into(), state: wit::State::Present(json.into()) }
}

fn absent(id: &str) -> wit::Desired {
    wit::Desired { id: id.into(), state: wit::State::Absent }
}

#[test]
fn each_resource_of_a_mixed_batch_gets_its_own_answer() {
    let desired = vec![
        present("a", r#"{"text": "a"}"#),
        absent("b"),
        present("c", r#"{"size": 700}"#),
        present("d", "{}"),
        absent("e"),
    ];
    let observed = (0..5).map(|_| wit::Observation::Absent).collect();
    let answers: Vec<String> = Component::apply(desired, observed)
        .into_iter()
        .map(|answer| match answer {
            Ok(outcome) => outcome.message.unwrap_or_default(),
            Err(WitError::Invalid(invalid)) => format!("{}: {}", invalid.pointer, invalid.message),
            Err(other) => panic!("{other:?}"),
        })
        .collect();
    insta::assert_debug_snapshot!(answers, @r#"
    [
        "set a",
        "removed b",
        "/size: expected u8, found a number (in `c`)",
        "set d",
        "removed e",
    ]
    "#);
}

#[test]
fn a_missing_answer_is_an_error_of_its_resource_only() {
    let observations = Component::read(vec!["a".into(), "forgotten".into()]).unwrap();
    assert!(matches!(&observations[0], wit::Observation::Present(json) if json == r#"{"text":"a"}"#));
    assert!(matches!(observations[1], wit::Observation::Unreadable(WitError::Failed(_))));
}

#[test]
fn check_is_diff_of_what_is_read() {
    let differences =
        Component::check(vec![present("a", r#"{"text": "b"}"#), present("a", r#"{"text": "a"}"#)]).unwrap();
    assert_eq!(differences.len(), 1);
    assert_eq!((differences[0].index, differences[0].pointer.as_str()), (0, "/text"));
    assert!(matches!(&differences[0].before, Some(wit::Value::Known(json)) if json == "\"a\""));
    assert!(matches!(&differences[0].after, Some(wit::Value::Known(json)) if json == "\"b\""));
}

#[test]
fn a_planned_observation_may_be_compared_again() {
    let marked = r#"{"text": "a", "size": {"$hostwright": {"unknown": true}}}"#;
    let differences = Component::diff(
        vec![present("a", r#"{"text": "a"}"#)],
        vec![wit::Observation::Present(marked.into())],
    );
    assert!(differences.unwrap().is_empty());
}

#[test]
fn an_unknown_action_names_the_known_ones() {
    let refused = Component::perform("a".into(), "sing".into(), "{}".into()).unwrap_err();
    assert!(matches!(refused, WitError::Unsupported(message) if message.contains("it has `ring`")));
    let done = Component::perform("a".into(), "ring".into(), "null".into()).unwrap();
    assert_eq!(done.message.as_deref(), Some("ring a"));
}

#[test]
fn bad_attributes_of_a_pure_call_point_at_resource_and_attribute() {
    let refused = Component::check(vec![present("a", "{}"), present("b", r#"{"txt": "x"}"#)]).unwrap_err();
    let WitError::Invalid(invalid) = refused else { panic!("{refused:?}") };
    assert_eq!(invalid.pointer, "/txt");
    assert_eq!(invalid.message, "unknown attribute, did you mean `text`? (in `b`)");
}
