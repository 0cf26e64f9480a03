//! Where things lie and how long they are.

use std::process::Command;

use crate::sources::{PRODUCT, root, rust_files};

const TOP_LEVEL: &[&str] = &[
    "ARCHITECTURE.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "agent",
    "host-runtime",
    "orchestrator",
    "plugins",
    "sdk",
    "tests",
    "wit",
];

/// Names that say nothing of what is inside.
const DRAWERS: &[&str] = &["util", "utils", "common", "helpers", "misc", "manager", "service"];

const LONGEST: usize = 500;

#[test]
fn the_top_level_is_the_fixed_list_and_dotfiles() {
    #[expect(
        clippy::disallowed_methods,
        reason = "this rule asks git, which knows what belongs to the repository"
    )]
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = String::from_utf8(output.stdout).expect("names are text");
    for file in files.split('\0').filter(|file| !file.is_empty() && !file.starts_with('.')) {
        let top = file.split('/').next().expect("a first part");
        assert!(TOP_LEVEL.contains(&top), "`{top}` does not belong at the top level (from {file})");
    }
}

#[test]
fn no_module_is_a_drawer() {
    for source in rust_files(&[PRODUCT, &["tests"]].concat()) {
        for part in source.path.split('/') {
            let name = part.trim_end_matches(".rs");
            assert!(!DRAWERS.contains(&name), "{}: `{name}` says nothing of what is inside", source.path);
        }
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    for source in rust_files(&[PRODUCT, &["tests"]].concat()) {
        let lines = source.code().lines().count();
        assert!(
            lines <= LONGEST,
            "{} has {lines} lines without its tests; split it at {LONGEST}",
            source.path
        );
    }
}

#[test]
fn tables_of_contents_hold_no_logic() {
    for source in rust_files(PRODUCT) {
        let is_table = source.path.ends_with("/src/lib.rs") && source.path != "sdk/rust/macros/src/lib.rs";
        if !is_table || source.path.starts_with("plugins/") {
            continue;
        }
        let functions = source.code().lines().filter(|line| line.trim_start().starts_with("pub fn ")).count();
        assert_eq!(functions, 0, "{} is a table of contents; give its functions a module", source.path);
    }
}
