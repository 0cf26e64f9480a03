//! Making frames.

use super::content::{self, Message};
use super::error::SealError;
use super::meta::Meta;
use crate::frame::{Frame, MAX_FRAME_BYTES};
use crate::keys::{AgentKeys, KeyId, OrchestratorKeys};
use crate::messages::{ToAgent, ToOrchestrator};
use crate::signing::Statement;

/// Signs a message for one agent.
pub fn seal_to_agent(keys: &OrchestratorKeys, meta: &Meta, message: &ToAgent) -> Result<Frame, SealError> {
    seal(keys.key_id(), |payload| keys.sign(Statement::FrameToAgent, payload), meta, message)
}

/// Signs a message of an agent.
pub fn seal_to_orchestrator(
    keys: &AgentKeys,
    meta: &Meta,
    message: &ToOrchestrator,
) -> Result<Frame, SealError> {
    seal(keys.key_id(), |payload| keys.sign(Statement::FrameToOrchestrator, payload), meta, message)
}

fn seal<M: Message>(
    key: KeyId,
    sign: impl FnOnce(&[u8]) -> [u8; 64],
    meta: &Meta,
    message: &M,
) -> Result<Frame, SealError> {
    let payload = content::write(meta, message)?;
    let frame = Frame::signed(key, &sign(&payload), &payload);
    if frame.size() > MAX_FRAME_BYTES {
        return Err(SealError::TooLarge { size: frame.size(), limit: MAX_FRAME_BYTES });
    }
    Ok(frame)
}
