//! The machine's side.

use chrono::{DateTime, Utc};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::EnrolmentError;
use super::message::{
    FromAgent, FromOrchestrator, Inside, MachineDescription, Outcome, SealedRequest, Statement,
    authenticated, from_frame, to_frame, to_json,
};
use crate::envelope::Identity;
use crate::frame::Frame;
use crate::ids::HostId;
use crate::keys::{AgentKeys, CertifiedKeys, PinnedRoot};
use crate::sealed::{self, Purpose};
use crate::signing;
use crate::token::{Scope, Token};

/// The machine's side of an enrolment. It makes no keys itself: they must be stored before they are shown.
#[derive(Debug)]
pub struct AgentSide {
    token: Token,
    keys: AgentKeys,
    machine: MachineDescription,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Asked,
    Requested(Box<Requested>),
}

#[derive(Debug)]
struct Requested {
    pinned: PinnedRoot,
    certified: CertifiedKeys,
    nonce: [u8; 32],
    request: [u8; 32],
}

/// What to do next.
#[derive(Debug)]
pub enum AgentStep {
    /// Send this and wait for the answer to it.
    Send {
        /// Takes the answer.
        next: Box<AgentSide>,
        /// For the orchestrator.
        frame: Frame,
    },
    /// It is done.
    Enrolled(Enrolled),
}

/// What the machine has become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Who it is.
    pub identity: Identity,
    /// Which host it is; none while it waits to be claimed.
    pub host: Option<HostId>,
    /// Where the bus is from now on.
    pub bus: String,
    /// Whom it believes from now on.
    pub pinned: PinnedRoot,
    /// The first bus time.
    pub time: DateTime<Utc>,
}

impl AgentSide {
    /// Begins: the frame is to be sent.
    pub fn begin(token: Token, keys: AgentKeys, machine: MachineDescription) -> (Self, Frame) {
        (Self { token, keys, machine, stage: Stage::Asked }, to_frame(FromAgent::Ask))
    }

    /// Takes what the orchestrator answered; `now` is the machine's clock, as there is no other yet.
    pub fn receive(
        self,
        frame: &Frame,
        now: DateTime<Utc>,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> Result<AgentStep, EnrolmentError> {
        match (&self.stage, from_frame(frame)?) {
            (Stage::Asked, FromOrchestrator::Chain { certificate }) => {
                let root = certificate.root();
                if root.fingerprint() != self.token.root {
                    return Err(EnrolmentError::WrongRoot {
                        got: root.fingerprint(),
                        expected: self.token.root,
                    });
                }
                let refuse = |source| EnrolmentError::Certificate { source };
                let certified = certificate.verify(&root, now).map_err(refuse)?;
                let pinned = PinnedRoot::try_new(&certificate, now).map_err(refuse)?;
                Ok(self.request(pinned, certified, rng))
            }
            (Stage::Requested(requested), FromOrchestrator::Answer { statement, signature }) => {
                requested
                    .certified
                    .signing
                    .verify(signing::Statement::EnrolmentAnswer, &statement, &signature)
                    .map_err(|source| EnrolmentError::Signature { source })?;
                let statement: Statement = serde_json::from_slice(&statement)
                    .map_err(|source| EnrolmentError::Malformed { source })?;
                if statement.nonce != requested.nonce || statement.request != requested.request {
                    return Err(EnrolmentError::OtherRequest);
                }
                Ok(AgentStep::Enrolled(conclude(&self.token, &requested.pinned, statement)?))
            }
            (Stage::Asked, FromOrchestrator::Answer { .. }) => {
                Err(EnrolmentError::WrongStep { got: "an answer", expected: "its certificate" })
            }
            (Stage::Requested(_), FromOrchestrator::Chain { .. }) => {
                Err(EnrolmentError::WrongStep { got: "its certificate", expected: "an answer" })
            }
        }
    }

    fn request(
        self,
        pinned: PinnedRoot,
        certified: CertifiedKeys,
        rng: &mut (impl CryptoRng + RngCore),
    ) -> AgentStep {
        let Self { token, keys, machine, stage: _ } = self;
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        let inside = Zeroizing::new(to_json(&Inside { keys: keys.public(), machine: machine.clone() }));
        let sealed = sealed::seal(&certified.sealing, Purpose::EnrolmentRequest, &inside, rng);
        let key = token.secret.authentication_key();
        let code = authenticated(token.id, &nonce, &sealed, token.root, |parts| key.authenticate(parts));
        let request = SealedRequest { token: token.id, nonce, sealed, code };
        let stage = Box::new(Requested { pinned, certified, nonce, request: request.digest() });
        AgentStep::Send {
            next: Box::new(Self { token, keys, machine, stage: Stage::Requested(stage) }),
            frame: to_frame(FromAgent::Request(request)),
        }
    }
}

fn conclude(token: &Token, pinned: &PinnedRoot, statement: Statement) -> Result<Enrolled, EnrolmentError> {
    let (agent, organization, host, bus, root) = match statement.outcome {
        Outcome::Enrolled { agent, organization, host, bus, root } => (agent, organization, host, bus, root),
        Outcome::Refused { reason } => return Err(EnrolmentError::Refused { reason }),
    };
    if root != pinned.root() {
        return Err(EnrolmentError::OtherRoot { got: root, expected: pinned.root() });
    }
    if organization != token.organization {
        return Err(EnrolmentError::OtherPlace { what: "organization" });
    }
    if let Scope::Host(expected) = token.scope
        && host != Some(expected)
    {
        return Err(EnrolmentError::OtherPlace { what: "host" });
    }
    Ok(Enrolled {
        identity: Identity { organization, agent },
        host,
        bus,
        pinned: pinned.clone(),
        time: statement.time,
    })
}
