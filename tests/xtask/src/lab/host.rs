//! One booted Debian host.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

use super::base::Base;
use super::janitor::Footprint;
use super::namespace::{Namespace, Sockets};
use crate::programs::Program;

const BOOT_DEADLINE: Duration = Duration::from_mins(1);

/// A host's own files over the shared tree; unmounted when dropped, kept on disk.
#[derive(Debug)]
pub struct Tree {
    name: String,
    directory: PathBuf,
}

impl Tree {
    /// Mounts the tree of the host whose own files are in `directory`, which is made for a new host.
    ///
    /// What an earlier process left behind there, mounted or running, is put away first.
    pub fn mount(base: &Base, directory: &Path, name: &str) -> Result<Self> {
        Footprint::erase(directory)?;
        let tree = Self { name: name.to_owned(), directory: directory.to_owned() };
        let is_new = !directory.join("own").exists();
        for part in ["own", "work", "root"] {
            let part = directory.join(part);
            fs::create_dir_all(&part).with_context(|| format!("create {}", part.display()))?;
            // Services that are not root have to pass through.
            fs::set_permissions(&part, fs::Permissions::from_mode(0o755))
                .context("open the tree to its services")?;
        }
        Program::new("mount")
            .args(["-t", "overlay", "overlay", "-o"])
            .arg(format!(
                "lowerdir={},upperdir={},workdir={}",
                base.tree().display(),
                directory.join("own").display(),
                directory.join("work").display()
            ))
            .arg(tree.root())
            .capture()
            .context("mount the host's tree")?;
        if is_new {
            tree.personalise()?;
        }
        Ok(tree)
    }

    /// The host's `/`.
    pub fn root(&self) -> PathBuf {
        self.directory.join("root")
    }

    /// Where the host's own files are kept.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Writes a file of the host, with its parents.
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) -> Result<()> {
        let path = self.inside(path)?;
        fs::write(&path, content).with_context(|| format!("write {}", path.display()))
    }

    /// Copies a file of this machine into the host, with its mode.
    pub fn install(&self, source: &Path, path: &str) -> Result<()> {
        let path = self.inside(path)?;
        // A running program cannot be written to, but it can be replaced.
        let fresh = path.with_extension("new");
        fs::copy(source, &fresh)
            .with_context(|| format!("copy {} to {}", source.display(), fresh.display()))?;
        fs::rename(&fresh, &path).with_context(|| format!("put {} in place", path.display()))
    }

    fn inside(&self, path: &str) -> Result<PathBuf> {
        let path = self.root().join(path.trim_start_matches('/'));
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("create {}", parent.display()))?;
        }
        Ok(path)
    }

    /// An identity of its own; an empty machine id is filled at the first boot.
    fn personalise(&self) -> Result<()> {
        self.write("/etc/hostname", format!("{}\n", self.name))?;
        self.write("/etc/hosts", format!("127.0.0.1 localhost {}\n::1 localhost\n", self.name))?;
        self.write("/etc/machine-id", "")?;
        let second = self.root().join("var/lib/dbus/machine-id");
        if second.symlink_metadata().is_ok() {
            fs::remove_file(&second).context("remove the shared machine id")?;
        }
        Ok(())
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        // A host that is still busy is put away by the janitor of the next start.
        let _ = Program::new("umount").arg(self.root()).output();
    }
}

/// A host that runs; its power is cut when dropped.
#[derive(Debug)]
pub struct Host {
    // Before the tree: the machine ends before its disk goes.
    machine: Machine,
    namespace: Namespace,
    tree: Tree,
}

impl Host {
    /// Boots a tree and waits until systemd says that it is up. `label` names its namespace and its control group on this
    /// machine, and must be no other host's.
    pub fn boot(tree: Tree, label: &str) -> Result<Self> {
        let footprint = Footprint::plan(&tree.directory, label);
        footprint.record()?;
        let namespace = Namespace::create(label)?;
        let machine = Machine::start(&tree, &namespace, footprint)?;
        let host = Self { machine, namespace, tree };
        host.wait_until_up()?;
        Ok(host)
    }

    /// A program inside the host, in all its namespaces.
    pub fn program(&self, program: &str) -> Program {
        Program::new("nsenter").args([
            "--target",
            &self.machine.leader.as_raw_nonzero().to_string(),
            "--all",
            "--",
            program,
        ])
    }

    /// A program inside the host but with this machine's network, for filling it with packages.
    pub fn program_with_network(&self, program: &str) -> Program {
        let leader = self.machine.leader.as_raw_nonzero().to_string();
        Program::new("nsenter").args(["--target", &leader, "-m", "-p", "-u", "-i", "-C", "--", program])
    }

    /// Makes sockets in the host's network.
    pub fn sockets(&self) -> Sockets {
        self.namespace.sockets()
    }

