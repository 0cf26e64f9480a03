//! Machines that want to become agents.

use hostwright_bus::Frame;
use hostwright_model::event::Actor;
use hostwright_protocol::enrolment::{
    Acceptance, EnrolmentError, OrchestratorSide, OrchestratorStep, Request, UnverifiedRequest,
};
use hostwright_protocol::envelope::Identity;
use hostwright_protocol::ids::EnrolmentSessionId;
use hostwright_protocol::token::AuthenticationKey;

use crate::app::App;
use crate::operations::{OperationError, enrolment};

/// Answers one step of an enrolment. The machine repeats what was not answered.
pub(super) async fn hear(app: &App, session: EnrolmentSessionId, frame: &Frame) {
    let keys = app.keys().clone();
    let answer = match OrchestratorSide::new(&keys).receive(frame) {
        Ok(OrchestratorStep::Send(frame)) => frame,
        Ok(OrchestratorStep::Authenticate(request)) => match decide(app, &request).await {
            Ok(frame) => frame,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "an enrolment cannot be answered now"
                );
                request.refuse("the orchestrator cannot answer now: try again", app.clock().now())
            }
        },
        Err(error) => {
            tracing::debug!("ignored what is no step of an enrolment: {error}");
            return;
        }
    };
    if let Err(error) = app.publisher().enrolment(session, answer).await {
        tracing::debug!("an enrolment could not be answered: {error}");
    }
}

/// Decides about a request. Refusals are answers; an error means that nobody could decide.
async fn decide(app: &App, unverified: &UnverifiedRequest<'_>) -> Result<Frame, OperationError> {
    const UNKNOWN: &str = "the token is unknown, or the request is not by its holder";
    let now = app.clock().now();
    let mut work = app.begin(Actor::System).await?;
    let token = work.tx.enrolment_token_by_id(unverified.token()).await?;
    let Some(token) = token else { return Ok(unverified.refuse(UNKNOWN, now)) };
    let secret = <[u8; 32]>::try_from(token.secret.0.as_slice()).map_err(OperationError::internal)?;
    let request: Request<'_> = match unverified.authenticate(&AuthenticationKey::from_bytes(secret)) {
        Ok(request) => request,
        Err(error @ EnrolmentError::NotAuthentic) => {
            tracing::warn!(token.id = %token.id, "refused an enrolment: {error}");
            return Ok(unverified.refuse(UNKNOWN, now));
        }
        Err(error) => return Ok(unverified.refuse(error.to_string(), now)),
    };
    let enrolled = enrolment::enrol(&mut work, &token, &request.agent_keys, &request.machine).await;
    let agent = match enrolled {
        Ok(agent) => agent,
        Err(error @ (OperationError::Internal(_) | OperationError::Unavailable { .. })) => return Err(error),
        Err(refusal) => {
            tracing::warn!(token.id = %token.id, "refused an enrolment: {refusal}");
            return Ok(request.refuse(refusal.to_string(), now));
        }
    };
    work.commit().await?;
    tracing::info!(agent.id = %agent.id, "machine `{}` is agent {} now", request.machine.hostname, agent.id);
    Ok(request.accept(Acceptance {
        identity: Identity { organization: agent.organization, agent: agent.id },
        host: agent.host,
        bus: app.bus_address(),
        time: now,
    }))
}
