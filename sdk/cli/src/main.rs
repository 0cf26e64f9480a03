//! The command line.

use std::process::ExitCode;

use hostwright_cli::{Output, Surroundings, run};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let surroundings = Surroundings::of_this_process();
    let mut output = Output::of_this_process();
    run(std::env::args_os(), surroundings, &mut output).await.into()
}
