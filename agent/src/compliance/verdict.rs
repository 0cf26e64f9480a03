//! Holds what was seen against the open alert. Pure.

use chrono::{DateTime, Utc};
use hostwright_protocol::messages::{Alert, ResourceState};

use crate::ledger::OpenAlert;

/// What has to be done about a resource.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Verdict {
    /// Nothing new.
    Same,
    /// To be stored and reported.
    Open(OpenAlert),
    /// To be forgotten and reported.
    Close,
}

/// Decides. One alert is open for a resource at most; it is told again only when what it says has changed, and since
/// when is kept as long as it is open.
pub(super) fn verdict(open: Option<&OpenAlert>, seen: ResourceState, now: DateTime<Utc>) -> Verdict {
    let since = open.map_or(now, |alert| alert.since);
    let state = match seen {
        ResourceState::Compliant => return if open.is_some() { Verdict::Close } else { Verdict::Same },
        ResourceState::Drifted(alert) => ResourceState::Drifted(Alert { since, ..alert }),
        unreadable @ ResourceState::Unreadable { .. } => unreadable,
    };
    if open.is_some_and(|alert| alert.state == state) {
        return Verdict::Same;
    }
    Verdict::Open(OpenAlert { state, since })
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::clock;

    fn drifted(observed: Json, since: DateTime<Utc>) -> ResourceState {
        let expected = json!({"mode": "0644"});
        ResourceState::Drifted(Alert { expected, observed, differences: Vec::new(), since })
    }

    #[test]
    fn an_alert_is_told_once_again_when_it_changes_and_when_it_closes() {
        let (start, later) = (clock::now(), clock::now() + TimeDelta::minutes(5));
        let Verdict::Open(first) = verdict(None, drifted(Json::Null, start), start) else { panic!() };
        assert_eq!(first.since, start);
        assert_eq!(verdict(Some(&first), drifted(Json::Null, later), later), Verdict::Same);
        let Verdict::Open(second) = verdict(Some(&first), drifted(json!({"mode": "0600"}), later), later)
        else {
            panic!()
        };
        assert_eq!(second, OpenAlert { state: drifted(json!({"mode": "0600"}), start), since: start });
        assert_eq!(verdict(Some(&second), ResourceState::Compliant, later), Verdict::Close);
        assert_eq!(verdict(None, ResourceState::Compliant, later), Verdict::Same);
    }

    #[test]
    fn what_cannot_be_read_is_told_once() {
        let (now, error) = (clock::now(), "permission denied".to_owned());
        let seen = ResourceState::Unreadable { error };
        let Verdict::Open(alert) = verdict(None, seen.clone(), now) else { panic!() };
        assert_eq!(verdict(Some(&alert), seen, now), Verdict::Same);
    }
}
