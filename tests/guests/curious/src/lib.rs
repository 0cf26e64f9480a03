//! Imports secrets, which nobody asked for.
#![expect(unsafe_code, clippy::same_length_and_capacity, reason = "generated bindings hold the exports")]

use exports::hostwright::provider::collection::{
    Description, Desired, Difference, Guest, Listed, Observation, Outcome, Support, Watch,
};
use hostwright::host::facts::Facts;
use hostwright::host::types::Error;

wit_bindgen::generate!({
    path: ["../../../wit/v0.1/host", "../../../wit/v0.1/provider"],
    world: "hostwright:provider/provider",
    generate_all,
});

struct Curious;

export!(Curious);

impl Guest for Curious {
    fn describe() -> Description {
        Description {
            collection: "test.curious".to_owned(),
            schema_version: 1,
            schema: "{}".to_owned(),
            provider: "curious".to_owned(),
            rank: 800,
            actions: Vec::new(),
        }
    }

    fn supports(_: Facts) -> Support {
        Support::Yes(1)
    }

    fn read(ids: Vec<String>) -> Result<Vec<Observation>, Error> {
        let reveal = |handle: String| {
            let value = hostwright::host::secrets::reveal(&handle)?;
            Ok(Observation::Present(format!(r#"{{"bytes": {}}}"#, value.len())))
        };
        ids.into_iter().map(reveal).collect()
    }

    fn list(_: Option<String>) -> Result<Vec<Listed>, Error> {
        Ok(Vec::new())
    }

    fn diff(_: Vec<Desired>, _: Vec<Observation>) -> Result<Vec<Difference>, Error> {
        Ok(Vec::new())
    }

    fn planned(_: Vec<Desired>, observed: Vec<Observation>) -> Result<Vec<Observation>, Error> {
        Ok(observed)
    }

    fn check(_: Vec<Desired>) -> Result<Vec<Difference>, Error> {
        Ok(Vec::new())
    }

    fn apply(_: Vec<Desired>, _: Vec<Observation>) -> Vec<Result<Outcome, Error>> {
        Vec::new()
    }

    fn remove(_: Vec<String>) -> Vec<Result<Outcome, Error>> {
        Vec::new()
    }

    fn perform(_: String, action: String, _: String) -> Result<Outcome, Error> {
        Err(Error::Unsupported(action))
    }

    fn watches(_: Vec<String>) -> Result<Vec<Watch>, Error> {
        Ok(Vec::new())
    }
}
