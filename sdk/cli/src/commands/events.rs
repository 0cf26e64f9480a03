//! What happens, as it happens.

use clap::Args;
use hostwright_api_types::Event;
use hostwright_client::events::StreamItem;

use crate::failure::Failure;
use crate::output::{BOLD, DIM};
use crate::place::Word;
use crate::session::Session;

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct EventsArguments {
    /// [ORGANIZATION]
    #[arg(value_name = "NAMES", num_args = 0..=1)]
    names: Vec<String>,
    /// Begin after this event, as far as it is remembered
    #[arg(long, value_name = "ID")]
    after: Option<i64>,
    /// Stop after this many events
    #[arg(long, value_name = "NUMBER")]
    count: Option<usize>,
}

/// Shows them until somebody interrupts.
pub(crate) async fn run(arguments: EventsArguments, session: &mut Session<'_>) -> Result<(), Failure> {
    let EventsArguments { names, after, count } = arguments;
    let [organization] = session.place.fill([Word::Organization], &names)?;
    let mut events = session.client.organization(&organization).events(after).await?;
    let mut seen = 0;
    while count.is_none_or(|count| seen < count) {
        match events.next().await? {
            Some(StreamItem::Event(event)) => {
                seen += 1;
                print(session, &event);
            }
            Some(StreamItem::Resync) => session.output.note("some events are no longer remembered"),
            None => break,
        }
    }
    Ok(())
}

fn print(session: &mut Session<'_>, event: &Event) {
    if session.output.is_json() {
        // One event a line, so that a program can read along.
        let line = serde_json::to_string(event).unwrap_or_default();
        session.output.raw(format!("{line}\n").as_bytes());
        return;
    }
    session.output.text(&line(event));
}

fn line(event: &Event) -> String {
    let by = event.by.as_ref().map(|by| format!("  {DIM}{by}{DIM:#}")).unwrap_or_default();
    let time = event.time.format("%H:%M:%S");
    format!("{DIM}{time} {:>6}{DIM:#}  {BOLD}{}{BOLD:#}  {}{by}", event.id, event.kind, event.message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_is_one_line() {
        let event: Event = serde_json::from_value(json!({
            "id": 12, "type": "host.state", "time": "2026-01-01T12:00:00Z", "by": "admin",
            "path": "environments/prod/hosts/web1", "message": "environments/prod/hosts/web1 is READY", "data": {},
        }))
        .unwrap();
        let text = anstream::adapter::strip_str(&line(&event)).to_string();
        assert_eq!(text, "12:00:00     12  host.state  environments/prod/hosts/web1 is READY  admin");
    }
}
