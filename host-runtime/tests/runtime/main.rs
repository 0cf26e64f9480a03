//! What a runtime promises, held against real components: most of them hostile.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod behaviour;
mod breaches;
mod caching;
mod compiling;
mod driving;
mod guests;
mod loading;
mod swapping;
mod world;
