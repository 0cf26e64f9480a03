//! How soon an agent is there.

use std::os::unix::net::UnixDatagram;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use hostwright_tests::Programs;

use crate::figure::{Figure, Times};
use crate::managed::Managed;

const STARTS: usize = 30;

/// From the start of the program until it tells systemd that it is ready.
pub(crate) async fn measure(programs: Programs) -> Result<Vec<Figure>> {
    let mut managed = Managed::start(programs, 10, "").await?;
    let socket_path = managed.system.directory().join("notify");
    let socket = UnixDatagram::bind(&socket_path).context("listen as systemd does")?;
    socket.set_read_timeout(Some(Duration::from_mins(1)))?;
    let log = managed.system.directory().join("starts.log");
    managed.agent.kill();
    let mut times = Times::default();
    for _ in 0..STARTS {
        let program = managed.agent.program("run").env("NOTIFY_SOCKET", &socket_path);
        let begun = Instant::now();
        let mut child = program.start(&log)?;
        let told = wait_until_ready(&socket);
        times.push(begun.elapsed());
        child.kill().context("end the agent")?;
        child.wait().context("wait for the agent's end")?;
        told?;
    }
    Ok(vec![Figure::told("start of an agent until it is ready", times.to_string())])
}

fn wait_until_ready(socket: &UnixDatagram) -> Result<()> {
    let mut buffer = [0; 256];
    loop {
        let length = socket.recv(&mut buffer).context("wait until the agent is ready")?;
        if buffer[..length].windows(7).any(|part| part == b"READY=1") {
            return Ok(());
        }
    }
}
