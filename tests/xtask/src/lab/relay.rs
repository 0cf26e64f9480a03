//! Carries TCP connections from one place to another.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Accepts connections for as long as the process lives, and joins each to one that `connect` makes.
///
/// A connection that cannot be joined is closed, which is what its client would see of a server that is away.
pub fn start(listener: TcpListener, connect: impl Fn() -> anyhow::Result<TcpStream> + Send + Sync + 'static) {
    let connect = Arc::new(connect);
    thread::spawn(move || {
        for incoming in listener.incoming() {
            let Ok(incoming) = incoming else { continue };
            let connect = Arc::clone(&connect);
            thread::spawn(move || {
                if let Ok(outgoing) = connect() {
                    join(&incoming, &outgoing);
                }
            });
        }
    });
}

fn join(one: &TcpStream, other: &TcpStream) {
    thread::scope(|scope| {
        scope.spawn(|| pour(one, other));
        scope.spawn(|| pour(other, one));
    });
}

fn pour(mut from: &TcpStream, mut to: &TcpStream) {
    // Either end may go at any time; that is the end of the connection and of nothing else.
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn bytes_go_both_ways_and_an_end_is_passed_on() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let server_address = server.local_addr().unwrap();
        thread::spawn(move || {
            let (mut connection, _) = server.accept().unwrap();
            let mut question = String::new();
            connection.read_to_string(&mut question).unwrap();
            connection.write_all(format!("{question}!").as_bytes()).unwrap();
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        start(listener, move || Ok(TcpStream::connect(server_address)?));

        let mut client = TcpStream::connect(address).unwrap();
        client.write_all(b"hello").unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "hello!");
    }
}
