//! The conformance suite over every transport.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hostwright_bus::backoff::Backoff;
use hostwright_bus::conformance::{self, Harness, Refusal};
use hostwright_bus::testing::rabbitmq::{RabbitMq, StartError};
use hostwright_bus::testing::{Directory, Proxy};
use hostwright_bus::{AgentBus, Authenticator, Limits, OrchestratorBus, amqp, connect, memory, websocket};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_keeps_the_promises() {
    let directory = Arc::new(Directory::default());
    let authenticator: Arc<dyn Authenticator> = directory.clone();
    let (orchestrator, agents) = memory::pair(authenticator, Limits::default());
    conformance::run(&Memory { orchestrator, agents, directory }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websocket_keeps_the_promises() {
    let directory = Arc::new(Directory::default());
    let (router, server) = websocket::Server::new(directory.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    tokio::spawn(axum::serve(listener, router).into_future());
    let agents = connect(&format!("ws://{}{}", proxy.address(), websocket::PATH)).unwrap();
    conformance::run(&WebSocket { server, agents, directory, proxy }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn amqp_keeps_the_promises() {
    let broker = match RabbitMq::start().await {
        Ok(broker) => broker,
        Err(missing @ StartError::NotInstalled { .. }) => {
            eprintln!("SKIPPED: the bus over AMQP was not tested: {missing}");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    let options = amqp::Options {
        // Small, so that they fill up within the test.
        agent_queue_bytes: 2 * 1024 * 1024,
        report_queue_bytes: 8 * 1024 * 1024,
        redelivery_pause: Duration::from_millis(50),
        backoff: Backoff { first: Duration::from_millis(50), most: Duration::from_millis(500) },
        ..amqp::Options::default()
    };
    let directory = Arc::new(Directory::default());
    let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], broker.port()))).await.unwrap();
    let orchestrator =
        amqp::Orchestrator::connect(&broker.address(), directory.clone(), options).await.unwrap();
    let agents = amqp::Agents::new(RabbitMq::address_at(proxy.address().port()), options);
    conformance::run(&Amqp { orchestrator, agents: Arc::new(agents), directory, proxy }).await;
}

struct Memory {
    orchestrator: Arc<memory::Orchestrator>,
    agents: Arc<memory::Agents>,
    directory: Arc<Directory>,
}

#[async_trait]
impl Harness for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }
    fn orchestrator(&self) -> Arc<dyn OrchestratorBus> {
        self.orchestrator.clone()
    }
    fn agents(&self) -> Arc<dyn AgentBus> {
        self.agents.clone()
    }
    fn directory(&self) -> &Directory {
        &self.directory
    }
    async fn cut(&self) {
        self.orchestrator.cut_all();
    }
    fn refusal(&self) -> Refusal {
        Refusal::AtLogin
    }
    fn most_in_flight(&self) -> usize {
        17 * 1024 * 1024
    }
}

struct WebSocket {
    server: Arc<websocket::Server>,
    agents: Arc<dyn AgentBus>,
    directory: Arc<Directory>,
    proxy: Proxy,
}

#[async_trait]
impl Harness for WebSocket {
    fn name(&self) -> &'static str {
        "websocket"
    }
    fn orchestrator(&self) -> Arc<dyn OrchestratorBus> {
        self.server.clone()
    }
    fn agents(&self) -> Arc<dyn AgentBus> {
        self.agents.clone()
    }
    fn directory(&self) -> &Directory {
        &self.directory
    }
    async fn cut(&self) {
        self.proxy.cut();
    }
    fn refusal(&self) -> Refusal {
        Refusal::AtLogin
    }
    fn most_in_flight(&self) -> usize {
        // The queues of both ends, and four buffers of the system on the way through the proxy, which grow as they like.
        128 * 1024 * 1024
    }
}

struct Amqp {
    orchestrator: Arc<amqp::Orchestrator>,
    agents: Arc<amqp::Agents>,
    directory: Arc<Directory>,
    proxy: Proxy,
}

#[async_trait]
impl Harness for Amqp {
    fn name(&self) -> &'static str {
        "amqp"
    }
    fn orchestrator(&self) -> Arc<dyn OrchestratorBus> {
        self.orchestrator.clone()
    }
    fn agents(&self) -> Arc<dyn AgentBus> {
        self.agents.clone()
    }
    fn directory(&self) -> &Directory {
        &self.directory
    }
    async fn cut(&self) {
        self.proxy.cut();
    }
    fn refusal(&self) -> Refusal {
        Refusal::OfFrames
    }
    fn most_in_flight(&self) -> usize {
        // The queue at the broker, what the prefetch lets out, the queue of the receiver, and buffers of the system.
        128 * 1024 * 1024
    }
}
