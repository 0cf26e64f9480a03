//! The order of collections in a change.

/// Returns where resources of a collection stand in a change; lower comes first.
///
/// Collections that are not ours stand after services until their providers say otherwise.
pub(super) fn of(collection: &str) -> u32 {
    match collection {
        "repositories" => 100,
        "packages" => 200,
        "groups" => 300,
        "users" => 400,
        "directories" => 500,
        "files" => 600,
        "services" => 700,
        "executables" => 900,
        _ => 800,
    }
}
