//! `hostwright:host/exec`: programs by argument vector, of the forms that were granted.

use std::time::Duration;

use bytes::Bytes;
use hostwright_manifest::grants::{Effect, ExecGrant};
use hostwright_manifest::pattern::{CANDIDATE, CommandPattern, Mismatch};
use hostwright_manifest::within::check_path;

use super::answers::{ask, nonsense};
use super::secrets;
use crate::machine::{Invocation, Output, Reply, Request};
use crate::plugin::{Context, Permits};
use crate::provider::ProviderError;

/// What the kernel takes at most.
const MOST_ARGUMENT_BYTES: usize = 2 << 20;
/// Bytes, and words, of a command that is shown.
const SHOWN: usize = 200;

/// What a plugin asks for.
#[derive(Debug)]
pub(crate) struct Command {
    pub(crate) program: String,
    pub(crate) arguments: Vec<String>,
    pub(crate) stdin: Option<Vec<u8>>,
    pub(crate) timeout: Option<Duration>,
}

/// Which granted patterns are looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Run,
    Validation,
}

/// Runs a program that a granted pattern fits, and waits.
pub(crate) async fn run(context: &mut Context, command: Command) -> Result<Output, ProviderError> {
    let Command { program, arguments, stdin, timeout } = command;
    let action = action("exec.run", &program, &arguments);
    if arguments.iter().map(String::len).sum::<usize>() > MOST_ARGUMENT_BYTES {
        let reason = format!(
            "its arguments have more than {MOST_ARGUMENT_BYTES} bytes together, which no program takes"
        );
        return Err(ProviderError::Denied { action, reason });
    }
    let grant = find(&context.permits, Use::Run, &program, &arguments)
        .map_err(|refusal| refusal.into_error(context, &action, &program, &arguments, Use::Run))?
        .clone();
    if arguments.iter().any(|argument| secrets::mentions_reference(argument)) {
        let reason = "secrets never stand in arguments, which every user of the machine can read; pass it as standard input";
        return Err(ProviderError::Denied { action, reason: reason.to_owned() });
    }
    let name = match grant.effect {
        Effect::Query => None,
        Effect::Change => {
            context.may_change(&action)?;
            context.next_run_name()
        }
    };
    let stdin = secrets::resolve(context, stdin.unwrap_or_default())?;
    let granted = grant.timeout();
    let invocation = Invocation {
        program,
        arguments,
        timeout: timeout.map_or(granted, |timeout| timeout.min(granted)),
        output_bytes: grant.output(),
        environment: grant.environment.into_iter().collect(),
        stdin: Bytes::from(stdin),
        effect: grant.effect,
        name,
    };
    match ask(context, Request::Run(invocation)).await? {
        Reply::Ran(output) => Ok(clean(context, output)),
        _ => Err(nonsense("exec.run")),
    }
}

/// Returns how the program that judges a file is to be run, where its pattern was granted.
pub(super) fn validation(context: &Context, command: &[String]) -> Result<Invocation, ProviderError> {
    let (program, arguments) =
        command.split_first().map_or(("", command), |(program, rest)| (program.as_str(), rest));
    let action = action("files.replace, validated by", program, arguments);
    let grant = find(&context.permits, Use::Validation, program, arguments)
        .map_err(|refusal| refusal.into_error(context, &action, program, arguments, Use::Validation))?;
    Ok(Invocation {
        program: program.to_owned(),
        arguments: arguments.to_vec(),
        environment: grant.environment.clone().into_iter().collect(),
        stdin: Bytes::new(),
        effect: Effect::Query,
        timeout: grant.timeout(),
        output_bytes: grant.output(),
        name: None,
    })
}

/// Takes secrets that the plugin may not see out of what a program wrote.
pub(super) fn clean(context: &Context, output: Output) -> Output {
    if context.permits.grants.reveal_secrets {
        return output;
    }
    let Output { status, stdout, stderr, truncated } = output;
    Output {
        status,
        stdout: context.revealed.scrub(&stdout).into(),
        stderr: context.revealed.scrub(&stderr).into(),
        truncated,
    }
}

/// Why no pattern fits.
enum Refusal {
    /// None is for this program.
    Program,
    /// Those for this program want other arguments; the one that came closest.
    Arguments { pattern: String, mismatch: Mismatch },
}

