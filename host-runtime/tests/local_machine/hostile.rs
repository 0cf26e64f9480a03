//! What users of the machine prepare for an agent that is root.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hostwright_runtime::machine::{Content, Kind, Machine, MachineError, Metadata, Request, Scope};
use rustix::fs::{CWD, FileType, Mode};

use crate::world::{
    Mounted, NOBODY, World, as_user, eventually, message, query, read, reason, replace, stat, writing,
};

const ANYTHING: Metadata = Metadata { mode: Some(0o600), uid: None, gid: None };

/// Every way to touch a path, by name.
async fn touch_all(world: &World, path: &str) -> Vec<(&'static str, Result<(), MachineError>)> {
    vec![
        ("read", world.read(path).await.map(drop)),
        ("list", world.list(path).await.map(drop)),
        ("replace", world.replace(path, "ours").await),
        ("make", world.make_directory(path, ANYTHING).await),
        ("set", world.set(path, ANYTHING).await),
        ("remove", world.remove(path).await),
    ]
}

#[tokio::test]
async fn no_link_is_followed_where_others_than_root_may_write() {
    let Some(world) = World::new() else { return };
    world.make("victim", 0o755, 0);
    world.write("victim/file", "root's");
    for (directory, mode, owner) in
        [("by-owner", 0o755, NOBODY), ("by-group", 0o775, 0), ("by-others", 0o757, 0), ("sticky", 0o1777, 0)]
    {
        world.make(directory, mode, owner);
        world.make(&format!("{directory}/below"), 0o755, 0);
        for place in [directory.to_owned(), format!("{directory}/below")] {
            symlink(world.path("victim"), world.path(&place).join("link")).unwrap();
            let path = world.text(&format!("{place}/link/file"));
            for (what, result) in touch_all(&world, &path).await {
                assert!(reason(result).contains("is a link where not only root may write"), "{what} {path}");
            }
            assert!(reason(world.stat(&path).await).contains("is a link"));
        }
    }
    assert_eq!(fs::read_to_string(world.path("victim/file")).unwrap(), "root's");
}

#[tokio::test]
async fn links_of_root_are_followed_into_the_scope_only() {
    let Some(world) = World::new() else { return };
    world.make("data", 0o755, 0);
    world.make("granted", 0o755, 0);
    symlink("../data", world.path("granted/inside-out")).unwrap();
    symlink("granted", world.path("alias")).unwrap();
    let granted = || writing(&[world.path("granted").to_str().unwrap()]);

    let path = world.text("granted/inside-out/file");
    let refused = reason(replace(&world.machine, granted(), &path, "x", Metadata::default()).await);
    assert!(refused.contains(&format!("it lies at `{}`", world.text("data/file"))), "{refused}");
    world.replace(&path, "x").await.unwrap();
    assert_eq!(fs::read_to_string(world.path("data/file")).unwrap(), "x");

    // A grant that is itself named through a link means where it leads.
    let alias = writing(&[world.path("alias").to_str().unwrap()]);
    replace(&world.machine, alias, &world.text("alias/file"), "y", Metadata::default()).await.unwrap();
    assert_eq!(fs::read_to_string(world.path("granted/file")).unwrap(), "y");
    replace(&world.machine, granted(), &world.text("alias/file"), "z", Metadata::default()).await.unwrap();
}

#[tokio::test]
async fn a_link_at_the_end_is_looked_at_replaced_and_removed_itself() {
    let Some(world) = World::new() else { return };
    let victim = world.text("victim");
    world.write("victim", "root's");
    world.make("home", 0o755, NOBODY);
    for name in ["link", "home/link"] {
        let path = world.text(name);
        as_user(0, || symlink(&victim, &path).unwrap());
        let seen = world.stat(&path).await.unwrap();
        assert_eq!((seen.kind, seen.target, seen.digest), (Kind::Symlink, Some(victim.clone()), None));
        assert!(world.read(&path).await.is_err());
        assert!(world.set(&path, ANYTHING).await.is_err());

        world.replace(&path, "ours").await.unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "ours");
        assert_eq!(fs::symlink_metadata(&path).unwrap().mode() & 0o7777, 0o644);
        fs::remove_file(&path).unwrap();
        symlink(&victim, &path).unwrap();
        world.remove(&path).await.unwrap();
        assert!(fs::symlink_metadata(&path).is_err());
    }
    let seen = fs::metadata(&victim).unwrap();
    assert_eq!((fs::read_to_string(&victim).unwrap().as_str(), seen.mode() & 0o777), ("root's", 0o644));
}

