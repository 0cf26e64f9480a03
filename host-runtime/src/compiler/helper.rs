//! The helper's side: one component in, its machine code out.

use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use super::confinement;
use super::program::REFUSED;
use crate::loader::COMPONENT_MAXIMUM;

/// Reads a component from standard input and writes its machine code to standard output.
///
/// Gives up every privilege first. What is wrong goes to standard error, one line.
pub fn main() -> ExitCode {
    match confinement::enter()
        .map_err(|error| (ExitCode::FAILURE, format!("failed to give up privileges: {error}")))
    {
        Ok(()) => {}
        Err(failure) => return complain(failure),
    }
    match compile() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => complain(failure),
    }
}

fn compile() -> Result<(), (ExitCode, String)> {
    let failed = |what: &'static str| {
        move |error: std::io::Error| (ExitCode::FAILURE, format!("failed to {what}: {error}"))
    };
    let refused = |reason: String| (ExitCode::from(u8::try_from(REFUSED).unwrap_or(1)), reason);
    let mut component = Vec::new();
    let maximum = COMPONENT_MAXIMUM as u64;
    std::io::stdin()
        .lock()
        .take(maximum + 1)
        .read_to_end(&mut component)
        .map_err(failed("read the component"))?;
    if component.len() as u64 > maximum {
        return Err(refused(format!("it has more than {maximum} bytes")));
    }
    let engine = crate::engine::engine().map_err(|error| (ExitCode::FAILURE, format!("{error:#}")))?;
    let code = engine.precompile_component(&component).map_err(|error| refused(format!("{error:#}")))?;
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(&code).and_then(|()| stdout.flush()).map_err(failed("write the code"))
}

fn complain((code, complaint): (ExitCode, String)) -> ExitCode {
    // Nobody is left to tell if this fails.
    let _ = writeln!(std::io::stderr(), "{complaint}");
    code
}
