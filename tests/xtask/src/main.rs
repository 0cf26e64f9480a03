//! `cargo xtask`: see `--help`.

use std::process::ExitCode;

use anyhow::{Result, bail};
use lexopt::prelude::*;
use xtask::workspace::Workspace;
use xtask::{build, shell, test, up};

const HELP: &str = "\
cargo xtask COMMAND

  up [--yes] [--detach]    build everything, start the orchestrator, boot a host and apply the example to it
  down [--purge]           end what `up --detach` left running; --purge also removes all that was kept
  shell [HOST] [-- CMD]    enter the host
  wright ARGUMENTS...      the command line, with the profile of what is up
  build                    binaries and signed plugins
  test [FILTER]            all tests
  check                    format, lints and all tests
";

fn main() -> ExitCode {
    match run() {
        Ok(code) => code,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<ExitCode> {
    let workspace = Workspace::locate();
    let mut arguments = lexopt::Parser::from_env();
    let Some(Value(command)) = arguments.next()? else { return Ok(help()) };
    match command.string()?.as_str() {
        "up" => {
            let mut options = up::Options::default();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("yes") => options.assume_yes = true,
                    Long("detach") => options.detach = true,
                    other => return Err(other.unexpected().into()),
                }
            }
            up::run(&workspace, &options)?;
        }
        "down" => {
            let mut purge = false;
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("purge") => purge = true,
                    other => return Err(other.unexpected().into()),
                }
            }
            up::down(&workspace, purge)?;
        }
        "shell" => {
            let words: Vec<String> = rest(&mut arguments)?;
            let (host, command) = match words.iter().position(|word| word == "--") {
                Some(at) => (words[..at].first(), &words[at + 1..]),
                None => (words.first(), &[][..]),
            };
            return Ok(exit_code(shell::run(&workspace, host.map(String::as_str), command)?));
        }
        "wright" => return Ok(exit_code(up::wright(&workspace, &rest(&mut arguments)?)?)),
        "build" => {
            build::binaries(&workspace)?;
            build::plugins(&workspace)?;
        }
        "test" => {
            let filters = rest(&mut arguments)?;
            return Ok(if test::run(&workspace, &filters)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        "check" => return Ok(if test::check(&workspace)? { ExitCode::SUCCESS } else { ExitCode::FAILURE }),
        "help" => return Ok(help()),
        other => bail!("there is no command `{other}`\n\n{HELP}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything that follows, as it stands.
fn rest(arguments: &mut lexopt::Parser) -> Result<Vec<String>> {
    let words = arguments.raw_args()?.map(std::ffi::OsString::into_string);
    words.collect::<Result<_, _>>().map_err(|word| anyhow::anyhow!("`{}` is not text", word.display()))
}

fn exit_code(status: i32) -> ExitCode {
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}

#[expect(clippy::print_stdout, reason = "this is what was asked for")]
fn help() -> ExitCode {
    print!("{HELP}");
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "the only place where errors of this program are shown")]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
