//! `hostwright:host/scripts`: files that a signed change delivered, recognised by their digest.

use std::time::Duration;

use bytes::Bytes;
use hostwright_manifest::pattern::Placeholder;

use super::answers::{ask, nonsense};
use super::exec::{clean, names_candidate};
use super::secrets;
use crate::machine::{Output, Reply, Request, ScriptInvocation};
use crate::plugin::Context;
use crate::provider::ProviderError;

/// The longest that any script runs.
const TIMEOUT_MAXIMUM: Duration = Duration::from_hours(24);
/// The most that is kept of each output.
const OUTPUT_MAXIMUM: u64 = 16 << 20;
const ARGUMENTS_MAXIMUM: usize = 4096;
const ARGUMENT_MAXIMUM: usize = 64 << 10;

/// What a plugin asks for.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    pub(crate) path: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) user: String,
    pub(crate) stdin: Option<Vec<u8>>,
    pub(crate) timeout: Duration,
    pub(crate) output_bytes: u64,
}

/// Runs a delivered script and waits. The machine checks once more that the file still is what was delivered.
pub(crate) async fn run(context: &mut Context, script: Script) -> Result<Output, ProviderError> {
    let Script { path, arguments, user, stdin, timeout, output_bytes } = script;
    let action = format!("scripts.run {}", path.escape_debug());
    if !context.permits.grants.scripts {
        return Err(context.not_granted(&action, "`\"scripts\": true`", |asked| asked.scripts));
    }
    let denied = |reason: String| ProviderError::Denied { action: action.clone(), reason };
    Placeholder::Path.check(&path).map_err(|reason| denied(format!("the path {reason}")))?;
    let Some(digest) = context.host.scripts.digest(&path) else {
        return Err(denied("no change delivered this file; only what a change delivered is run".to_owned()));
    };
    Placeholder::User
        .check(&user)
        .map_err(|reason| denied(format!("the user `{}` {reason}", user.escape_debug())))?;
    check_arguments(&arguments).map_err(denied)?;
    context.may_change(&action)?;
    let stdin = secrets::resolve(context, stdin.unwrap_or_default())?;
    let invocation = ScriptInvocation {
        path,
        digest,
        arguments,
        user,
        stdin: Bytes::from(stdin),
        timeout: timeout.min(TIMEOUT_MAXIMUM),
        output_bytes: output_bytes.min(OUTPUT_MAXIMUM),
        name: context.next_run_name(),
    };
    match ask(context, Request::RunScript(invocation)).await? {
        Reply::Ran(output) => Ok(clean(context, output)),
        _ => Err(nonsense("scripts.run")),
    }
}

fn check_arguments(arguments: &[String]) -> Result<(), String> {
    if arguments.len() > ARGUMENTS_MAXIMUM
        || arguments.iter().any(|argument| argument.len() > ARGUMENT_MAXIMUM)
    {
        return Err("there are too many or too long arguments".to_owned());
    }
    if arguments.iter().any(|argument| argument.contains('\0')) {
        return Err("an argument has a NUL".to_owned());
    }
    if arguments.iter().any(|argument| secrets::mentions_reference(argument)) {
        return Err("secrets never stand in arguments, which every user of the machine can read".to_owned());
    }
    if names_candidate(arguments) {
        return Err("`{candidate}` stands for a file only where one is validated".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Mode;
    use crate::capabilities::testing::{DELIVERED, context, grants};

    fn script(path: &str) -> Script {
        Script {
            path: path.to_owned(),
            arguments: vec!["--all".to_owned()],
            user: "www-data".to_owned(),
            stdin: None,
            timeout: Duration::from_secs(1_000_000),
            output_bytes: u64::MAX,
        }
    }

    #[tokio::test]
    async fn a_delivered_script_runs_with_its_digest_and_bounded() {
        let (mut context, machine) = context(grants(r#"{"scripts": true}"#), Mode::Apply);
        let output = Output { status: 3, stdout: Bytes::new(), stderr: Bytes::new(), truncated: false };
        machine.answers(Reply::Ran(output.clone()));
        assert_eq!(run(&mut context, script(DELIVERED)).await, Ok(output));
        let asked = machine.asked();
        let [Request::RunScript(invocation)] = asked.as_slice() else { panic!("{asked:?}") };
        assert_eq!(invocation.digest, [7; 32]);
        assert_eq!((invocation.timeout, invocation.output_bytes), (TIMEOUT_MAXIMUM, OUTPUT_MAXIMUM));
        assert_eq!(invocation.name.as_deref(), Some("task-7-1"));
    }

    #[tokio::test]
    async fn anything_else_is_refused_before_the_machine_is_asked() {
        let allowed = r#"{"scripts": true}"#;
        let with = |change: fn(&mut Script)| {
            let mut script = script(DELIVERED);
            change(&mut script);
            script
        };
        let cases = [
            ("{}", Mode::Apply, script(DELIVERED)),
            (allowed, Mode::Plan, script(DELIVERED)),
            (allowed, Mode::Apply, script("/tmp/mine")),
            (allowed, Mode::Apply, script("/opt/../tmp/mine")),
            (allowed, Mode::Apply, with(|script| script.user = "-u root".to_owned())),
            (allowed, Mode::Apply, with(|script| script.arguments = vec!["a\0b".to_owned()])),
            (
                allowed,
                Mode::Apply,
                with(|script| script.arguments = vec![r#"{"$hostwright":{"secret":"h1"}}"#.to_owned()]),
            ),
        ];
        let mut messages = Vec::new();
        for (granted, mode, script) in cases {
            let (mut context, machine) = context(grants(granted), mode);
            messages.push(run(&mut context, script).await.unwrap_err().to_string());
            assert_eq!(machine.asked(), []);
        }
        insta::assert_snapshot!(messages.join("\n"));
    }
}
