//! What does not load, and why.

use bytes::Bytes;
use hostwright_manifest::Grants;
use hostwright_runtime::LoadError;

use crate::guests::{bare, guest, manifest, with_manifest};
use crate::world::{World, asked, chain};

async fn refusal(component: impl Into<Bytes>, grants: &Grants) -> String {
    let world = World::new();
    let error = world.runtime.load_provider(component.into(), grants, world.host.clone()).await.unwrap_err();
    assert_eq!(world.cache_files().len(), 0, "nothing was compiled");
    chain(&error)
}

fn hostile_with(old: &str, new: &str) -> Bytes {
    let manifest = manifest("hostile");
    assert!(manifest.contains(old));
    with_manifest("hostile", &manifest.replace(old, new))
}

#[tokio::test]
async fn a_component_that_imports_more_than_its_manifest_asks_for_is_refused() {
    insta::assert_snapshot!(refusal(guest("curious"), &Grants::default()).await);
    let without_log = hostile_with("[capabilities.log]\nreason = \"to flood it\"\n", "");
    let grants = asked(&without_log);
    insta::assert_snapshot!(refusal(without_log, &grants).await);
}

#[tokio::test]
async fn a_manifest_that_asks_for_more_than_was_granted_is_refused() {
    let component = guest("hostile");
    let without_exec = Grants { exec: Vec::new(), ..asked(&component) };
    insta::assert_snapshot!(refusal(component.clone(), &without_exec).await);
    insta::assert_snapshot!(refusal(component, &Grants::default()).await);
}

#[tokio::test]
async fn grants_beyond_the_manifest_are_refused() {
    let component = guest("hostile");
    let grants = Grants { reveal_secrets: true, ..asked(&component) };
    insta::assert_snapshot!(refusal(component, &grants).await);
}

#[tokio::test]
async fn a_manifest_must_be_there_once_and_make_sense() {
    let grants = Grants::default();
    let digest = regex_of_digests();
    let settings = insta::Settings::clone_current();
    let messages = [
        refusal(bare("hostile"), &grants).await,
        refusal([&guest("hostile")[..], &second_section()].concat(), &grants).await,
        refusal(hostile_with("manifest = 1", "manifest = 9"), &grants).await,
        refusal(hostile_with("summary", "sumary"), &grants).await,
        refusal(hostile_with("api = \"0.1\"", "api = \"7.3\""), &grants).await,
        refusal(guest("platform"), &grants).await,
    ];
    settings.bind(|| insta::assert_snapshot!(digest(messages.join("\n"))));
}

#[tokio::test]
async fn malformed_bytes_are_refused() {
    let hostile = guest("hostile");
    let mut flipped = hostile.to_vec();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 64].fill(0xff);
    for bytes in
        [Bytes::new(), Bytes::from_static(b"\0asm"), hostile.slice(..hostile.len() / 2), flipped.into()]
    {
        let world = World::new();
        let error = world.load(bytes).await.unwrap_err();
        assert!(matches!(error, LoadError::Malformed { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_component_that_is_not_what_its_manifest_says_is_refused() {
    let world = World::new();
    let impostor = hostile_with("collection = \"test.hostile\"", "collection = \"files\"");
    insta::assert_snapshot!(chain(&world.load(impostor).await.unwrap_err()));
    let driver = with_manifest(
        "hostile",
        &manifest("platform").replace("[capabilities.log]", &capabilities("hostile")),
    );
    let grants = asked(&driver);
    let error = world.runtime.load_driver(driver, &grants, world.host.clone()).await.unwrap_err();
    insta::assert_snapshot!(chain(&error));
}

/// The hostile guest's capabilities, so that a manifest with them asks for what it imports.
fn capabilities(name: &str) -> String {
    let manifest = manifest(name);
    let (_, capabilities) = manifest.split_once("[[capabilities").unwrap();
    let (capabilities, _) = capabilities.rsplit_once("reason").unwrap();
    format!("[[capabilities{capabilities}")
}

/// A custom section of ours, as it stands in a component's bytes.
fn second_section() -> Vec<u8> {
    let name = hostwright_manifest::section::NAME;
    let mut content = vec![u8::try_from(name.len()).unwrap()];
    content.extend_from_slice(name.as_bytes());
    content.extend_from_slice(b"manifest = 1");
    let mut section = vec![0, u8::try_from(content.len()).unwrap()];
    section.extend(content);
    section
}

/// Digests change with every build of the guests.
fn regex_of_digests() -> impl Fn(String) -> String {
    |text| {
        text.split(' ')
            .map(|word| if word.starts_with("sha256:") { "sha256:..." } else { word })
            .collect::<Vec<_>>()
            .join(" ")
    }
}
