//! The status for people.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};

use super::document::{Activity, LinkState, PluginStatus, Resources, Status};
use crate::clock;

/// Returns the status as text, told now.
pub fn render_now(status: &Status) -> String {
    render(status, clock::now())
}

/// Returns the status as text, told at `now`.
pub fn render(status: &Status, now: DateTime<Utc>) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<13}{value}");
    };
    line("agent", &format!("hostwright-agent {}, up {}", status.version, ago(status.started, now)));
    match &status.enrolled {
        None => line("identity", "none; enrol with `hostwright-agent enrol TOKEN`"),
        Some(enrolled) => {
            line("identity", &enrolled.agent.to_string());
            let host =
                enrolled.host.map_or("none yet, waits to be claimed".to_owned(), |host| host.to_string());
            line("host", &host);
            line("organization", &enrolled.organization.to_string());
        }
    }
    line("link", &link(&status.link, now));
    line("doing", &activity(status, now));
    if status.enrolled.is_some() {
        line("resources", &resources(status.resources));
        line(
            "reports",
            &match status.waiting_reports {
                0 => "all stored by the orchestrator".to_owned(),
                1 => "1 not yet stored by the orchestrator".to_owned(),
                count => format!("{count} not yet stored by the orchestrator"),
            },
        );
    }
    if let Some(ahead) = status.clock_ahead_seconds.filter(|ahead| ahead.abs() >= 5) {
        let direction = if ahead > 0 { "ahead of" } else { "behind" };
        line("clock", &format!("{} s {direction} the orchestrator's", ahead.abs()));
    }
    if !status.plugins.is_empty() {
        text.push('\n');
        text.push_str(&plugins(&status.plugins));
    }
    text
}

fn link(link: &LinkState, now: DateTime<Utc>) -> String {
    match link {
        LinkState::None => "none".to_owned(),
        LinkState::Connecting { address, last_error, retry_at } => {
            let mut text = format!("connecting to {address}");
            if let Some(error) = last_error {
                let _ = write!(text, "; last attempt: {error}");
            }
            if let Some(at) = retry_at.filter(|at| *at > now) {
                let _ = write!(text, "; next in {} s", (at - now).num_seconds().max(1));
            }
            text
        }
        LinkState::Greeting { address, since } => {
            format!("reached {address}, waiting {} for an orchestrator to answer", ago(*since, now))
        }
        LinkState::Connected { address, since } => format!("connected to {address} for {}", ago(*since, now)),
    }
}

fn activity(status: &Status, now: DateTime<Utc>) -> String {
    match &status.activity {
        Activity::Starting => "starting".to_owned(),
        Activity::NotEnrolled => "waiting to be enrolled".to_owned(),
        Activity::WaitingForFirstDesiredState => "waiting for the first change of its host".to_owned(),
        Activity::Fetching { description, count, since, .. } => {
            format!("fetching {count} files of content for `{description}` for {}", ago(*since, now))
        }
        Activity::Applying { description, task, number, count, since, .. } => {
            format!(
                "applying `{description}`: {task} (task {} of {count}) for {}",
                number + 1,
                ago(*since, now)
            )
        }
        Activity::Idle { generation } => {
            format!("nothing to do; everything up to generation {generation} is done, drift is watched for")
        }
        Activity::LedgerFails { error, since } => {
            format!(
                "stopped for {}: {error}; nothing is begun or acknowledged until this is mended",
                ago(*since, now)
            )
        }
        Activity::Ending => "ending".to_owned(),
    }
}

