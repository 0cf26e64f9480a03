//! `hostwright-orchestrator`: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};
use hostwright_orchestrator::config::Config;
use hostwright_orchestrator::{lifecycle, serve, telemetry};

/// Holds the desired state of hosts and sees it carried out.
#[derive(Debug, Parser)]
#[command(name = "hostwright-orchestrator", version)]
struct Arguments {
    /// The configuration [default: /etc/hostwright/orchestrator.toml if it is there]
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until asked to end; done when nothing else is asked for
    Serve,
    /// Tell everything that is wrong with the configuration
    CheckConfig,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&error);
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<()> {
    let config = Config::load(arguments.config.as_deref())?;
    match arguments.command {
        Some(Command::CheckConfig) => {
            print("the configuration is right\n");
            Ok(())
        }
        Some(Command::Serve) | None => {
            telemetry::init(&config.log)?;
            let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
            runtime.block_on(async {
                let ending = lifecycle::end_on_signals()?;
                Box::pin(serve::serve(config, ending, print)).await
            })
        }
    }
}

#[expect(clippy::print_stdout, reason = "a person has to see it, and no log may")]
fn print(text: &str) {
    print!("{text}");
}

#[expect(clippy::print_stderr, reason = "the only place where errors of this program are shown")]
fn complain(error: &anyhow::Error) {
    eprintln!("error: {error:#}");
}
