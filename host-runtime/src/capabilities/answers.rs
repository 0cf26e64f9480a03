//! From the machine's answers to the plugin's.

use crate::machine::{MachineError, Output, Reply};
use crate::plugin::Context;
use crate::provider::ProviderError;

/// The end of what a failed program wrote, as far as it is told.
const TAIL_MAXIMUM: usize = 2000;

pub(super) async fn ask(context: &Context, request: crate::machine::Request) -> Result<Reply, ProviderError> {
    context.host.machine.call(request).await.map_err(refusal)
}

/// A machine's answer to another question than was asked.
pub(super) fn nonsense(asked: &str) -> ProviderError {
    failed(format!("the machine gave `{asked}` an answer to something else"))
}

pub(super) fn failed(message: String) -> ProviderError {
    ProviderError::Failed { message, command: None, status: None, output: None }
}

pub(super) fn refusal(error: MachineError) -> ProviderError {
    match error {
        MachineError::Denied { action, reason } => ProviderError::Denied { action, reason },
        MachineError::Unsupported(message) => ProviderError::Unsupported(message),
        MachineError::Failed { message, run: None } => failed(message),
        MachineError::Failed { message, run: Some((command, output)) } => ProviderError::Failed {
            message,
            command: Some(command),
            status: Some(output.status),
            output: tail(&output),
        },
        MachineError::Interrupted(message) => failed(format!("interrupted: {message}")),
    }
}

fn tail(output: &Output) -> Option<String> {
    let bytes = if output.stderr.is_empty() { &output.stdout } else { &output.stderr };
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim();
    let start = text.ceil_char_boundary(text.len().saturating_sub(TAIL_MAXIMUM));
    let tail = text.get(start..)?;
    if tail.is_empty() { None } else { Some(tail.to_owned()) }
}
