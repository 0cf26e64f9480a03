//! An orchestrator as a process of its own.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use crate::programs::Program;

const START_DEADLINE: Duration = Duration::from_mins(1);
const STOP_DEADLINE: Duration = Duration::from_secs(20);

/// What an orchestrator is started with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Its program.
    pub program: PathBuf,
    /// Where its state, configuration and log are kept; a second start in the same place goes on where the first ended.
    pub directory: PathBuf,
    /// Where it listens.
    pub listen: SocketAddr,
    /// What agents are told.
    pub public_url: String,
    /// The program that compiles components.
    pub compiler: PathBuf,
    /// Signed plugins that it ships with.
    pub plugins: PathBuf,
    /// Keys of publishers that are trusted, as `publisher:key`: the one that they are signed with, and others.
    pub publisher_keys: Vec<String>,
    /// Settings of its configuration file besides these, as lines of TOML.
    pub more: String,
}

/// A running orchestrator; killed when dropped.
#[derive(Debug)]
pub struct Orchestrator {
    options: Options,
    process: Child,
}

impl Orchestrator {
    /// Starts it and waits until it is ready.
    pub fn start(options: Options) -> Result<Self> {
        fs::create_dir_all(&options.directory)
            .with_context(|| format!("create {}", options.directory.display()))?;
        let configuration = options.directory.join("orchestrator.toml");
        fs::write(&configuration, options.configuration())
            .context("write the orchestrator's configuration")?;
        // The first start prints the password, which belongs into no log.
        let printed = options.directory.join("first-start");
        let file = fs::File::options()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&printed)
            .context("open the printed output")?;
        fs::set_permissions(&printed, fs::Permissions::from_mode(0o600))
            .context("keep the printed output private")?;
        let log_before = log_size(&options.directory);
        let process = Program::new(&options.program)
            .arg("serve")
            .arg("--config")
            .arg(&configuration)
            .start_printing_to(file, &options.directory.join("log"))?;
        let mut orchestrator = Self { options, process };
        orchestrator.wait_until_ready(log_before)?;
        Ok(orchestrator)
    }

    /// Its base URL, ending in `/api`.
    pub fn api(&self) -> String {
        format!("http://{}/api", self.options.listen)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.options.listen
    }

    /// The password of the administrator, printed at its first start.
    pub fn password(&self) -> Result<String> {
        let printed = fs::read_to_string(self.options.directory.join("first-start"))
            .context("read what the first start printed")?;
        let password = printed.lines().find_map(|line| line.trim().strip_prefix("password:"));
        Ok(password.context("the first start printed no password")?.trim().to_owned())
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to end and waits for that.
    pub fn terminate(mut self) -> Result<Options> {
        self.signal(Signal::TERM)?;
        let begun = Instant::now();
        while begun.elapsed() < STOP_DEADLINE {
            if self.process.try_wait().context("look after the orchestrator")?.is_some() {
                return Ok(self.options.clone());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the orchestrator did not end within {STOP_DEADLINE:?}")
    }

    /// Kills it as a crash would.
    pub fn kill(self) -> Options {
        self.options.clone()
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.process.id()).context("a process id")?)
            .context("a process id")?;
        kill_process(pid, signal).context("signal the orchestrator")
    }

    /// Waits until it listens itself, by its log, and answers: another one may answer at the same address.
    fn wait_until_ready(&mut self, log_before: usize) -> Result<()> {
        let listens = format!("listening on {}", self.options.listen);
        let begun = Instant::now();
        while begun.elapsed() < START_DEADLINE {
            if let Some(status) = self.process.try_wait().context("look after the orchestrator")? {
                bail!("the orchestrator ended with {status}:\n{}", log_tail(&self.options.directory));
            }
            let log = fs::read(self.options.directory.join("log")).unwrap_or_default();
            let said = String::from_utf8_lossy(log.get(log_before..).unwrap_or_default()).contains(&listens);
            if said && get_status(self.options.listen, "/readyz").is_ok_and(|status| status == 200) {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(50));
        }
        bail!(
            "the orchestrator is not ready after {START_DEADLINE:?}:\n{}",
            log_tail(&self.options.directory)
        )
    }
}

impl Drop for Orchestrator {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Options {
    fn configuration(&self) -> String {
        let state = self.directory.join("state");
        format!(
            "listen = {:?}\npublic_url = {:?}\nstate_directory = {:?}\ndatabase = {:?}\ncompiler = {:?}\n{}\n\n\
             [plugins]\ndirectory = {:?}\npublisher_keys = {:?}\n",
            self.listen.to_string(),
            self.public_url,
            state.display().to_string(),
            format!("sqlite://{}", state.join("state.db").display()),
            self.compiler.display().to_string(),
            self.more,
            self.plugins.display().to_string(),
            self.publisher_keys,
        )
    }
}

fn log_size(directory: &Path) -> usize {
    fs::read(directory.join("log")).map_or(0, |log| log.len())
}

fn log_tail(directory: &Path) -> String {
    let log = fs::read_to_string(directory.join("log")).unwrap_or_default();
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}

/// Asks for a page and returns the status of the answer.
fn get_status(address: SocketAddr, path: &str) -> Result<u16> {
    let mut connection = TcpStream::connect_timeout(&address, Duration::from_secs(1)).context("connect")?;
    connection.set_read_timeout(Some(Duration::from_secs(5))).context("bound the wait")?;
    write!(connection, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")
        .context("ask")?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer).context("read the answer")?;
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).context("an answer without a status")
}
