//! What loading and calling a plugin costs: `cargo bench -p hostwright-runtime`.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on fails")]

use std::hint::black_box;
use std::sync::Arc;

use async_trait::async_trait;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use hostwright_manifest::{Manifest, section};
use hostwright_runtime::machine::{Entry, Kind, Machine, MachineError, Reply, Request};
use hostwright_runtime::provider::{Desired, Observation, State};
use hostwright_runtime::{
    CacheOptions, Call, Compiler, Host, Limits, MemoryIndex, Options, Provider, Runtime,
};

#[path = "../tests/runtime/guests.rs"]
mod guests;

/// Answers everything with one absent entry.
struct Absent;

#[async_trait]
impl Machine for Absent {
    async fn call(&self, request: Request) -> Result<Reply, MachineError> {
        let entry = Entry {
            kind: Kind::Absent,
            mode: 0,
            uid: 0,
            gid: 0,
            size: 0,
            links: 0,
            digest: None,
            target: None,
        };
        match request {
            Request::Stat { paths, .. } => Ok(Reply::Stat(vec![Ok(entry); paths.len()])),
            other => Err(MachineError::Unsupported(format!("{other:?}"))),
        }
    }
}

fn runtime(directory: &std::path::Path) -> Runtime {
    let cache = CacheOptions { directory: directory.to_owned(), index: Arc::new(MemoryIndex::default()) };
    Runtime::new(Options { cache, compiler: Compiler::InProcess, ceilings: Limits::CEILINGS }).unwrap()
}

async fn load(runtime: &Runtime, component: &bytes::Bytes) -> Arc<Provider> {
    let grants = Manifest::parse(&section::extract(component).unwrap()).unwrap().asked();
    runtime.load_provider(component.clone(), &grants, Arc::new(Host::new(Arc::new(Absent)))).await.unwrap()
}

fn loading(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let component = guests::guest("hostile");
    let mut group = criterion.benchmark_group("load");
    group.sample_size(10);
    group.bench_function("cold, compiled in process", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().unwrap(),
            |directory| tokio.block_on(async { load(&runtime(directory.path()), &component).await }),
            BatchSize::PerIteration,
        );
    });
    let directory = tempfile::tempdir().unwrap();
    let warm = runtime(directory.path());
    tokio.block_on(load(&warm, &component));
    group.bench_function("from the cache, proven again", |bencher| {
        bencher.iter(|| tokio.block_on(load(&warm, &component)));
    });
    let provider = tokio.block_on(load(&warm, &component));
    group.bench_function("evicted, then called", |bencher| {
        bencher.iter(|| {
            provider.evict();
            tokio.block_on(provider.read(&Call::plan(), &[])).unwrap()
        });
    });
    group.finish();
}

fn calling(criterion: &mut Criterion) {
    let tokio = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let provider = tokio.block_on(load(&runtime(directory.path()), &guests::guest("hostile")));
    let mut group = criterion.benchmark_group("call");
    group.bench_function("read nothing: a fresh instance and an empty answer", |bencher| {
        bencher.iter(|| tokio.block_on(provider.read(&Call::plan(), &[])).unwrap());
    });
    let attributes = r#"{"content": "0123456789abcdef", "owner": "root", "group": "root", "mode": "0644"}"#;
    for count in [100, 5000] {
        let desired: Vec<Desired> = (0..count)
            .map(|index| Desired {
                id: format!("/etc/{index}"),
                state: State::Present(attributes.to_owned()),
            })
            .collect();
        let observed = vec![Observation::Present(attributes.to_owned()); count];
        group.throughput(Throughput::Elements(count as u64));
        group.bench_function(format!("diff {count} equal resources"), |bencher| {
            bencher.iter(|| {
                black_box(tokio.block_on(provider.diff(&Call::plan(), &desired, &observed)).unwrap())
            });
        });
        let ids = [format!("argument-flood:{count}")];
        group.bench_function(format!("stat {count} paths in one host call"), |bencher| {
            bencher.iter(|| black_box(tokio.block_on(provider.read(&Call::plan(), &ids)).unwrap()));
        });
    }
    group.finish();
}

criterion_group!(benches, loading, calling);
criterion_main!(benches);
