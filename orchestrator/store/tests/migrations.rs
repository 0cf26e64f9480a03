//! Migrations of both databases say the same.

use std::collections::BTreeMap;
use std::path::Path;

fn migrations(database: &str) -> std::io::Result<BTreeMap<String, String>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let mut migrations = BTreeMap::new();
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        migrations.insert(name, std::fs::read_to_string(entry.path())?);
    }
    Ok(migrations)
}

#[test]
fn both_databases_are_kept_in_step() {
    let postgres = migrations("postgres").unwrap().into_iter().map(|(name, sql)| {
        let sql = sql.replace("TIMESTAMPTZ", "TEXT").replace("BYTEA", "BLOB").replace("UUID", "BLOB");
        (name, sql)
    });
    assert_eq!(postgres.collect::<BTreeMap<_, _>>(), migrations("sqlite").unwrap());
}

#[tokio::test]
async fn a_database_can_be_opened_again_and_is_nobody_elses() {
    use std::os::unix::fs::PermissionsExt as _;

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state.db");
    let url = format!("sqlite://{}", path.display());
    for _ in 0..2 {
        let store = hostwright_store::Store::connect(&url).await.unwrap();
        store.close().await;
    }
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn an_address_of_no_database_is_refused_without_its_secrets() {
    let error = hostwright_store::Store::connect("mysql://root:hunter2@db/x").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "`mysql://…` is no address of a database: it begins with `sqlite://` or `postgres://`"
    );
}
