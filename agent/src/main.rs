//! The agent's daemon, and the commands of whoever looks after it.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use hostwright_agent::cli::{Cli, Command};
use hostwright_agent::{
    Agent, Config, Options, Shutdown, config, enrolment, lifecycle, memory, status, telemetry,
};
use hostwright_agent::{Ledger, StateDirectory};
use hostwright_protocol::token::Token;

/// The agent was asked for its status and none is running.
const NOT_RUNNING: u8 = 3;

fn main() -> ExitCode {
    // Namespaces, capabilities and user ids belong to threads, so this comes before there is a second one.
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == "supervise") {
        return hostwright_runtime::machine::local::supervise_main(arguments);
    }
    memory::spare();
    let cli = Cli::parse();
    match run(&cli) {
        Ok(code) => code,
        Err(error) => {
            complain(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> anyhow::Result<ExitCode> {
    let config = Config::load(cli.config.as_deref(), &cli.overrides())?;
    // One thread: the agent's work is waiting, and each thread costs memory.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(8)
        .build()
        .context("start the event loop")?;
    match &cli.command {
        None | Some(Command::Run { .. }) => runtime.block_on(run_agent(config)),
        Some(Command::Enrol { token, force }) => runtime.block_on(enrol(&config, token, *force)),
        Some(Command::Status { json }) => runtime.block_on(show_status(&config, *json)),
        Some(Command::CheckConfig) => {
            say("the configuration is good\n");
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn run_agent(config: Config) -> anyhow::Result<ExitCode> {
    telemetry::init(&config.log);
    let shutdown = Shutdown::default();
    let mut options = Options::new(config);
    options.notify_socket = config::notify_socket();
    let agent = Agent::new(options);
    tokio::select! {
        ended = agent.run(shutdown.clone()) => ended?,
        // Asked twice: whatever still runs is dropped.
        () = lifecycle::end_on_signal(shutdown) => {}
    }
    Ok(ExitCode::SUCCESS)
}

async fn enrol(config: &Config, token: &str, force: bool) -> anyhow::Result<ExitCode> {
    telemetry::init(&config.log);
    let token: Token = if token == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("read the token from standard input")?;
        text.parse()?
    } else {
        token.parse()?
    };
    let state = StateDirectory::open(&config.state_directory)?;
    // A running agent would go on under the identity that is being replaced.
    let _lock = if force { Some(state.lock().context("stop the agent first")?) } else { None };
    let ledger = Ledger::open(&state.ledger()).await?;
    let bus = hostwright_bus::connect(config.bus().unwrap_or(&token.bus))?;
    let identity = enrolment::enrol(&state, &ledger, &config.root, &*bus, &token, force).await?;
    ledger.close().await;
    say(&format!("this machine is agent {} of organization {}\n", identity.agent, identity.organization));
    match status::tell_enrolled(&state.socket()).await {
        Ok(()) => say("the running agent takes up its work\n"),
        Err(_) => say("start the agent with `systemctl enable --now hostwright-agent`\n"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn show_status(config: &Config, json: bool) -> anyhow::Result<ExitCode> {
    let asked = status::ask(&config.state_directory.join("status.sock")).await;
    match asked {
        Ok(status) if json => say(&format!("{}\n", serde_json::to_string_pretty(&status)?)),
        Ok(status) => say(&status::render_now(&status)),
        Err(error @ status::AskError::NotRunning) => {
            complain(&format!("{error} ({})", config.state_directory.display()));
            return Ok(ExitCode::from(NOT_RUNNING));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(ExitCode::SUCCESS)
}

fn say(text: &str) {
    // Whoever closed the pipe does not want to know.
    let _ = std::io::stdout().write_all(text.as_bytes());
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr(), "hostwright-agent: {text}");
}
