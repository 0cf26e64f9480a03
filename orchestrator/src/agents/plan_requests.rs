//! Dry runs that somebody waits for.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use hostwright_protocol::ids::{AgentId, PlanId};
use hostwright_protocol::messages::{PlanResult, Planning};
use tokio::sync::oneshot;

/// Dry runs that somebody waits for. Cloning shares them.
#[derive(Clone, Debug, Default)]
pub struct PlanRequests(Arc<Mutex<HashMap<PlanId, Waiting>>>);

#[derive(Debug)]
struct Waiting {
    agent: AgentId,
    answer: oneshot::Sender<Planning>,
}

/// An answer that is waited for; dropping it ends that.
#[derive(Debug)]
pub(crate) struct Expected {
    id: PlanId,
    requests: PlanRequests,
    answer: oneshot::Receiver<Planning>,
}

impl PlanRequests {
    /// Expects an answer of an agent.
    pub(crate) fn expect(&self, agent: AgentId, id: PlanId) -> Expected {
        let (sender, answer) = oneshot::channel();
        self.waiting().insert(id, Waiting { agent, answer: sender });
        Expected { id, requests: self.clone(), answer }
    }

    /// Hands an answer to whoever waits for it. Only the agent that was asked can answer.
    pub(crate) fn answer(&self, agent: AgentId, result: PlanResult) {
        let PlanResult { id, planning } = result;
        let mut waiting = self.waiting();
        if waiting.get(&id).is_some_and(|waiting| waiting.agent == agent)
            && let Some(waiting) = waiting.remove(&id)
        {
            // Whoever asked may have given up in this moment.
            let _ = waiting.answer.send(planning);
        }
    }

    /// An agent is gone and answers nothing more.
    pub(crate) fn give_up(&self, agent: AgentId) {
        self.waiting().retain(|_, waiting| waiting.agent != agent);
    }

    fn waiting(&self) -> std::sync::MutexGuard<'_, HashMap<PlanId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Expected {
    /// Waits for the answer; nothing if the agent has gone. Cancel-safe.
    pub(crate) async fn received(mut self) -> Option<Planning> {
        (&mut self.answer).await.ok()
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        self.requests.waiting().remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use hostwright_model::clock::TestClock;
    use hostwright_model::ids::fresh;

    use super::*;

    fn result(id: PlanId) -> PlanResult {
        PlanResult { id, planning: Planning::Refused { error: "busy".to_owned() } }
    }

    #[tokio::test]
    async fn only_the_agent_that_was_asked_can_answer() {
        let (requests, clock) = (PlanRequests::default(), TestClock::default());
        let (asked, other, id) = (fresh(&clock), fresh(&clock), fresh(&clock));
        let expected = requests.expect(asked, id);
        requests.answer(other, result(id));
        requests.answer(asked, result(id));
        assert!(expected.received().await.is_some());
        assert!(requests.waiting().is_empty());
    }

    #[tokio::test]
    async fn an_agent_that_goes_leaves_nobody_waiting() {
        let (requests, clock) = (PlanRequests::default(), TestClock::default());
        let (agent, id) = (fresh(&clock), fresh(&clock));
        let expected = requests.expect(agent, id);
        requests.give_up(agent);
        assert!(expected.received().await.is_none());
        drop(requests.expect(agent, id));
        assert!(requests.waiting().is_empty(), "who stops waiting is forgotten");
    }
}