/// Ends the attack also where the test fails.
struct SetAtTheEnd<'a>(&'a AtomicBool);

impl Drop for SetAtTheEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_that_a_user_swaps_for_a_link_leads_nowhere_else() {
    let Some(world) = World::new() else { return };
    let home = world.make("home", 0o755, NOBODY);
    let victim = world.make("victim", 0o755, 0);
    world.write("victim/secret", "secret");
    as_user(NOBODY, || {
        fs::create_dir(home.join("real")).unwrap();
        fs::write(home.join("real/secret"), "user's").unwrap();
        symlink(&victim, home.join("fake")).unwrap();
        fs::rename(home.join("real"), home.join("current")).unwrap();
    });
    let is_over = AtomicBool::new(false);
    let (home, is_over_there) = (&home, &is_over);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            crate::world::become_user(NOBODY);
            while !is_over_there.load(Ordering::Relaxed) {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                rustix::fs::renameat_with(CWD, home.join("current"), CWD, home.join("fake"), flags).unwrap();
            }
        });
        let _over = SetAtTheEnd(&is_over);
        tokio::task::block_in_place(|| {
            tokio::runtime::Handle::current().block_on(async {
                let (mut done, mut refused) = (0, 0);
                for round in 0..2_000 {
                    let path = world.text("home/current/file");
                    match world.replace(&path, "ours").await {
                        Ok(()) => done += 1,
                        Err(_) => refused += 1,
                    }
                    if let Ok(content) = world.read(&world.text("home/current/secret")).await {
                        assert_eq!(content, "user's");
                    }
                    if round > 200 && done > 0 && refused > 0 {
                        break;
                    }
                }
                assert!(done > 0 && refused > 0, "the race was not run: {done} done, {refused} refused");
            });
        });
    });
    assert_eq!(fs::read_dir(&victim).unwrap().count(), 1, "something was written where root's link led");
}

#[tokio::test]
async fn paths_are_absolute_and_plain() {
    let Some(world) = World::new() else { return };
    for path in ["etc/motd", "", &world.text("../lib/x"), &world.text("x/.."), &world.text("a\0b")] {
        for (what, result) in touch_all(&world, path).await {
            assert!(matches!(result, Err(MachineError::Denied { .. })), "{what} {path:?}: {result:?}");
        }
        assert!(world.stat(path).await.is_err(), "{path:?}");
    }
}

#[tokio::test]
async fn a_scope_ends_at_its_directory() {
    let Some(world) = World::new() else { return };
    world.make("app", 0o755, 0);
    world.make("application", 0o755, 0);
    let scope = || Scope { read: vec!["/etc".to_owned()], write: vec![world.text("app")] };
    for path in [world.text("application/file"), world.text("file"), "/etc/motd".to_owned()] {
        let refused = replace(&world.machine, scope(), &path, "", Metadata::default()).await;
        assert!(reason(refused).contains("outside the granted directories"), "{path}");
    }
    replace(&world.machine, scope(), &world.text("app/file"), "x", Metadata::default()).await.unwrap();
    assert_eq!(read(&world.machine, scope(), &world.text("app/file")).await.unwrap(), "x");
    assert!(read(&world.machine, scope(), "/etc/passwd").await.is_ok());
    assert!(read(&world.machine, Scope::default(), "/etc/passwd").await.is_err());
    // Nothing is learned of what is outside: absence is refused like presence.
    for path in ["/root/absent/file", "/usr/bin/absent"] {
        assert!(reason(stat(&world.machine, scope(), path).await).contains("outside"));
    }
}

#[tokio::test]
async fn pseudo_file_systems_are_no_place_for_files_whatever_is_granted() {
    let Some(world) = World::new() else { return };
    for (path, filesystem) in [
        ("/proc/self/mem", "proc"),
        ("/proc/self/root/etc/passwd", "proc"),
        ("/proc/self/fd/0", "proc"),
        ("/proc/sys/kernel/core_pattern", "proc"),
        ("/proc", "proc"),
        ("/sys/kernel", "sysfs"),
        ("/dev/null", "devtmpfs"),
        ("/dev/new", "devtmpfs"),
    ] {
        let everything = || writing(&["/"]);
        let lies = format!("lies in {filesystem}");
        for result in [
            read(&world.machine, everything(), path).await.map(drop),
            stat(&world.machine, everything(), path).await.map(drop),
            replace(&world.machine, everything(), path, "", Metadata::default()).await,
        ] {
            let reason = reason(result);
            assert!(reason.contains(&lies), "{path}: {reason}");
        }
    }
    let proc = world.make("proc", 0o755, 0);
    world.write("version", "");
    let _proc = Mounted::file_system("proc", &proc, c"");
    let _file = Mounted::bind("/proc/version".as_ref(), &world.path("version"));
    for path in [world.text("proc/version"), world.text("version")] {
        assert!(reason(world.read(&path).await).contains("lies in proc"));
        assert!(reason(world.replace(&path, "x").await).contains("lies in proc"));
    }
}

