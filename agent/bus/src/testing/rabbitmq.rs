//! A RabbitMQ of one's own: private directory, random ports on the loopback interface, gone when dropped.
//!
//! The file that owns starting programs.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::eventually;

/// Not the wrapper in `/usr/sbin`, which changes user and directory.
const SERVER: &str = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const EPMD: &str = "/usr/bin/epmd";
const USER: &str = "hostwright";
const PASSWORD: &str = "hostwright";
/// It takes five seconds on an idle machine.
const PATIENCE: Duration = Duration::from_mins(3);

/// It gathers what it writes for this long.
const WRITTEN: Duration = Duration::from_secs(3);

/// A broker that runs.
pub struct RabbitMq {
    directory: TempDir,
    ports: Ports,
    epmd: Child,
    server: Child,
}

#[derive(Clone, Copy)]
struct Ports {
    amqp: u16,
    distribution: u16,
    epmd: u16,
}

/// Why no broker runs.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The package is missing, so what needs it is to be skipped, loudly.
    #[error("`{}` is not installed", .program.display())]
    NotInstalled {
        /// What is missing.
        program: PathBuf,
    },
    /// The machine does not let it.
    #[error("failed to {what}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// It started and did not get ready.
    #[error("the broker is not ready after {after:?}; the end of its log: {log}")]
    NotReady {
        /// How long it was waited.
        after: Duration,
        /// Its last words.
        log: String,
    },
}

impl RabbitMq {
    /// Starts a broker and waits until it takes connections.
    pub async fn start() -> Result<Self, StartError> {
        for program in [SERVER, EPMD] {
            if !Path::new(program).exists() {
                return Err(StartError::NotInstalled { program: program.into() });
            }
        }
        let directory = prepare().map_err(|source| StartError::Io { what: "prepare a directory", source })?;
        let ports = free_ports().map_err(|source| StartError::Io { what: "find free ports", source })?;
        configure(directory.path(), ports)
            .map_err(|source| StartError::Io { what: "write the configuration", source })?;
        // In the foreground: the broker would start one that outlives it.
        let epmd = program(EPMD)
            .args(["-port", &ports.epmd.to_string(), "-address", "127.0.0.1"])
            .env("HOME", directory.path())
            .spawn()
            .map_err(|source| StartError::Io { what: "start epmd", source })?;
        let server = spawn_server(directory.path(), ports)?;
        let mut broker = Self { directory, ports, epmd, server };
        broker.ready().await?;
        Ok(broker)
    }

    /// Returns where it is, with the credentials of an administrator.
    pub fn address(&self) -> String {
        Self::address_at(self.ports.amqp)
    }

    /// Returns the same through another port, e.g. a proxy's.
    pub fn address_at(port: u16) -> String {
        format!("amqp://{USER}:{PASSWORD}@127.0.0.1:{port}/%2f")
    }

    /// Returns the port it listens on.
    pub const fn port(&self) -> u16 {
        self.ports.amqp
    }

    /// Kills the broker as a power failure would, and starts it again on the same directory and ports.
    pub async fn kill_and_restart(&mut self) -> Result<(), StartError> {
        self.server.kill().await.map_err(|source| StartError::Io { what: "kill the broker", source })?;
        self.server = spawn_server(self.directory.path(), self.ports)?;
        self.ready().await
    }

    /// Waits until a quorum queue is on disk. The broker writes down which ones it has, and which of them it leads, some time
    /// after it says that they are declared; killed before or while it does, it starts again with a queue that never finds a
    /// leader.
    pub async fn remembers(&self, queue: &str) {
        let node = node(self.ports);
        let quorum = self.directory.path().join("mnesia").join(&node).join("quorum").join(&node);
        let files = ["names.dets", "meta.dets"].map(|name| quorum.join(name));
        let holds = |bytes: &Vec<u8>| bytes.windows(queue.len()).any(|window| window == queue.as_bytes());
        let mut settled: Option<(Instant, [Vec<u8>; 2])> = None;
        eventually("the broker has written down its quorum queues", || {
            let read = files.each_ref().map(|file| std::fs::read(file).unwrap_or_default());
            match &settled {
                Some((since, before)) if *before == read => {
                    since.elapsed() >= WRITTEN && read.iter().all(holds)
                }
                _ => {
                    settled = Some((Instant::now(), read));
                    false
                }
            }
        })
        .await;
    }

    async fn ready(&mut self) -> Result<(), StartError> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let exited = matches!(self.server.try_wait(), Ok(Some(_)));
            if exited || Instant::now() > deadline {
                return Err(StartError::NotReady { after: PATIENCE, log: last_words(self.directory.path()) });
            }
            if answers(self.ports.amqp).await {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        // Both were started without anything in between, so these are the processes themselves.
        let _ = self.server.start_kill();
        let _ = self.epmd.start_kill();
    }
}

