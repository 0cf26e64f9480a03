//! What can be done with files where nobody is hostile.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use hmac::{Hmac, Mac};
use hostwright_manifest::grants::Effect;
use hostwright_runtime::machine::{
    Content, Digesting, Kind, Machine, MachineError, Metadata, Reply, Request,
};
use sha2::{Digest, Sha256};

use crate::world::{KEY, Mounted, NOBODY, World, done, message, replace, shell};

#[tokio::test]
async fn content_is_put_in_place_with_owner_and_mode() {
    let Some(world) = World::new() else { return };
    let path = world.text("motd");
    world.replace(&path, "hello").await.unwrap();
    let seen = fs::metadata(&path).unwrap();
    assert_eq!((seen.mode() & 0o7777, seen.uid(), seen.gid()), (0o644, 0, 0));
    assert_eq!(fs::read_to_string(&path).unwrap(), "hello");

    let metadata = Metadata { mode: Some(0o4750), uid: Some(NOBODY), gid: Some(12) };
    replace(&world.machine, world.scope(), &path, "again", metadata).await.unwrap();
    let seen = fs::metadata(&path).unwrap();
    assert_eq!((seen.mode() & 0o7777, seen.uid(), seen.gid()), (0o4750, NOBODY, 12));
    assert_eq!(fs::read_dir(world.directory.path()).unwrap().count(), 1, "nothing else may be left");
}

#[tokio::test]
async fn a_replaced_file_keeps_what_was_not_given() {
    let Some(world) = World::new() else { return };
    let path = world.text("service.conf");
    world.write("service.conf", "old");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::chown(&path, Some(NOBODY), Some(4)).unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    let has_attributes = rustix::fs::setxattr(&path, "user.note", b"kept", flags).is_ok();
    let inode = fs::metadata(&path).unwrap().ino();

    world.replace(&path, "new").await.unwrap();
    let seen = fs::metadata(&path).unwrap();
    assert_eq!((seen.mode() & 0o7777, seen.uid(), seen.gid()), (0o640, NOBODY, 4));
    assert_ne!(seen.ino(), inode, "a file is never changed in place");
    if has_attributes {
        let mut value = [0; 16];
        let length = rustix::fs::getxattr(&path, "user.note", &mut value).unwrap();
        assert_eq!(&value[..length], b"kept");
    }
}

#[tokio::test]
async fn new_content_does_not_inherit_whose_identity_the_old_one_took_on() {
    let Some(world) = World::new() else { return };
    let path = world.text("tool");
    world.write("tool", "harmless");
    std::os::unix::fs::chown(&path, Some(NOBODY), Some(4)).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o6755)).unwrap();
    let metadata = Metadata { mode: None, uid: Some(0), gid: None };
    replace(&world.machine, world.scope(), &path, "new", metadata).await.unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o755);
}

#[tokio::test]
async fn a_file_of_absurd_size_is_seen_and_not_digested() {
    let Some(world) = World::new() else { return };
    world.write("grown", "");
    fs::File::options().write(true).open(world.path("grown")).unwrap().set_len(8 << 40).unwrap();
    let request = Request::Stat {
        scope: world.scope(),
        paths: vec![world.text("grown")],
        digesting: Digesting::Sha256,
    };
    let Reply::Stat(entries) = world.machine.call(request).await.unwrap() else { panic!() };
    let entry = entries[0].as_ref().unwrap();
    assert_eq!((entry.size, entry.digest), (8 << 40, None));
}

#[tokio::test]
async fn content_comes_from_a_blob_too() {
    let world = World::confined();
    world.write("blob", "from the blob");
    let request = Request::Replace {
        scope: crate::world::writing(&["/"]),
        path: "/page".to_owned(),
        content: Content::File(world.path("blob")),
        metadata: Metadata::default(),
        validation: None,
    };
    done(world.machine.call(request).await).unwrap();
    assert_eq!(fs::read_to_string(world.path("root/page")).unwrap(), "from the blob");
}

