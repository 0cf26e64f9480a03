//! The host's side: starts the helper program, and believes nothing it says but well-formed code in time.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use crate::engine::Configured;

/// The largest code that is taken from the helper.
const CODE_MAXIMUM: u64 = 512 << 20;

/// What of the helper's complaints is kept.
const COMPLAINT_MAXIMUM: u64 = 4096;

/// What makes machine code of components.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compiler {
    /// The helper program at this path.
    Program(PathBuf),
    /// This very process; for tools and tests that trust what they compile.
    #[cfg(feature = "compiler")]
    InProcess,
}

/// Why there is no machine code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// It could not be started or talked to.
    #[error("failed to run the compiler `{}`", program.display())]
    Program {
        /// The helper.
        program: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// It took too long and was killed.
    #[error("the compiler did not end within {} s and was killed", limit.as_secs_f32())]
    TimedOut {
        /// How long it was given.
        limit: Duration,
    },
    /// It broke down, by itself or at a limit of its own.
    #[error("the compiler ended with {status}: {complaint}")]
    Died {
        /// How.
        status: ExitStatus,
        /// What it said last.
        complaint: String,
    },
    /// The component is well-formed and still cannot be compiled.
    #[error("the component cannot be compiled: {reason}")]
    Refused {
        /// What the compiler says.
        reason: String,
    },
    /// What it wrote is no machine code of a component.
    #[error("the compiler wrote something that is not a compiled component")]
    Nonsense,
}

/// Returns the machine code of a component.
pub(crate) async fn compile(
    compiler: &Compiler,
    engine: &Configured,
    component: Bytes,
    limit: Duration,
) -> Result<Vec<u8>, CompileError> {
    let code = match compiler {
        Compiler::Program(program) => run(program, component, limit).await?,
        #[cfg(feature = "compiler")]
        Compiler::InProcess => {
            let engine = engine.clone();
            let result = tokio::task::spawn_blocking(move || engine.precompile_component(&component)).await;
            let refused = |reason: String| CompileError::Refused { reason };
            result
                .map_err(|panic| refused(panic.to_string()))?
                .map_err(|error| refused(format!("{error:#}")))?
        }
    };
    #[cfg(not(feature = "compiler"))]
    let _ = engine;
    match wasmtime::Engine::detect_precompiled(&code) {
        Some(wasmtime::Precompiled::Component) => Ok(code),
        Some(wasmtime::Precompiled::Module) | None => Err(CompileError::Nonsense),
    }
}

async fn run(program: &Path, component: Bytes, limit: Duration) -> Result<Vec<u8>, CompileError> {
    let failed = |source| CompileError::Program { program: program.to_owned(), source };
    let mut child = spawn(program).map_err(failed)?;
    match tokio::time::timeout(limit, converse(&mut child, &component)).await {
        Ok(Ok((status, code, _))) if status.success() => Ok(code),
        Ok(Ok((status, _, complaint))) => {
            let complaint = String::from_utf8_lossy(&complaint).trim().replace(char::is_control, " ");
            match status.code() {
                Some(REFUSED) => Err(CompileError::Refused { reason: complaint }),
                _ => Err(CompileError::Died { status, complaint }),
            }
        }
        Ok(Err(source)) => Err(failed(source)),
        Err(_) => {
            child.kill().await.map_err(failed)?;
            Err(CompileError::TimedOut { limit })
        }
    }
}

/// The helper's exit status for a component that it understood and refused.
pub(super) const REFUSED: i32 = 3;

#[expect(clippy::disallowed_methods, reason = "this file owns the crate's processes")]
fn spawn(program: &Path) -> io::Result<Child> {
    Command::new(program)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Writes the component and reads the answer at the same time, so that neither side waits for the other.
async fn converse(child: &mut Child, component: &[u8]) -> io::Result<(ExitStatus, Vec<u8>, Vec<u8>)> {
    let missing = || io::Error::other("a pipe to the compiler is missing");
    let mut stdin = child.stdin.take().ok_or_else(missing)?;
    let stdout = child.stdout.take().ok_or_else(missing)?;
    let stderr = child.stderr.take().ok_or_else(missing)?;
    let (mut code, mut complaint) = (Vec::new(), Vec::new());
    let write = async move {
        // A helper that ends early says why on its standard error.
        let _ = stdin.write_all(component).await;
        drop(stdin);
        io::Result::Ok(())
    };
    let read = async {
        let mut stdout = stdout.take(CODE_MAXIMUM);
        stdout.read_to_end(&mut code).await
    };
    let listen = async {
        let mut rest = stderr;
        (&mut rest).take(COMPLAINT_MAXIMUM).read_to_end(&mut complaint).await?;
        tokio::io::copy(&mut rest, &mut tokio::io::sink()).await
    };
    tokio::try_join!(write, read, listen)?;
    let status = child.wait().await?;
    Ok((status, code, complaint))
}
