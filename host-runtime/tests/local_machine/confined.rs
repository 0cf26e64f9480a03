//! A directory that is treated as a machine.

use std::fs;
use std::os::unix::fs::symlink;

use hostwright_runtime::machine::local::{LocalMachine, QueryIsolation};
use hostwright_runtime::machine::{Machine, MachineError, Metadata, Reply, Request};

use crate::world::{NOBODY, World, as_nobody, message, options, query, read, reason, replace, stat, writing};

#[tokio::test]
async fn absolute_links_and_parents_stay_inside() {
    let world = World::confined();
    fs::create_dir_all(world.path("root/etc")).unwrap();
    fs::create_dir(world.path("root/srv")).unwrap();
    world.write("root/srv/passwd", "inside");
    symlink("/srv", world.path("root/etc/absolute")).unwrap();
    symlink("../../../../srv", world.path("root/etc/relative")).unwrap();
    symlink(world.path("root/srv"), world.path("root/etc/real")).unwrap();
    for link in ["absolute", "relative"] {
        let path = format!("/etc/{link}/passwd");
        assert_eq!(read(&world.machine, writing(&["/"]), &path).await.unwrap(), "inside");
        replace(&world.machine, writing(&["/"]), &path, "inside", Metadata::default()).await.unwrap();
    }
    // What is a path of the real machine means nothing here.
    let outside = read(&world.machine, writing(&["/"]), "/etc/real/passwd").await;
    assert!(message(outside).contains("does not exist"));
}

#[tokio::test]
async fn programs_are_not_run_and_owners_not_given() {
    let world = World::confined();
    for request in [Request::Run(query("true"))] {
        let refused = world.machine.call(request).await;
        assert!(matches!(refused, Err(MachineError::Unsupported(_))), "{refused:?}");
    }
    let mine = rustix::process::geteuid().as_raw();
    let scope = || writing(&["/"]);
    let to = |uid| Metadata { uid: Some(uid), ..Metadata::default() };
    replace(&world.machine, scope(), "/file", "", to(mine)).await.unwrap();
    let given = replace(&world.machine, scope(), "/file", "", to(mine + 1)).await;
    assert_eq!(given, Err(MachineError::Unsupported("owners are not managed on this host".to_owned())));
    let request = Request::SetMetadata { scope: scope(), path: "/file".to_owned(), metadata: to(mine + 1) };
    assert!(matches!(world.machine.call(request).await, Err(MachineError::Unsupported(_))));

    fs::create_dir(world.path("root/etc")).unwrap();
    world.write("root/etc/os-release", "ID=toy\nVERSION_ID=\"3\"\n");
    let Reply::Facts(facts) = world.machine.call(Request::Facts).await.unwrap() else { panic!() };
    assert_eq!((facts.os.as_str(), facts.os_version.as_str(), facts.init.as_str()), ("toy", "3", "none"));
    assert!(!facts.programs && !facts.owners);
}

#[tokio::test]
async fn the_agents_own_directory_is_protected_also_from_inside() {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir(directory.path().join("keys")).unwrap();
    fs::write(directory.path().join("keys/signing"), "secret").unwrap();
    let protected = vec![directory.path().join("keys")];
    let machine = LocalMachine::new(options(directory.path(), directory.path(), protected)).unwrap();
    assert!(reason(read(&machine, writing(&["/"]), "/keys/signing").await).contains("belongs to the agent"));
    let made = replace(&machine, writing(&["/"]), "/keys/more", "", Metadata::default()).await;
    assert!(reason(made).contains("belongs to the agent"));
}

#[test]
fn the_running_user_takes_the_place_of_root() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    std::os::unix::fs::chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    let root = directory.path().join("root");
    as_nobody(|| async {
        fs::create_dir_all(root.join("data")).unwrap();
        fs::create_dir(root.join("shared")).unwrap();
        symlink("/data", root.join("link")).unwrap();
        symlink("/data", root.join("shared/link")).unwrap();
        let machine = LocalMachine::new(options(&root, directory.path(), Vec::new())).unwrap();
        let scope = || writing(&["/"]);
        replace(&machine, scope(), "/link/file", "mine", Metadata::default()).await.unwrap();
        assert_eq!(read(&machine, scope(), "/data/file").await.unwrap(), "mine");
        let seen = stat(&machine, scope(), "/link/file").await.unwrap();
        assert_eq!((seen.uid, seen.mode), (NOBODY, 0o644));

        fs::set_permissions(root.join("shared"), std::os::unix::fs::PermissionsExt::from_mode(0o777))
            .unwrap();
        assert!(reason(read(&machine, scope(), "/shared/link/file").await).contains("is a link"));
        assert_eq!(machine.query_isolation(), QueryIsolation::Pattern);
    });
}
