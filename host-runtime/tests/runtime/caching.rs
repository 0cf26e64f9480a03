//! Machine code is made once, and believed only if it is what was made.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use hostwright_runtime::{Call, CallError, Compiler};

use crate::guests::guest;
use crate::world::{World, asked};

/// A compiler that is not there: who needs it, fails.
fn absent() -> Compiler {
    Compiler::Program("/nonexistent/hostwright-compiler".into())
}

#[tokio::test]
async fn a_component_is_compiled_once_and_found_after_a_restart() {
    let world = World::new();
    world.hostile().await;
    let files = world.cache_files();
    assert_eq!(files.len(), 1);
    assert_eq!(fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
    let component = guest("hostile");
    let grants = asked(&component);
    world.restarted(absent()).load_provider(component, &grants, world.host.clone()).await.unwrap();
}

#[tokio::test]
async fn a_changed_cache_file_is_not_run_but_made_anew() {
    let world = World::new();
    world.hostile().await;
    let file = world.cache_files().remove(0);
    let made = fs::read(&file).unwrap();
    let mut changed = made.clone();
    let middle = changed.len() / 2;
    changed[middle] ^= 1;
    fs::write(&file, &changed).unwrap();
    let component = guest("hostile");
    let grants = asked(&component);
    let without = world.restarted(absent());
    without.load_provider(component, &grants, world.host.clone()).await.unwrap_err();
    assert_eq!(fs::read(&file).unwrap(), changed, "it was not touched");
    world.hostile().await;
    assert_ne!(fs::read(&file).unwrap(), changed);
}

#[tokio::test]
async fn an_evicted_provider_comes_back_from_the_cache() {
    let world = World::new();
    let provider = world.hostile().await;
    assert!(provider.is_loaded());
    provider.evict();
    assert!(!provider.is_loaded());
    provider.read(&Call::plan(), &["echo".to_owned()]).await.unwrap();
    assert!(provider.is_loaded());
}

#[tokio::test]
async fn an_evicted_provider_whose_code_is_gone_says_so() {
    let world = World::new();
    let provider = world.hostile().await;
    provider.evict();
    fs::write(world.cache_files().remove(0), b"something else").unwrap();
    let error = provider.read(&Call::plan(), &["echo".to_owned()]).await.unwrap_err();
    assert!(matches!(error, CallError::Gone { .. }));
    insta::assert_snapshot!(error);
}
