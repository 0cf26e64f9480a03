//! Runs scripts that a signed change delivered.
//!
//! There is nothing to read, compare or apply: an executable has no state, it is performed. The file itself belongs to
//! the collection `files`; the host runs it only if its content is what a signed change delivered.

use std::time::Duration;

use hostwright_collections::executables::{self, Attributes};
use hostwright_collections::rank;
use hostwright_sdk::host::exec::{Output, tail};
use hostwright_sdk::host::scripts::{self, Script};
use hostwright_sdk::types::{Desired, Difference, Facts, Observation, Outcome, Planned, Resource, Support};
use hostwright_sdk::{Error, Provider};

const TIMEOUT: Duration = Duration::from_mins(5);
const OUTPUT_LIMIT: u32 = 64 << 10;

/// The provider.
#[derive(Debug)]
pub struct Executables;

#[hostwright_sdk::provider]
impl Provider for Executables {
    type Attributes = Attributes;
    const COLLECTION: &'static str = executables::COLLECTION;
    const SCHEMA_VERSION: u32 = executables::VERSION;
    const NAME: &'static str = "scripts";
    const RANK: u32 = rank::EXECUTABLES;
    const ACTIONS: &'static [&'static str] = executables::ACTIONS;

    fn schema() -> String {
        executables::SCHEMA.to_owned()
    }

    fn validate(id: &str, attributes: &Attributes) -> Result<(), Error> {
        executables::validate(id, attributes)
    }

    fn supports(facts: &Facts) -> Support {
        if facts.programs {
            Support::Yes(100)
        } else {
            Support::No("no programs may be run on this machine".to_owned())
        }
    }

    fn read(ids: &[String]) -> Result<Vec<Observation<Attributes>>, Error> {
        Ok(ids.iter().map(|_| Observation::Unreadable(stateless())).collect())
    }

    fn diff(_: &[Desired<Attributes>], _: &[Observation<Attributes>]) -> Result<Vec<Difference>, Error> {
        Err(stateless())
    }

    fn planned(_: &[Desired<Attributes>], _: &[Observation<Attributes>]) -> Result<Vec<Planned>, Error> {
        Err(stateless())
    }

    fn apply(
        resources: &[Resource<Attributes>],
        _: &[Observation<Attributes>],
    ) -> Vec<Result<Outcome, Error>> {
        resources.iter().map(|_| Err(stateless())).collect()
    }

    fn remove(ids: &[String]) -> Vec<Result<Outcome, Error>> {
        ids.iter().map(|_| Err(stateless())).collect()
    }

    fn perform(id: &str, _: &str, attributes: Attributes) -> Result<Outcome, Error> {
        let script = script(id, attributes);
        let output = scripts::run(&script)?;
        told(&script, &output)
    }
}

fn stateless() -> Error {
    Error::unsupported(
        "an executable has no state that could be read or applied; it is run by the action `execute`",
    )
}

fn script(id: &str, attributes: Attributes) -> Script {
    let Attributes { user, arguments, stdin, timeout_ms, output_limit } = attributes;
    Script {
        path: id.to_owned(),
        arguments: arguments.unwrap_or_default(),
        user: user.unwrap_or_else(|| "root".to_owned()),
        stdin: stdin.map(String::into_bytes),
        timeout: timeout_ms.map_or(TIMEOUT, |timeout| Duration::from_millis(timeout.into())),
        output_limit: output_limit.unwrap_or(OUTPUT_LIMIT),
    }
}

/// A script that ran is taken to have changed something; what it wrote is what a person should know.
fn told(script: &Script, output: &Output) -> Result<Outcome, Error> {
    if !output.succeeded() {
        return Err(output.failed(format!("`{}` failed as user `{}`", script.path, script.user)));
    }
    let written = tail(&output.stdout);
    Ok(Outcome::changed().with_note((!written.is_empty()).then_some(written)))
}

#[cfg(test)]
mod tests {
    use hostwright_collections::executables::Attributes;
    use hostwright_sdk::host::exec::Output;

    use super::{script, told};

    fn ended(status: i32, stdout: &str, stderr: &str) -> Output {
        Output {
            command_line: "/srv/migrate --all".into(),
            status,
            stdout: stdout.into(),
            stderr: stderr.into(),
            truncated: false,
        }
    }

    #[test]
    fn what_is_not_said_has_a_default() {
        let script = script("/srv/migrate", Attributes::default());
        assert_eq!(
            (script.user.as_str(), script.timeout.as_secs(), script.output_limit),
            ("root", 300, 65_536)
        );
    }

    #[test]
    fn a_script_that_fails_is_told_with_what_it_wrote() {
        let run =
            script("/srv/migrate", Attributes { user: Some("postgres".into()), ..Attributes::default() });
        assert_eq!(
            told(&run, &ended(3, "", "no such table\n")).unwrap_err().to_string(),
            "`/srv/migrate` failed as user `postgres` (`/srv/migrate --all` ended with status 3): no such table"
        );
        let outcome = told(&run, &ended(0, "12 rows\n", "")).unwrap();
        assert_eq!((outcome.changed, outcome.message.as_deref()), (true, Some("12 rows")));
        assert_eq!(told(&run, &ended(0, "", "")).unwrap().message, None);
    }
}
