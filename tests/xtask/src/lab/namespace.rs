//! Network namespaces, and sockets inside them.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::programs::Program;

/// A network namespace with nothing but a loopback device; removed when dropped.
#[derive(Debug)]
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Creates one.
    pub fn create(name: &str) -> Result<Self> {
        Program::new("ip").args(["netns", "add", name]).capture().context("create a network namespace")?;
        let namespace = Self { name: name.to_owned() };
        Program::new("ip").args(["-n", name, "link", "set", "lo", "up"]).capture()?;
        Ok(namespace)
    }

    /// Where it is mounted.
    pub fn path(&self) -> PathBuf {
        PathBuf::from("/run/netns").join(&self.name)
    }

    /// Returns something that makes sockets in it.
    pub fn sockets(&self) -> Sockets {
        Sockets { path: self.path() }
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // What fails here is found by the janitor of the next start.
        let _ = Program::new("ip").args(["netns", "del", &self.name]).output();
    }
}

/// Makes sockets in a network namespace; they stay usable outside.
#[derive(Clone, Debug)]
pub struct Sockets {
    path: PathBuf,
}

impl Sockets {
    /// Listens in the namespace.
    pub fn listen(&self, address: SocketAddr) -> Result<TcpListener> {
        self.within(move || TcpListener::bind(address))?
            .with_context(|| format!("listen on {address} in the host"))
    }

    /// Connects in the namespace.
    pub fn connect(&self, address: SocketAddr) -> Result<TcpStream> {
        let timeout = Duration::from_secs(5);
        self.within(move || TcpStream::connect_timeout(&address, timeout))?
            .with_context(|| format!("connect to {address} in the host"))
    }

    /// Runs something on a thread that has entered the namespace and ends afterwards.
    fn within<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let path = self.path.clone();
        let entered = thread::spawn(move || -> Result<T> {
            let namespace = File::open(&path).with_context(|| format!("open {}", path.display()))?;
            move_into_link_name_space(std::os::fd::AsFd::as_fd(&namespace), Some(LinkNameSpaceType::Network))
                .context("enter the network namespace")?;
            Ok(work())
        });
        entered.join().map_err(|_| anyhow!("the thread in the network namespace panicked"))?
    }
}
