//! A package repository of this machine's own, with just what hosts need.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context as _, Result, anyhow};

use super::base::Base;
use super::host::Tree;
use crate::programs::Program;

/// A directory of packages with an index, ready to be served.
#[derive(Clone, Debug)]
pub struct Repository {
    directory: PathBuf,
}

impl Repository {
    /// Returns the repository below `lab` that can install `packages` on `base`, filling it if it is not there.
    pub fn prepare(lab: &Path, base: &Base, packages: &[&str]) -> Result<Self> {
        let directory = lab.join(format!("packages-{}", base.suite()));
        let repository = Self { directory };
        let wanted = packages.join("\n");
        if fs::read_to_string(repository.directory.join("wanted"))
            .is_ok_and(|filled_with| filled_with == wanted)
        {
            return Ok(repository);
        }
        repository.fill(lab, base, packages)?;
        fs::write(repository.directory.join("wanted"), wanted).context("note what the repository holds")?;
        Ok(repository)
    }

    /// Serves it on a loopback address for as long as the process lives; returns the address.
    pub fn serve(&self) -> Result<SocketAddr> {
        let server =
            tiny_http::Server::http("127.0.0.1:0").map_err(|error| anyhow!("serve the packages: {error}"))?;
        let address = server.server_addr().to_ip().context("the address of the package server")?;
        let directory = self.directory.clone();
        thread::spawn(move || {
            for request in server.incoming_requests() {
                // A flat repository is asked for `/./Packages`; only plain names lie in the directory.
                let path = request.url().trim_start_matches('/').trim_start_matches("./").to_owned();
                let is_plain = !path.contains('/') && !path.starts_with('.');
                let _ = match fs::File::open(directory.join(&path)) {
                    Ok(file) if is_plain => request.respond(tiny_http::Response::from_file(file)),
                    _ => request.respond(tiny_http::Response::empty(404)),
                };
            }
        });
        Ok(address)
    }

    /// The apt source of hosts that reach it at `port` of their own loopback.
    pub fn source(port: u16) -> String {
        format!("Types: deb\nURIs: http://127.0.0.1:{port}/\nSuites: ./\nTrusted: yes\n")
    }

    /// Lets apt itself find out, in a tree like the hosts', what these packages need.
    fn fill(&self, lab: &Path, base: &Base, packages: &[&str]) -> Result<()> {
        if self.directory.exists() {
            fs::remove_dir_all(&self.directory).context("empty the repository")?;
        }
        fs::create_dir_all(&self.directory).context("create the repository")?;
        let scratch = lab.join("packages-scratch");
        let tree = Tree::mount(base, &scratch, "scratch")?;
        tree.write("/etc/apt/sources.list", format!("deb {} {} main\n", base.mirror(), base.suite()))?;
        tree.install(Path::new("/etc/resolv.conf"), "/etc/resolv.conf")?;
        let apt = |arguments: &[&str]| {
            Program::new("chroot")
                .arg(tree.root())
                .arg("apt-get")
                .args(["-qq", "-o", "APT::Sandbox::User=root"])
                .args(arguments)
                .capture()
        };
        apt(&["update"]).context("fetch the package lists")?;
        let mut download = vec!["install", "--yes", "--no-install-recommends", "--download-only"];
        download.extend(packages);
        apt(&download).context("fetch the packages")?;
        self.collect(&tree.root().join("var/cache/apt/archives"))?;
        drop(tree);
        fs::remove_dir_all(&scratch).context("remove the scratch tree")?;
        self.index()
    }

    fn collect(&self, archives: &Path) -> Result<()> {
        for entry in fs::read_dir(archives).context("list the fetched packages")? {
            let path = entry.context("list the fetched packages")?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                // Versions hold signs that clients escape; the index takes whatever the file is called.
                let name = path.file_name().context("a package without a name")?;
                let name = name.to_string_lossy().replace(['%', '+', '~'], "_");
                fs::copy(&path, self.directory.join(name))
                    .with_context(|| format!("keep {}", path.display()))?;
            }
        }
        Ok(())
    }

    fn index(&self) -> Result<()> {
        let index = |what: &str| {
            Program::new("apt-ftparchive").args([what, "."]).current_dir(&self.directory).capture()
        };
        let packages = index("packages").context("index the packages")?;
        fs::write(self.directory.join("Packages"), packages).context("write the index")?;
        let release = index("release").context("describe the repository")?;
        fs::write(self.directory.join("Release"), release).context("write the description")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_served() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("below")).unwrap();
        fs::write(directory.path().join("Packages"), "index").unwrap();
        fs::write(directory.path().join("below/secret"), "secret").unwrap();
        let repository = Repository { directory: directory.path().to_owned() };
        let address = repository.serve().unwrap();
        let status = |path: &str| {
            use std::io::{Read as _, Write as _};
            let mut connection = std::net::TcpStream::connect(address).unwrap();
            write!(connection, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
            let mut answer = String::new();
            connection.read_to_string(&mut answer).unwrap();
            answer.split(' ').nth(1).map(str::to_owned)
        };
        assert_eq!(status("/./Packages").as_deref(), Some("200"));
        assert_eq!(status("/Packages").as_deref(), Some("200"));
        assert_eq!(status("/below/secret").as_deref(), Some("404"));
        assert_eq!(status("/../Cargo.toml").as_deref(), Some("404"));
    }
}
