//! What things are called at the broker.

use lapin::types::ShortString;

use crate::Route;

/// To which agents publish.
pub(super) const EXCHANGE: &str = "hostwright.reports";
/// What agents say.
pub(super) const REPORTS: &str = "hostwright.reports";
/// What machines say that want to be agents.
pub(super) const ENROLMENTS: &str = "hostwright.enrolments";
/// The header that names an enrolment's token.
pub(super) const TOKEN: &str = "token";

/// What a message is, in its `type` property.
pub(super) mod kind {
    pub(in crate::amqp) const FRAME: &str = "frame";
    pub(in crate::amqp) const CONNECTED: &str = "connected";
    pub(in crate::amqp) const DISCONNECTED: &str = "disconnected";
    pub(in crate::amqp) const ACCEPTED: &str = "accepted";
    pub(in crate::amqp) const REFUSED: &str = "refused";
}

/// Returns the name of a route's queue, which is also the routing key of what comes from it.
pub(super) fn queue(route: &Route) -> ShortString {
    match route {
        Route::Agent(agent) => format!("agent.{agent}").into(),
        Route::Enrolment(session) => format!("enrolment.{session}").into(),
    }
}

/// Returns from whom a message with this routing key is.
pub(super) fn route(routing_key: &str) -> Option<Route> {
    let (what, id) = routing_key.split_once('.')?;
    match what {
        "agent" => id.parse().ok().map(Route::Agent),
        "enrolment" => id.parse().ok().map(Route::Enrolment),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use hostwright_protocol::ids::{AgentId, EnrolmentSessionId};

    use super::*;

    #[test]
    fn routes_and_routing_keys_name_each_other() {
        let session = EnrolmentSessionId::random(&mut rand::thread_rng());
        for original in [Route::Enrolment(session), Route::Agent(AgentId::from_uuid(session.as_uuid()))] {
            assert_eq!(route(queue(&original).as_str()), Some(original));
        }
        for foreign in ["agent", "agent.", "agent.web1", "cmd.1", ""] {
            assert_eq!(route(foreign), None, "{foreign}");
        }
    }
}
