//! Holds what a component imports against what it asks for, and what it asks for against what it was granted.
//!
//! Here capability by capability; within a capability an administrator may grant less than was asked, and the host
//! functions refuse what is left out.

use hostwright_manifest::{Grants, Manifest};

use super::LoadError;
use super::inspect::Import;
use crate::api::ApiVersion;

/// Packages of WASI that are always linked and give no power. `wasi:http` is linked to functions that break the call.
const POWERLESS: [&str; 7] = [
    "wasi:cli/",
    "wasi:clocks/",
    "wasi:filesystem/",
    "wasi:http/",
    "wasi:io/",
    "wasi:random/",
    "wasi:sockets/",
];

const WASI_VERSION: &str = "@0.2.";

/// One interface of the host.
struct Capability {
    /// As in `hostwright:host/NAME`.
    interface: &'static str,
    /// As a person calls it.
    name: &'static str,
    held: fn(&Grants) -> bool,
    /// What asks for it in a manifest.
    asking: &'static str,
    /// What grants it.
    granting: &'static str,
}

const CAPABILITIES: [Capability; 7] = [
    Capability {
        interface: "files",
        name: "files",
        held: |grants| !grants.files.is_empty(),
        asking: "`[[capabilities.files]]`",
        granting: "`\"files\": {\"read\": [\"/path\"]}` or `\"files\": {\"write\": [\"/path\"]}`",
    },
    Capability {
        interface: "accounts",
        name: "accounts",
        held: crate::capabilities::accounts::allows,
        asking: "`[[capabilities.files]]` or `[capabilities.scripts]`, whose owners and users it names,",
        granting: "`\"files\": {\"read\": [\"/path\"]}`",
    },
    Capability {
        interface: "exec",
        name: "exec",
        held: |grants| !grants.exec.is_empty(),
        asking: "`[[capabilities.exec]]`",
        granting: "`\"exec\": [{\"command\": [\"/program\", \"argument\"], \"effect\": \"query\"}]`",
    },
    Capability {
        interface: "scripts",
        name: "scripts",
        held: |grants| grants.scripts,
        asking: "`[capabilities.scripts]`",
        granting: "`\"scripts\": true`",
    },
    Capability {
        interface: "facts",
        name: "facts",
        held: |grants| grants.facts,
        asking: "`[capabilities.facts]`",
        granting: "`\"facts\": true`",
    },
    Capability {
        interface: "log",
        name: "log",
        held: |grants| grants.log,
        asking: "`[capabilities.log]`",
        granting: "`\"log\": true`",
    },
    Capability {
        interface: "secrets",
        name: "secrets",
        held: |grants| grants.reveal_secrets,
        asking: "`[capabilities.secrets]` with `reveal = true`",
        granting: "`\"reveal-secrets\": true`",
    },
];

pub(super) fn check(
    manifest: &Manifest,
    api: ApiVersion,
    imports: &[Import],
    granted: &Grants,
) -> Result<(), LoadError> {
    let plugin = || manifest.id.to_string();
    let version = || manifest.version.to_string();
    let asked = manifest.asked();
    for Import { name, callable } in imports {
        if let Some(interface) = api.interface_of(name) {
            let Some(capability) = CAPABILITIES.iter().find(|capability| capability.interface == interface)
            else {
                if interface == "types" {
                    continue;
                }
                return Err(LoadError::UnknownImport {
                    plugin: plugin(),
                    version: version(),
                    import: name.clone(),
                });
            };
            if *callable && !(capability.held)(&asked) {
                return Err(LoadError::NotAsked {
                    plugin: plugin(),
                    version: version(),
                    interface: name.clone(),
                    capability: capability.asking,
                });
            }
        } else if !(POWERLESS.iter().any(|package| name.starts_with(package)) && name.contains(WASI_VERSION))
        {
            return Err(LoadError::UnknownImport {
                plugin: plugin(),
                version: version(),
                import: name.clone(),
            });
        }
    }
    if let Some(missing) =
        CAPABILITIES.iter().find(|capability| (capability.held)(&asked) && !(capability.held)(granted))
    {
        return Err(LoadError::NotGranted {
            plugin: plugin(),
            version: version(),
            capability: missing.name,
            grant: missing.granting,
        });
    }
    granted.within(&asked).map_err(|source| LoadError::GrantedTooMuch {
        plugin: plugin(),
        version: version(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(capabilities: &str) -> Manifest {
        Manifest::parse(&format!(
            "manifest = 1\nid = \"test/guest\"\nversion = \"1.0.0\"\nkind = \"provider\"\napi = \"0.1\"\n\
             collection = \"test.things\"\nsummary = \"s\"\nlicense = \"l\"\n{capabilities}"
        ))
        .unwrap()
    }

    fn import(name: &str) -> Import {
        Import { name: name.to_owned(), callable: true }
    }

    fn check(capabilities: &str, import: Import, granted: &Grants) -> Result<(), LoadError> {
        super::check(&manifest(capabilities), ApiVersion::V0_1, &[import], granted)
    }

    const FACTS: &str = "[capabilities.facts]\nreason = \"r\"";

    #[test]
    fn what_is_asked_and_granted_passes() {
        let granted = Grants { facts: true, ..Grants::default() };
        check(FACTS, import("hostwright:host/facts@0.1.0"), &granted).unwrap();
        for powerless in ["hostwright:host/types@0.1.0", "wasi:sockets/tcp@0.2.6", "wasi:http/types@0.2.0"] {
            check("", import(powerless), &Grants::default()).unwrap();
        }
        let types_only = Import { callable: false, ..import("hostwright:host/facts@0.1.0") };
        check("", types_only, &Grants::default()).unwrap();
    }

    #[test]
    fn what_is_missing_is_named_with_what_would_add_it() {
        let everything = Grants { facts: true, log: true, ..Grants::default() };
        let cases = [
            check("", import("hostwright:host/secrets@0.1.0"), &Grants::default()),
            check("", import("hostwright:host/accounts@0.1.0"), &Grants::default()),
            check(FACTS, import("hostwright:host/facts@0.1.0"), &Grants::default()),
            check(FACTS, import("hostwright:host/facts@0.1.0"), &everything),
            check("", import("hostwright:host/facts@0.2.0"), &Grants::default()),
            check("", import("hostwright:host/kernel@0.1.0"), &Grants::default()),
            check("", import("wasi:keyvalue/store@0.2.0"), &Grants::default()),
            check("", import("wasi:cli/environment@0.3.0"), &Grants::default()),
        ];
        let messages: Vec<String> = cases
            .into_iter()
            .map(|result| {
                let error = result.unwrap_err();
                let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
                format!("{error}{}", source.unwrap_or_default())
            })
            .collect();
        insta::assert_snapshot!(messages.join("\n"));
    }
}
