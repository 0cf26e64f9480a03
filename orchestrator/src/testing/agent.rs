//! A machine that does as it is told: it has the real agent's keys and manners, and nothing else of it.

use std::collections::BTreeMap;
use std::str::FromStr as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hostwright_bus::{AgentBus as _, AgentSession, Frame, Login};
use hostwright_model::clock::Clock as _;
use hostwright_model::ids::fresh;
use hostwright_protocol::desired_set;
use hostwright_protocol::enrolment::{AgentSide, AgentStep, Enrolled, EnrolmentError, MachineDescription};
use hostwright_protocol::envelope::{Meta, open_from_orchestrator, seal_to_orchestrator};
use hostwright_protocol::keys::AgentKeys;
use hostwright_protocol::messages::{
    Activation, Change, ChangeEnded, ChangeOutcome, Fetch, Hello, HighWater, Operation, Receipt, ResourceRef,
    Resync, TaskBegan, TaskEnded, TaskOutcome, ToAgent, ToOrchestrator, Welcome,
};
use hostwright_protocol::token::Token;
use serde_json::Value as Json;

use super::{PATIENCE, TestSystem};

/// A machine that does as it is told.
pub(crate) struct ScriptedAgent {
    pub(crate) keys: Arc<AgentKeys>,
    pub(crate) enrolled: Enrolled,
    session: Option<Box<dyn AgentSession>>,
    received: HighWater,
    sent: HighWater,
    generation: u64,
    desired: BTreeMap<ResourceRef, Json>,
    clock: Arc<hostwright_model::clock::TestClock>,
}

impl ScriptedAgent {
    /// Goes through the whole exchange.
    pub(crate) async fn enrol(system: &TestSystem, token: &str) -> Result<Self, EnrolmentError> {
        Self::enrol_with(system, token, AgentKeys::generate(&mut rand::thread_rng())).await
    }

    pub(crate) async fn enrol_with(
        system: &TestSystem,
        token: &str,
        keys: AgentKeys,
    ) -> Result<Self, EnrolmentError> {
        let token = Token::from_str(token).unwrap();
        let session = system.agents_bus().connect(&Login::Enrolment { token: token.id }).await.unwrap();
        let machine = MachineDescription { machine_id: "0123".to_owned(), hostname: "machine".to_owned() };
        let (mut side, mut frame) = AgentSide::begin(token, keys.clone(), machine);
        let enrolled = loop {
            session.publish(frame).await.unwrap();
            let (answer, _) = tokio::time::timeout(PATIENCE, session.receive()).await.unwrap().unwrap();
            match side.receive(&answer, system.clock.now(), &mut rand::thread_rng())? {
                AgentStep::Send { next, frame: request } => (side, frame) = (*next, request),
                AgentStep::Enrolled(enrolled) => break enrolled,
            }
        };
        Ok(Self {
            keys: Arc::new(keys),
            enrolled,
            session: None,
            received: HighWater::default(),
            sent: HighWater { epoch: 1, sequence: 0 },
            generation: 0,
            desired: BTreeMap::new(),
            clock: system.clock.clone(),
        })
    }

    /// Logs in and says hello; returns what the orchestrator knows.
    pub(crate) async fn connect(&mut self, system: &TestSystem) -> Welcome {
        let login = Login::Agent { agent: self.enrolled.identity.agent, keys: self.keys.clone() };
        self.session = Some(system.agents_bus().connect(&login).await.unwrap());
        let hello = Hello {
            nonce: "n".to_owned(),
            version: "0.1.0".to_owned(),
            received: self.received,
            sent: self.sent,
        };
        self.say(&ToOrchestrator::Hello(hello)).await;
        loop {
            if let ToAgent::Welcome(welcome) = self.hear().await {
                return welcome;
            }
        }
    }

    pub(crate) fn disconnect(&mut self) {
        self.session = None;
    }

    /// Forgets everything since it was made, as a machine restored from an old image.
    pub(crate) fn set_back(&mut self) {
        self.received = HighWater::default();
        self.generation = 0;
        self.desired.clear();
    }

    /// The next ordered message, which is receipted.
    pub(crate) async fn next(&mut self) -> ToAgent {
        loop {
            match self.hear().await {
                ToAgent::Welcome(_) | ToAgent::Receipt(_) => {}
                message => return message,
            }
        }
    }

    pub(crate) async fn expect_activation(&mut self) -> Activation {
        match self.next().await {
            ToAgent::Activation(activation) => activation,
            other => panic!("an activation was expected, not {other:?}"),
        }
    }

    pub(crate) async fn expect_change(&mut self) -> Change {
        match self.next().await {
            ToAgent::Change(change) => change,
            other => panic!("a change was expected, not {other:?}"),
        }
    }

    pub(crate) async fn expect_resync(&mut self) -> Resync {
        match self.next().await {
            ToAgent::Resync(resync) => resync,
            other => panic!("a resync was expected, not {other:?}"),
        }
    }

    /// Takes a change as an agent does: refuses what does not follow, else does every task.
    pub(crate) async fn carry_out(&mut self, change: &Change) {
        if change.follows != self.generation {
            let error =
                format!("it follows generation {}, the agent is at {}", change.follows, self.generation);
            return self.end(change, ChangeOutcome::OutOfStep { error }).await;
        }
        self.accept(change);
        assert_eq!(
            self.digest(),
            change.desired_digest,
            "both ends mean the same by `{}`",
            change.description
        );
        for task in &change.tasks {
            self.report_task(change, task.number, done()).await;
        }
        self.end(change, ChangeOutcome::Done).await;
    }

