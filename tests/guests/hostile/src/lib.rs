//! Does on request everything that a provider must not do: the id of a resource says what.
#![expect(unsafe_code, clippy::same_length_and_capacity, reason = "generated bindings hold the exports")]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a provider must not, and this one does")]

mod breaches;

use exports::hostwright::provider::collection::{
    Description, Desired, Difference, Extent, Guest, Listed, Observation, Outcome, State, Support, Value,
    Watch,
};
use hostwright::host::facts::Facts;
use hostwright::host::files::{Content, Metadata, Replacement, replace};
use hostwright::host::types::Error;

wit_bindgen::generate!({
    path: ["../../../wit/v0.1/host", "../../../wit/v0.1/provider"],
    world: "hostwright:provider/provider",
    generate_all,
});

struct Hostile;

export!(Hostile);

impl Guest for Hostile {
    fn describe() -> Description {
        Description {
            collection: "test.hostile".to_owned(),
            schema_version: 1,
            schema: r#"{"type": "object"}"#.to_owned(),
            provider: "hostile".to_owned(),
            rank: 800,
            actions: vec!["run".to_owned()],
        }
    }

    fn supports(facts: Facts) -> Support {
        if facts.os == "debian" { Support::Yes(10) } else { Support::No(format!("not on {}", facts.os)) }
    }

    fn read(ids: Vec<String>) -> Result<Vec<Observation>, Error> {
        match ids.first().map(String::as_str) {
            Some("fewer") => return Ok(Vec::new()),
            Some("busy") => return Err(Error::Busy("dpkg (4711) holds the lock".to_owned())),
            _ => {}
        }
        Ok(ids.iter().map(|id| breaches::commit(id)).collect())
    }

    fn list(_: Option<String>) -> Result<Vec<Listed>, Error> {
        Ok(vec![Listed { id: "echo".to_owned(), observation: breaches::commit("echo") }])
    }

    fn diff(desired: Vec<Desired>, observed: Vec<Observation>) -> Result<Vec<Difference>, Error> {
        let differs = |(index, (desired, observed)): (usize, (Desired, Observation))| {
            let (before, after) = match (desired.state, observed) {
                (State::Present(after), Observation::Present(before)) if after != before => {
                    (Some(before), after)
                }
                (State::Present(after), Observation::Absent) => (None, after),
                _ => return None,
            };
            Some(Difference {
                index: u32::try_from(index).unwrap_or(u32::MAX),
                pointer: String::new(),
                before: before.map(Value::Known),
                after: Some(Value::Known(after)),
            })
        };
        Ok(desired.into_iter().zip(observed).enumerate().filter_map(differs).collect())
    }

    fn planned(desired: Vec<Desired>, _: Vec<Observation>) -> Result<Vec<Observation>, Error> {
        let planned = |desired: Desired| match desired.state {
            State::Absent => Observation::Absent,
            State::Present(attributes) => Observation::Present(attributes),
        };
        Ok(desired.into_iter().map(planned).collect())
    }

    fn check(desired: Vec<Desired>) -> Result<Vec<Difference>, Error> {
        if desired.iter().any(|desired| desired.id == "beyond") {
            return Ok(vec![Difference { index: 99, pointer: String::new(), before: None, after: None }]);
        }
        let observed = Self::read(desired.iter().map(|desired| desired.id.clone()).collect())?;
        Self::diff(desired, observed)
    }

    fn apply(desired: Vec<Desired>, _: Vec<Observation>) -> Vec<Result<Outcome, Error>> {
        desired.into_iter().map(|desired| write(&desired.id)).collect()
    }

    fn remove(ids: Vec<String>) -> Vec<Result<Outcome, Error>> {
        let remove = |id: String| {
            hostwright::host::files::remove(&id).map(|()| Outcome { changed: true, message: None })
        };
        ids.into_iter().map(remove).collect()
    }

    fn perform(id: String, action: String, _: String) -> Result<Outcome, Error> {
        if action != "run" {
            return Err(Error::Unsupported(format!("there is no action `{action}`")));
        }
        let output = breaches::run(&id)?;
        Ok(Outcome { changed: true, message: Some(String::from_utf8_lossy(&output.stdout).into_owned()) })
    }

    fn watches(ids: Vec<String>) -> Result<Vec<Watch>, Error> {
        let watch = |path| Watch { path, extent: Extent::Itself, indices: Vec::new() };
        Ok(ids.into_iter().map(watch).collect())
    }
}

fn write(path: &str) -> Result<Outcome, Error> {
    replace(&Replacement {
        path: path.to_owned(),
        content: Content::Bytes(b"written".to_vec()),
        metadata: Metadata { mode: None, uid: None, gid: None },
        validate: None,
    })?;
    Ok(Outcome { changed: true, message: None })
}
