use hostwright_protocol::messages::{ChangeOutcome, LargeChange, ToAgent};

use super::told_twice;
use crate::testing::{World, change, file};

/// A change that no frame carries, as it is announced, and its content.
fn large(world: &mut World) -> (LargeChange, Vec<u8>) {
    let tasks = (0..100).map(|number| file(&format!("/{number}{}", "x".repeat(4_000)), "0644")).collect();
    let message = ToAgent::Change(world.following(change(tasks)));
    LargeChange::standing_for(&message).unwrap().unwrap()
}

#[tokio::test]
async fn a_change_that_no_frame_carries_is_done_from_its_content() {
    let mut world = World::new().await;
    let (announced, content) = large(&mut world);
    let mut incoming = world.blobs.receive(&announced.digest).unwrap();
    incoming.append(&content).unwrap();
    incoming.finish(&announced.digest).unwrap();
    world.start().await;
    let id = announced.change;
    world.deliver(ToAgent::LargeChange(announced.clone())).await;
    assert_eq!(world.end_of(id).await, ChangeOutcome::Done);
    assert_eq!(world.files.inside().resources.len(), 100);
    let small = world.send(change(vec![file("/small", "0644")])).await;
    assert_eq!(world.end_of(small).await, ChangeOutcome::Done, "the next one follows it");

    world.blobs.remove(&announced.digest);
    world.deliver(ToAgent::LargeChange(announced)).await;
    assert_eq!(told_twice(&world, id).await, [ChangeOutcome::Done, ChangeOutcome::Done]);
    assert_eq!(world.files.inside().effects.len(), 101, "and nothing is done twice");
}

#[tokio::test]
async fn a_change_whose_content_is_not_to_be_had_does_not_follow() {
    let mut world = World::new().await;
    let (announced, _) = large(&mut world);
    world.start().await;
    world.deliver(ToAgent::LargeChange(announced.clone())).await;
    let ChangeOutcome::OutOfStep { error } = world.end_of(announced.change).await else { panic!() };
    assert!(error.contains(&announced.digest), "{error}");
    assert_eq!(world.files.calls(), [] as [&str; 0]);
}
