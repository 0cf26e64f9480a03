//! From arguments to an exit status.

use std::ffi::OsString;

use clap::Parser as _;
use hostwright_client::{Client, Options};

use crate::apply;
use crate::arguments::{Arguments, Noun};
use crate::commands::plugins::PluginsCommand;
use crate::commands::{
    agents, applications, changes, completions, compliance, environments, events, hosts, instance, keys,
    login, organizations, packing, platforms, plugins, settings, tokens,
};
use crate::failure::{ExitStatus, Failure};
use crate::output::Output;
use crate::place::Place;
use crate::profile::{self, Profile};
use crate::session::Session;
use crate::surroundings::Surroundings;

/// Does what the arguments say and prints the result.
pub async fn run(
    arguments: impl IntoIterator<Item = impl Into<OsString> + Clone>,
    surroundings: Surroundings,
    output: &mut Output,
) -> ExitStatus {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage(&error, output),
    };
    output.set_json(arguments.globals.json);
    match Box::pin(dispatch(arguments, surroundings, output)).await {
        Ok(()) => ExitStatus::Done,
        Err(failure) => {
            let (lines, hint) = failure.lines();
            output.failure(&lines, hint.as_deref());
            failure.status()
        }
    }
}

fn usage(error: &clap::Error, output: &mut Output) -> ExitStatus {
    let text = error.render().ansi().to_string();
    if error.use_stderr() {
        output.note(text.trim_end());
        ExitStatus::Usage
    } else {
        output.raw(text.as_bytes());
        ExitStatus::Done
    }
}

async fn dispatch(arguments: Arguments, around: Surroundings, output: &mut Output) -> Result<(), Failure> {
    let Arguments { globals, noun } = arguments;
    let file = globals.config.clone().unwrap_or_else(|| around.default_configuration());
    let flags = Profile {
        api: globals.api,
        user: globals.user,
        password: globals.password,
        token: globals.token,
        ..Profile::default()
    };
    let noun = match noun {
        Noun::Completions(arguments) => {
            completions::run(&arguments, output);
            return Ok(());
        }
        Noun::Login(arguments) => {
            let flags =
                Profile { organization: globals.organization, environment: globals.environment, ..flags };
            return login::run(arguments, flags, globals.profile, &file, around, output).await;
        }
        Noun::Plugins(PluginsCommand::Keygen(arguments)) => return packing::keygen(&arguments, output),
        Noun::Plugins(PluginsCommand::Pack(arguments)) => return packing::pack(&arguments, output),
        other => other,
    };
    let name = globals.profile.or_else(|| around.variable("HOSTWRIGHT_PROFILE").map(str::to_owned));
    let profile = profile::load(&file)?.choose(name.as_deref())?.overlaid(&around, &flags)?;
    let client = Client::connect(Options::new(profile.address(), profile.login()?))?;
    let place = Place {
        given_organization: globals.organization,
        given_environment: globals.environment,
        usual_organization: profile.organization,
        usual_environment: profile.environment,
    };
    let mut session = Session { client, place, output, around };
    act(noun, &mut session).await
}

async fn act(noun: Noun, session: &mut Session<'_>) -> Result<(), Failure> {
    match noun {
        Noun::Apply(arguments) => Box::pin(apply::run(arguments, session)).await,
        Noun::Organizations(command) => Box::pin(organizations::run(command, session)).await,
        Noun::Environments(command) => Box::pin(environments::run(command, session)).await,
        Noun::Hosts(command) => Box::pin(hosts::run(command, session)).await,
        Noun::Applications(command) => Box::pin(applications::run(command, session)).await,
        Noun::Platforms(command) => Box::pin(platforms::run_platforms(command, session)).await,
        Noun::Distributions(command) => Box::pin(platforms::run_distributions(command, session)).await,
        Noun::Instance(command) => Box::pin(instance::run(command, session)).await,
        Noun::Settings(command) => Box::pin(settings::run(command, session)).await,
        Noun::Changes(command) => Box::pin(changes::run(command, session)).await,
        Noun::Compliance(command) => Box::pin(compliance::run(command, session)).await,
        Noun::Tokens(command) => Box::pin(tokens::run(command, session)).await,
        Noun::Keys(command) => Box::pin(keys::run(command, session)).await,
        Noun::Agents(command) => Box::pin(agents::run(command, session)).await,
        Noun::Plugins(command) => Box::pin(plugins::run(command, session)).await,
        Noun::Events(arguments) => Box::pin(events::run(arguments, session)).await,
        Noun::Login(_) | Noun::Completions(_) => Ok(()),
    }
}