fn node(ports: Ports) -> String {
    format!("hostwright{}@localhost", ports.amqp)
}

fn prepare() -> std::io::Result<TempDir> {
    let directory = tempfile::Builder::new().prefix("hostwright-rabbitmq-").tempdir()?;
    for name in ["home", "mnesia", "log", "generated"] {
        std::fs::create_dir(directory.path().join(name))?;
    }
    Ok(directory)
}

/// The ports are free again for a moment before the broker takes them; nothing better is possible from outside.
fn free_ports() -> std::io::Result<Ports> {
    let bind = || TcpListener::bind("127.0.0.1:0");
    let (amqp, distribution, epmd) = (bind()?, bind()?, bind()?);
    let port = |listener: TcpListener| listener.local_addr().map(|address| address.port());
    Ok(Ports { amqp: port(amqp)?, distribution: port(distribution)?, epmd: port(epmd)? })
}

fn configure(directory: &Path, ports: Ports) -> std::io::Result<()> {
    std::fs::write(directory.join("enabled_plugins"), "[].\n")?;
    let configuration = format!(
        "listeners.tcp.1 = 127.0.0.1:{}\n\
         log.console = false\n\
         log.file.level = info\n\
         loopback_users.guest = false\n\
         default_user = {USER}\n\
         default_pass = {PASSWORD}\n\
         vm_memory_high_watermark.absolute = 512MB\n\
         disk_free_limit.absolute = 50MB\n",
        ports.amqp
    );
    std::fs::write(directory.join("rabbitmq.conf"), configuration)?;
    let cookie = directory.join("home/.erlang.cookie");
    std::fs::write(&cookie, "HOSTWRIGHTTESTS")?;
    std::fs::set_permissions(&cookie, std::os::unix::fs::PermissionsExt::from_mode(0o400))
}

fn spawn_server(directory: &Path, ports: Ports) -> Result<Child, StartError> {
    program(SERVER)
        .env("PATH", "/usr/lib/rabbitmq/bin:/usr/local/bin:/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .env("LC_ALL", "C.UTF-8")
        .env("HOME", directory.join("home"))
        .env("RABBITMQ_NODENAME", node(ports))
        .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
        .env("RABBITMQ_NODE_PORT", ports.amqp.to_string())
        .env("RABBITMQ_DIST_PORT", ports.distribution.to_string())
        .env("RABBITMQ_MNESIA_BASE", directory.join("mnesia"))
        .env("RABBITMQ_LOG_BASE", directory.join("log"))
        .env("RABBITMQ_GENERATED_CONFIG_DIR", directory.join("generated"))
        .env("RABBITMQ_ENABLED_PLUGINS_FILE", directory.join("enabled_plugins"))
        .env("RABBITMQ_CONFIG_FILE", directory.join("rabbitmq.conf"))
        .env("RABBITMQ_CONF_ENV_FILE", directory.join("none"))
        .env("RABBITMQ_PID_FILE", directory.join("pid"))
        .env("ERL_EPMD_PORT", ports.epmd.to_string())
        .env("ERL_EPMD_ADDRESS", "127.0.0.1")
        .env(
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none +S 2:2",
        )
        // The script replaces itself with the virtual machine, so that our child is the broker.
        .env("RUNNING_UNDER_SYSTEMD", "1")
        .spawn()
        .map_err(|source| StartError::Io { what: "start the broker", source })
}

#[expect(clippy::disallowed_methods, reason = "this file starts the programs of tests")]
fn program(path: &str) -> Command {
    let mut command = Command::new(path);
    command
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Whether a broker answers the first bytes of the protocol with its own.
async fn answers(port: u16) -> bool {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await else { return false };
    let exchange = async {
        stream.write_all(b"AMQP\x00\x00\x09\x01").await?;
        stream.read_u8().await
    };
    // A method frame begins with 1; a broker that is not ready closes the connection.
    matches!(tokio::time::timeout(Duration::from_secs(5), exchange).await, Ok(Ok(1)))
}

fn last_words(directory: &Path) -> String {
    let log = std::fs::read_dir(directory.join("log")).ok().and_then(|mut entries| {
        entries.find_map(|entry| {
            let path = entry.ok()?.path();
            (path.extension()? == "log").then(|| std::fs::read_to_string(path).ok())?
        })
    });
    let log = log.unwrap_or_else(|| "(no log)".into());
    let start = log.char_indices().rev().nth(2_000).map_or(0, |(start, _)| start);
    log[start..].to_owned()
}
