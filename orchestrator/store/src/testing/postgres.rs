//! A PostgreSQL of a test's own.

use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

/// Where the distribution puts the server's programs.
const PROGRAMS: &str = "/usr/lib/postgresql/15/bin";
const READY: Duration = Duration::from_mins(1);
const POLL: Duration = Duration::from_millis(25);

/// A running server with its data in a temporary directory; both go when it is dropped, and the server also with the
/// thread that started it.
#[derive(Debug)]
pub struct Postgres {
    server: Child,
    port: u16,
    databases: AtomicU32,
    _directory: TempDir,
}

impl Postgres {
    /// Starts a server. Nothing, and a loud line, where PostgreSQL is not installed.
    pub async fn start() -> io::Result<Option<Self>> {
        let programs = Path::new(PROGRAMS);
        if !programs.join("postgres").exists() {
            eprint_skipped();
            return Ok(None);
        }
        let directory = tempfile::Builder::new().prefix("hostwright-postgres-").tempdir()?;
        let runner = Runner::for_this_user(directory.path())?;
        let data = directory.path().join("data");
        let initialised = runner
            .command(&programs.join("initdb"))
            .arg("-D")
            .arg(&data)
            .args(["-A", "trust", "-U", "postgres", "--no-sync", "-E", "UTF8", "--locale", "C.UTF-8"])
            .stdout(Stdio::null())
            .status()?;
        if !initialised.success() {
            return Err(io::Error::other(format!("initdb failed: {initialised}")));
        }
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let server = runner
            .command(&programs.join("postgres"))
            .arg("-D")
            .arg(&data)
            .args(["-p", &port.to_string()])
            .args(["-c", "listen_addresses=127.0.0.1"])
            .args(["-c", &format!("unix_socket_directories={}", directory.path().display())])
            .args(["-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=100"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut postgres = Self { server, port, databases: AtomicU32::new(0), _directory: directory };
        postgres.wait_until_ready().await?;
        Ok(Some(postgres))
    }

    /// Makes an empty database and returns its address.
    pub async fn database(&self) -> io::Result<String> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{number}");
        let mut connection = PgConnection::connect(&self.url("postgres")).await.map_err(io::Error::other)?;
        sqlx::query(&format!("CREATE DATABASE {name}"))
            .execute(&mut connection)
            .await
            .map_err(io::Error::other)?;
        connection.close().await.map_err(io::Error::other)?;
        Ok(self.url(&name))
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    async fn wait_until_ready(&mut self) -> io::Result<()> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.server.try_wait()? {
                return Err(io::Error::other(format!("postgres ended: {status}")));
            }
            match PgConnection::connect(&self.url("postgres")).await {
                Ok(connection) => return connection.close().await.map_err(io::Error::other),
                Err(error) if started.elapsed() > READY => return Err(io::Error::other(error)),
                Err(_) => tokio::time::sleep(POLL).await,
            }
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Only this one, by its id; there is nothing to do about a failure.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// PostgreSQL refuses to run as root.
enum Runner {
    Directly,
    As(String),
}

impl Runner {
    /// Gives the directory to whoever will run the server.
    fn for_this_user(directory: &Path) -> io::Result<Self> {
        let is_root = std::fs::metadata("/proc/self")?.uid() == 0;
        if !is_root {
            return Ok(Self::Directly);
        }
        let (user, group) = account("postgres")?;
        std::fs::set_permissions(directory, PermissionsExt::from_mode(0o711))?;
        chown(directory, Some(user), Some(group))?;
        Ok(Self::As("postgres".to_owned()))
    }

    #[expect(clippy::disallowed_methods, reason = "this file owns the programs that tests start")]
    fn command(&self, program: &PathBuf) -> Command {
        let mut command = Command::new("setpriv");
        // A test that is killed takes its server along.
        command.args(["--pdeathsig", "KILL"]);
        if let Self::As(user) = self {
            command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
        }
        command.arg("--").arg(program).current_dir("/").stdin(Stdio::null());
        command
    }
}

fn account(name: &str) -> io::Result<(u32, u32)> {
    let accounts = std::fs::read_to_string("/etc/passwd")?;
    let mut fields = accounts.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let found = fields.find(|fields| fields.first() == Some(&name));
    let number = |index: usize| found.as_ref()?.get(index)?.parse().ok();
    number(2).zip(number(3)).ok_or_else(|| io::Error::other(format!("there is no user `{name}`")))
}

#[expect(clippy::print_stderr, reason = "whoever runs the tests must see that something was not tested")]
fn eprint_skipped() {
    eprintln!("SKIPPED: PostgreSQL is not installed in {PROGRAMS}; nothing was tested on it");
}
