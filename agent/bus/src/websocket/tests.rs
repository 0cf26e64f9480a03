//! What only this transport can do wrong.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use hostwright_protocol::login::Challenge;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::*;
use crate::testing::{Directory, eventually};
use crate::{
    AgentBus, AgentSession, Frame, Incoming, Limits, Login, MAX_FRAME_BYTES, OrchestratorBus, Route,
    SessionEnd,
};

/// Fast enough for tests, slow enough for a busy machine.
fn quick() -> Pulse {
    Pulse {
        heartbeat: Duration::from_millis(200),
        silence: Duration::from_secs(2),
        stall: Duration::from_secs(2),
    }
}

struct World {
    directory: Arc<Directory>,
    server: Arc<Server>,
    address: String,
}

async fn world(options: Options) -> World {
    let directory = Arc::new(Directory::default());
    let (router, server) = Server::with_options(directory.clone(), options);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("ws://{}{PATH}", listener.local_addr().unwrap());
    tokio::spawn(axum::serve(listener, router).into_future());
    World { directory, server, address }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl World {
    /// Logs in by hand, so that the test decides what happens on the socket.
    async fn by_hand(&self, login: &Login) -> Socket {
        let (mut socket, _) = connect_async(self.address.as_str()).await.unwrap();
        let greeting: serde_json::Value = serde_json::from_str(&text(&mut socket).await).unwrap();
        let challenge: Challenge = serde_json::from_value(greeting["challenge"].clone()).unwrap();
        let answer = match login {
            Login::Agent { agent, keys } => serde_json::json!({"agent": challenge.answer(*agent, keys)}),
            Login::Enrolment { token } => serde_json::json!({"enrolment": {"token": token}}),
        };
        socket.send(Message::text(answer.to_string())).await.unwrap();
        assert_eq!(text(&mut socket).await, r#"{"accepted":true}"#);
        socket
    }

    /// Follows who is connected, and takes in everything else.
    fn presence(&self) -> watch::Receiver<Vec<String>> {
        let (sender, receiver) = watch::channel(Vec::new());
        let server = Arc::clone(&self.server);
        tokio::spawn(async move {
            while let Some(incoming) = server.receive().await {
                match incoming {
                    Incoming::Connected(route) => {
                        sender.send_modify(|told| told.push(format!("+{route}")));
                    }
                    Incoming::Disconnected(route) => {
                        sender.send_modify(|told| told.push(format!("-{route}")));
                    }
                    Incoming::Frame { ack, .. } => ack.stored(),
                }
            }
        });
        receiver
    }
}

async fn text(socket: &mut Socket) -> String {
    loop {
        match socket.next().await.unwrap().unwrap() {
            Message::Text(text) => return text.to_string(),
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Reads until the server closes, and returns its reason.
async fn closed(socket: &mut Socket) -> (u16, String) {
    let reading = async {
        while let Some(message) = socket.next().await {
            if let Ok(Message::Close(Some(frame))) = message {
                return (frame.code.into(), frame.reason.to_string());
            }
        }
        panic!("the connection ended without a reason")
    };
    tokio::time::timeout(Duration::from_secs(30), reading).await.unwrap()
}

async fn told(presence: &mut watch::Receiver<Vec<String>>, what: &str) {
    let waiting = presence.wait_for(|told| told.iter().any(|line| line == what));
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap().unwrap();
}

#[tokio::test]
async fn silent_agent_is_cut_off() {
    let world = world(Options { pulse: quick(), ..Options::default() }).await;
    let mut presence = world.presence();
    let (agent, login) = world.directory.enrol();
    // Never read from again, so it answers no ping.
    let _socket = world.by_hand(&login).await;
    told(&mut presence, &format!("+{}", Route::Agent(agent))).await;
    told(&mut presence, &format!("-{}", Route::Agent(agent))).await;
}

#[tokio::test]
async fn quiet_agent_that_answers_pings_is_not_cut_off() {
    let world = world(Options { pulse: quick(), ..Options::default() }).await;
    let mut presence = world.presence();
    let (agent, login) = world.directory.enrol();
    let session = Client::new(world.address.as_str()).with_pulse(quick()).connect(&login).await.unwrap();
    told(&mut presence, &format!("+{}", Route::Agent(agent))).await;
    // A silent one connects after it and is cut off before it.
    let (silent, silent_login) = world.directory.enrol();
    let _socket = world.by_hand(&silent_login).await;
    told(&mut presence, &format!("-{}", Route::Agent(silent))).await;
    assert_eq!(session.end(), None);
    world.server.publish(&Route::Agent(agent), Frame::from_bytes("there?".into())).await.unwrap();
    assert!(session.receive().await.is_some());
}

#[tokio::test]
async fn agent_that_does_not_take_its_frames_is_cut_off() {
    // It is heard all the time, so that only its slowness counts.
    let pulse = Pulse { silence: Duration::from_mins(10), ..quick() };
    let world = world(Options { pulse, ..Options::default() }).await;
    let mut presence = world.presence();
    let (agent, login) = world.directory.enrol();
    let route = Route::Agent(agent);
    let _socket = world.by_hand(&login).await;
    told(&mut presence, &format!("+{route}")).await;
    let frame = Frame::from_bytes(vec![0; MAX_FRAME_BYTES].into());
    let end = loop {
        match world.server.publish(&route, frame.clone()).await {
            Ok(()) => {}
            Err(error) => break error,
        }
    };
    let after = pulse.stall;
    assert_eq!(end, crate::PublishError::Ended { end: SessionEnd::Slow { after } });
    told(&mut presence, &format!("-{route}")).await;
}

#[tokio::test]
async fn the_reason_of_an_end_arrives_although_the_agent_was_not_heard_out() {
    let limits = Limits { inbound_bytes: 1, ..Limits::default() };
    let world = world(Options { limits, ..Options::default() }).await;
    let (_, login) = world.directory.enrol();
    let client = Client::new(world.address.as_str());
    let older: Arc<dyn AgentSession> = client.connect(&login).await.unwrap().into();
    // The orchestrator takes nothing, so that most of it lies unread in its socket.
    let (said, count) = watch::channel(0);
    let speaking = tokio::spawn({
        let older = Arc::clone(&older);
        async move {
            while older.publish(Frame::from_bytes(vec![b'x'; 100_000].into())).await.is_ok() {
                said.send_modify(|count| *count += 1);
            }
        }
    });
    eventually("it has said much", || *count.borrow() >= 20).await;
    let _newer = client.connect(&login).await.unwrap();
    assert!(older.receive().await.is_none());
    assert_eq!(older.end(), Some(SessionEnd::Superseded));
    speaking.await.unwrap();
}

#[tokio::test]
async fn server_that_says_nothing_is_given_up() {
    // Takes the connection, logs the agent in, and is never heard again.
    let pulse = Pulse { heartbeat: Duration::from_mins(10), ..quick() };
    let world = world(Options { pulse, ..Options::default() }).await;
    let (_, login) = world.directory.enrol();
    let impatient =
        Pulse { heartbeat: Duration::from_mins(10), silence: Duration::from_millis(300), ..quick() };
    let session = Client::new(world.address.as_str()).with_pulse(impatient).connect(&login).await.unwrap();
    assert!(session.receive().await.is_none());
    assert_eq!(session.end(), Some(SessionEnd::Silent { after: impatient.silence }));
}

#[tokio::test]
async fn message_above_the_limit_costs_its_sender_the_session() {
    let world = world(Options::default()).await;
    let mut presence = world.presence();
    let (agent, login) = world.directory.enrol();
    let mut socket = world.by_hand(&login).await;
    // Whether the server still takes all of it does not matter.
    let _ = socket.send(Message::binary(vec![0; MAX_FRAME_BYTES + 1])).await;
    told(&mut presence, &format!("-{}", Route::Agent(agent))).await;
}

#[tokio::test]
async fn caller_that_does_not_log_in_is_sent_away() {
    let login_timeout = Duration::from_millis(200);
    let world = world(Options { login_timeout, ..Options::default() }).await;
    let (mut socket, _) = connect_async(world.address.as_str()).await.unwrap();
    let (code, reason) = closed(&mut socket).await;
    assert_eq!((code, reason.as_str()), (4001, "no login within 200ms"));
}

#[tokio::test]
async fn caller_that_says_something_else_is_sent_away() {
    let world = world(Options::default()).await;
    let (mut socket, _) = connect_async(world.address.as_str()).await.unwrap();
    socket.send(Message::text(r#"{"administrator":true}"#)).await.unwrap();
    let (code, reason) = closed(&mut socket).await;
    assert_eq!(code, 4001);
    assert!(reason.starts_with("not a login: unknown variant `administrator`"), "{reason}");
}

#[tokio::test]
async fn callers_who_have_not_logged_in_are_bounded() {
    let world = world(Options { strangers: 1, ..Options::default() }).await;
    let (_, login) = world.directory.enrol();
    let (mut first, _) = connect_async(world.address.as_str()).await.unwrap();
    text(&mut first).await;
    let (mut second, _) = connect_async(world.address.as_str()).await.unwrap();
    assert_eq!(closed(&mut second).await, (4001, "too many callers; try again later".to_owned()));

    drop(first);
    let client = Client::new(world.address.as_str());
    let _agent = connect_when_free(&client, &login).await;
    let (_, other) = world.directory.enrol();
    let _other = connect_when_free(&client, &other).await;
}

#[tokio::test]
async fn callers_who_say_nothing_keep_nobody_from_logging_in() {
    let world = world(Options { logins: 1, ..Options::default() }).await;
    let (_, login) = world.directory.enrol();
    let mut silent = Vec::new();
    for _ in 0..3 {
        let (mut socket, _) = connect_async(world.address.as_str()).await.unwrap();
        text(&mut socket).await;
        silent.push(socket);
    }
    assert!(Client::new(world.address.as_str()).connect(&login).await.is_ok());
}

#[tokio::test]
async fn proof_of_an_earlier_challenge_is_refused() {
    let world = world(Options::default()).await;
    let (agent, login) = world.directory.enrol();
    let Login::Agent { keys, .. } = &login else { panic!() };
    let (mut first, _) = connect_async(world.address.as_str()).await.unwrap();
    let greeting: serde_json::Value = serde_json::from_str(&text(&mut first).await).unwrap();
    let challenge: Challenge = serde_json::from_value(greeting["challenge"].clone()).unwrap();
    let recorded = serde_json::json!({"agent": challenge.answer(agent, keys)}).to_string();

    let (mut second, _) = connect_async(world.address.as_str()).await.unwrap();
    text(&mut second).await;
    second.send(Message::text(recorded.clone())).await.unwrap();
    assert_eq!(closed(&mut second).await, (4001, crate::admission::REFUSAL.to_owned()));

    first.send(Message::text(recorded)).await.unwrap();
    assert_eq!(text(&mut first).await, r#"{"accepted":true}"#);
}

#[tokio::test]
async fn enrolment_sessions_are_bounded_in_time_number_and_size() {
    let limits = Limits {
        enrolment_sessions: 1,
        enrolment_lifetime: Duration::from_secs(3),
        enrolment_frame_bytes: 4,
        ..Limits::default()
    };
    let world = world(Options { limits, ..Options::default() }).await;
    let token = world.directory.issue_token();
    let client = Client::new(world.address.as_str());
    let first = client.connect(&token).await.unwrap();
    let error = client.connect(&token).await.err().unwrap().to_string();
    assert_eq!(error, "the bus refuses the login: 1 enrolments are under way, which is the limit");

    assert!(first.receive().await.is_none());
    let reason = "an enrolment session is limited to 3 s".to_owned();
    assert_eq!(first.end(), Some(SessionEnd::ClosedByPeer { reason }));

    let second = connect_when_free(&client, &token).await;
    second.publish(Frame::from_bytes("12345".into())).await.unwrap();
    assert!(second.receive().await.is_none());
    let reason = "a frame of 5 bytes is too large for an enrolment, the limit is 4".to_owned();
    assert_eq!(second.end(), Some(SessionEnd::ClosedByPeer { reason }));
}

/// The place of a session is free a moment after its client knows that it is over.
async fn connect_when_free(client: &Client, login: &Login) -> Box<dyn AgentSession> {
    let connecting = async {
        loop {
            if let Ok(session) = client.connect(login).await {
                return session;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), connecting).await.unwrap()
}

#[tokio::test]
async fn revoked_agent_is_disconnected_and_stays_out() {
    let world = world(Options::default()).await;
    let (agent, login) = world.directory.enrol();
    let client = Client::new(world.address.as_str());
    let session = client.connect(&login).await.unwrap();
    world.directory.revoke(agent);
    world.server.disconnect(&Route::Agent(agent)).await.unwrap();
    assert!(session.receive().await.is_none());
    assert!(client.connect(&login).await.is_err());
}

#[tokio::test]
async fn server_that_closes_tells_its_agents_and_ends() {
    let world = world(Options::default()).await;
    let (_, login) = world.directory.enrol();
    let session = Client::new(world.address.as_str()).connect(&login).await.unwrap();
    world.server.close();
    assert!(session.receive().await.is_none());
    assert_eq!(session.end(), Some(SessionEnd::ClosedByPeer { reason: "closed here".into() }));
    let server = Arc::clone(&world.server);
    let ended = tokio::spawn(async move { while server.receive().await.is_some() {} });
    eventually("the bus ends", move || ended.is_finished()).await;
}