#[tokio::test]
async fn another_name_of_a_file_is_neither_read_nor_changed_where_a_user_could_put_it() {
    let Some(world) = World::new() else { return };
    world.write("shadow", "root:hash");
    fs::set_permissions(world.path("shadow"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    world.make("home", 0o755, NOBODY);
    fs::hard_link(world.path("shadow"), world.path("home/mine")).unwrap();
    let path = world.text("home/mine");
    assert!(reason(world.read(&path).await).contains("has 2 names"));
    assert!(
        reason(world.set(&path, Metadata { mode: Some(0o666), ..ANYTHING }).await).contains("has 2 names")
    );
    let seen = world.stat(&path).await.unwrap();
    assert_eq!((seen.links, seen.digest), (2, None), "its content is not looked at");

    world.replace(&path, "ours").await.unwrap();
    assert_eq!(fs::read_to_string(world.path("shadow")).unwrap(), "root:hash");
    assert_eq!(fs::metadata(world.path("shadow")).unwrap().mode() & 0o777, 0o600);
    assert_eq!(world.stat(&path).await.unwrap().links, 1);

    // Where only root puts names, they are root's affair.
    fs::hard_link(world.path("shadow"), world.path("second")).unwrap();
    assert_eq!(world.read(&world.text("second")).await.unwrap(), "root:hash");
}

#[tokio::test]
async fn pipes_and_devices_are_never_opened() {
    let Some(world) = World::new() else { return };
    for (name, kind) in [("pipe", FileType::Fifo), ("device", FileType::CharacterDevice)] {
        // The console's watchdog and its like act when they are opened; this one would block.
        let device = rustix::fs::makedev(5, 1);
        rustix::fs::mknodat(CWD, world.path(name), kind, Mode::from_raw_mode(0o666), device).unwrap();
        let path = world.text(name);
        let all = tokio::time::timeout(Duration::from_secs(10), touch_all(&world, &path)).await.unwrap();
        for (what, result) in all {
            assert!(result.is_err(), "{what} {path}");
        }
        let seen = world.stat(&path).await.unwrap();
        assert_eq!((seen.kind, seen.digest), (Kind::Other, None));
        assert!(world.path(name).exists());
    }
}

#[tokio::test]
async fn names_that_are_not_utf8_confuse_nobody() {
    let Some(world) = World::new() else { return };
    let strange = world.directory.path().join(OsStr::from_bytes(b"\xff"));
    fs::create_dir(&strange).unwrap();
    fs::write(strange.join("file"), "x").unwrap();
    symlink(&strange, world.path("link")).unwrap();
    assert!(world.stat(&world.text("link")).await.unwrap().target.unwrap().ends_with('\u{fffd}'));
    assert_eq!(world.read(&world.text("link/file")).await.unwrap(), "x");
    world.replace(&world.text("link/file"), "y").await.unwrap();
    assert_eq!(fs::read_to_string(strange.join("file")).unwrap(), "y");
}

#[tokio::test]
async fn links_that_go_round_end() {
    let Some(world) = World::new() else { return };
    symlink("round", world.path("round")).unwrap();
    symlink("there", world.path("here")).unwrap();
    symlink("here", world.path("there")).unwrap();
    for path in ["round/x", "here/x"] {
        assert!(reason(world.read(&world.text(path)).await).contains("too many links"));
    }
}

#[tokio::test]
async fn two_replacements_of_one_file_do_not_mix() {
    let Some(world) = World::new() else { return };
    let path = world.text("file");
    let wait = format!("until [ -e {} ]; do sleep 0.02; done", world.text("leave"));
    let slow = Request::Replace {
        scope: world.scope(),
        path: path.clone(),
        content: Content::Bytes("slow".into()),
        metadata: Metadata::default(),
        validation: Some(query(&wait)),
    };
    let (slow, ()) = tokio::join!(world.machine.call(slow), async {
        let has_begun = || fs::read_dir(world.directory.path()).unwrap().next().is_some();
        eventually("the slow one has a candidate", has_begun).await;
        assert!(message(world.replace(&path, "quick").await).contains("being replaced already"));
        world.write("leave", "");
    });
    assert!(slow.is_ok(), "{slow:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "slow");
}
