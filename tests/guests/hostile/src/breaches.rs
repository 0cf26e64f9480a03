//! What each id does.

use std::hint::black_box;
use std::net::TcpStream;
use std::time::Duration;

use wasip2::http::types::{Fields, OutgoingRequest};

use crate::exports::hostwright::provider::collection::Observation;
use crate::hostwright::host::exec::{Command, Output};
use crate::hostwright::host::files::{Digesting, read, stat};
use crate::hostwright::host::log::{Level, log};
use crate::hostwright::host::types::Error;

/// Does what the id says and tells what came of it, where anything did.
pub(crate) fn commit(id: &str) -> Observation {
    let (breach, argument) = id.split_once(':').unwrap_or((id, ""));
    match breach {
        "echo" => present(id),
        "loop" => loop {
            black_box(0);
        },
        "sleep" => {
            std::thread::sleep(Duration::from_hours(1));
            present("awake")
        }
        "hog" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(vec![1_u8; 1 << 20]));
            }
        }
        "modest-hog" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                let mut more = Vec::new();
                if more.try_reserve_exact(1 << 20).is_err() {
                    return present(&format!("{} MiB, then no more", hoard.len() / 8 * 8));
                }
                more.resize(1 << 20, 1);
                hoard.push(black_box(more));
            }
        }
        "trap" => panic!("nothing works"),
        "exit" => std::process::exit(3),
        "recurse" => present(&format!("{}", recurse(0))),
        "output-flood" => Observation::Present("x".repeat(argument.parse().unwrap_or(0))),
        "log-flood" => loop {
            log(Level::Info, "and another thing");
        },
        "stdout-flood" => loop {
            println!("and another thing");
        },
        "call-flood" => loop {
            black_box(stat(&["/etc/motd".to_owned()], Digesting::None));
        },
        "argument-flood" => {
            let paths = vec!["/etc/motd".to_owned(); argument.parse().unwrap_or(0)];
            present(&format!("{} answers", stat(&paths, Digesting::None).len()))
        }
        "nonsense" => Observation::Present("not JSON".to_owned()),
        "read" => told(read(argument, 1000).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())),
        "write" => told(crate::write(argument).map(|_| "written".to_owned())),
        "run" => told(run(argument).map(|output| String::from_utf8_lossy(&output.stdout).into_owned())),
        "open" => present(
            &std::fs::read_to_string("/etc/passwd")
                .map_or_else(|error| error.to_string(), |_| "read it".to_owned()),
        ),
        "connect" => present(
            &TcpStream::connect("127.0.0.1:22")
                .map_or_else(|error| error.to_string(), |_| "connected".to_owned()),
        ),
        "http" => match wasip2::http::outgoing_handler::handle(OutgoingRequest::new(Fields::new()), None) {
            Ok(_) => present("sent"),
            Err(error) => present(&format!("{error:?}")),
        },
        "environment" => present(&format!(
            "{} variables, {} arguments",
            std::env::vars().count(),
            std::env::args().count()
        )),
        "speak" => {
            println!("to standard output");
            eprint!("to standard error");
            present("spoke")
        }
        _ => Observation::Absent,
    }
}

/// Runs a command line, split at spaces.
pub(crate) fn run(line: &str) -> Result<Output, Error> {
    let mut words = line.split(' ').map(str::to_owned);
    let program = words.next().unwrap_or_default();
    crate::hostwright::host::exec::run(&Command {
        program,
        arguments: words.collect(),
        stdin: None,
        timeout_ms: None,
    })
}

fn recurse(depth: u64) -> u64 {
    let space = black_box([depth; 64]);
    if space[0] == u64::MAX { 0 } else { black_box(recurse(depth + 1)) + space[1] }
}

fn told(result: Result<String, Error>) -> Observation {
    match result {
        Ok(text) => present(&text),
        Err(error) => Observation::Unreadable(error),
    }
}

/// What it says, as attributes. Only texts without quotes and backslashes occur.
fn present(says: &str) -> Observation {
    Observation::Present(format!(r#"{{"says": "{says}"}}"#))
}
