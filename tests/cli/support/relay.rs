//! A relay before a running service: it sees every request first, and may answer it, cut it off or kill who sent it.

use std::process::Command;
use std::sync::{Arc, Mutex};

use reqwest::header::{CONTENT_TYPE, DATE, ETAG};
use rustix::process::{Pid, Signal, kill_process};

use super::Outcome;
use super::emulator::Emulator;
use super::running::{ended, started, wait_until};
use super::server::{Answer, Request, Server, client};
use super::service::Service;

/// What becomes of a request.
pub(crate) enum Turn {
    /// The service gets it.
    Pass,
    /// The relay answers in its place.
    Answer(Answer),
    /// It is cut off.
    Strike(Blow),
}

/// How a request is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The client dies before the service gets it.
    KillBefore,
    /// The client dies when the service has done it.
    KillAfter,
    /// The connection ends before the service gets it.
    DropBefore,
    /// The connection ends when the service has done it.
    DropAfter,
}

/// A service that commands reach through a relay.
pub(crate) struct Relayed {
    pub(crate) service: Service<Emulator>,
    _relay: Server,
    client: Arc<Mutex<Option<u32>>>,
}

impl Relayed {
    /// Puts a relay before a service; `turn` decides on each request.
    pub(crate) fn new(
        mut service: Service<Emulator>,
        mut turn: impl FnMut(&Request) -> Turn + Send + 'static,
    ) -> Self {
        let to = service.server.endpoint().to_owned();
        let client = Arc::new(Mutex::new(None));
        let struck = Arc::clone(&client);
        let relay = Server::start(move |request| match turn(request) {
            Turn::Pass => passed_on(&to, request),
            Turn::Answer(answer) => answer,
            Turn::Strike(blow) => {
                if matches!(blow, Blow::KillAfter | Blow::DropAfter) {
                    passed_on(&to, request);
                }
                if matches!(blow, Blow::KillBefore | Blow::KillAfter) {
                    kill(|| *struck.lock().unwrap());
                }
                Answer::Close
            }
        });
        service.endpoint = relay.url();
        Self { service, _relay: relay, client }
    }

    /// Runs a command that the relay may kill.
    pub(crate) fn run(&self, mut command: Command) -> Outcome {
        *self.client.lock().unwrap() = None;
        let child = started(&mut command);
        *self.client.lock().unwrap() = Some(child.id());
        ended(child)
    }
}

/// Passes a request on to a service, and brings back its answer.
pub(crate) fn passed_on(to: &str, request: &Request) -> Answer {
    let client = client(None);
    let method = request.method.parse().unwrap();
    let mut onward = client.request(method, format!("{to}{}", request.path));
    for (name, value) in &request.headers {
        if !["host", "content-length", "connection"].contains(&name.to_ascii_lowercase().as_str()) {
            onward = onward.header(name, value);
        }
    }
    let answer = onward.body(request.body.clone()).send().unwrap();
    let status = answer.status().as_u16();
    let headers = [CONTENT_TYPE, DATE, ETAG].into_iter().filter_map(|name| {
        let value = answer.headers().get(&name)?.to_str().unwrap().to_owned();
        Some((name.to_string(), value))
    });
    let headers = headers.collect();
    let body = answer.bytes().unwrap().to_vec();
    Answer::Whole { status, headers, body }
}

/// Ends a client, as soon as it is known which process that is.
fn kill(client: impl Fn() -> Option<u32>) {
    wait_until("the client is known", || client().is_some());
    kill_process(Pid::from_raw(client().unwrap().cast_signed()).unwrap(), Signal::KILL).unwrap();
}