#[tokio::test]
async fn a_batch_answers_by_position() {
    let Some(world) = World::new() else { return };
    world.write("file", "content");
    symlink("file", world.path("link")).unwrap();
    fs::create_dir(world.path("directory")).unwrap();
    let names = ["file", "link", "directory", "absent", "absent/below", "file/below", "directory/"];
    let mut paths: Vec<String> = names.iter().map(|name| world.text(name)).collect();
    paths.push("/etc/passwd".to_owned());
    let request = Request::Stat { scope: world.scope(), paths, digesting: Digesting::Sha256 };
    let Reply::Stat(entries) = world.machine.call(request).await.unwrap() else { panic!() };
    let kinds: Vec<_> = entries.iter().map(|entry| entry.as_ref().map(|entry| entry.kind).ok()).collect();
    assert_eq!(
        kinds,
        [
            Some(Kind::Regular),
            Some(Kind::Symlink),
            Some(Kind::Directory),
            Some(Kind::Absent),
            Some(Kind::Absent),
            None,
            Some(Kind::Directory),
            None
        ]
    );
    let file = entries[0].as_ref().unwrap();
    assert_eq!(file.digest, Some(Sha256::digest("content").into()));
    assert_eq!((file.size, file.links, file.mode), (7, 1, 0o644));
    assert_eq!(entries[1].as_ref().unwrap().target.as_deref(), Some("file"));
}

#[tokio::test]
async fn a_keyed_digest_is_of_the_machines_key() {
    let Some(world) = World::new() else { return };
    world.write("pin", "1234");
    let paths = vec![world.text("pin")];
    let request = Request::Stat { scope: world.scope(), paths, digesting: Digesting::Keyed };
    let Reply::Stat(entries) = world.machine.call(request).await.unwrap() else { panic!() };
    let mut expected = Hmac::<Sha256>::new_from_slice(&KEY).unwrap();
    expected.update(b"1234");
    let expected: [u8; 32] = expected.finalize().into_bytes().into();
    assert_eq!(entries[0].as_ref().unwrap().digest, Some(expected));
}

#[tokio::test]
async fn a_file_that_is_too_large_names_both_numbers() {
    let Some(world) = World::new() else { return };
    world.write("large", &"x".repeat(100));
    let read =
        |limit| world.machine.call(Request::Read { scope: world.scope(), path: world.text("large"), limit });
    assert!(message(read(99).await).contains("it has 100 bytes, more than the limit of 99"));
    assert!(read(100).await.is_ok());
    assert!(message(world.read(&world.text("absent")).await).contains("does not exist"));
    assert!(message(world.read(&world.text("")).await).contains("it is a directory"));
}

#[tokio::test]
async fn names_are_listed_sorted_and_only_those_that_can_be_said() {
    let Some(world) = World::new() else { return };
    for name in [&b"b"[..], b"a", b"\xff\xfe", b".hidden"] {
        fs::write(world.directory.path().join(OsStr::from_bytes(name)), "").unwrap();
    }
    assert_eq!(world.list(&world.text("")).await.unwrap(), [".hidden", "a", "b"]);
    assert!(message(world.list(&world.text("a")).await).contains("is not a directory"));
}

#[tokio::test]
async fn directories_are_made_once_and_metadata_set() {
    let Some(world) = World::new() else { return };
    let path = world.text("site");
    let metadata = Metadata { mode: Some(0o2750), uid: Some(NOBODY), gid: None };
    world.make_directory(&path, metadata).await.unwrap();
    world.make_directory(&path, metadata).await.unwrap();
    let seen = fs::metadata(&path).unwrap();
    assert_eq!((seen.mode() & 0o7777, seen.uid(), seen.gid()), (0o2750, NOBODY, 0));

    world.set(&path, Metadata { mode: Some(0o700), ..Metadata::default() }).await.unwrap();
    let seen = fs::metadata(&path).unwrap();
    assert_eq!((seen.mode() & 0o7777, seen.uid()), (0o700, NOBODY), "only what is given is set");

    let orphan = world.make_directory(&world.text("absent/site"), metadata).await;
    assert!(message(orphan).contains("its directory does not exist"));
    assert!(message(world.set(&world.text("absent"), metadata).await).contains("does not exist"));
}

#[tokio::test]
async fn files_links_and_empty_directories_are_removed() {
    let Some(world) = World::new() else { return };
    world.write("file", "");
    symlink("/etc/passwd", world.path("link")).unwrap();
    world.make("full", 0o755, 0);
    world.write("full/file", "");
    for name in ["file", "link", "absent", "absent/below"] {
        world.remove(&world.text(name)).await.unwrap();
        assert!(fs::symlink_metadata(world.path(name)).is_err());
    }
    assert!(fs::metadata("/etc/passwd").is_ok());
    assert!(message(world.remove(&world.text("full")).await).contains("not empty"));
    world.remove(&world.text("full/file")).await.unwrap();
    world.remove(&world.text("full")).await.unwrap();
    assert!(!world.path("full").exists());
}

