//! Alerts: resources that are not as they should be.

use clap::Subcommand;
use hostwright_api_types::{ComplianceAlert, collection_of_type};
use hostwright_client::host::HostHandle;
use serde_json::Value as Json;

use super::hosts::HostNames;
use crate::failure::Failure;
use crate::place::Word;
use crate::session::Session;
use crate::view::Table;
use crate::waiting::Wait;

const RESOURCE: [Word; 6] = [
    Word::Organization,
    Word::Environment,
    Word::Name("HOST"),
    Word::Name("APPLICATION"),
    Word::Name("COLLECTION"),
    Word::Name("NAME"),
];

/// What can be done with alerts.
#[derive(Debug, Subcommand)]
pub(crate) enum ComplianceCommand {
    /// Show all of a host
    List(HostNames),
    /// Show one with what is expected and what was seen
    Show {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION COLLECTION NAME
        #[arg(value_name = "NAMES", required = true, num_args = 4..=6)]
        names: Vec<String>,
    },
    /// Dismiss one until it is seen again
    Delete {
        /// [ORGANIZATION] [ENVIRONMENT] HOST APPLICATION COLLECTION NAME
        #[arg(value_name = "NAMES", required = true, num_args = 4..=6)]
        names: Vec<String>,
    },
    /// Dismiss all of a host until they are seen again
    DeleteAll(HostNames),
    /// Send everything that is desired again
    Rebuild {
        #[command(flatten)]
        host: HostNames,
        #[command(flatten)]
        wait: Wait,
    },
}

/// Does it.
pub(crate) async fn run(command: ComplianceCommand, session: &mut Session<'_>) -> Result<(), Failure> {
    match command {
        ComplianceCommand::List(host) => {
            let (_, name, handle) = host.find(session)?;
            let path = handle.compliance().path().clone();
            let nothing = format!("no alerts: what is watched on host `{name}` is as it should be");
            session.list(&path, &nothing, table).await
        }
        ComplianceCommand::Show { names } => {
            let (handle, [application, collection, name]) = find(session, &names)?;
            let path =
                handle.compliance().path().join("applications").join(application).join(collection).join(name);
            session.show(&path).await
        }
        ComplianceCommand::Delete { names } => {
            let (handle, [application, collection, name]) = find(session, &names)?;
            let path = handle
                .compliance()
                .path()
                .join("applications")
                .join(application)
                .join(collection)
                .join(&name);
            session.client.delete(&path).await?;
            session.done(&format!("the alert of `{name}` was dismissed"), None);
            Ok(())
        }
        ComplianceCommand::DeleteAll(host) => {
            let (_, name, handle) = host.find(session)?;
            handle.compliance().clear().await?;
            session.done(&format!("the alerts of host `{name}` were dismissed"), None);
            Ok(())
        }
        ComplianceCommand::Rebuild { host, wait } => {
            let (_, name, handle) = host.find(session)?;
            let written = handle.rebuild().await?;
            session.done(&format!("everything that is desired is sent to host `{name}` again"), None);
            wait.follow(session, &written.changes).await
        }
    }
}

fn find(session: &Session<'_>, names: &[String]) -> Result<(HostHandle, [String; 3]), Failure> {
    let [organization, environment, host, application, collection, name] =
        session.place.fill(RESOURCE, names)?;
    let handle = session.client.organization(&organization).environment(&environment).host(&host);
    Ok((handle, [application, collection, name]))
}

fn table(items: &[ComplianceAlert]) -> Table {
    Table::of(["SINCE", "APPLICATION", "RESOURCE", "EXPECTED", "OBSERVED"], items, |alert| {
        let (expected, observed) = states(alert);
        [
            alert.since.format("%Y-%m-%d %H:%M:%S").to_string(),
            alert.application.clone(),
            format!("{} {}", collection_of_type(&alert.kind), alert.name),
            expected,
            observed,
        ]
    })
}

/// Shows of two states what differs: that the one is there, if the other is not; all of one if the other has nothing.
fn states(alert: &ComplianceAlert) -> (String, String) {
    for (word, there, gone) in [("present", "present", "absent"), ("installed", "installed", "not installed")]
    {
        let is = |state: &Json| state[word].as_bool();
        if let (Some(expected), Some(observed)) = (is(&alert.expected_state), is(&alert.current_state))
            && expected != observed
        {
            let say = |it: bool| if it { there } else { gone }.to_owned();
            return (say(expected), say(observed));
        }
    }
    let (Json::Object(expected), Json::Object(observed)) = (&alert.expected_state, &alert.current_state)
    else {
        return (short(&alert.expected_state), short(&alert.current_state));
    };
    if expected.is_empty() || observed.is_empty() {
        return (short(&alert.expected_state), short(&alert.current_state));
    }
    let mut left = Vec::new();
    let mut right = Vec::new();
    for (name, value) in expected {
        let seen = observed.get(name);
        if seen != Some(value) {
            left.push(format!("{name}={}", short(value)));
            right.push(format!("{name}={}", seen.map_or_else(|| "-".to_owned(), short)));
        }
    }
    (left.join(" "), right.join(" "))
}

fn short(value: &Json) -> String {
    // Content is told by its digest, of which the beginning tells enough.
    if let Some(digest) = value["$hostwright"]["blob"].as_str() {
        return digest.chars().take("sha256:".len() + 12).collect();
    }
    let text = match value {
        Json::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.chars().count() <= 40 { text } else { text.chars().take(37).chain("...".chars()).collect() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alert(expected: &Json, observed: &Json) -> ComplianceAlert {
        serde_json::from_value(json!({
            "application": "Web Server", "type": "fileResource", "name": "site.conf", "collection": "files", "id": "/x",
            "expectedState": expected, "currentState": observed, "since": "2026-01-01T12:00:00Z",
        }))
        .unwrap()
    }

    #[test]
    fn only_what_differs_is_listed() {
        let content =
            |letter: &str| json!({"$hostwright": {"blob": format!("sha256:{}", letter.repeat(64))}});
        let alerts = [
            alert(
                &json!({"present": true, "mode": "0644", "owner": "root"}),
                &json!({"present": true, "mode": "0600", "owner": "root"}),
            ),
            alert(&json!({"content": content("a")}), &json!({"content": content("b")})),
            alert(&json!({"present": true, "mode": "0644"}), &json!({"present": false})),
            alert(&json!({"installed": true}), &json!({"installed": false})),
        ];
        let text = anstream::adapter::strip_str(&table(&alerts).render("none")).to_string();
        insta::assert_snapshot!(text, @r"
        SINCE                APPLICATION  RESOURCE         EXPECTED                     OBSERVED
        2026-01-01 12:00:00  Web Server   files site.conf  mode=0644                    mode=0600
        2026-01-01 12:00:00  Web Server   files site.conf  content=sha256:aaaaaaaaaaaa  content=sha256:bbbbbbbbbbbb
        2026-01-01 12:00:00  Web Server   files site.conf  present                      absent
        2026-01-01 12:00:00  Web Server   files site.conf  installed                    not installed
        ");
    }
}
