//! How a bus knows that the caller is the agent it says it is.
//!
//! The bus shows a fresh [`Challenge`], the agent answers with a [`Proof`]. This admits to the bus and no more: each
//! frame is signed by itself.

use rand::{CryptoRng, RngCore};
use serde::{Deserialize, Serialize};

use crate::base64_text;
use crate::ids::AgentId;
use crate::keys::{AgentKeys, BadSignature, KeyId, VerifyingKey};
use crate::signing::Statement;

/// What the bus shows first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    #[serde(with = "base64_text")]
    nonce: [u8; 32],
    #[serde(with = "key_id")]
    orchestrator: KeyId,
}

impl Challenge {
    /// Makes a fresh one for the orchestrator with this signing key.
    pub fn generate(orchestrator: KeyId, rng: &mut (impl CryptoRng + RngCore)) -> Self {
        let mut nonce = [0; 32];
        rng.fill_bytes(&mut nonce);
        Self { nonce, orchestrator }
    }

    /// Answers as this agent.
    pub fn answer(&self, agent: AgentId, keys: &AgentKeys) -> Proof {
        Proof { agent, signature: keys.sign(Statement::Login, &self.content(agent)) }
    }

    fn content(&self, agent: AgentId) -> Vec<u8> {
        [self.nonce.as_slice(), &self.orchestrator.to_bytes(), agent.as_uuid().as_bytes()].concat()
    }
}

/// An agent's answer to a challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Who it says it is.
    pub agent: AgentId,
    #[serde(with = "base64_text")]
    signature: [u8; 64],
}

impl Proof {
    /// Checks that the agent's key answered this very challenge.
    pub fn verify(&self, challenge: &Challenge, key: &VerifyingKey) -> Result<(), BadSignature> {
        key.verify(Statement::Login, &challenge.content(self.agent), &self.signature)
    }
}

mod key_id {
    use serde::{Deserialize as _, Deserializer, Serializer};

    use crate::keys::KeyId;

    pub(super) fn serialize<S: Serializer>(key: &KeyId, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(key)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyId, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::samples::{identity, uuid};

    #[test]
    fn proof_is_good_for_its_challenge_agent_and_orchestrator_only() {
        let rng = &mut rand::thread_rng();
        let keys = AgentKeys::generate(rng);
        let signing = keys.public().signing;
        let agent = identity().agent;
        let challenge = Challenge::generate(KeyId::from_bytes([1; 16]), rng);
        let proof = challenge.answer(agent, &keys);
        assert!(proof.verify(&challenge, &signing).is_ok());

        let later = Challenge::generate(KeyId::from_bytes([1; 16]), rng);
        assert!(proof.verify(&later, &signing).is_err(), "another challenge");
        let elsewhere = Challenge { orchestrator: KeyId::from_bytes([2; 16]), ..challenge.clone() };
        assert!(proof.verify(&elsewhere, &signing).is_err(), "another orchestrator");
        let renamed = Proof { agent: AgentId::from_uuid(uuid(77)), ..proof.clone() };
        assert!(renamed.verify(&challenge, &signing).is_err(), "another agent");
        let other = AgentKeys::generate(rng).public().signing;
        assert!(proof.verify(&challenge, &other).is_err(), "another key");
    }

    #[test]
    fn challenge_and_proof_survive_the_wire() {
        let rng = &mut rand::thread_rng();
        let challenge = Challenge::generate(KeyId::from_bytes([7; 16]), rng);
        let proof = challenge.answer(identity().agent, &AgentKeys::generate(rng));
        let text = serde_json::to_string(&(&challenge, &proof)).unwrap();
        assert_eq!(serde_json::from_str::<(Challenge, Proof)>(&text).unwrap(), (challenge, proof));
    }
}
