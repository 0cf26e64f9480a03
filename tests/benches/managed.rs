//! One agent of this machine under an orchestrator of its own, with files to look after.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use hostwright_api_types::ChangeState;
use hostwright_client::host::HostHandle;
use hostwright_tests::{ConfinedAgent, Programs, System, eventually};
use serde_json::{Value as Json, json};

/// The one application.
pub(crate) const APPLICATION: &str = "Notes";
/// That are shipped.
const PROVIDERS: usize = 5;
const HOST: &str = "box1";
const SOON: Duration = Duration::from_mins(3);

/// The agent with what it talks to.
pub(crate) struct Managed {
    pub(crate) agent: ConfinedAgent,
    pub(crate) system: System,
}

impl Managed {
    /// Starts it all and waits until so many files are on disk and every plugin has arrived.
    pub(crate) async fn start(programs: Programs, file_count: usize, configuration: &str) -> Result<Self> {
        let system = System::start_local(programs).await?;
        define(&system, file_count).await?;
        let token = system.define_host(HOST).await?;
        let directory = system.directory().join(HOST);
        let agent =
            ConfinedAgent::start_configured(&directory, system.agent_programs(), &token, configuration)?;
        let managed = Self { agent, system };
        managed.host().wait_for_state("READY", SOON).await?;
        let installed = managed.host().install(APPLICATION, [] as [(&str, Json); 0]).await?;
        for change in managed.host().wait_for_changes(&installed.changes, SOON).await? {
            ensure!(change.state == ChangeState::Done, "the files did not arrive: {change:#?}");
        }
        eventually(
            "every plugin",
            SOON,
            async || managed.plugin_count().unwrap_or_default(),
            |count| *count >= PROVIDERS,
        )
        .await;
        Ok(managed)
    }

    pub(crate) fn host(&self) -> HostHandle {
        self.system.host(HOST)
    }

    pub(crate) fn pid(&self) -> Result<u32> {
        self.agent.pid().context("the agent runs")
    }

    fn plugin_count(&self) -> Result<usize> {
        let status = self.agent.status_document()?;
        Ok(status["plugins"].as_array().context("the status names plugins")?.len())
    }
}

/// A file's name in the application.
pub(crate) fn file(number: usize) -> String {
    format!("note{number}")
}

/// Where a file lies.
pub(crate) fn path(number: usize) -> String {
    format!("srv/notes/{number}")
}

async fn define(system: &System, file_count: usize) -> Result<()> {
    let files: Vec<Json> = (0..file_count)
        .map(|number| {
            let name = file(number);
            json!({"name": name, "path": format!("/{}", path(number)), "mode": "640", "template": {"name": name}})
        })
        .collect();
    system.organization().applications().create(&json!({"name": APPLICATION, "files": files})).await?;
    let application = system.organization().application(APPLICATION);
    for number in 0..file_count {
        let content = format!("note {number} of ${{_host.name}}\n");
        application.set_file_content(&file(number), content.into()).await?;
    }
    Ok(())
}
