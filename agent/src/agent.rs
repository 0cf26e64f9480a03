//! The agent as a whole: opens what it keeps, waits for an identity, builds its parts, runs them.

use std::path::PathBuf;
use std::sync::Arc;

use hostwright_bus::{AgentBus, InvalidAddress, reconnecting};
use hostwright_protocol::token::{InvalidToken, Token};
use hostwright_runtime::machine::MachineError;
use hostwright_runtime::machine::local::Supervisor;
use hostwright_runtime::{Compiler, EngineError};
use tracing::{error, info};

use crate::assembly::{Kept, assemble};
use crate::config::Config;
use crate::enrolment;
use crate::keys;
use crate::ledger::{self, Identity, Ledger};
use crate::lifecycle::{Shutdown, notify_systemd};
use crate::reconciler::error_chain;
use crate::state_directory::{self, StateDirectory};
use crate::status::{Activity, Board, Request, StatusSocket, answer};

/// What an agent is built from.
pub struct Options {
    /// Everything that can be configured.
    pub config: Config,
    /// Where systemd wants to be told of the agent, if it does.
    pub notify_socket: Option<String>,
    /// The executable that watches over programs; this one, unless it is a test's.
    pub supervisor: Supervisor,
    /// What compiles plugins; the configured program, unless it is a test's.
    pub compiler: Compiler,
    /// The way to the orchestrator; none to take the configured or enrolled address.
    pub bus: Option<Arc<dyn AgentBus>>,
    /// How the session is kept.
    pub reconnecting: reconnecting::Options,
}

impl Options {
    /// Returns what an agent is by its configuration alone.
    pub fn new(config: Config) -> Self {
        let executable =
            std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/usr/bin/hostwright-agent"));
        Self {
            supervisor: Supervisor { program: executable, arguments_prefix: vec!["supervise".into()] },
            compiler: Compiler::Program(config.compiler()),
            config,
            notify_socket: None,
            bus: None,
            reconnecting: reconnecting::Options::default(),
        }
    }
}

