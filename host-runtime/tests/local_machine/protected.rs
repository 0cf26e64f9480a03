//! The agent's own things, which no grant covers.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use hostwright_runtime::machine::{MachineError, Metadata};

use crate::world::{Mounted, NOBODY, World, query, reason};

fn world() -> Option<World> {
    let world = World::with_protected(&["agent", "agent.toml", "later/state"])?;
    world.make("agent", 0o700, 0);
    world.make("agent/keys", 0o700, 0);
    world.write("agent/keys/signing", "secret");
    world.write("agent.toml", "secret");
    Some(world)
}

async fn is_untouchable(world: &World, path: &str) {
    let all: [Result<(), MachineError>; 6] = [
        world.stat(path).await.map(drop),
        world.read(path).await.map(drop),
        world.list(path).await.map(drop),
        world.replace(path, "").await,
        world.set(path, Metadata { mode: Some(0o777), ..Metadata::default() }).await,
        world.remove(path).await,
    ];
    for (number, result) in all.into_iter().enumerate() {
        assert!(reason(result).contains("belongs to the agent itself"), "{number} {path}");
    }
}

#[tokio::test]
async fn nothing_of_the_agents_own_is_touched_by_its_path() {
    let Some(world) = world() else { return };
    for name in ["agent", "agent/keys", "agent/keys/signing", "agent/absent", "agent.toml", "later/state/x"] {
        if name == "later/state/x" {
            fs::create_dir_all(world.path("later/state")).unwrap();
        }
        is_untouchable(&world, &world.text(name)).await;
    }
    assert!(world.make_directory(&world.text("agent/new"), Metadata::default()).await.is_err());
    symlink("agent", world.path("link")).unwrap();
    is_untouchable(&world, &world.text("link/keys")).await;
    world.replace(&world.text("agents.toml"), "another's").await.unwrap();
}

#[tokio::test]
async fn nor_by_another_name_of_a_file() {
    let Some(world) = world() else { return };
    for (number, name) in ["agent.toml", "agent/keys/signing"].into_iter().enumerate() {
        let other = format!("other-{number}");
        fs::hard_link(world.path(name), world.path(&other)).unwrap();
        is_untouchable(&world, &world.text(&other)).await;
    }
}

#[tokio::test]
async fn nor_through_another_mount() {
    let Some(world) = world() else { return };
    for name in ["agent", "agent/keys"] {
        let target = world.make("mounted", 0o755, 0);
        {
            let _mounted = Mounted::bind(&world.path(name), &target);
            is_untouchable(&world, &world.text("mounted")).await;
            is_untouchable(&world, &world.text("mounted/signing")).await;
        }
        fs::remove_dir(target).unwrap();
    }
    world.write("mounted", "");
    let _mounted = Mounted::bind(&world.path("agent/keys/signing"), &world.path("mounted"));
    is_untouchable(&world, &world.text("mounted")).await;
}

#[tokio::test]
async fn nor_given_away_by_the_directory_above() {
    let Some(world) = world() else { return };
    let above = world.text("");
    let set = |metadata| world.set(&above, metadata);
    for metadata in [
        Metadata { mode: Some(0o777), ..Metadata::default() },
        Metadata { mode: Some(0o775), ..Metadata::default() },
        Metadata { uid: Some(NOBODY), ..Metadata::default() },
    ] {
        assert!(reason(set(metadata).await).contains("holds what belongs to the agent itself"));
    }
    set(Metadata { mode: Some(0o711), ..Metadata::default() }).await.unwrap();
    assert_eq!(fs::metadata(&above).unwrap().permissions().mode() & 0o777, 0o711);
}

#[tokio::test]
async fn nor_seen_by_a_query() {
    let Some(world) = world() else { return };
    let text = format!("cat {0}/agent.toml; ls -A {0}/agent; cat {0}/agent/keys/signing", world.text(""));
    let output = world.run(query(&text)).await.unwrap();
    assert_eq!(output.stdout, "", "{output:?}");
    assert_ne!(output.status, 0);
}