fn resources(resources: Resources) -> String {
    let Resources { compliant, drifted, unreadable, unmonitored, swept_only } = resources;
    let mut parts = vec![format!("{compliant} as desired")];
    for (count, what) in [
        (drifted, "drifted"),
        (unreadable, "unreadable"),
        (unmonitored, "not watched"),
        (swept_only, "looked at by the sweep only"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    parts.join(", ")
}

fn plugins(plugins: &[PluginStatus]) -> String {
    let mut rows =
        vec![["PLUGIN", "COLLECTION", "STATE", "CALLS", "FAILED", "TRAPS", "TIME"].map(str::to_owned)];
    for plugin in plugins {
        let state = match (plugin.is_serving, plugin.is_loaded) {
            (false, _) => "idle",
            (true, true) => "loaded",
            (true, false) => "ready",
        };
        rows.push([
            format!("{} {}", plugin.plugin, plugin.version),
            plugin.collection.clone(),
            state.to_owned(),
            plugin.usage.calls.to_string(),
            plugin.usage.failures.to_string(),
            plugin.usage.traps.to_string(),
            format!("{} ms", plugin.usage.milliseconds),
        ]);
    }
    let widths: Vec<usize> =
        (0..7).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text
}

fn ago(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match (now - since).num_seconds().max(0) {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use hostwright_protocol::ids::{AgentId, ChangeId, HostId, OrganizationId};
    use uuid::Uuid;

    use super::*;
    use crate::status::document::Enrolled;
    use crate::status::{Board, PluginUsage};

    fn now() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    fn uuid(number: u128) -> Uuid {
        Uuid::from_u128(0x0199_0000_0000_7000_8000_0000_0000_0000 + number)
    }

    fn plugin(name: &str, collection: &str, is_loaded: bool) -> PluginStatus {
        PluginStatus {
            plugin: format!("hostwright/{name}"),
            version: "0.1.0".into(),
            collection: collection.into(),
            is_serving: true,
            is_loaded,
            usage: PluginUsage {
                calls: 12,
                failures: 1,
                traps: 0,
                milliseconds: 34,
                ..PluginUsage::default()
            },
        }
    }

    fn at_work() -> Status {
        let mut status = Board::default().status();
        status.version = "0.1.0".into();
        status.started = now() - TimeDelta::hours(3);
        status.enrolled = Some(Enrolled {
            agent: AgentId::from_uuid(uuid(1)),
            organization: OrganizationId::from_uuid(uuid(2)),
            host: Some(HostId::from_uuid(uuid(3))),
        });
        status.link = LinkState::Connected {
            address: "ws://127.0.0.1:7690/bus/v1".into(),
            since: now() - TimeDelta::minutes(50),
        };
        status.activity = Activity::Applying {
            change: ChangeId::from_uuid(uuid(4)),
            description: "Install Web Server".into(),
            task: "install package nginx-light".into(),
            number: 0,
            count: 4,
            since: now() - TimeDelta::seconds(7),
        };
        status.resources = Resources { compliant: 3, drifted: 1, ..Resources::default() };
        status.waiting_reports = 2;
        status.clock_ahead_seconds = Some(-40);
        status.plugins = vec![plugin("files", "files", true), plugin("packages-apt", "packages", false)];
        status
    }

    #[test]
    fn an_agent_at_work() {
        insta::assert_snapshot!(render(&at_work(), now()));
    }

    #[test]
    fn an_agent_that_is_not_enrolled() {
        let mut status = Board::default().status();
        status.version = "0.1.0".into();
        status.started = now();
        status.activity = Activity::NotEnrolled;
        insta::assert_snapshot!(render(&status, now()));
    }

    #[test]
    fn an_agent_that_cannot_reach_the_bus() {
        let mut status = at_work();
        status.plugins.clear();
        status.activity = Activity::Idle { generation: 12 };
        status.link = LinkState::Connecting {
            address: "ws://127.0.0.1:7690/bus/v1".into(),
            last_error: Some("failed to reach the bus: connection refused".into()),
            retry_at: Some(now() + TimeDelta::seconds(9)),
        };
        insta::assert_snapshot!(render(&status, now()));
    }

    #[test]
    fn an_agent_whose_disk_is_full() {
        let mut status = at_work();
        status.plugins.clear();
        status.clock_ahead_seconds = None;
        status.activity = Activity::LedgerFails {
            error: "the ledger cannot be read or written: database or disk is full".into(),
            since: now() - TimeDelta::minutes(4),
        };
        insta::assert_snapshot!(render(&status, now()));
    }
}