#[tokio::test]
async fn a_full_disk_leaves_the_old_content_and_nothing_else() {
    let Some(world) = World::new() else { return };
    let disk = world.make("disk", 0o755, 0);
    let _mounted = Mounted::file_system("tmpfs", &disk, c"size=64k");
    world.write("disk/file", "old");
    let result = world.replace(&world.text("disk/file"), &"x".repeat(100_000)).await;
    assert!(message(result).contains("No space left"));
    assert_eq!(fs::read_to_string(world.path("disk/file")).unwrap(), "old");
    assert_eq!(fs::read_dir(&disk).unwrap().count(), 1);
}

#[tokio::test]
async fn what_a_crash_left_is_cleaned_by_the_next_replacement() {
    let Some(world) = World::new() else { return };
    let path = world.text("file");
    let leftover = format!(".hostwright-{}", hex::encode(&Sha256::digest("file")[..8]));
    world.write(&leftover, "half of it");
    world.replace(&path, "whole").await.unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    assert!(!world.path(&leftover).exists());
}

#[tokio::test]
async fn content_that_its_validation_refuses_never_goes_live() {
    let Some(world) = World::new() else { return };
    // Where a query sees nothing of the host, it still sees the candidate.
    let hidden = tempfile::tempdir_in("/tmp").unwrap();
    for path in [world.text("site.conf"), hidden.path().join("site.conf").to_str().unwrap().to_owned()] {
        for effect in [Effect::Query, Effect::Change] {
            fs::write(&path, "old").unwrap();
            let replacement = |content: &str| {
                let mut validation = shell(effect, None, "grep -q good \"$1\" || { echo bad >&2; exit 3; }");
                validation.arguments.extend(["sh".to_owned(), "{candidate}".to_owned()]);
                Request::Replace {
                    scope: crate::world::writing(&["/"]),
                    path: path.clone(),
                    content: Content::Bytes(content.to_owned().into()),
                    metadata: Metadata::default(),
                    validation: Some(validation),
                }
            };
            let refused = world.machine.call(replacement("evil")).await.unwrap_err();
            let MachineError::Failed { message, run: Some((_, output)) } = refused else {
                panic!("{refused:?}")
            };
            assert!(message.contains("was left as it is"), "{message}");
            assert_eq!((output.status, &output.stderr[..]), (3, &b"bad\n"[..]));
            assert_eq!(fs::read_to_string(&path).unwrap(), "old");

            done(world.machine.call(replacement("good")).await).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "good");
        }
    }
    assert_eq!(fs::read_dir(hidden.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn accounts_are_known_by_name_and_number() {
    let Some(world) = World::new() else { return };
    let call = |request| world.machine.call(request);
    let names = vec!["root".to_owned(), "no-such-user".to_owned()];
    assert_eq!(call(Request::UserIds(names.clone())).await, Ok(Reply::Ids(vec![Some(0), None])));
    assert_eq!(call(Request::GroupIds(names)).await, Ok(Reply::Ids(vec![Some(0), None])));
    let root = Some("root".to_owned());
    assert_eq!(call(Request::UserNames(vec![0, 987_654])).await, Ok(Reply::Names(vec![root.clone(), None])));
    assert_eq!(call(Request::GroupNames(vec![987_654, 0])).await, Ok(Reply::Names(vec![None, root])));
}

#[tokio::test]
async fn facts_are_those_of_this_machine() {
    let Some(world) = World::new() else { return };
    let Reply::Facts(facts) = world.machine.call(Request::Facts).await.unwrap() else { panic!() };
    let release = fs::read_to_string("/etc/os-release").unwrap();
    assert!(release.lines().any(|line| line.trim_matches('"') == format!("ID={}", facts.os)), "{facts:?}");
    assert!(facts.programs && facts.owners);
    let more = |name: &str| facts.more.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    assert_eq!(more("kernel"), Some(kernel.trim()));
    assert!(more("memory").unwrap().parse::<u64>().unwrap() > 1 << 20);
    assert!(more("boot-time").unwrap().parse::<u64>().unwrap() > 1_000_000_000);
    assert_eq!(more("query-isolation"), Some("namespaces"));
}
