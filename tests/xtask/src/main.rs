//! `cargo xtask`: see `--help`.

use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use lexopt::prelude::*;
use xtask::workspace::Workspace;
use xtask::{build, shell, test, up};

const HELP: &str = "\
cargo xtask [--site DIR] COMMAND

  up [OPTIONS]             build everything, start the orchestrator, boot a host and apply the example to it
       --detach              return when all is ready and leave it running
       --yes                 do not ask before installing anything
       --confined            keep a directory instead of booting a host (without root it always does)
       --no-build            take programs and plugins as `build` left them
  down [--purge]           end what `up --detach` left running; --purge also removes all that was kept
  shell [HOST] [-- CMD]    enter the host
  wright ARGUMENTS...      the command line, with the profile of what is up
  setup                    install what building and testing needs
  build                    binaries and signed plugins
  test [--long] [FILTER]   all tests; --long adds soaks, storms of crashes and the like
  check                    format, lints and all tests

--site DIR keeps and finds what `up` keeps there instead of in .hostwright
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
    let mut workspace = Workspace::locate();
    let mut arguments = lexopt::Parser::from_env();
    let command = loop {
        match arguments.next()? {
            Some(Long("site")) => {
                let site = std::path::absolute(arguments.value()?).context("find the site")?;
                workspace = workspace.with_site(site);
            }
            Some(Value(command)) => break command,
            Some(Long("help") | Short('h')) | None => return Ok(help()),
            Some(other) => return Err(other.unexpected().into()),
        }
    };
    match command.string()?.as_str() {
        "up" => {
            let mut options = up::Options::default();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("yes") => options.assume_yes = true,
                    Long("detach") => options.detach = true,
                    Long("no-build") => options.is_built = true,
                    Long("confined") => options.confined = true,
                    Long("help") | Short('h') => return Ok(help()),
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
                    Long("help") | Short('h') => return Ok(help()),
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
        "setup" => test::set_up()?,
        "build" => {
            build::binaries(&workspace)?;
            build::plugins(&workspace)?;
        }
        "test" => {
            let mut options = test::Options::default();
            while let Some(argument) = arguments.next()? {
                match argument {
                    Long("long") => options.long = true,
                    Long("help") | Short('h') => return Ok(help()),
                    Value(filter) => options.filters.push(filter.string()?),
                    other => return Err(other.unexpected().into()),
                }
            }
            return Ok(if test::run(&workspace, &options)? { ExitCode::SUCCESS } else { ExitCode::FAILURE });
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
