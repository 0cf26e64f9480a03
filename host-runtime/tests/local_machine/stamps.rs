//! What did not change is known without reading it, and whatever changes shows.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::{Duration, Instant};

use crate::world::World;

/// Does something to `/d/page` and returns whether its stamp tells.
async fn tells(what: &str, change: impl Fn(&World)) -> bool {
    let world = World::confined();
    fs::create_dir(world.path("root/d")).unwrap();
    world.write("root/d/page", "old");
    symlink("d", world.path("root/current")).unwrap();
    let paths = vec!["/d/page".to_owned(), "/current/page".to_owned()];
    let before = world.machine.stamps(paths.clone()).await;
    assert!(before.iter().all(Option::is_some), "{what}");
    assert_eq!(
        world.machine.stamps(paths.clone()).await,
        before,
        "{what}: what is left alone stays the same"
    );
    // Within one tick of the clock two changes look alike.
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(20) {
        std::thread::yield_now();
    }
    change(&world);
    let after = world.machine.stamps(paths).await;
    after.iter().zip(before).any(|(after, before)| *after != before)
}

#[tokio::test]
async fn every_change_shows() {
    let page = |world: &World| world.path("root/d/page");
    assert!(!tells("nothing", |_| {}).await);
    assert!(!tells("reading", |world| drop(fs::read(page(world)).unwrap())).await);
    let disguised = |world: &World| {
        let modified = fs::metadata(page(world)).unwrap().modified().unwrap();
        world.write("root/d/page", "new");
        File::options().write(true).open(page(world)).unwrap().set_modified(modified).unwrap();
    };
    assert!(tells("other content of the same length, its time set back", disguised).await);
    let moded = |world: &World| fs::set_permissions(page(world), fs::Permissions::from_mode(0o600)).unwrap();
    assert!(tells("another mode", moded).await);
    let replaced = |world: &World| {
        world.write("root/d/other", "old");
        fs::rename(world.path("root/d/other"), page(world)).unwrap();
    };
    assert!(tells("another file in its place", replaced).await);
    assert!(tells("its end", |world| fs::remove_file(page(world)).unwrap()).await);
    let led_elsewhere = |world: &World| {
        fs::create_dir(world.path("root/e")).unwrap();
        world.write("root/e/page", "old");
        fs::remove_file(world.path("root/current")).unwrap();
        symlink("e", world.path("root/current")).unwrap();
    };
    assert!(tells("a link on the way that leads elsewhere", led_elsewhere).await);
}

#[tokio::test]
async fn nothing_is_said_of_what_cannot_be_looked_at() {
    let world = World::confined();
    let stamps = world.machine.stamps(vec!["/none".to_owned(), "relative".to_owned(), "/".to_owned()]).await;
    assert_eq!(stamps, [None, None, None]);
}
