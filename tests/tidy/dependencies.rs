//! Which crate may know which.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

use crate::sources::root;

/// Ours only; a crate that is not listed may depend on none of ours.
const MAY_DEPEND_ON: &[(&str, &[&str])] = &[
    ("hostwright-manifest", &[]),
    ("hostwright-runtime", &["hostwright-manifest"]),
    ("hostwright-protocol", &["hostwright-manifest"]),
    ("hostwright-bus", &["hostwright-protocol"]),
    (
        "hostwright-agent",
        &["hostwright-runtime", "hostwright-manifest", "hostwright-bus", "hostwright-protocol"],
    ),
    ("hostwright-model", &["hostwright-protocol", "hostwright-manifest"]),
    ("hostwright-store", &["hostwright-model", "hostwright-protocol", "hostwright-manifest"]),
    ("hostwright-api-types", &[]),
    (
        "hostwright-orchestrator",
        &[
            "hostwright-runtime",
            "hostwright-manifest",
            "hostwright-bus",
            "hostwright-protocol",
            "hostwright-model",
            "hostwright-store",
            "hostwright-api-types",
        ],
    ),
    ("hostwright-sdk-macros", &[]),
    ("hostwright-sdk", &["hostwright-sdk-macros"]),
    ("hostwright-testkit", &["hostwright-runtime", "hostwright-manifest"]),
    ("hostwright-client", &["hostwright-api-types"]),
    (
        "hostwright-cli",
        &["hostwright-client", "hostwright-api-types", "hostwright-manifest", "hostwright-testkit"],
    ),
    ("xtask", &[]),
];

/// What a plugin may depend on: what a third party's can.
const PLUGIN_MAY_DEPEND_ON: &[&str] = &["hostwright-sdk", "hostwright-collections"];

/// Libraries that stay behind one boundary.
const CONFINED: &[(&str, &[&str])] = &[
    ("wasmtime", &["hostwright-runtime"]),
    ("wasmtime-wasi", &["hostwright-runtime"]),
    ("sqlx", &["hostwright-store", "hostwright-agent"]),
    ("lapin", &["hostwright-bus"]),
    ("axum", &["hostwright-orchestrator", "hostwright-bus"]),
];

/// Crates without any I/O: none of these.
const PURE: &[(&str, &[&str])] = &[
    ("hostwright-model", &["tokio", "sqlx", "axum", "reqwest", "async-trait"]),
    ("hostwright-protocol", &["tokio", "sqlx", "axum", "reqwest", "async-trait"]),
    ("hostwright-manifest", &["tokio", "wasmtime", "async-trait"]),
];

#[test]
fn crates_depend_on_what_they_may_and_nothing_else() {
    let allowed: BTreeMap<_, _> = MAY_DEPEND_ON.iter().copied().collect();
    for package in packages() {
        if matches!(package.name.as_str(), "hostwright-tests") {
            continue;
        }
        let may: &[&str] = if package.folder.starts_with("plugins/") {
            PLUGIN_MAY_DEPEND_ON
        } else {
            allowed.get(package.name.as_str()).copied().unwrap_or_default()
        };
        let ours =
            package.dependencies.iter().filter(|name| name.starts_with("hostwright-") || *name == "xtask");
        for dependency in ours {
            assert!(
                may.contains(&dependency.as_str()),
                "{} depends on {dependency}; it may depend on {may:?} (a new arrow is a design change: tests/tidy/dependencies.rs)",
                package.name
            );
        }
    }
}

#[test]
fn libraries_stay_behind_their_boundary() {
    for package in packages() {
        for (library, owners) in CONFINED {
            assert!(
                !package.dependencies.contains(*library) || owners.contains(&package.name.as_str()),
                "{} names {library}, which only {owners:?} may",
                package.name
            );
        }
        for (pure, never) in PURE {
            if package.name == *pure {
                let found: Vec<_> =
                    never.iter().filter(|library| package.dependencies.contains(**library)).collect();
                assert!(found.is_empty(), "{pure} does no I/O and depends on {found:?}");
            }
        }
    }
}

#[test]
fn every_crate_opts_in_to_the_lints_of_the_workspace() {
    for package in packages() {
        let manifest =
            std::fs::read_to_string(root().join(&package.folder).join("Cargo.toml")).expect("a manifest");
        let manifest: toml::Table = manifest.parse().expect("a manifest is TOML");
        let opted_in =
            manifest.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool);
        assert_eq!(opted_in, Some(true), "{} lacks `[lints] workspace = true`", package.name);
    }
}

struct Package {
    name: String,
    folder: String,
    /// Without those for tests only.
    dependencies: BTreeSet<String>,
}

fn packages() -> Vec<Package> {
    #[expect(clippy::disallowed_methods, reason = "this rule asks cargo")]
    let output = Command::new("cargo")
        .args(["metadata", "--no-deps", "--format-version=1", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo speaks JSON");
    let root = root().to_string_lossy().into_owned() + "/";
    let packages = metadata["packages"].as_array().expect("packages").iter().map(|package| {
        let folder = package["manifest_path"].as_str().expect("a path").trim_start_matches(&root);
        let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
        Package {
            name: package["name"].as_str().expect("a name").to_owned(),
            folder: folder.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned(),
            dependencies: dependencies
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| dependency["name"].as_str().expect("a name").to_owned())
                .collect(),
        }
    });
    packages.collect()
}