    pub(crate) async fn carry_out_resync(&mut self, resync: &Resync) {
        self.desired.clear();
        self.accept(&resync.change);
        for task in &resync.change.tasks {
            self.report_task(&resync.change, task.number, done()).await;
        }
        self.end(&resync.change, ChangeOutcome::Done).await;
    }

    /// Takes a change whose task fails; what comes after it is not begun.
    pub(crate) async fn fail_at(&mut self, change: &Change, number: u32) {
        self.accept(change);
        for task in &change.tasks {
            let outcome = match task.number {
                before if before < number => done(),
                now if now == number => TaskOutcome::Failed { error: "no such package".to_owned() },
                _ => TaskOutcome::Skipped { because: number },
            };
            self.report_task(change, task.number, outcome).await;
        }
        self.end(change, ChangeOutcome::Failed).await;
    }

    pub(crate) async fn begin(&mut self, change: &Change, number: u32) {
        let at = self.clock.now();
        self.report(ToOrchestrator::TaskBegan(TaskBegan { change: change.id, number, at })).await;
    }

    /// Fetches content, part by part.
    pub(crate) async fn fetch(&mut self, digest: &str) -> Vec<u8> {
        let mut content = Vec::new();
        loop {
            let fetch = Fetch { digest: digest.to_owned(), offset: content.len() as u64 };
            self.say(&ToOrchestrator::Fetch(fetch)).await;
            let chunk = loop {
                match self.hear().await {
                    ToAgent::Chunk(chunk) => break chunk,
                    ToAgent::Welcome(_) | ToAgent::Receipt(_) => {}
                    other => panic!("a part was expected, not {other:?}"),
                }
            };
            content.extend(STANDARD.decode(&chunk.data).unwrap());
            if content.len() as u64 == chunk.size {
                return content;
            }
        }
    }

    /// Waits until the orchestrator has ended the session.
    pub(crate) async fn expect_end_of_session(&mut self) {
        let session = self.session.take().unwrap();
        let end = async { while session.receive().await.is_some() {} };
        tokio::time::timeout(PATIENCE, end).await.unwrap();
    }

    async fn report_task(&mut self, change: &Change, number: u32, outcome: TaskOutcome) {
        let at = self.clock.now();
        self.report(ToOrchestrator::TaskBegan(TaskBegan { change: change.id, number, at })).await;
        self.report(ToOrchestrator::TaskEnded(TaskEnded { change: change.id, number, outcome, at })).await;
    }

    pub(crate) async fn end(&mut self, change: &Change, outcome: ChangeOutcome) {
        let (generation, desired_digest) = (self.generation, self.digest());
        let ended = ChangeEnded { change: change.id, outcome, generation, desired_digest };
        self.report(ToOrchestrator::ChangeEnded(ended)).await;
    }

    pub(crate) fn accept(&mut self, change: &Change) {
        self.generation = change.generation;
        for task in &change.tasks {
            match &task.operation {
                Operation::Apply { attributes, .. } => {
                    self.desired.insert(task.resource.clone(), attributes.clone());
                }
                Operation::Remove { .. } | Operation::Release => {
                    self.desired.remove(&task.resource);
                }
                Operation::Perform { .. } => {}
            }
        }
    }

    fn digest(&self) -> String {
        desired_set::digest(self.desired.iter().map(|(resource, attributes)| (resource.clone(), attributes)))
    }

    /// Sends an ordered report.
    pub(crate) async fn report(&mut self, report: ToOrchestrator) {
        let frame = self.seal_report(&report);
        self.publish(frame).await;
    }

    /// Makes the frame of the next ordered report.
    pub(crate) fn seal_report(&mut self, report: &ToOrchestrator) -> Frame {
        self.sent.sequence += 1;
        self.seal_at(self.sent, report)
    }

    pub(crate) fn seal_at(&self, place: HighWater, report: &ToOrchestrator) -> Frame {
        let (id, now) = (fresh(&*self.clock), self.clock.now());
        let meta = Meta::ordered(self.enrolled.identity, id, place, place.sequence - 1, now);
        seal_to_orchestrator(&self.keys, &meta, report).unwrap()
    }

    pub(crate) fn place(&self) -> HighWater {
        self.sent
    }

    /// Says something that may be lost.
    pub(crate) async fn say(&mut self, message: &ToOrchestrator) {
        let meta = Meta::transient(self.enrolled.identity, fresh(&*self.clock), self.clock.now());
        let frame = seal_to_orchestrator(&self.keys, &meta, message).unwrap();
        self.publish(frame).await;
    }

    async fn publish(&mut self, frame: Frame) {
        self.session.as_ref().unwrap().publish(frame).await.unwrap();
    }

    async fn hear(&mut self) -> ToAgent {
        loop {
            let session = self.session.as_ref().unwrap();
            let (frame, _) = tokio::time::timeout(PATIENCE, session.receive()).await.unwrap().unwrap();
            let now = self.clock.now();
            let envelope =
                open_from_orchestrator(&self.enrolled.pinned, &self.enrolled.identity, &frame, now).unwrap();
            if envelope.meta.is_transient() {
                return envelope.message;
            }
            if envelope.meta.place() <= self.received {
                continue;
            }
            let is_next =
                envelope.meta.epoch > self.received.epoch || envelope.meta.previous <= self.received.sequence;
            assert!(is_next, "something is missing before {:?}", envelope.meta);
            self.received = envelope.meta.place();
            self.say(&ToOrchestrator::Receipt(Receipt { stored: self.received })).await;
            return envelope.message;
        }
    }
}

fn done() -> TaskOutcome {
    TaskOutcome::Done { changed: true, message: None, differences: Vec::new() }
}
