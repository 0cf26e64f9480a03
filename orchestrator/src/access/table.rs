//! The one table: role, verb, kind.

use hostwright_model::user::Role;

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    /// It is looked at.
    Read,
    /// It is made, changed or removed.
    Write,
    /// Something is done with it: rendered on the host, restarted, planned, provisioned.
    Act,
}

/// With what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The organization itself.
    Organization,
    /// Environments.
    Environment,
    /// Hosts with their contexts, and what was sent to them.
    Host,
    /// The machines of hosts.
    Instance,
    /// Settings of any level.
    Setting,
    /// Applications with files, parameters and handlers.
    Application,
    /// Platforms and their settings.
    Platform,
    /// Distributions.
    Distribution,
    /// Alerts.
    Compliance,
    /// Enrolment tokens.
    EnrolmentToken,
    /// Agents.
    Agent,
    /// Plugins that the organization uses, and what they may do.
    Activation,
    /// API keys.
    ApiKey,
    /// What happened.
    Event,
}

/// Returns whether a role allows a verb on a kind. Every role reads; what else it may is written here and nowhere else.
pub(crate) fn allows(role: Role, verb: Verb, kind: Kind) -> bool {
    use Kind::{
        Activation, Agent, ApiKey, Application, Compliance, Distribution, EnrolmentToken, Environment, Event,
        Host, Instance, Organization, Platform, Setting,
    };
    if verb == Verb::Read {
        // Keys and tokens are of no use to who may not make them, and their names tell who else is there.
        return match kind {
            ApiKey | EnrolmentToken => {
                matches!(role, Role::Administrator | Role::Auditor) || may_change(role, kind)
            }
            _ => true,
        };
    }
    match kind {
        Organization | Activation | ApiKey | Environment | Host | Instance | Setting | Compliance
        | EnrolmentToken | Agent | Application | Platform | Distribution => may_change(role, kind),
        Event => false,
    }
}

fn may_change(role: Role, kind: Kind) -> bool {
    match role {
        Role::Administrator => kind != Kind::Event,
        Role::User => !matches!(kind, Kind::Organization | Kind::ApiKey | Kind::Activation | Kind::Event),
        Role::Architect => matches!(kind, Kind::Application | Kind::Platform | Kind::Distribution),
        Role::Auditor => false,
    }
}

/// Says in words what was refused.
pub(crate) fn refusal(verb: Verb, kind: Kind) -> String {
    let verb = match verb {
        Verb::Read => "look at",
        Verb::Write => "change",
        Verb::Act => "act on",
    };
    let kind = match kind {
        Kind::Organization => "the organization",
        Kind::Environment => "environments",
        Kind::Host => "hosts",
        Kind::Instance => "instances",
        Kind::Setting => "settings",
        Kind::Application => "applications",
        Kind::Platform => "platforms",
        Kind::Distribution => "distributions",
        Kind::Compliance => "alerts",
        Kind::EnrolmentToken => "enrolment tokens",
        Kind::Agent => "agents",
        Kind::Activation => "plugins of the organization",
        Kind::ApiKey => "API keys",
        Kind::Event => "events",
    };
    format!("your role does not allow you to {verb} {kind}: ask an administrator of the organization")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use insta::assert_snapshot;

    use super::*;

    const KINDS: [Kind; 14] = [
        Kind::Organization,
        Kind::Environment,
        Kind::Host,
        Kind::Instance,
        Kind::Setting,
        Kind::Application,
        Kind::Platform,
        Kind::Distribution,
        Kind::Compliance,
        Kind::EnrolmentToken,
        Kind::Agent,
        Kind::Activation,
        Kind::ApiKey,
        Kind::Event,
    ];

    #[test]
    fn the_whole_table() {
        let mut text = String::new();
        for kind in KINDS {
            let _ = write!(text, "{:<15}", format!("{kind:?}"));
            for role in Role::ALL {
                let mark = |verb, letter| if allows(role, verb, kind) { letter } else { '-' };
                let (read, write, act) =
                    (mark(Verb::Read, 'r'), mark(Verb::Write, 'w'), mark(Verb::Act, 'a'));
                let _ = write!(text, " {role}:{read}{write}{act}");
            }
            text.push('\n');
        }
        assert_snapshot!(text);
    }
}
