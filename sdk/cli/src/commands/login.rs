//! Storing where the API is and who asks.

use std::io::BufRead as _;
use std::path::Path;

use clap::Args;
use hostwright_client::{Client, Login, Options};

use crate::failure::Failure;
use crate::output::Output;
use crate::profile::{self, Profile};
use crate::surroundings::Surroundings;

/// How to log in.
#[derive(Debug, Args)]
pub(crate) struct LoginArguments {
    /// Use this profile from now on when none is named
    #[arg(long)]
    default: bool,
}

/// Tries the login and stores it in a profile. The password is read from standard input if it is not given.
pub(crate) async fn run(
    arguments: LoginArguments,
    flags: Profile,
    name: Option<String>,
    file: &Path,
    mut around: Surroundings,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut profiles = profile::load(file)?;
    let name = name.or_else(|| profiles.default_profile.clone()).unwrap_or_else(|| "default".to_owned());
    let before = profiles.profiles.get(&name).cloned().unwrap_or_default();
    // Who asks is one thing: nothing of the old login is mixed with the new one.
    let mut new = Profile {
        api: flags.api.or_else(|| around.variable("HOSTWRIGHT_API").map(str::to_owned)).or(before.api),
        user: flags.user,
        password: flags.password,
        token: flags.token,
        organization: flags.organization.or(before.organization),
        environment: flags.environment.or(before.environment),
        ..Profile::default()
    };
    if new.token.is_none() {
        if new.user.is_none() {
            new.user = Some(ask(&mut around, output, "User:", Secrecy::Shown)?);
        }
        if new.password.is_none() {
            new.password = around.variable("HOSTWRIGHT_PASSWORD").map(str::to_owned);
        }
        if new.password.is_none() {
            new.password = Some(ask(&mut around, output, "Password:", Secrecy::Hidden)?);
        }
    }
    let login: Login = new.login()?;
    let client = Client::connect(Options::new(new.address(), login))?;
    let account = client.account().await?;
    new.api = Some(new.address());

    if arguments.default || profiles.default_profile.is_none() {
        profiles.default_profile = Some(name.clone());
    }
    profiles.profiles.insert(name.clone(), new);
    profile::save(file, &profiles)?;
    output.text(&format!(
        "logged in at {} as `{}`; profile `{name}` in {}",
        client.address(),
        account.username,
        file.display()
    ));
    Ok(())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Shown,
    Hidden,
}

fn ask(
    around: &mut Surroundings,
    output: &mut Output,
    question: &str,
    secrecy: Secrecy,
) -> Result<String, Failure> {
    let _hidden = if around.is_interactive {
        output.question(question);
        (secrecy == Secrecy::Hidden).then(HiddenInput::begin).flatten()
    } else {
        None
    };
    let mut line = String::new();
    // One byte at a time: what comes after the line is for the next question.
    let mut reader = std::io::BufReader::with_capacity(1, &mut around.input);
    reader
        .read_line(&mut line)
        .map_err(|error| Failure::usage(format!("failed to read standard input: {error}")))?;
    if around.is_interactive && secrecy == Secrecy::Hidden {
        output.note("");
    }
    let line = line.trim_end_matches(['\r', '\n']).to_owned();
    if line.is_empty() {
        return Err(Failure::usage(format!("{} nothing was given", question.to_lowercase())));
    }
    Ok(line)
}

/// Keeps the terminal from showing what is typed, until it goes.
struct HiddenInput(rustix::termios::Termios);

impl HiddenInput {
    fn begin() -> Option<Self> {
        let input = std::io::stdin();
        let before = rustix::termios::tcgetattr(&input).ok()?;
        let mut hidden = before.clone();
        hidden.local_modes.remove(rustix::termios::LocalModes::ECHO);
        rustix::termios::tcsetattr(&input, rustix::termios::OptionalActions::Flush, &hidden).ok()?;
        Some(Self(before))
    }
}

impl Drop for HiddenInput {
    fn drop(&mut self) {
        let _ =
            rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Flush, &self.0);
    }
}
