//! A supervisor, as the agent's own executable is one, for tests; and an agent that only runs one program, to be killed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use hostwright_manifest::grants::Effect;
use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor, supervise_main};
use hostwright_runtime::machine::{Invocation, Machine, Request};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(job) if job == "supervise" => supervise_main(arguments),
        Some(job) if job == "agent" => agent(arguments),
        _ => ExitCode::FAILURE,
    }
}

/// `agent RUNS NAME PROGRAM [ARGUMENT]...`: begins a change and waits for it.
fn agent(mut arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let mut next = || arguments.next().and_then(|argument| argument.into_string().ok());
    let (Some(runs), Some(name), Some(program)) = (next(), next(), next()) else {
        return ExitCode::FAILURE;
    };
    let arguments = std::iter::from_fn(next).collect();
    let Ok(myself) = std::env::current_exe() else { return ExitCode::FAILURE };
    let machine = LocalMachine::new(LocalOptions {
        root: PathBuf::from("/"),
        protected: Vec::new(),
        digest_key: [0; 32],
        supervisor: Supervisor { program: myself, arguments_prefix: vec!["supervise".into()] },
        runs_directory: runs.into(),
    });
    let invocation = Invocation {
        program,
        arguments,
        environment: Vec::new(),
        stdin: Bytes::new(),
        effect: Effect::Change,
        timeout: Duration::from_mins(1),
        output_bytes: 1024,
        name: Some(name),
    };
    let (Ok(machine), Ok(runtime)) = (machine, tokio::runtime::Runtime::new()) else {
        return ExitCode::FAILURE;
    };
    match runtime.block_on(machine.call(Request::Run(invocation))) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