/// Finds the pattern that fits. Where a query and a change both do, it is a query: what can be had without changing
/// anything is had so.
fn find<'a>(
    permits: &'a Permits,
    purpose: Use,
    program: &str,
    arguments: &[String],
) -> Result<&'a ExecGrant, Refusal> {
    let mut fitting: Option<&ExecGrant> = None;
    let mut closest: Option<(&CommandPattern, Mismatch)> = None;
    for (pattern, grant) in &permits.programs {
        if pattern.is_validation() != (purpose == Use::Validation) {
            continue;
        }
        match pattern.matches_within(program, arguments, &permits.grants.files) {
            Ok(()) if grant.effect == Effect::Query => return Ok(grant),
            Ok(()) => fitting = fitting.or(Some(grant)),
            Err(Mismatch::Program { .. }) => {}
            Err(mismatch) => {
                if closest.as_ref().is_none_or(|(_, other)| position(other) < position(&mismatch)) {
                    closest = Some((pattern, mismatch));
                }
            }
        }
    }
    match (fitting, closest) {
        (Some(grant), _) => Ok(grant),
        (None, Some((pattern, mismatch))) => {
            Err(Refusal::Arguments { pattern: pattern.to_string(), mismatch })
        }
        (None, None) => Err(Refusal::Program),
    }
}

fn position(mismatch: &Mismatch) -> usize {
    match mismatch {
        Mismatch::Argument { position, .. } => *position,
        Mismatch::TooFew { .. } => usize::MAX,
        Mismatch::Program { .. } | Mismatch::TooMuch => 0,
    }
}

impl Refusal {
    fn into_error(
        self,
        context: &Context,
        action: &str,
        program: &str,
        arguments: &[String],
        purpose: Use,
    ) -> ProviderError {
        match self {
            Self::Arguments { pattern, mismatch } => ProviderError::Denied {
                action: action.to_owned(),
                reason: format!("the closest form granted is `{pattern}`, but {mismatch}"),
            },
            Self::Program => {
                let denied = |reason: String| ProviderError::Denied { action: action.to_owned(), reason };
                if let Err(problem) = check_path(program) {
                    return denied(format!("the program: {problem}"));
                }
                if purpose == Use::Run && names_candidate(arguments) {
                    return denied("`{candidate}` stands for a file only where one is validated".to_owned());
                }
                let words: Vec<&str> =
                    std::iter::once(program).chain(arguments.iter().map(String::as_str)).collect();
                // JSON, as grants are written; a list of strings cannot fail to be.
                let words = serde_json::to_string(&words).unwrap_or_default();
                let effect = if purpose == Use::Validation { "query" } else { "query or change" };
                let addition =
                    format!("`\"exec\": [{{\"command\": {}, \"effect\": \"{effect}\"}}]`", shorten(&words));
                context.not_granted(action, &addition, |asked| {
                    asked.exec.iter().any(|asked| asked.command.first().is_some_and(|asked| asked == program))
                })
            }
        }
    }
}

/// Words as they are shown, cut before they are made showable, which makes them longer.
fn action(function: &str, program: &str, arguments: &[String]) -> String {
    let words = std::iter::once(program).chain(arguments.iter().map(String::as_str));
    let shown: Vec<String> = words
        .take(SHOWN)
        .map(|word| word[..word.floor_char_boundary(SHOWN)].escape_debug().to_string())
        .collect();
    format!("{function} {}", shorten(&shown.join(" ")))
}

fn shorten(text: &str) -> String {
    let end = text.floor_char_boundary(SHOWN);
    if end < text.len() { format!("{}...", &text[..end]) } else { text.to_owned() }
}

