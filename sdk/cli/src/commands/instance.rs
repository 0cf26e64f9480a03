//! The machine of a host.

use std::path::PathBuf;
use std::time::Duration;

use clap::Subcommand;
use serde_json::Value as Json;

use super::hosts::HostNames;
use crate::failure::Failure;
use crate::session::Session;

/// What can be done with a host's machine.
#[derive(Debug, Subcommand)]
pub(crate) enum InstanceCommand {
    /// Have it made; on platform Manual, wait for it to enrol
    Provision {
        #[command(flatten)]
        host: HostNames,
        /// Wait until the host is ready
        #[arg(long)]
        wait: bool,
        /// Give up waiting after this many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 600)]
        timeout: u64,
    },
    /// Show it with all that is known about it
    Show(HostNames),
    /// Attach what is known about a machine that exists already
    Properties {
        #[command(flatten)]
        host: HostNames,
        /// The properties: {"properties":[{"key":"…","value":"…"}]}
        #[arg(short = 'f', long = "file", value_name = "FILE")]
        file: PathBuf,
    },
    /// Drop the link to it and leave the machine alone
    Forget(HostNames),
    /// Destroy it, with its storage where the platform has made that
    Delete(HostNames),
}

/// Does it.
pub(crate) async fn run(command: InstanceCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        InstanceCommand::Provision { host, wait, timeout } => {
            let (environment, name, handle) = host.find(session)?;
            let path = handle.instance().path().clone();
            let written = session.client.post::<Json>(&path, &serde_json::json!({})).await?;
            let text = format!(
                "host `{name}` is being provisioned; a machine that exists enrols with a token: \
                 `wright tokens create --env {environment} --host {name}`"
            );
            session.done(&text, Some(&written.entity));
            if wait {
                let ready = handle.wait_for_state("READY", Duration::from_secs(timeout)).await?;
                session.output.text(&format!("host `{}` is ready", ready.name));
            }
            Ok(())
        }
        InstanceCommand::Show(host) => {
            let (_, _, handle) = host.find(session)?;
            session.show(handle.instance().path()).await
        }
        InstanceCommand::Properties { host, file } => {
            let (_, name, handle) = host.find(session)?;
            let text = std::fs::read_to_string(&file)
                .map_err(|error| Failure::file(&file, "failed to read", &error))?;
            let body: Json = serde_json::from_str(&text)
                .map_err(|error| Failure::file(&file, "failed to understand", &error))?;
            let path = handle.instance().path().join("properties");
            let written = session.client.post::<Json>(&path, &body).await?;
            session.done(&format!("host `{name}` has its machine"), Some(&written.entity));
            Ok(())
        }
        InstanceCommand::Forget(host) => {
            let (_, name, handle) = host.find(session)?;
            handle.forget_instance().await?;
            session.done(&format!("the machine of host `{name}` is forgotten"), None);
            Ok(())
        }
        InstanceCommand::Delete(host) => {
            let (_, name, handle) = host.find(session)?;
            handle.instance().delete().await?;
            session.done(&format!("the machine of host `{name}` was deleted"), None);
            Ok(())
        }
    }
}
