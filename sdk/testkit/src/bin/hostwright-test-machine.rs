//! Serves the machine that it runs on over standard input and output, for laws that are checked from outside.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use hostwright_runtime::machine::local::{LocalMachine, LocalOptions, Supervisor, supervise_main};

/// Comes before the arguments of the supervisor.
const SUPERVISE: &str = "supervise";
/// For tests only: what is digested under it is a test's.
const DIGEST_KEY: [u8; 32] = [7; 32];

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match arguments.next() {
        Some(first) if first == SUPERVISE => supervise_main(arguments),
        root => match serve(root.map_or_else(|| PathBuf::from("/"), PathBuf::from)) {
            Ok(()) => ExitCode::SUCCESS,
            #[expect(clippy::print_stderr, reason = "the one place where this program tells why it ended")]
            Err(error) => {
                eprintln!("{error:#}");
                ExitCode::FAILURE
            }
        },
    }
}

fn serve(root: PathBuf) -> anyhow::Result<()> {
    let runs = tempfile::tempdir().context("make a directory for the records of programs")?;
    let machine = LocalMachine::new(LocalOptions {
        root,
        protected: Vec::new(),
        digest_key: DIGEST_KEY,
        supervisor: Supervisor {
            program: std::env::current_exe().context("find this program")?,
            arguments_prefix: vec![SUPERVISE.into()],
        },
        runs_directory: runs.path().to_owned(),
    })
    .context("open the machine")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("start tokio")?;
    let served = runtime.block_on(hostwright_testkit::serve(
        Arc::new(machine),
        tokio::io::stdin(),
        tokio::io::stdout(),
    ));
    served.context("speak over standard input and output")
}