/// Why an agent does not run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its directory cannot be used.
    #[error(transparent)]
    State(#[from] state_directory::Error),
    /// Something in its directory cannot be made.
    #[error("failed to make {}", path.display())]
    Make {
        /// What.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// Its ledger fails.
    #[error(transparent)]
    Ledger(#[from] ledger::Error),
    /// Its keys are not there.
    #[error(transparent)]
    Keys(#[from] keys::Error),
    /// The state was copied from another machine, or the machine from another.
    #[error(
        "the agent was enrolled on the machine with id {enrolled}, this one has {found}; its keys are not used here. \
         If this is a copy, enrol it as itself: `hostwright-agent enrol --force TOKEN`"
    )]
    OtherMachine {
        /// Where it was enrolled.
        enrolled: String,
        /// Where it was started.
        found: String,
    },
    /// The address of the bus is none.
    #[error(transparent)]
    Address(#[from] InvalidAddress),
    /// The file with the token cannot be read.
    #[error("failed to read the token in {}", path.display())]
    TokenFile {
        /// Which.
        path: PathBuf,
        /// The system's word.
        #[source]
        source: std::io::Error,
    },
    /// The file holds no token.
    #[error("the file {} holds no token", path.display())]
    Token {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: InvalidToken,
    },
    /// The orchestrator refused it.
    #[error(transparent)]
    Enrolment(#[from] enrolment::Error),
    /// The machine cannot be opened.
    #[error(transparent)]
    Machine(#[from] MachineError),
    /// Plugins cannot be run here.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A part of it broke down.
    #[error("the part `{0}` of the agent ended unexpectedly")]
    PartEnded(String),
}

/// One agent.
pub struct Agent {
    options: Options,
    board: Board,
}

/// What of an agent outlives its identity.
struct Base {
    state: StateDirectory,
    ledger: Ledger,
    socket: StatusSocket,
    _lock: state_directory::Lock,
}

impl Agent {
    /// Builds an agent; it does nothing until it runs.
    pub fn new(options: Options) -> Self {
        Self { options, board: Board::default() }
    }

    /// Returns where the agent shows what it is doing.
    pub fn board(&self) -> Board {
        self.board.clone()
    }

    /// Runs until it is asked to end.
    pub async fn run(self, shutdown: Shutdown) -> Result<(), Error> {
        let state = StateDirectory::open(&self.options.config.state_directory)?;
        let lock = state.lock()?;
        let ledger = Ledger::open(&state.ledger()).await?;
        let path = state.socket();
        let socket = StatusSocket::bind(&path).map_err(|source| Error::Make { path, source })?;
        let base = Base { state, ledger, socket, _lock: lock };
        notify_systemd(self.options.notify_socket.as_deref(), "READY=1");
        let identity = tokio::select! {
            identity = self.wait_for_identity(&base) => identity?,
            () = shutdown.asked() => return Ok(()),
        };
        self.board.enrolled(&identity);
        let found = enrolment::describe_machine(&self.options.config.root).machine_id;
        if found != identity.machine_id {
            return Err(Error::OtherMachine { enrolled: identity.machine_id, found });
        }
        let ended = self.run_parts(base, identity, &shutdown).await;
        notify_systemd(self.options.notify_socket.as_deref(), "STOPPING=1");
        ended
    }

    async fn wait_for_identity(&self, base: &Base) -> Result<Identity, Error> {
        if let Some(identity) = base.ledger.begin().await?.identity().await? {
            return Ok(identity);
        }
        self.board.activity(Activity::NotEnrolled);
        if let Some(path) = self.options.config.token_file() {
            return self.enrol_with(base, path).await;
        }
        info!("this machine is not enrolled; waiting for `hostwright-agent enrol TOKEN`");
        loop {
            match base.socket.next().await {
                Request::Status(stream) => answer(stream, &self.board.status()).await,
                Request::Enrolled => {
                    if let Some(identity) = base.ledger.begin().await?.identity().await? {
                        return Ok(identity);
                    }
                }
            }
        }
    }

    /// Enrols with the token in a file, trying again while nobody says no.
    async fn enrol_with(&self, base: &Base, path: &std::path::Path) -> Result<Identity, Error> {
        let text = std::fs::read_to_string(path)
            .map_err(|source| Error::TokenFile { path: path.to_owned(), source })?;
        let token: Token = text.parse().map_err(|source| Error::Token { path: path.to_owned(), source })?;
        let bus = match &self.options.bus {
            Some(bus) => bus.clone(),
            None => hostwright_bus::connect(self.options.config.bus().unwrap_or(&token.bus))?,
        };
        for failures in 1.. {
            let root = &self.options.config.root;
            let enrolled = enrolment::enrol(&base.state, &base.ledger, root, &*bus, &token, false).await;
            match enrolled {
                Ok(identity) => return Ok(identity),
                Err(error) if error.may_pass() => {
                    let pause = self.options.reconnecting.backoff.pause(failures, &mut rand::thread_rng());
                    info!("not enrolled yet: {}; trying again in {pause:.1?}", error_chain(&error));
                    let answering = async {
                        loop {
                            if let Request::Status(stream) = base.socket.next().await {
                                answer(stream, &self.board.status()).await;
                            }
                        }
                    };
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = answering => {}
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::PartEnded("enrolment".to_owned()))
    }

    async fn run_parts(&self, base: Base, identity: Identity, shutdown: &Shutdown) -> Result<(), Error> {
        let Base { state, ledger, socket, _lock } = base;
        let mut parts = assemble(
            Kept { state: &state, ledger: &ledger, socket, identity },
            &self.options,
            &self.board,
            shutdown,
        )
        .await?;
        // Once the end was asked for, a part that has already followed is no surprise.
        let ended = tokio::select! {
            biased;
            () = shutdown.asked() => Ok(()),
            Some(ended) = parts.join_next() => {
                let part = ended.map_or_else(|broken| broken.to_string(), str::to_owned);
                error!("the part `{part}` of the agent ended unexpectedly; the agent ends");
                Err(Error::PartEnded(part))
            }
        };
        shutdown.ask();
        self.board.activity(Activity::Ending);
        tokio::select! {
            () = async { while parts.join_next().await.is_some() {} } => {}
            () = shutdown.patience_is_over() => {}
        }
        parts.shutdown().await;
        ledger.close().await;
        ended
    }
}
