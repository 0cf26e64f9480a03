//! The committed schemas are those of the types.

use std::path::Path;

use hostwright_sdk::schema;

use crate::{directories, executables, files, packages, services};

#[test]
fn the_committed_schemas_are_fresh() {
    let schemas = [
        (files::COLLECTION, schema::of::<files::Attributes>(files::COLLECTION, files::VERSION, &[])),
        (
            directories::COLLECTION,
            schema::of::<directories::Attributes>(directories::COLLECTION, directories::VERSION, &[]),
        ),
        (
            packages::COLLECTION,
            schema::of::<packages::Attributes>(packages::COLLECTION, packages::VERSION, &[]),
        ),
        (
            services::COLLECTION,
            schema::of::<services::Attributes>(services::COLLECTION, services::VERSION, services::ACTIONS),
        ),
        (
            executables::COLLECTION,
            schema::of::<executables::Attributes>(
                executables::COLLECTION,
                executables::VERSION,
                executables::ACTIONS,
            ),
        ),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas");
    let write = std::env::vars_os().any(|(name, _)| name == "HOSTWRIGHT_WRITE_SCHEMAS");
    for (collection, schema) in schemas {
        let path = folder.join(format!("{collection}.schema.json"));
        let fresh = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if write {
            std::fs::write(&path, &fresh).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap();
        assert_eq!(committed, fresh, "{} is stale: set HOSTWRIGHT_WRITE_SCHEMAS=1 once", path.display());
    }
}
