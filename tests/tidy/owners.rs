//! Things that one file of a crate owns: the clock, the environment, the starting of programs, HTTP clients.

use crate::sources::{PRODUCT, rust_files};

/// Files that may lift `clippy::disallowed_methods`, and for what.
const OWNERS: &[(&str, &str)] = &[
    ("agent/bus/src/testing/rabbitmq.rs", "the starting of brokers for tests"),
    ("agent/src/clock.rs", "the clock"),
    ("agent/src/config.rs", "the environment"),
    ("host-runtime/src/compiler/program.rs", "the starting of the compiler"),
    ("host-runtime/src/machine/local/programs/spawn.rs", "the starting of programs"),
    ("orchestrator/model/src/clock.rs", "the clock"),
    ("orchestrator/store/src/testing/postgres.rs", "the starting of databases for tests"),
    ("sdk/cli/src/editor.rs", "the starting of editors"),
    ("sdk/testkit/src/component.rs", "the building of components"),
];

#[test]
fn only_owner_files_touch_what_tests_have_to_control() {
    for source in rust_files(PRODUCT) {
        if source.path.contains("/tests/")
            || source.path.contains("/benches/")
            || source.path.contains("/examples/")
        {
            continue;
        }
        let lifts = source.code().contains("clippy::disallowed_methods");
        let owner = OWNERS.iter().find(|(path, _)| *path == source.path);
        assert!(
            !lifts || owner.is_some(),
            "{} lifts `disallowed_methods` and is nobody's owner file; see tests/tidy/owners.rs",
            source.path
        );
    }
    for (path, what) in OWNERS {
        let source = rust_files(PRODUCT).into_iter().find(|source| source.path == *path);
        let source = source.unwrap_or_else(|| panic!("{path} should own {what} and does not exist"));
        assert!(source.text.contains("clippy::disallowed_methods"), "{path} no longer owns {what}");
    }
}

#[test]
fn only_the_publisher_of_the_relay_publishes() {
    for source in rust_files(&["orchestrator/src"]) {
        // Stands at the other end.
        if source.path.starts_with("orchestrator/src/testing/") {
            continue;
        }
        let publishes = source.code().lines().any(|line| line.contains(".publish("));
        assert!(
            !publishes || source.path == "orchestrator/src/jobs/publisher.rs",
            "{} publishes to the bus; only jobs/publisher.rs may",
            source.path
        );
    }
}

#[test]
fn unsafe_code_is_where_it_is_explained() {
    const OWNERS: &[&str] = &[
        "agent/src/memory.rs",
        "host-runtime/src/compiler/confinement.rs",
        "host-runtime/src/engine/native.rs",
        "host-runtime/src/machine/local/programs/supervise/kernel.rs",
    ];
    for source in rust_files(&["host-runtime", "agent", "orchestrator"]) {
        let lifts = source.text.contains("expect(unsafe_code");
        assert!(!lifts || OWNERS.contains(&source.path.as_str()), "{} lifts `unsafe_code`", source.path);
    }
}
