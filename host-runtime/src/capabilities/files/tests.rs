use super::*;
use crate::call::Mode;
use crate::capabilities::testing::{BLOB, BLOB_FILE, context, grants};
use crate::machine::{Content, Digesting, Entry, Kind, Metadata, Reply, Request, Scope};

const GRANTS: &str = r#"{
    "files": {"read": ["/etc"], "write": ["/srv", "/etc/motd"]},
    "exec": [{"command": ["/usr/sbin/visudo", "-c", "-f", "{candidate}"], "effect": "query"}]
}"#;

fn entry() -> Entry {
    Entry { kind: Kind::Absent, mode: 0, uid: 0, gid: 0, size: 0, links: 0, digest: None, target: None }
}

fn replacement(path: &str) -> Replacement {
    Replacement {
        path: path.to_owned(),
        content: Source::Bytes(b"hello".to_vec()),
        metadata: Metadata::default(),
        validate: None,
    }
}

fn scope() -> Scope {
    Scope { read: vec!["/etc".into()], write: vec!["/srv".into(), "/etc/motd".into()] }
}

#[tokio::test]
async fn looking_asks_once_for_what_is_granted_and_refuses_the_rest_by_position() {
    let (context, machine) = context(grants(GRANTS), Mode::Plan);
    machine.answers(Reply::Stat(vec![Ok(entry()), Ok(Entry { size: 5, ..entry() })]));
    let paths = ["/etc/motd", "/root/.ssh", "/srv/www", "/etc/../root", "etc", "/etc\n"];
    let answers = stat(&context, paths.map(str::to_owned).to_vec(), Digesting::No).await;
    let shown: Vec<String> = answers
        .iter()
        .map(|answer| {
            answer.as_ref().map_or_else(ToString::to_string, |entry| format!("size {}", entry.size))
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"));
    let paths = vec!["/etc/motd".to_owned(), "/srv/www".to_owned()];
    assert_eq!(machine.asked(), [Request::Stat { scope: scope(), paths, digesting: Digesting::No }]);
}

#[tokio::test]
async fn a_plan_reads_and_lists_and_changes_nothing() {
    let (mut context, machine) = context(grants(GRANTS), Mode::Plan);
    machine.answers(Reply::Read(bytes::Bytes::from_static(b"hi")));
    assert_eq!(read(&context, "/etc/motd".into(), u64::MAX).await, Ok(b"hi".to_vec()));
    machine.answers(Reply::List(vec!["a".into()]));
    assert_eq!(list(&context, "/etc".into()).await, Ok(vec!["a".to_owned()]));
    let asked = machine.asked();
    let refusals = [
        replace(&mut context, replacement("/srv/a")).await,
        make_directory(&context, "/srv/a".into(), Metadata::default()).await,
        set_metadata(&context, "/srv/a".into(), Metadata::default()).await,
        remove(&context, "/srv/a".into()).await,
    ];
    let messages: Vec<String> =
        refusals.into_iter().map(|refusal| refusal.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"));
    assert_eq!(machine.asked(), asked, "the machine was not asked to change anything");
    assert!(
        matches!(&asked[0], Request::Read { limit, .. } if *limit == crate::Limits::DEFAULT.memory_bytes)
    );
}

#[tokio::test]
async fn what_may_be_read_may_not_be_written() {
    let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
    let refusals = [
        replace(&mut context, replacement("/etc/passwd")).await,
        make_directory(&context, "/etc/x".into(), Metadata::default()).await,
        set_metadata(&context, "/etc".into(), Metadata::default()).await,
        remove(&context, "/srv/../etc/motd".into()).await,
        remove(&context, "/srvx".into()).await,
    ];
    let messages: Vec<String> =
        refusals.into_iter().map(|refusal| refusal.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"));
    assert_eq!(machine.asked(), []);
}

#[tokio::test]
async fn content_is_bytes_or_a_blob_or_a_secret_and_never_crosses_back() {
    let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
    let secret = Source::Bytes(br#"{"$hostwright":{"secret":"h1"}}"#.to_vec());
    for content in [Source::Bytes(b"hello".to_vec()), Source::Blob(BLOB.into()), secret] {
        machine.answers(Reply::Done);
        replace(&mut context, Replacement { content, ..replacement("/srv/a") }).await.unwrap();
    }
    let contents: Vec<Content> = machine
        .asked()
        .into_iter()
        .map(|request| match request {
            Request::Replace { content, .. } => content,
            other => panic!("{other:?}"),
        })
        .collect();
    let expected =
        [Content::Bytes("hello".into()), Content::File(BLOB_FILE.into()), Content::Bytes("hunter22".into())];
    assert_eq!(contents, expected);
    let missing = Replacement { content: Source::Blob("sha256:00".into()), ..replacement("/srv/a") };
    let error = replace(&mut context, missing).await.unwrap_err();
    insta::assert_snapshot!(error, @"this host does not have the blob `sha256:00`");
}

#[tokio::test]
async fn a_validation_runs_only_if_its_very_pattern_was_granted() {
    let (mut context, machine) = context(grants(GRANTS), Mode::Apply);
    let validated = |words: &[&str]| Replacement {
        validate: Some(words.iter().map(|&word| word.to_owned()).collect()),
        ..replacement("/srv/sudoers")
    };
    machine.answers(Reply::Done);
    replace(&mut context, validated(&["/usr/sbin/visudo", "-c", "-f", "{candidate}"])).await.unwrap();
    let asked = machine.asked();
    let [Request::Replace { validation: Some(invocation), .. }] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(invocation.arguments, ["-c", "-f", "{candidate}"]);
    let mut messages = Vec::new();
    for words in
        [&["/usr/sbin/visudo", "-c", "-f", "/etc/sudoers"][..], &["/bin/sh", "-c", "{candidate}"], &[]]
    {
        messages.push(replace(&mut context, validated(words)).await.unwrap_err().to_string());
    }
    insta::assert_snapshot!(messages.join("\n"));
    assert_eq!(machine.asked().len(), 1);
}

#[tokio::test]
async fn a_bounded_grant_makes_no_setuid_files() {
    let (mut context, _) = context(grants(GRANTS), Mode::Apply);
    let with_mode = |mode| Metadata { mode: Some(mode), uid: None, gid: None };
    let refusals = [
        replace(&mut context, Replacement { metadata: with_mode(0o4755), ..replacement("/srv/a") }).await,
        set_metadata(&context, "/srv/a".into(), with_mode(0o2755)).await,
        make_directory(&context, "/srv/a".into(), with_mode(0o4755)).await,
        make_directory(&context, "/srv/a".into(), with_mode(0o10755)).await,
    ];
    let messages: Vec<String> =
        refusals.into_iter().map(|refusal| refusal.unwrap_err().to_string()).collect();
    insta::assert_snapshot!(messages.join("\n"));

    let (mut wide, machine) =
        super::super::testing::context(grants(r#"{"files": {"write": ["/"]}}"#), Mode::Apply);
    machine.answers(Reply::Done);
    replace(&mut wide, Replacement { metadata: with_mode(0o4755), ..replacement("/srv/a") }).await.unwrap();
    let (narrow, machine) = super::super::testing::context(grants(GRANTS), Mode::Apply);
    machine.answers(Reply::Done);
    make_directory(&narrow, "/srv/shared".into(), with_mode(0o2775)).await.unwrap();
}