/// Returns whether arguments name the file to be judged, which only a validation may.
pub(super) fn names_candidate(arguments: &[String]) -> bool {
    arguments.iter().any(|argument| argument == CANDIDATE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Mode;
    use crate::capabilities::testing::{TestMachine, context, grants};

    const GRANTS: &str = r#"{
        "files": {"read": ["/etc"]},
        "exec": [
            {"command": ["/usr/bin/apt-get", "install", "-y", "{package}..."], "effect": "change", "timeout-ms": 5000, "environment": {"DEBIAN_FRONTEND": "noninteractive"}},
            {"command": ["/usr/bin/apt-get", "-s", "install", "{package}..."], "effect": "query"},
            {"command": ["/usr/bin/dpkg-query", "-S", "{path}"], "effect": "query", "output-bytes": 100},
            {"command": ["/usr/sbin/chpasswd"], "effect": "change"},
            {"command": ["/bin/both"], "effect": "change"},
            {"command": ["/bin/both"], "effect": "query"},
            {"command": ["/usr/sbin/visudo", "-c", "-f", "{candidate}"], "effect": "query"}
        ]
    }"#;

    fn command(words: &[&str]) -> Command {
        let arguments = words[1..].iter().map(|&word| word.to_owned()).collect();
        Command { program: words[0].to_owned(), arguments, stdin: None, timeout: None }
    }

    fn output(stdout: &str) -> Reply {
        Reply::Ran(Output {
            status: 0,
            stdout: Bytes::copy_from_slice(stdout.as_bytes()),
            stderr: Bytes::new(),
            truncated: false,
        })
    }

    fn only(machine: &TestMachine) -> Invocation {
        match machine.asked().as_slice() {
            [Request::Run(invocation)] => invocation.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_granted_change_runs_as_its_grant_says() {
        let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
        machine.answers(output("done"));
        let command = Command {
            timeout: Some(Duration::from_mins(1)),
            stdin: Some(b"y".to_vec()),
            ..command(&["/usr/bin/apt-get", "install", "-y", "curl"])
        };
        assert_eq!(run(&mut context, command).await.unwrap().stdout, "done");
        let invocation = only(&machine);
        assert_eq!(invocation.effect, Effect::Change);
        assert_eq!(invocation.timeout, Duration::from_secs(5), "the grant's limit stands above the plugin's");
        assert_eq!(invocation.environment, [("DEBIAN_FRONTEND".to_owned(), "noninteractive".to_owned())]);
        assert_eq!(invocation.name.as_deref(), Some("task-7-1"));
        assert_eq!(&invocation.stdin[..], b"y");
    }

    #[tokio::test]
    async fn changes_are_numbered_and_queries_are_not() {
        let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
        for words in [
            &["/usr/bin/apt-get", "install", "-y", "curl"][..],
            &["/usr/bin/dpkg-query", "-S", "/etc/motd"],
            &["/usr/bin/apt-get", "install", "-y", "vim"],
        ] {
            machine.answers(output(""));
            run(&mut context, command(words)).await.unwrap();
        }
        let names: Vec<_> = machine
            .asked()
            .into_iter()
            .map(|request| match request {
                Request::Run(invocation) => invocation.name,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(names, [Some("task-7-1".to_owned()), None, Some("task-7-2".to_owned())]);
    }

    #[tokio::test]
    async fn a_dry_run_runs_queries_only() {
        let (mut context, machine) = context(grants(GRANTS), Mode::Plan);
        machine.answers(output(""));
        run(&mut context, command(&["/usr/bin/apt-get", "-s", "install", "curl"])).await.unwrap();
        let error =
            run(&mut context, command(&["/usr/bin/apt-get", "install", "-y", "curl"])).await.unwrap_err();
        insta::assert_snapshot!(error, @"exec.run /usr/bin/apt-get install -y curl is denied: this is a dry run, and it would change the machine");
        assert_eq!(machine.asked().len(), 1);
    }

    #[tokio::test]
    async fn what_is_granted_both_ways_runs_as_a_query() {
        let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
        machine.answers(output(""));
        run(&mut context, command(&["/bin/both"])).await.unwrap();
        assert_eq!(only(&machine).effect, Effect::Query);
    }

    #[tokio::test]
    async fn what_no_pattern_fits_is_refused_with_the_grant_to_add() {
        let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
        let mut messages = Vec::new();
        for words in [
            &["/bin/sh", "-c", "id"][..],
            &["/usr/bin/apt-get", "install", "-y", "curl-"],
            &["/usr/bin/apt-get", "install", "-y", "curl", "-o=x"],
            &["/usr/bin/apt-get", "install", "-y"],
            &["/usr/bin/dpkg-query", "-S", "/root/x"],
            &["/usr/sbin/visudo", "-c", "-f", "{candidate}"],
        ] {
            messages.push(run(&mut context, command(words)).await.unwrap_err().to_string());
        }
        insta::assert_snapshot!(messages.join("\n"));
        assert_eq!(machine.asked(), []);
    }

    #[tokio::test]
    async fn secrets_go_to_standard_input_and_never_to_arguments_or_back() {
        let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
        machine.answers(output("read hunter22, base64 aHVudGVyMjI="));
        let secret = r#"{"$hostwright":{"secret":"h1"}}"#;
        let with_secret =
            Command { stdin: Some(secret.as_bytes().to_vec()), ..command(&["/usr/sbin/chpasswd"]) };
        let output = run(&mut context, with_secret).await.unwrap();
        assert_eq!(&only(&machine).stdin[..], b"hunter22");
        assert_eq!(output.stdout, "read [secret], base64 [secret]=");

        let (mut context, machine) = super::super::testing::context(
            grants(r#"{"exec": [{"command": ["/bin/echo", "{text}"], "effect": "change"}]}"#),
            Mode::Apply,
        );
        let error = run(&mut context, command(&["/bin/echo", secret])).await.unwrap_err();
        assert!(error.to_string().contains("secrets never stand in arguments"), "{error}");
        assert_eq!(machine.asked(), []);
    }
}