    /// Its own pid 1, seen from this machine.
    pub fn leader(&self) -> u32 {
        self.machine.leader.as_raw_nonzero().get().unsigned_abs()
    }

    /// The host's files.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Shuts it down as its administrator would.
    pub fn power_off(self) -> Result<Tree> {
        let Self { mut machine, namespace, tree } = self;
        // SIGRTMIN+4 asks systemd to power off.
        Program::new("kill")
            .args(["-s", "RTMIN+4", &machine.leader.as_raw_nonzero().to_string()])
            .capture()
            .context("power the host off")?;
        machine.wait(Duration::from_secs(30))?;
        drop(machine);
        drop(namespace);
        Ok(tree)
    }

    /// Cuts its power.
    pub fn cut_power(self) -> Tree {
        let Self { machine, namespace, tree } = self;
        drop(machine);
        drop(namespace);
        tree
    }

    fn wait_until_up(&self) -> Result<()> {
        let begun = Instant::now();
        let mut state = String::new();
        while begun.elapsed() < BOOT_DEADLINE {
            let answer = self.program("systemctl").arg("is-system-running").output()?;
            String::from_utf8_lossy(&answer.stdout).trim().clone_into(&mut state);
            match state.as_str() {
                "running" => return Ok(()),
                "degraded" => {
                    let failed = self.program("systemctl").args(["--failed", "--plain"]).output()?;
                    bail!("the host came up with failed units:\n{}", String::from_utf8_lossy(&failed.stdout));
                }
                _ => thread::sleep(Duration::from_millis(50)),
            }
        }
        bail!(
            "the host did not come up in {BOOT_DEADLINE:?}; systemd says `{state}`, see {}",
            self.machine.log.display()
        )
    }
}

/// The processes of a running host.
#[derive(Debug)]
struct Machine {
    nspawn: Child,
    /// The host's own pid 1, seen from outside.
    leader: Pid,
    footprint: Footprint,
    log: PathBuf,
}

impl Machine {
    fn start(tree: &Tree, namespace: &Namespace, footprint: Footprint) -> Result<Self> {
        // With --keep-unit nspawn works in the caller's control group, so each host gets one of its own first.
        let script = "for group in \"$1\" \"$2\"; do mkdir -p \"$group\" && echo $$ > \"$group/cgroup.procs\" || exit 1; done; \
                      shift 2; exec systemd-nspawn \"$@\"";
        let [named, unified] = footprint.control_groups();
        let log = tree.directory.join("console.log");
        let nspawn = Program::new("sh")
            .args(["-c", script, "sh"])
            .args([named, unified])
            .args(["--quiet", "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off"])
            .args(["--link-journal=no", "--console=pipe", "--kill-signal=SIGRTMIN+3"])
            .arg(format!("--machine={}", tree.name))
            .arg(format!("--network-namespace-path={}", namespace.path().display()))
            .arg(format!("--directory={}", tree.root().display()))
            .args(["--boot", "systemd.unit=multi-user.target"])
            .start(&log)?;
        let mut machine = Self { nspawn, leader: Pid::INIT, footprint, log };
        machine.leader = machine.find_leader()?;
        Ok(machine)
    }

    /// nspawn's child that is systemd; it forks a short-lived one before.
    fn find_leader(&mut self) -> Result<Pid> {
        let begun = Instant::now();
        while begun.elapsed() < BOOT_DEADLINE {
            if let Some(status) = self.nspawn.try_wait().context("look after nspawn")? {
                let console = fs::read_to_string(&self.log).unwrap_or_default();
                bail!("systemd-nspawn ended with {status}:\n{console}");
            }
            if let Some(leader) =
                children(self.nspawn.id()).into_iter().find(|pid| command_name(*pid) == "systemd")
            {
                return Ok(leader);
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("systemd-nspawn started no systemd in {BOOT_DEADLINE:?}, see {}", self.log.display())
    }

    fn wait(&mut self, deadline: Duration) -> Result<()> {
        let begun = Instant::now();
        while begun.elapsed() < deadline {
            if self.nspawn.try_wait().context("look after nspawn")?.is_some() {
                return Ok(());
            }
            thread::sleep(Duration::from_millis(20));
        }
        bail!("the host did not power off in {deadline:?}")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if matches!(self.nspawn.try_wait(), Ok(None)) {
            if self.leader == Pid::INIT {
                let _ = self.nspawn.kill();
            } else {
                let _ = kill_process(self.leader, Signal::KILL);
            }
            let _ = self.nspawn.wait();
        }
        self.footprint.remove_control_groups();
    }
}

fn children(pid: u32) -> Vec<Pid> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?)).collect()
}

fn command_name(pid: Pid) -> String {
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero())).unwrap_or_default();
    name.trim().to_owned()
}
